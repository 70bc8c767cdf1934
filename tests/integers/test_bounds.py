"""Networks in integers: the certified bound holds, and nothing leaves its word."""

from __future__ import annotations

from fractions import Fraction
from math import inf
from random import Random

import numpy as np
import pytest

from rectifold.emitters.integer.check import accepted, integer_rows
from rectifold.emitters.integer.observed import integer_outputs
from rectifold.errors import InputError
from rectifold.integers.bound import is_out_of_reach
from rectifold.integers.choose import Certified, certified_integers
from rectifold.integers.network import IntegerLayer, shifted
from rectifold.integers.words import LONG, MIXED, SHORT, Words, largest, words_of
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from support import float_network, net, points_of, random_network

SKIPPING = """
input x[2] in [[-1, 2], [0, 1/3]]
h = relu([[1, -2], [1/3, 1]] @ x + [0.1, -1])
g = relu([[2, 1], [-1, 1]] @ h + [[1, 0], [0, 1]] @ x)
output [[1, 1]] @ g + [[3, -1/7]] @ h
"""


def bounded_networks(count: int) -> list[Network]:
    made = (random_network(seed) for seed in range(200))
    kept = [n for n in made if n.domain is not None and n.domain.is_bounded and n.input_size]
    return kept[:count]


def grid_points(known: Certified, count: int) -> list[list[int]]:
    random, code = Random(3), known.code
    ends = list(zip(code.lower, code.upper, strict=True))
    inside = [[random.randint(a, b) for a, b in ends] for _ in range(count)]
    return [*inside, list(code.lower), list(code.upper)]


def partial_sums(layer: IntegerLayer, values: dict[str, list[int]], unit: int) -> list[int]:
    """Every partial sum of a unit, in the order of the code."""
    sums = [int(layer.bias[unit])]
    for source, weight in layer.weights.items():
        for w, v in zip(weight[unit].tolist(), values[source], strict=True):
            sums.append(sums[-1] + w * v)
    return sums


def fits(known: Certified, point: list[int]) -> bool:
    """Do all weights, partial sums and values fit their words at this point?"""
    code, words = known.code, known.code.words
    values = {code.input_name: point}
    for layer in code.layers:
        own = []
        for unit in range(layer.size):
            sums, shift = partial_sums(layer, values, unit), int(layer.shift[unit])
            if max(map(abs, (*sums, sums[-1] + (1 << shift >> 1)))) > largest(words.sum):
                return False
            own.append(shifted(max(sums[-1], 0) if layer.is_relu else sums[-1], shift))
        values[layer.name] = own
        if max(map(abs, own), default=0) > largest(words.value):
            return False
    return all(
        np.abs(w).max(initial=0) <= largest(words.weight)
        for layer in code.layers
        for w in layer.weights.values()
    )


@pytest.mark.parametrize("words", [SHORT, MIXED, LONG], ids=str)
def test_code_is_within_the_bound_at_grid_points_and_at_real_points(words: Words) -> None:
    for network in [*bounded_networks(6), net(SKIPPING)]:
        assert network.domain is not None
        known = certified_integers(network, network.domain, [words])
        for point in grid_points(known, 8):
            assert fits(known, point)
            real = known.code.real_point(point)
            off = zip(known.code.real_outputs(point), evaluate(network, real), strict=True)
            assert all(abs(a - b) <= e for (a, b), e in zip(off, known.at_grid, strict=True))
        for x in points_of(network.domain, 8, 1):
            grid = known.code.rounded(x)
            assert known.code.accepts(grid)
            off = zip(known.code.real_outputs(grid), evaluate(network, x), strict=True)
            assert all(abs(a - b) <= e for (a, b), e in zip(off, known.rounded, strict=True))


def test_numpy_computes_the_integers_of_the_reference() -> None:
    known = certified_integers(net(SKIPPING), net(SKIPPING).domain, [SHORT])
    points = grid_points(known, 20)
    got = integer_outputs(known.code, np.array(points))
    assert got.tolist() == [known.code.evaluate(point) for point in points]


def test_an_exact_network_has_no_error() -> None:
    network = net("input x[1] in [-2, 2]\noutput relu(2*x + 1)\n")
    known = certified_integers(network, network.domain, [LONG])
    assert known.code.real_outputs(known.code.rounded([Fraction(3, 2)])) == [4]


def test_large_outputs_have_a_negative_scale() -> None:
    network = net("input x[1] in [0, 1]\noutput 1000000*x\n")
    known = certified_integers(network, network.domain, [SHORT])
    assert known.code.output_scale < 0
    assert abs(known.code.real_outputs(known.code.rounded([Fraction(1)]))[0] - 10**6) <= 64


def test_halves_are_rounded_upward_on_both_sides_of_zero() -> None:
    assert [shifted(v, 1) for v in (-3, -1, 1, 3)] == [-1, 0, 1, 2]
    assert [shifted(v, 0) for v in (-3, 3)] == [-3, 3]


def test_the_smallest_words_that_meet_an_error_are_taken() -> None:
    network = float_network(2, 3, 8, 8, 2)
    able = words_of(32, smaller=True)
    errors = [certified_integers(network, network.domain, [w]).worst for w in able]
    assert errors[0] > errors[1] > errors[2] > 0
    for words, error in zip(able, errors, strict=True):
        wanted = Fraction(error) * Fraction(101, 100)
        assert certified_integers(network, network.domain, able, wanted, 0).code.words == words


def test_an_error_that_no_words_meet_is_refused_with_what_can_be_met() -> None:
    network = net(SKIPPING)
    with pytest.raises(
        InputError, match=r"at most 1e-20 is certified with no words of up to 32.* is \(int"
    ):
        certified_integers(network, network.domain, words_of(32, smaller=True), Fraction(1, 10**20))
    with pytest.raises(InputError, match="c-int32"):
        certified_integers(network, network.domain, words_of(16, smaller=True), Fraction(1, 10**9))


@pytest.mark.parametrize("domain", [None, Domain.everywhere(2)])
def test_without_a_bounded_domain_integers_are_refused(domain: Domain | None) -> None:
    with pytest.raises(InputError, match='integers need the range .* domain="\\[0,1\\]"'):
        certified_integers(net(SKIPPING), domain, [SHORT])


def test_a_network_with_too_many_units_is_refused_before_any_work() -> None:
    text = "input x[1] in [0, 1]\nh = relu(ones(9999, 1) @ x)\noutput ones(1, 9999) @ h\n"
    with pytest.raises(InputError, match="10,000 units and 1 input, which is too many"):
        certified_integers(net(text), net(text).domain, [SHORT])


@pytest.mark.parametrize(
    "line",
    [
        "[0, 1]\noutput 1e300*x",
        "[0, 1e300]\noutput 1e300*x",
        "[0, 1]\noutput 0*x + 1e200",
        "[0, 1e300]\noutput 1e-300*x",
        "[0, 1e-200]\noutput 1e200*x",
    ],
)
def test_numbers_beyond_every_scale_are_refused(line: str) -> None:
    network = net(f"input x[1] in {line}\n")
    with pytest.raises(InputError, match="no scales were found with which every value fits"):
        certified_integers(network, network.domain, [LONG])


@pytest.mark.parametrize(
    "line",
    ["[0, 1e-300]\noutput 1e-300*x", "[0, 0]\noutput relu(x)", "[-1, 1]\noutput relu(x - 5)"],
)
def test_values_that_hardly_move_have_scales_too(line: str) -> None:
    network = net(f"input x[1] in {line}\n")
    assert certified_integers(network, network.domain, [SHORT]).worst < 1e-50


def test_splitting_gives_a_smaller_bound() -> None:
    network = net(
        "input x[2] in [-1, 1]\n"
        "h = relu([[1, 2], [-1, 1], [1/3, -1]] @ x)\n"
        "g = relu([[1, -1, 1/7], [1, 1, -2/3]] @ h)\noutput [[1, -1]] @ g\n"
    )
    at_once = certified_integers(network, network.domain, [SHORT])
    wanted = Fraction(at_once.worst) * Fraction(9, 10)
    assert certified_integers(network, network.domain, [SHORT], wanted).worst <= wanted


WIDE = """
input x[3] in [-1, 1]
h = relu([[1, 2, -1], [-1, 1, 1], [1/3, -1, 2], [1, -1/7, 1]] @ x)
g = relu([[1, -1, 1/7, 1], [1, 1, -2/3, -1], [-1, 1, 1/3, 1]] @ h)
k = relu([[1, -1, 1/7], [1, 1, -2/3], [-1, 1, 1]] @ g)
output [[1, -1, 1/3]] @ k
"""


def test_words_that_are_far_from_the_error_are_given_up_and_told() -> None:
    network = net(WIDE)
    able = words_of(32, smaller=True)
    errors = [certified_integers(network, network.domain, [w]).worst for w in able]
    wanted = Fraction(errors[1]) * 2
    found = certified_integers(network, network.domain, able, wanted, 0.5)
    assert found.code.words == MIXED
    (tried,) = found.tried
    assert (tried.words, tried.told()["error_bound"]) == (SHORT, tried.bound)
    assert wanted < tried.bound <= errors[0]
    with pytest.raises(InputError, match=r"tried too: int16 weights, int16 values.* at most"):
        certified_integers(network, network.domain, able, Fraction(1, 10**30), 0)


def test_a_search_is_given_up_that_is_not_on_its_way() -> None:
    """In (seconds, reached, bound); 60 seconds are there."""
    slow = [(0.5, 0.0, 1.0), (1.0, 0.0, 0.9), (2.5, 0.0, 0.8)]
    assert is_out_of_reach(slow, 0.01, 60.0)
    assert not is_out_of_reach(slow, 0.04, 60.0)  # 0.8 * 2.5 / 60 is less
    assert not is_out_of_reach(slow[:2], 0.01, 60.0)  # too early to judge
    assert not is_out_of_reach(slow, 0.01, inf)
    assert is_out_of_reach([(3.0, 0.0, inf)], 0.01, 60.0)
    fast = [(1.0, 0.0, 1.0), (2.0, 0.0, 0.5)]  # as 1 / time; twice that is allowed for
    assert not is_out_of_reach(fast, 0.5 / 30**2 * 1.01, 60.0)
    assert is_out_of_reach(fast, 0.5 / 30**2 * 0.99, 60.0)


def test_rows_accept_every_rounding_of_a_point_of_the_domain() -> None:
    network = net("input x[2] in [0, 1]\nassume x[0] + x[1]/3 <= 1/2\noutput relu(x)\n")
    assert network.domain is not None
    code = certified_integers(network, network.domain, [SHORT]).code
    rows = integer_rows(network.domain, code)
    inside = [x for x in points_of(network.domain, 30, 2) if network.domain.contains(x)]
    assert len(inside) > 5
    for x in inside:
        assert accepted(code.rounded(x), rows, code)
    assert not accepted(code.rounded([Fraction(1), Fraction(0)]), rows, code)
    step = Fraction(1, 2**code.input_scale)
    assert not accepted(code.rounded([Fraction(1, 2) + 2 * step, Fraction(0)]), rows, code)


def test_a_row_with_long_numbers_is_widened_to_64_bits() -> None:
    network = net(
        "input x[2] in [0, 1]\n"
        "assume 100000000000000000000000001/3*x[0] + x[1] <= 50000000000000000000000000/3\n"
        "output relu(x)\n"
    )
    assert network.domain is not None
    code = certified_integers(network, network.domain, [LONG]).code
    ((row, bound),) = integer_rows(network.domain, code)
    reach = sum(abs(c) * u for c, u in zip(row, code.upper, strict=True))
    assert max(reach, abs(bound)) < 2**63
    inside = [x for x in points_of(network.domain, 20, 2) if network.domain.contains(x)]
    assert len(inside) > 5
    for x in inside:
        assert accepted(code.rounded(x), [(row, bound)], code)
    assert not accepted(code.rounded([Fraction(51, 100), Fraction(0)]), [(row, bound)], code)


def test_a_row_says_nothing_of_an_input_that_is_always_0() -> None:
    network = net(
        f"input x[2] in [[0, 0], [0, 1]]\nassume {10**30}*x[0] + x[1] <= 1/2\noutput relu(x)\n"
    )
    assert network.domain is not None
    code = certified_integers(network, network.domain, [SHORT]).code
    ((row, _),) = rows = integer_rows(network.domain, code)
    assert row == (0, 1)
    assert accepted(code.rounded([Fraction(0), Fraction(1, 2)]), rows, code)
    assert not accepted(code.upper, [((0, 1), code.upper[1] - 1)], code)
