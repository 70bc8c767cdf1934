"""Pairs of points: side by side as each alone, short forms against a grid of exact points."""

from __future__ import annotations

import json
from fractions import Fraction
from hashlib import sha256
from itertools import product
from random import Random

import pytest

from rectifold.certificate.property import require_property
from rectifold.errors import InputError
from rectifold.formats.vnnlib_property import parse_property
from rectifold.ir.canonical import canonical_text, property_text
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from rectifold.ir.pairs import as_steps, pairs_within, points_of_pair, side_by_side
from rectifold.ir.property import Property, Related
from rectifold.properties.answers import Answer, Holds, Refuted, Undecided
from rectifold.properties.decide import decide_property
from rectifold.properties.relations import lipschitz, monotone, parse_slope, robust
from rectifold.runtime.run import Limits, Run
from rectifold_check import check_property
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
    theirs, ours = checked(read[0], read[1]), read_network(canonical_text(both), "both")
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
    stepped = as_steps(plain, 2)
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


def related(random: Random, inputs: int, others: int) -> Related:
    """Some of x' as sums of x and a number."""
    rows = [
        tuple((k, F(random.randint(1, 3), 2)) for k in range(inputs) if random.random() < 0.6)
        for _ in range(others)
    ]
    return Related(tuple(rows), tuple(F(random.randint(-2, 2), 3) for _ in rows))


@pytest.mark.parametrize("seed", range(8))
def test_networks_with_other_inputs_side_by_side(seed: int) -> None:
    """As each alone, and the layers that the checker makes of the two texts and the relation."""
    random = Random(seed)
    a, b = random_network(seed), random_network(seed + 100)
    second = related(random, a.input_size, b.input_size)
    both = side_by_side(a, b, second)
    for point in points_of(Domain.cube(-2, 2, a.input_size + b.input_size), 10, seed):
        x, other = points_of_pair(point, second)
        assert evaluate(both, point) == [*evaluate(a, x), *evaluate(b, other)]
    read = [read_network(canonical_text(n), "a network") for n in (a, b)]
    stated = json.loads(property_text(Property((), "p", second)))["second"]
    theirs, ours = checked(read[0], read[1], stated), read_network(canonical_text(both), "both")
    assert (theirs.inputs, theirs.output) == (ours.inputs, ours.output)
    assert list(theirs.layers) == list(ours.layers)


RELATED = """(vnnlib-version <2.0>)
(declare-network f (declare-input X real [2]) (declare-output Y real [2]))
(declare-network g (declare-input Z real [3]) (declare-output W real [1]))
(assert (and (>= X[0] -1.0) (<= X[0] 1.0) (>= X[1] -1.0) (<= X[1] 1.0)))
(assert (and (== Z[0] (+ (* 2.0 X[0]) 0.5)) (== (- Z[1] X[1]) X[0]) (>= Z[2] X[0]) (<= Z[2] 2.0)))
(assert (> (+ W[0] (* {} Z[0])) (+ Y[0] X[1] {})))
"""
# w_0 = relu(x_0 − 1/2) + relu(x_1), of three inputs
THREE = net(
    "input x[3] in [-3, 3]\nh = relu([x[0] - 1/2, x[1], x[2]])\noutput h[0] + h[1] + 0*h[2]\n"
)


def test_equations_become_the_point_of_the_second_network() -> None:
    asked = as_steps(parse_property(RELATED.format("0.5", "0.25"), 5, 3), 2)
    rows = (((0, F(2)),), ((0, F(1)), (1, F(1))), ())
    assert asked.second == Related(rows, (F(1, 2), F(0), F(0)))
    (part,) = asked.parts
    assert part.domain.fixed == {2: F(0), 3: F(0)}
    assert (part.domain.lower[4], part.domain.upper[4]) == (F(-1), F(2))
    plain = parse_property(RELATED.format("0.5", "0.25"), 5, 3).parts[0]
    for point in points_of(Domain.cube(-1, 1, 5), 60, 1):
        inside = [*point[:2], F(0), F(0), point[4]]
        for own in (point, inside):
            x, other = points_of_pair(own, asked.second)
            outputs = [*evaluate(NET, x), *evaluate(THREE, other)]
            assert part.case_met(own, outputs) == plain.case_met([*x, *other], outputs)
            assert part.domain.contains(own) == plain.domain.contains([*x, *other])


@pytest.mark.parametrize(("more", "holds"), [("2.625", True), ("2.25", False)])
def test_networks_with_other_inputs(more: str, holds: bool) -> None:
    """relu(2 x_0) + relu(x_0 + x_1) − y_0 − x_1 is 5/2 at (1, −1), and not more."""
    asked = as_steps(parse_property(RELATED.format("0.0", more), 5, 3), 2)
    answer = decide_property(NET, asked, RUN, THREE)
    assert isinstance(answer, Holds if holds else Refuted)
    if isinstance(answer, Refuted):
        x, other = points_of_pair(answer.point, asked.second)
        assert other[:2] == [2 * x[0] + F(1, 2), x[0] + x[1]]
        assert answer.outputs == (*evaluate(NET, x), *evaluate(THREE, other))
        return
    texts = canonical_text(NET), property_text(asked)
    lines, beside = answer.certificate.lines, canonical_text(THREE)
    assert check_property(*texts, lines, beside=beside).holds
    for old, new in (('"1/2"]', '"5/2"]'), ("0:1 1:1", "0:1 1:3")):
        assert old in texts[1]
        other_text = texts[1].replace(old, new)
        head = json.loads(lines[0])
        head["property"] = sha256(other_text.encode()).hexdigest()
        changed = [json.dumps(head), *lines[1:]]
        assert "differ" in check_property(texts[0], other_text, lines, beside=beside).reason
        assert not check_property(texts[0], other_text, changed, beside=beside).holds


def test_changed_certificates_of_related_networks_are_refused() -> None:
    """The property is tight to 1/8, so what is left out or changed was needed."""
    asked = as_steps(parse_property(RELATED.format("0.0", "2.625"), 5, 3), 2)
    answer = decide_property(NET, asked, RUN, THREE)
    assert isinstance(answer, Holds)
    texts, beside = (canonical_text(NET), property_text(asked)), canonical_text(THREE)
    head, *steps = answer.certificate.lines
    form = json.loads(head)
    heads = [
        {**form, "margins": [["-1/8"]]},
        {**form, "margins": [["8"]]},
        {**form, "margins": []},
        {**form, "network": form["beside"], "beside": form["network"]},
        {**form, "beside": form["network"]},
        {**form, "property": form["network"]},
        {k: v for k, v in form.items() if k != "beside"},
        {**form, "second": [["0:2", "1/2"]]},
    ]
    changed = [[json.dumps(own), *steps] for own in heads]
    changed += [[head], [head, *steps[:-1]], [head, *steps, steps[-1]], [head, steps[-1]]]
    assert check_property(*texts, [head, *steps], beside=beside).holds
    for lines in changed:
        assert not check_property(*texts, lines, beside=beside).holds, lines[0]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (None, "have the same number of inputs, or they are related"),
        ([["0:1", "0"]] * 2, "a row and a number for every input of the second"),
        ([["0:1", "0"]] * 2 + [["0:1"]], "a row and a number for every input of the second"),
        ([["2:1", "0"]] * 3, "property: second"),
        ([["0:1", "x"]] * 3, "property: second"),
        ("0:1", "property: second"),
    ],
)
def test_the_checker_refuses_other_relations(second: object, reason: str) -> None:
    form = json.loads(property_text(as_steps(parse_property(RELATED.format("0", "9"), 5, 3), 2)))
    form["second"] = second
    if second is None:
        del form["second"]
    texts = canonical_text(NET), json.dumps(form)
    assert reason in check_property(*texts, [], beside=canonical_text(THREE)).reason


def test_a_relation_without_a_second_network_is_refused() -> None:
    text = property_text(as_steps(parse_property(RELATED.format("0", "9"), 5, 3), 2))
    assert "it relates two networks, and there is one" in (
        check_property(canonical_text(NET), text, []).reason
    )


def test_the_certificate_is_about_both_networks() -> None:
    other = net("input x[2] in [-1, 1]\noutput concat(relu(x[0]), x[1])\n")
    asked = monotone(NET, SQUARE, [parse_slope("x[0] y[1]", NET, falls=False)], F(0))
    answer = decided(NET, asked, NET)
    assert isinstance(answer, Holds)
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


STEPS = """
(assert (and (>= X_0 -1) (<= X_0 1) (>= X_1 -1) (<= X_1 1) (= X_2 X_0)))
(assert (and (>= X_3 {}) (<= X_3 {}) (>= Y_2 (+ Y_0 100))))
"""


@pytest.mark.parametrize(
    ("other", "second", "said"),
    [("x[0]/3", ("-1", "1"), True), ("x[0]/3", ("X_1", "X_1"), False), ("", ("-1", "1"), False)],
)
def test_an_undecided_pair_with_steps_says_that_slopes_are_not_used(
    other: str, second: tuple[str, str], said: bool
) -> None:
    beside = NET if not other else net(f"input x[2]\noutput concat({other}, relu(x[1]))\n")
    asked = as_steps(parse_property(STEPS.format(*second), 4, 4), 2)
    answer = decide_property(NET, asked, Run(Limits(0.0)), beside)
    assert isinstance(answer, Undecided)
    assert ("slopes along the step are used of a network beside itself" in answer.reason) == said
