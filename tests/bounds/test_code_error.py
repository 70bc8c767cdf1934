"""No order of summation, fused or not, flushing or not, is off by more than the bound says."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from float_sums import FLOAT32, FLOAT64, FORMATS, Machine
from rectifold.bounds.code_error import code_error, rounding_error
from rectifold.bounds.summation import IN_ORDER, Order, in_halves, in_lanes
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from rectifold.ir.sampling import sample_points
from support import net, random_network

CANCELLING = """
    input x[2] in [0, 1]
    h = relu([[1e6, -1e6], [-1e6, 1e6], [1, 1]] @ x + [0.1, 0.1, -3])
    y = [[1e6, -1e6, 1], [1, 1, 1]] @ h - [1e5, 0]
    output y
"""
HUGE_BIAS = """
    input x[2] in [-1, 1]
    h = relu([[1, 1/3], [1/3, -1]] @ x + [1e9, 7])
    y = [[1, -1e9]] @ h - 1e9
    output y
"""
SUBNORMAL = """
    input x[2] in [-1e-30, 1e-30]
    h = relu([[1e-9, 3e-9], [-2e-10, 1e-9], [1e-45, 1e-42]] @ x)
    y = [[1e38, 1e38, 1e38], [1, 0, 0]] @ h
    output y
"""
SUBNORMAL_DOUBLES = """
    input x[2] in [-1e-200, 1e-200]
    h = relu([[1e-110, 3e-110], [-2e-112, 1e-111], [1e-310, 1e-320]] @ x)
    y = [[1e300, 1e300, 1e300]] @ h
    output y
"""
ENDS = """
    input x[2] in [1/10, 1/3]
    h = relu([[3, -3], [1e4, 0]] @ x)
    y = [[1e3, 1]] @ h
    output y
"""
NEAR_ZERO = """
    input x[2] in [0, 1]
    h = relu([[1, -1], [1/3, -1/3]] @ x + [1, 1/3])
    g = relu([[1, -3], [-1, 3]] @ h)
    y = [[1e5, 1e5]] @ g
    output y
"""
TEXTS = [CANCELLING, HUGE_BIAS, SUBNORMAL, SUBNORMAL_DOUBLES, ENDS, NEAR_ZERO]


def in_parts(network: Network, count: int) -> Order:
    """Every edge in so many sums; two are those of halves."""
    return Order(
        {
            (layer.name, source): in_halves(weight.shape[1]) if count == 2 else in_lanes(count)
            for layer in network.layers
            for source, weight in layer.weights.items()
        }
    )


def accepted(network: Network, precision: str, seed: int) -> list[list[Fraction]]:
    """Points of the domain as a caller's floats have them, ends rounded."""
    domain, digits = network.domain, FORMATS[precision][1]
    assert domain is not None
    return [[digits.rounded(v) for v in x] for x in sample_points(domain, 4, seed)]


def inside(domain: Domain, point: list[Fraction]) -> list[Fraction]:
    """The point of the domain that an accepted one stands for."""
    low = [v if end is None else max(v, end) for v, end in zip(point, domain.lower, strict=True)]
    return [v if end is None else min(v, end) for v, end in zip(low, domain.upper, strict=True)]


def largest_share(network: Network, precision: str, seed: int, *, order: Order | None) -> Fraction:
    """The largest error of a random machine, as a part of the bound."""
    domain = network.domain
    assert domain is not None
    bound = rounding_error(network, domain, None, precision, order=order)
    if bound.overflow is not None:
        return Fraction(0)
    share = Fraction(0)
    for k, point in enumerate(accepted(network, precision, seed)):
        machine = Machine(*FORMATS[precision], Random(seed + k), order, flush=k % 2 == 1)
        exact = evaluate(network, inside(domain, point))
        for got, want, most in zip(
            machine.outputs(network, point), exact, bound.per_output, strict=True
        ):
            assert np.isfinite(most)
            share = max(share, abs(got - want) / Fraction(float(most)))
    return share


@pytest.mark.parametrize("order", [None, IN_ORDER])
@pytest.mark.parametrize("precision", FORMATS)
@pytest.mark.parametrize("text", TEXTS)
def test_no_machine_leaves_the_bound_where_much_is_lost(
    text: str, precision: str, order: Order | None
) -> None:
    network = net(text)
    for seed in range(3):
        assert largest_share(network, precision, seed, order=order) <= 1


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("precision", FORMATS)
def test_no_machine_leaves_the_bound_of_a_random_network(precision: str, seed: int) -> None:
    network = random_network(seed)
    for order in (None, IN_ORDER, in_parts(network, 2), in_parts(network, 8)):
        assert largest_share(network, precision, seed, order=order) <= 1


def test_the_bound_is_not_far_above_what_a_machine_loses() -> None:
    shares = [
        largest_share(net(text), "float32", seed, order=IN_ORDER)
        for text in (CANCELLING, HUGE_BIAS, ENDS)
        for seed in range(3)
    ]
    assert min(max(shares[k : k + 3]) for k in (0, 3, 6)) > Fraction(1, 100)


def test_the_machine_rounds_as_numpy_does() -> None:
    for value in (Fraction(1, 3), Fraction(2, 3) ** 200, Fraction(1, 10**40), Fraction(-7, 5)):
        assert FLOAT32.rounded(value) == Fraction(float(np.float32(float(value))))
        assert FLOAT64.rounded(value) == Fraction(float(value))
    assert FLOAT64.rounded(Fraction(3, 2**1075)) == Fraction(1, 2**1073)  # a tie, to even


def test_weights_that_are_stored_exactly_lose_nothing() -> None:
    network = net("input x[1] in [0, 1]\ny = 0.5*x[0]\noutput y")
    third = net("input x[1] in [0, 1]\ny = 1/3*x[0]\noutput y")
    domain = Domain.cube(0, 1, 1)
    assert code_error(network, domain, None, "mixed")[0] < 1e-15
    assert code_error(third, domain, None, "mixed")[0] > 2.0**-28


def test_a_known_order_counts_what_is_left_of_terms_that_cancel() -> None:
    text = "input x[8] in [0.99, 1.01]\ny = [[1, -1, 1, -1, 1, -1, 1, -1]] @ x\noutput y"
    network, domain = net(text), Domain((Fraction(99, 100),) * 8, (Fraction(101, 100),) * 8)
    free = rounding_error(network, domain, None, "float32").per_output[0]
    ours = rounding_error(network, domain, None, "float32", order=IN_ORDER).per_output[0]
    assert ours < free / 2


def test_several_sums_lose_less_than_one() -> None:
    weights = ", ".join(["1", "1/2", "2", "3"] * 32)
    network = net(f"input x[128] in [1, 2]\ny = [[{weights}]] @ x\noutput y")
    domain, order = Domain.cube(1, 2, 128), in_parts(network, 16)
    one, several = (
        rounding_error(network, domain, None, "float32", order=which).per_output[0]
        for which in (IN_ORDER, order)
    )
    assert several < one / 5
    for seed in range(3):
        assert largest_share(network, "float32", seed, order=order) <= 1


def test_terms_that_are_surely_zero_leave_their_sums() -> None:
    """A source whose first units are off: the others keep their places."""
    rows = "h = relu([[-1], [-1], [1], [-1], [1], [1]] @ x + [0, 0, 1/3, -1, 1/7, 0.1])"
    text = f"input x[1] in [0, 1]\n{rows}\ny = [[9, 9, 1e3, 9, -1e3, 1/3]] @ h\noutput y"
    network = net(text)
    for count in (2, 4):
        for seed in range(4):
            assert largest_share(network, "float32", seed, order=in_parts(network, count)) <= 1


def test_errors_that_cancel_between_layers_are_not_added_up() -> None:
    network = net("input x[1] in [1, 2]\nh = relu(1/3*x)\ny = 3*h[0] - 3*x[0]\noutput y")
    bound = code_error(network, Domain((Fraction(1),), (Fraction(2),)), None, "float32")[0]
    assert bound < 12 * 2.0**-24 * 3


def test_a_unit_that_code_and_network_both_keep_at_zero_costs_nothing() -> None:
    rows = "h = relu([[1e6], [1]] @ x - [1e7, 0])\ny = [[1e9, 1]] @ h"
    idle = net(f"input x[1] in [0, 1]\n{rows}\noutput y")
    alone = net("input x[1] in [0, 1]\nh = relu([[1]] @ x)\ny = [[1]] @ h\noutput y")
    domain = Domain.cube(0, 1, 1)
    ours, best = (code_error(one, domain, None, "float32")[0] for one in (idle, alone))
    assert ours <= 2 * best
