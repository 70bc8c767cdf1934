"""Pairs of points: side by side as each alone, short forms against a grid of exact points."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random

import pytest

from rectifold.certificate.property import require_property
from rectifold.errors import InputError
from rectifold.formats.vnnlib_property import parse_property
from rectifold.ir.canonical import canonical_text
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from rectifold.ir.pairs import as_steps, pairs_within, points_of_pair, side_by_side
from rectifold.ir.property import Property
from rectifold.properties.answers import Answer, Holds, Refuted
from rectifold.properties.decide import decide_property
from rectifold.properties.relations import lipschitz, monotone, parse_slope, robust
from rectifold.runtime.run import Limits, Run
from rectifold_check.networks import read_network
from rectifold_check.pairs import side_by_side as checked
from support import net, networks_of_nothing, points_of, random_network

F = Fraction
RUN = Run(Limits(60.0))
# y_0 = |x_0| + x_1 / 2, y_1 = relu(x_0 + x_1)
NET = net(
    "input x[2] in [-1, 1]\n"
    "h = relu([[1, 0], [-1, 0], [1, 1]] @ x)\n"
    "output concat(h[0] + h[1] + x[1] / 2, h[2])\n"
)
SQUARE = Domain.cube(-1, 1, 2)


def decided(network: Network, asked: Property, beside: Network | None = None) -> Answer:
    answer = decide_property(network, asked, RUN, beside)
    if isinstance(answer, Holds):
        verdict = require_property(network, asked, answer.certificate, beside=beside)
        assert verdict.status == "holds"
    if isinstance(answer, Refuted) and beside is not None:
        x, other = points_of_pair(answer.point)
        assert answer.outputs == (*evaluate(network, x), *evaluate(beside, other))
    return answer


@pytest.mark.parametrize("seed", range(6))
def test_side_by_side_is_each_alone(seed: int) -> None:
    a = random_network(seed)
    b = next(n for n in map(random_network, range(seed + 1, 99)) if n.input_size == a.input_size)
    both = side_by_side(a, b)
    for point in points_of(Domain.cube(-2, 2, 2 * a.input_size), 10, seed):
        x, other = points_of_pair(point)
        assert evaluate(both, point) == [*evaluate(a, x), *evaluate(b, other)]
    read = [read_network(canonical_text(n), "a network") for n in (a, b)]
    theirs, ours = checked(*read), read_network(canonical_text(both), "both")
    assert (theirs.inputs, theirs.output) == (ours.inputs, ours.output)
    for one, other_layer in zip(theirs.layers, ours.layers, strict=True):
        assert one == other_layer


@pytest.mark.parametrize("seed", range(6))
def test_pairs_are_the_pairs_of_the_domain(seed: int) -> None:
    random = Random(seed)
    row = Constraint((F(random.randint(-2, 2)), F(random.randint(-2, 2))), F(1))
    domain = Domain((F(-1), F(0)), (F(1), F(1)), (row,))
    pairs = pairs_within(domain, [F(0), None], [None, F(1, 2)])
    grid = [F(k, 2) for k in range(-3, 4)]
    for point in product(grid, repeat=4):
        x, other = points_of_pair(point)
        inside = domain.contains(x) and domain.contains(other)
        assert pairs.contains(point) == (inside and point[2] >= 0 and point[3] <= F(1, 2))


def test_a_property_of_two_points_is_that_of_a_point_and_a_step() -> None:
    text = "".join(f"(assert (and (>= X_{k} -1) (<= X_{k} 1)))" for k in range(4))
    text += "(assert (and (= X_1 X_3) (<= (- X_2 X_0) 0.5) (>= (+ Y_0 (* 2 X_3)) Y_2)))"
    plain = parse_property(text, 4, 4)
    stepped = as_steps(plain)
    assert stepped.parts[0].domain.fixed == {3: F(0)}
    for point in product([F(k, 2) for k in range(-2, 3)], repeat=4):
        x, other = points_of_pair(point)
        outputs = [*evaluate(NET, x), *evaluate(NET, other)]
        before = plain.parts[0].case_met([*x, *other], outputs)
        assert stepped.parts[0].case_met(point, outputs) == before


@pytest.mark.parametrize(
    ("places", "falls", "slack", "holds"),
    [
        ("x[0] y[1]", False, 0, True),
        ("x[1] y[0]", False, 0, True),
        ("x[0] y[0]", False, 0, False),
        ("x[0] y[1]", True, 0, False),
        ("x[0] y[0]", False, F(17, 16), True),  # |x| falls by 1 at most
        ("x[0] y[0]", False, F(15, 16), False),
    ],
)
def test_monotone(places: str, falls: bool, slack: Fraction, holds: bool) -> None:
    slope = parse_slope(places, NET, falls=falls)
    answer = decided(NET, monotone(NET, SQUARE, [slope], F(slack)), NET)
    assert isinstance(answer, Holds if holds else Refuted)
    if isinstance(answer, Refuted):
        x, other = points_of_pair(answer.point)
        k, j = slope.input, slope.output
        assert other[k] > x[k]
        assert other[1 - k] == x[1 - k]
        rise = evaluate(NET, other)[j] - evaluate(NET, x)[j]
        assert (rise > slack) if falls else (rise < -slack)


def test_lipschitz() -> None:
    """|y_0 − y'_0| ≤ 3/2 max|s|, and |y_1 − y'_1| ≤ 2 max|s|; both are reached."""
    answer = decided(NET, lipschitz(NET, SQUARE, F(7, 4), F(0)), NET)
    assert isinstance(answer, Refuted)
    x, other = points_of_pair(answer.point)
    largest = max(abs(a - b) for a, b in zip(x, other, strict=True))
    differences = zip(evaluate(NET, x), evaluate(NET, other), strict=True)
    assert max(abs(a - b) for a, b in differences) > F(7, 4) * largest
    assert isinstance(decided(NET, lipschitz(NET, SQUARE, F(9, 4), F(1, 16)), NET), Holds)


def test_robust() -> None:
    sample = [F(1, 2), F(3, 4)]  # 7/8 and 5/4
    assert isinstance(decided(NET, robust(NET, SQUARE, sample, F(1, 8))), Holds)
    answer = decided(NET, robust(NET, SQUARE, sample, F(1)))
    assert isinstance(answer, Refuted)
    assert answer.outputs[0] >= answer.outputs[1]
    with pytest.raises(InputError, match="outside the domain"):
        robust(NET, SQUARE, [F(2), F(0)], F(1))
    with pytest.raises(InputError, match="no single largest output"):
        robust(NET, SQUARE, [F(0), F(0)], F(1))
    with pytest.raises(InputError, match=r"3 numbers, but net has 2 inputs"):
        robust(NET, SQUARE, [F(0)] * 3, F(1))


def test_other_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="have the same number of inputs"):
        side_by_side(NET, net("input x[1] in [0, 1]\noutput relu(x)\n"))
    with pytest.raises(InputError, match=r"2 inputs and 2 outputs, counted from 0"):
        parse_slope("x[2] y[0]", NET, falls=False)
    with pytest.raises(InputError, match="an input and an output are expected"):
        parse_slope("0 0", NET, falls=True)


def test_the_certificate_is_about_both_networks() -> None:
    other = net("input x[2] in [-1, 1]\noutput concat(relu(x[0]), x[1])\n")
    asked = monotone(NET, SQUARE, [parse_slope("x[0] y[1]", NET, falls=False)], F(0))
    answer = decided(NET, asked, NET)
    assert isinstance(answer, Holds)
    from rectifold.ir.canonical import property_text
    from rectifold_check import check_property

    texts = canonical_text(NET), property_text(asked)
    lines = answer.certificate.lines
    assert check_property(*texts, lines, beside=texts[0]).holds
    refused = check_property(*texts, lines, beside=canonical_text(other))
    assert "another network beside it" in refused.reason
    assert not check_property(*texts, lines).holds
    bare = [lines[0].replace('"beside":', '"aside":'), *lines[1:]]
    assert "must be an object with exactly" in check_property(*texts, bare, beside=texts[0]).reason


def test_networks_of_nothing_are_told_what_is_asked() -> None:
    still = networks_of_nothing()
    for network in still.values():
        domain = Domain.cube(0, 1, network.input_size)
        if not network.input_size:
            with pytest.raises(InputError, match="asks about inputs, and"):
                lipschitz(network, domain, F(1), F(0))
        if network.output_size < 2:
            with pytest.raises(InputError, match="no single largest output"):
                robust(network, None, [F(0)] * network.input_size, F(1))
    assert any(not v.input_size for v in still.values())
    assert any(not v.output_size for v in still.values())
