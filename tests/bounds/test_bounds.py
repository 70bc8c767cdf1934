"""Bounds contain the truth, also where rounding, underflow and overflow would hide it."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from rectifold.bounds.code_error import code_error
from rectifold.bounds.exactly import exact_backward
from rectifold.bounds.interval import Interval
from rectifold.bounds.relaxation import relaxation
from rectifold.bounds.rounding import end_sums, gamma, settled_down, settled_up, upper_sum
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate, evaluate_float, trace
from rectifold.ir.network import Layer, Network
from support import net, points_of, random_network

F = Fraction


def filled(network: Network) -> Bounds:
    assert network.domain is not None
    bounds = Bounds(network, network.domain)
    for layer in network.layers:
        lower, upper = bounds.interval(layer.name)
        bounds.set(layer.name, lower, upper)
        rows = np.arange(layer.size)
        bounds.set(
            layer.name,
            np.maximum(lower, -backward(bounds, layer.name, rows, -1.0).upper),
            np.minimum(upper, backward(bounds, layer.name, rows, 1.0).upper),
        )
    return bounds


@pytest.mark.parametrize("seed", range(150))
def test_bounds_contain_exact_values(seed: int) -> None:
    network = random_network(seed)
    bounds = filled(network)
    points = Matrix.from_fractions(points_of(bounds.domain, 20, seed)).T
    for name, values in trace(network, points, with_activations=False).items():
        for i, row in enumerate(values.fractions()):
            assert F(float(bounds.lower[name][i])) <= min(row)
            assert max(row) <= F(float(bounds.upper[name][i]))


@pytest.mark.parametrize("seed", range(60))
def test_exact_and_rounded_substitution_agree(seed: int) -> None:
    network = random_network(seed)
    bounds = filled(network)
    for layer in network.layers:
        for sign in (1, -1):
            rounded = backward(bounds, layer.name, np.arange(layer.size), float(sign)).upper
            for i in range(layer.size):
                exact = exact_backward(bounds, layer.name, i, sign)
                assert exact <= F(float(rounded[i]))
                assert float(rounded[i]) - float(exact) < 1e-9 * (
                    1 + abs(float(exact))
                )  # tight, or it is useless


def test_interval_is_exact_at_zero() -> None:
    network = net("input x[2] in [0, 1/10]\nh = relu([[1, 1], [-1, -1]] @ x + [0, -1/5])\noutput h")
    lower, upper = Bounds(network, network.domain or Domain((), ())).interval("h")
    assert lower[0] == 0.0
    assert upper[1] < 0
    decimals = net("input x[1] in [0, 1]\nh = relu(0*x + [0.1] + [0.2] - [0.3])\noutput h")
    lower, upper = Bounds(decimals, decimals.domain or Domain((), ())).interval("h")
    assert (lower[0], upper[0]) == (0.0, 0.0)


def test_what_rounding_to_nearest_hides_stays_in() -> None:
    network = net(
        "input x[1] in [-1, 1]\nh = relu(x + 18014398509481984)\n"
        "k = relu(h - 36028797018963969/2)\noutput k"
    )
    bounds = filled(network)
    assert bounds.upper["k"][0] >= 0.5


def test_underflow_is_covered() -> None:
    network = net("input x[1] in [0, 1]\nh = relu(0x1p-1074*x)\nk = relu(0x1p-1000*h)\noutput k")
    bounds = filled(network)
    assert bounds.upper["k"][0] > 0


def test_unbounded_inputs_give_infinite_ends_only_where_they_are_read() -> None:
    network = net(
        "input x[2] in [[-inf, inf], [0, 1]]\nh = relu([[1, 0], [0, 2], [0, 0]] @ x + [0, 1, -1])\n"
        "output h"
    )
    lower, upper = Bounds(network, network.domain or Domain((), ())).interval("h")
    assert lower[0] == -np.inf
    assert upper[0] == np.inf
    assert 2.999 < upper[1] < 3.001
    assert -1 <= upper[2] < -0.999


@pytest.mark.parametrize("order", list(permutations([2**54, 2, -(2**54) - 4])))
def test_the_finite_end_of_a_half_infinite_range_still_rounds(order: tuple[int, int, int]) -> None:
    """2^54 + 2 rounds to 2^54: in one order of adding, the float sum is -4 where the true end is
    -2.
    """
    ranges = ", ".join(f"[-inf, {end}]" for end in order)
    below = net(f"input x[3] in [{ranges}]\nh = relu(x[0] + x[1] + x[2])\noutput h")
    assert below.domain is not None
    lower, upper = Bounds(below, below.domain).interval("h")
    assert lower[0] == -np.inf
    assert upper[0] >= -2
    ranges = ", ".join(f"[{-end}, inf]" for end in order)
    above = net(f"input x[3] in [{ranges}]\nh = relu(x[0] + x[1] + x[2])\noutput h")
    assert above.domain is not None
    lower, upper = Bounds(above, above.domain).interval("h")
    assert upper[0] == np.inf
    assert lower[0] <= 2


def test_a_weight_below_the_floats_on_an_endless_range_has_no_end() -> None:
    tiny = Matrix.from_fractions([[F(1, 2**2000)]])
    layer = Layer("h", "relu", Matrix.column([-1]), {"x": tiny})
    network = Network("x", 1, [layer], "h", Domain((F(0),), (None,)))
    assert network.domain is not None
    assert Bounds(network, network.domain).interval("h")[1][0] == np.inf


def test_there_is_no_substitution_over_endless_ranges() -> None:
    network = net("input x[1] in [-inf, 1]\nh = relu(x)\nk = relu(h - 2)\noutput k")
    assert network.domain is not None
    bounds = Bounds(network, network.domain)
    bounds.set("h", *bounds.interval("h"))
    assert backward(bounds, "k", np.array([0]), 1.0).upper[0] == np.inf


def test_relaxation_lines_hold() -> None:
    lower = np.array([-1.0, -3.0, 0.0, -2.0, -1e-300])
    upper = np.array([2.0, 1.0, 4.0, 0.0, 1e300])
    slope, offset, alpha = relaxation(Interval(lower, upper))
    for low, high, s, t, a in zip(lower, upper, slope, offset, alpha, strict=True):
        for end in (F(float(low)), F(float(high)), F(0)):
            assert F(float(s)) * end + F(float(t)) >= max(end, F(0))
            assert F(float(a)) * end <= max(end, F(0))


def test_rounding_helpers() -> None:
    assert gamma(1) >= 2.0**-53
    assert settled_up(np.array([1.0]), np.array([0.0]))[0] > 1.0
    assert settled_down(np.array([np.nan]), np.array([0.0]))[0] == -np.inf
    assert (
        upper_sum(np.array([[1.0, -1.0]]), np.array([0.0, -np.inf]), np.array([1.0, 2.0]))[0]
        == np.inf
    )


@pytest.mark.parametrize("seed", range(60))
def test_code_error_covers_float_evaluation(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    bound = code_error(network, network.domain, None)
    single = code_error(network, network.domain, None, "float32")
    for point in points_of(network.domain, 10, seed):
        x = np.array([float(v) for v in point])
        if not network.domain.contains([F(float(v)) for v in x]):
            continue
        exact = evaluate(network, [F(float(v)) for v in x])
        for got, want, allowed in zip(
            evaluate_float(network, x).tolist(), exact, bound.tolist(), strict=True
        ):
            assert abs(F(got) - want) <= F(allowed)
        x32 = np.array(x, dtype=np.float32)
        if network.domain.contains([F(float(v)) for v in x32]):
            exact = evaluate(network, [F(float(v)) for v in x32])
            for got, want, allowed in zip(
                evaluate_float(network, x32, np.float32).tolist(),
                exact,
                single.tolist(),
                strict=True,
            ):
                assert abs(F(float(got)) - want) <= F(allowed)


def test_code_error_is_infinite_without_a_bounded_domain() -> None:
    network = net("input x[1]\noutput 2*x")
    assert code_error(network, Domain.everywhere(1), None)[0] > 1e300 or np.isinf(
        code_error(network, Domain.everywhere(1), None)[0]
    )


@pytest.mark.parametrize("rows", [0, 1, 1023, 1025, 2050])
def test_least_and_greatest_sums_do_not_depend_on_blocks(rows: int) -> None:
    rng = np.random.default_rng(rows)
    weight = rng.integers(-9, 10, (rows, 5)).astype(np.float64)  # sums without rounding
    low, high = rng.integers(-9, 0, 5).astype(np.float64), rng.integers(0, 9, 5).astype(np.float64)
    high[3] = np.inf
    least, greatest = end_sums(weight, low, high)
    assert np.array_equal(greatest, upper_sum(weight, low, high))
    assert np.array_equal(least, -upper_sum(-weight, low, high))
