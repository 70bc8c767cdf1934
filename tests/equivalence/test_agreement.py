"""Agreement within a tolerance and in argmax: never against brute force, and with certificates
that the checker accepts.
"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest

import rectifold_check
from rectifold.bounds.pairs import PairBoxes
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward, bounded
from rectifold.certificate.file import Certificate
from rectifold.certificate.within import certify_within
from rectifold.equivalence.answers import Different, Equal, Unknown
from rectifold.equivalence.argmax import agree_in_argmax
from rectifold.equivalence.decide import closest, compare, compare_argmax
from rectifold.equivalence.effort import AttackSize, Effort, Run
from rectifold.equivalence.pairing import guessed_pairing
from rectifold.equivalence.question import Question
from rectifold.equivalence.tightest import tightest
from rectifold.equivalence.within import agree_within
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate, evaluate_points, trace
from rectifold.ir.joint import (
    LAST,
    Pair,
    arranged,
    difference,
    gap,
    joined,
    names_of,
    output_names,
    same_shape,
)
from rectifold.ir.network import Layer, Network
from rectifold.operations.compiling import compile_network, sample_points
from rectifold.prover.effort import Limits
from rectifold.search.boxes.tree import Tightening
from rectifold.search.replay import ProofLog
from support import float_network, net, points_of, random_network

F = Fraction


def shaken(network: Network, seed: int, size: float) -> Network:
    """The same network with every weight moved by about `size`."""
    random = np.random.default_rng(seed)

    def moved(matrix: Matrix) -> Matrix:
        values = matrix.approximation[0]
        return Matrix.from_floats(values + size * random.standard_normal(values.shape))

    layers = [
        Layer(v.name, v.activation, moved(v.bias), {u: moved(w) for u, w in v.weights.items()})
        for v in network.layers
    ]
    return Network(
        network.input_name, network.input_size, layers, network.output, network.domain, network.name
    )


def largest_difference(a: Network, b: Network, domain: Domain, count: int = 400) -> Fraction:
    points = sample_points(domain, count, 3)
    pairs = zip(evaluate_points(a, points), evaluate_points(b, points), strict=True)
    return max(abs(p - q) for va, vb in pairs for p, q in zip(va, vb, strict=True))


def domain_of(network: Network) -> Domain:
    assert network.domain is not None
    return network.domain


def names_of_shape(a: Network, b: Network) -> dict[str, str]:
    return names_of(same_shape(a, b))


# ---- the networks -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30))
def test_gap_and_difference_are_what_they_say(seed: int) -> None:
    a, b = random_network(seed), random_network(seed + 1)
    if (a.input_size, a.output_size) != (b.input_size, b.output_size):
        b = a
    eps = [F(1, 3 + j) for j in range(a.output_size)]
    for point in points_of(domain_of(a), 5, seed):
        va, vb = evaluate(a, point), evaluate(b, point)
        assert evaluate(difference(a, b), point) == [p - q for p, q in zip(va, vb, strict=True)]
        expected = [p - q - e for p, q, e in zip(va, vb, eps, strict=True)]
        expected += [q - p - e for p, q, e in zip(va, vb, eps, strict=True)]
        assert evaluate(gap(a, b, eps), point) == expected


def test_only_chains_of_one_shape_are_paired() -> None:
    a = float_network(0, 2, 4, 4, 1)
    assert next(iter(names_of_shape(a, shaken(a, 0, 0.1)).items())) == ("a000", "b000")
    assert not names_of_shape(a, float_network(0, 2, 4, 5, 1))
    assert output_names(a, a) == ("a002", "b002")


def test_layers_of_a_come_before_those_of_b_in_any_number() -> None:
    deep = float_network(0, 1, *([2] * 12), 1)
    names = [v.name for v in gap(deep, deep, [F(0)]).layers]
    assert names == [f"a{k:03d}" for k in range(13)] + [f"b{k:03d}" for k in range(13)] + [LAST]


# ---- bounds of pairs ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e-3, 0.1, 1.0])
@pytest.mark.parametrize("seed", range(12))
def test_bounds_of_pairs_contain_exact_values_on_every_box(seed: int, size: float) -> None:
    """Pre-activations, their differences and the outputs of the gap lie within the ends found on
    a box, at points of the box.
    """
    a = float_network(seed, 2, 5, 5, 5, 2)
    b = shaken(a, seed, size)
    network, domain = gap(a, b, [F(1, 7)] * 2), domain_of(a)
    bounds = bounded(network, domain, names_of_shape(a, b))
    ends = Tightening(bounds, LAST)
    random = np.random.default_rng(seed)
    low, high = domain.float_box
    cuts = np.sort(random.random((6, 2, len(low))), axis=1)
    lows, highs = low + (high - low) * cuts[:, 0], low + (high - low) * cuts[:, 1]
    boxes = ends.boxes(lows, highs, [ends.known()] * 6)
    assert isinstance(boxes, PairBoxes)
    ends.tighten(boxes)
    units = np.arange(4)
    for k in range(6):
        upper = backward(bounds, LAST, units, 1.0, cases=boxes.of(np.full(4, k))).upper
        points = [
            domain.clamp((lows[k] + (highs[k] - lows[k]) * random.random(len(low))).tolist())
            for _ in range(20)
        ]
        values = trace(network, Matrix.from_fractions(points).T, with_activations=False)
        for name in boxes.lower:
            for unit, row in enumerate(values[name].fractions()):
                assert F(float(boxes.lower[name][k, unit])) <= min(row)
                assert max(row) <= F(float(boxes.upper[name][k, unit]))
        for first, second in boxes.pairs.items():
            apart = (values[first] - values[second]).fractions()
            for unit, row in enumerate(apart):
                assert F(float(boxes.apart_low[first][k, unit])) <= min(row)
                assert max(row) <= F(float(boxes.apart_high[first][k, unit]))
        for unit, row in enumerate(values[LAST].fractions()):
            assert max(row) <= F(float(upper[unit]))


def test_pairs_are_much_closer_than_two_networks_by_themselves() -> None:
    a = float_network(4, 3, 12, 12, 12, 1)
    b = shaken(a, 4, 1e-4)
    network, domain = gap(a, b, [F(0)]), domain_of(a)
    widths = []
    for pairs in ({}, names_of_shape(a, b)):
        bounds = bounded(network, domain, pairs)
        ends = Tightening(bounds, LAST)
        low, high = domain.float_box
        boxes = ends.boxes(low[None], high[None], [ends.known()])
        ends.tighten(boxes)
        widths.append(
            backward(
                bounds, LAST, np.arange(2), 1.0, cases=boxes.of(np.zeros(2, dtype=np.int64))
            ).upper.max()
        )
    assert widths[1] < widths[0] / 20


# ---- within ε -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(25))
def test_within_agrees_with_brute_force_and_certificates_hold(seed: int) -> None:
    a = float_network(seed, 2, 6, 6, 2)
    b = shaken(a, seed, 0.01) if seed % 3 else float_network(seed, 2, 5, 2)
    domain = domain_of(a)
    seen = largest_difference(a, b, domain)
    for factor, answer in ((F(3), Equal), (F(9, 10), Different)):
        tolerance = [seen * factor] * 2
        result = compare(a, b, domain, within=tolerance, limits=Limits(20))
        assert isinstance(result, answer), (seed, factor, result)
        if isinstance(result, Different):
            assert domain.contains(result.point)
            assert abs(result.difference) > tolerance[0]
            assert list(result.a) == evaluate(a, result.point)
        elif isinstance(result, Equal) and result.certificate is not None:
            assert result.verdict == "within"
            verdict = rectifold_check.check(
                canonical_text(a), domain_text(domain), result.certificate.lines, canonical_text(b)
            )
            assert verdict.status == "holds"


def certificate_of(a: Network, b: Network, eps: Fraction) -> Certificate:
    found = agree_within(Question.of(a, b, domain_of(a), [eps] * a.output_size), Run(Limits(30)))
    evidence = found.signs or found.facts
    assert found.proved
    assert evidence is not None
    return certify_within(a, b, domain_of(a), [eps] * a.output_size, evidence, found.pairing)


def accepted(a: Network, b: Network, lines: list[str] | tuple[str, ...]) -> bool:
    return rectifold_check.check(
        canonical_text(a), domain_text(domain_of(a)), lines, canonical_text(b)
    ).holds


@pytest.mark.parametrize("seed", range(6))
def test_mutated_certificates_of_a_tolerance_are_refused(seed: int) -> None:
    a = float_network(seed, 2, 8, 8, 2)
    b = shaken(a, seed, 0.02)
    seen = largest_difference(a, b, domain_of(a), 2000)
    certificate = certificate_of(a, b, 2 * seen)
    assert accepted(a, b, certificate.lines)
    header = json.loads(certificate.lines[0])
    smaller = json.dumps(header | {"eps": [str(seen * F(99, 100))] * 2})
    assert not accepted(a, b, [smaller, *certificate.lines[1:]])
    steps = [json.loads(line) if k else [] for k, line in enumerate(certificate.lines)]
    boxes = next(k for k, s in enumerate(steps) if s[:1] == ["boxes"])
    for claims in (steps[boxes][3][:-1], [[0, "up", "0"]] * 4, []):
        lines = list(certificate.lines)
        lines[boxes] = json.dumps([*steps[boxes][:3], claims, steps[boxes][4]])
        assert not accepted(a, b, lines)
    assert not accepted(a, b, [*certificate.lines[:boxes], *certificate.lines[boxes + 1 :]])
    other = shaken(a, seed + 1, 0.02)
    assert not accepted(a, other, certificate.lines)


def test_many_inputs_are_decided_by_phases() -> None:
    a = float_network(7, 20, 10, 10, 2)
    b = shaken(a, 7, 0.3)
    seen = largest_difference(a, b, domain_of(a))
    found = agree_within(Question.of(a, b, domain_of(a), [4 * seen] * 2), Run(Limits(60)))
    assert found.proved
    certificate = certify_within(
        a,
        b,
        domain_of(a),
        [4 * seen] * 2,
        found.signs or found.facts or pytest.fail("no evidence"),
        found.pairing,
    )
    assert accepted(a, b, certificate.lines)
    different = Network(
        "x", 20, float_network(8, 20, 6, 2).layers, float_network(8, 20, 6, 2).output
    )
    result = agree_within(
        Question.of(a, different, domain_of(a), [F(1, 1000)] * 2), Run(Limits(10))
    )
    assert not result.proved
    assert len(result.points)


def test_unequal_shapes_are_split_without_pairs() -> None:
    a, b = float_network(1, 2, 6, 6, 1), float_network(1, 2, 9, 1)
    seen = largest_difference(a, b, domain_of(a), 2000)
    assert accepted(a, b, certificate_of(a, b, seen * 2).lines)


def test_a_time_limit_leaves_a_share() -> None:
    a = float_network(2, 4, 24, 24, 24, 1)
    b = float_network(3, 4, 24, 24, 24, 1)
    b = Network(a.input_name, 4, b.layers, b.output, a.domain)
    seen = largest_difference(a, b, domain_of(a), 2000)
    result = compare(a, b, domain_of(a), within=seen * F(13, 10), limits=Limits(1.0))
    if isinstance(result, Unknown):
        assert 0 <= result.share < 1
        assert "% of the domain" in result.reason


def test_one_tolerance_per_output() -> None:
    a = net("input x[1] in [-1, 1]\noutput [[1], [1]] @ relu(x)")
    b = net("input x[1] in [-1, 1]\noutput [[1], [1]] @ relu(x) + [1/10, 1/100]")
    domain = domain_of(a)
    assert isinstance(compare(a, b, domain, within=[F(1, 9), F(1, 90)]), Equal)
    wrong = compare(a, b, domain, within=[F(1, 90), F(1, 9)])
    assert isinstance(wrong, Different)
    assert wrong.output == 0
    with pytest.raises(InputError, match="1 tolerance given, but the networks have 2 outputs"):
        compare(a, b, domain, within=[F(1)])
    with pytest.raises(InputError, match="the tolerance -1 is negative"):
        compare(a, b, domain, within=F(-1))


# ---- argmax -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_argmax_agrees_with_brute_force(seed: int) -> None:
    a = float_network(seed, 2, 6, 6, 3)
    b = shaken(a, seed, 0.003 if seed % 2 else 0.3)
    domain = domain_of(a)
    result = compare_argmax(a, b, domain, margin=F(1, 50), limits=Limits(20))
    points = sample_points(domain, 500, seed)
    bad = []
    for va, vb in zip(evaluate_points(a, points), evaluate_points(b, points), strict=True):
        ranked = sorted(va)
        top = va.index(max(va))
        bad.append(ranked[-1] - ranked[-2] > F(1, 50) and max(vb) > vb[top])
    if isinstance(result, Equal):
        assert not any(bad)
        assert result.verdict == "argmax"
    elif isinstance(result, Different):
        assert domain.contains(result.point)
        assert max(result.a) == result.a[result.output]
        assert max(result.b) > result.b[result.output]
    assert not (any(bad) and isinstance(result, Equal))


def test_argmax_of_shifted_outputs_is_the_same_and_of_swapped_ones_is_not() -> None:
    a = net("input x[2] in [-1, 1]\noutput relu(x) + [0, 1/3]")
    shifted = net("input x[2] in [-1, 1]\noutput relu(x) + [5, 16/3]")
    swapped = net("input x[2] in [-1, 1]\noutput [[0, 1], [1, 0]] @ relu(x) + [1/3, 0]")
    assert isinstance(compare_argmax(a, shifted, domain_of(a), limits=Limits(20)), Equal)
    result = compare_argmax(a, swapped, domain_of(a), limits=Limits(20))
    assert isinstance(result, Different)


def test_many_inputs_are_proved_on_one_box_where_that_is_enough() -> None:
    a = float_network(9, 20, 8, 8, 2)
    b = shaken(a, 9, 0.001)
    found = agree_within(Question.of(a, b, domain_of(a), [F(1)] * 2), Run(Limits(20)))
    assert (found.proved, found.boxes, found.facts) == (True, 1, None)
    assert found.signs is not None
    assert accepted(
        a, b, certify_within(a, b, domain_of(a), [F(1)] * 2, found.signs, found.pairing).lines
    )


def test_argmax_with_many_inputs() -> None:
    a = float_network(3, 20, 12, 8, 3)
    biased = a.draft()
    last = a.output_layer
    biased.put(replace(last, bias=last.bias + Matrix.column([F(9), F(0), F(0)])))
    first = biased.freeze()
    result = agree_in_argmax(
        Question.of(first, shaken(first, 1, 0.001), domain_of(a)), F(0), Run(Limits(60))
    )
    assert result.proved
    assert len(
        agree_in_argmax(
            Question.of(a, float_network(9, 20, 6, 3), domain_of(a)), F(0), Run(Limits(20))
        ).points
    )


def test_questions_that_make_no_sense_are_refused() -> None:
    one = net("input x[1] in [-1, 1]\noutput relu(x)")
    two = net("input x[1]\noutput [[1], [2]] @ relu(x)")
    with pytest.raises(InputError, match="these networks have only one"):
        compare_argmax(one, one, domain_of(one))
    with pytest.raises(InputError, match="the margin -1 is negative"):
        compare_argmax(two, two, Domain.cube(0, 1, 1), margin=F(-1))
    with pytest.raises(InputError, match="--argmax needs a bounded domain"):
        compare_argmax(two, two, Domain.everywhere(1))
    with pytest.raises(InputError, match="--tightest needs a bounded domain"):
        closest(two, two, Domain.everywhere(1))


# ---- tightest -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_tightest_bounds_enclose_the_largest_difference(seed: int) -> None:
    a = float_network(seed, 2, 5, 5, 2)
    b = shaken(a, seed, 0.05)
    domain = domain_of(a)
    found = closest(a, b, domain, limits=Limits(120))
    seen = largest_difference(a, b, domain, 3000)
    assert found.lower <= found.upper
    assert seen <= found.upper
    assert found.lower == max(abs(p - q) for p, q in zip(found.a, found.b, strict=True))
    assert found.complete
    assert found.upper <= found.lower * F(101, 100)
    assert found.replayed in (None, "holds")
    assert accepted(a, b, found.certificate.lines)
    uppers = [row[2] for row in found.history]
    assert uppers == sorted(uppers, reverse=True)


def test_equal_networks_are_apart_by_nothing_but_rounding() -> None:
    a = float_network(5, 2, 6, 6, 1)
    found = tightest(Question.of(a, a, domain_of(a)), Run(Limits(2)))
    assert 0 <= found.upper[0] < F(1, 10**6)


# ---- equal pairs --------------------------------------------------------------------------------


def permuted(network: Network, random: Random) -> Network:
    """Units in another order and at another (positive) scale."""
    draft = network.draft()
    for layer in network.layers[:-1]:
        order = random.sample(range(layer.size), layer.size)
        scale = [F(random.choice((1, 2, 4)), random.choice((1, 2))) for _ in order]
        own = draft.layers[layer.name]
        weights = {u: w.select_rows(order).scale_rows(scale) for u, w in own.weights.items()}
        draft.edit(layer.name, bias=own.bias.select_rows(order).scale_rows(scale), weights=weights)
        for successor in draft.successors(layer.name):
            after = dict(draft.layers[successor].weights)
            after[layer.name] = (
                after[layer.name].select_columns(order).T.scale_rows([1 / s for s in scale]).T
            )
            draft.edit(successor, weights=after)
    return draft.freeze()


@pytest.mark.parametrize("seed", range(25))
def test_permuted_and_scaled_copies_are_equal_and_one_ulp_is_never_called_equal(seed: int) -> None:
    network = float_network(seed, 3, 6, 5, 2)
    other = permuted(network, Random(seed))
    equal = compare(network, other, domain_of(network))
    assert isinstance(equal, Equal)
    assert equal.certificate is not None
    assert equal.replayed == "holds"
    layer = other.layers[-1]
    (source, weight) = next(iter(layer.weights.items()))
    points = Matrix.from_fractions(points_of(domain_of(network), 30, seed)).T
    active = trace(other, points, with_activations=True)[source].fractions()
    used = next(j for j, row in enumerate(active) if max(row) > 0)
    values = weight.floats.copy()
    values[0, used] = np.nextafter(values[0, used], np.inf)
    changed = other.draft()
    changed.put(Layer(layer.name, "linear", layer.bias, {source: Matrix.from_floats(values)}))
    result = compare(network, changed.freeze(), domain_of(network), limits=Limits(10))
    assert not isinstance(result, Equal)


def test_joined_networks_need_rows_that_fit() -> None:
    a = float_network(0, 2, 3, 1)
    network = joined(
        a, a, Matrix.from_floats([[2.0]]), Matrix.from_floats([[-1.0]]), Matrix.column([F(3)])
    )
    point = [F(0), F(1)]
    assert evaluate(network, point) == [evaluate(a, point)[0] + 3]
    assert isinstance(Bounds(network, domain_of(a)), Bounds)


# ---- several processes, and the log -------------------------------------------------------------


AT_ONCE = Effort(seconds_before_attacks=(0.0, 0.0), turn_seconds=0.2)


def test_two_processes_prove_the_same_with_one_tree() -> None:
    a = float_network(11, 3, 10, 10, 10, 2)
    b = shaken(a, 11, 0.05)
    seen = largest_difference(a, b, domain_of(a), 1000)
    found = agree_within(
        Question.of(a, b, domain_of(a), [seen * F(11, 10)] * 2),
        Run(Limits(60, jobs=2), effort=AT_ONCE),
    )
    assert found.proved
    assert found.boxes > 4
    assert found.share == pytest.approx(1.0)
    assert found.signs is not None
    certificate = certify_within(
        a, b, domain_of(a), [seen * F(11, 10)] * 2, found.signs, found.pairing
    )
    assert accepted(a, b, certificate.lines)


@pytest.mark.parametrize(("seed", "shake", "proved"), [(22, 0.02, True), (21, 0.3, False)])
def test_two_processes_answer_about_the_argmax(seed: int, shake: float, proved: bool) -> None:
    """With a margin that the first network's own wins keep.

    There are no attacks, so that in the other case a process has to find the point.
    """
    a = float_network(seed, 2, 8, 8, 3)
    b = shaken(a, seed, shake)
    found = agree_in_argmax(
        Question.of(a, b, domain_of(a)),
        F(1, 4),
        Run(Limits(60, jobs=2), effort=Effort(attacks=(), turn_seconds=0.2)),
    )
    assert found.proved == proved
    if proved:
        assert found.boxes > 4
        assert found.share == pytest.approx(1.0)
    else:
        point = domain_of(a).clamp(found.points[0].tolist())
        of_a, of_b = evaluate(a, point), evaluate(b, point)
        assert of_a.index(max(of_a)) != of_b.index(max(of_b))


def test_two_processes_find_the_tightest_bound() -> None:
    a = float_network(11, 3, 8, 8, 8, 2)
    b = shaken(a, 11, 0.05)
    alone = tightest(Question.of(a, b, domain_of(a)), Run(Limits(20)))
    shared = tightest(
        Question.of(a, b, domain_of(a)), Run(Limits(20, jobs=2), effort=Effort(turn_seconds=0.3))
    )
    assert shared.complete
    assert shared.boxes > 4
    for one, other in ((alone, shared), (shared, alone)):
        assert max(one.upper) >= other.reached
    assert max(shared.upper) <= shared.reached * F(1002, 1000)
    certificate = certify_within(a, b, domain_of(a), shared.upper, shared.signs, shared.pairing)
    assert accepted(a, b, certificate.lines)


MANY = (14, 8, 6, 2)  # inputs and units of a pair whose phases are split


@pytest.mark.parametrize("seed", range(3))
def test_the_tightest_bound_for_many_inputs_is_improved_and_certified(seed: int) -> None:
    a = float_network(seed, *MANY)
    b = shaken(a, seed, 0.03)
    one = tightest(Question.of(a, b, domain_of(a)), Run(Limits(1e-9)))
    found = tightest(Question.of(a, b, domain_of(a)), Run(Limits(2)))
    assert one.boxes == 1
    assert found.boxes > 1
    assert max(found.upper) < max(one.upper)
    assert largest_difference(a, b, domain_of(a), 2000) <= max(found.upper)
    assert max(found.upper) >= found.reached
    values = [upper for _, _, upper in found.history]
    assert values == sorted(values, reverse=True)
    certificate = certify_within(a, b, domain_of(a), found.upper, found.signs, found.pairing)
    assert '["boxes",2' in certificate.text
    assert accepted(a, b, certificate.lines)
    smaller = [v * F(9, 10) for v in found.upper]
    assert not accepted(
        a, b, certify_within(a, b, domain_of(a), smaller, found.signs, found.pairing).lines
    )


def test_a_tolerance_for_many_inputs_is_proved_by_phases_and_taken_from_the_log(
    tmp_path: Path,
) -> None:
    a = float_network(2, *MANY)
    b = shaken(a, 2, 0.03)
    one, best = (tightest(Question.of(a, b, domain_of(a)), Run(Limits(s))) for s in (1e-9, 2))
    assert max(best.upper) < max(one.upper)
    eps = [(max(best.upper) + max(one.upper)) / 2] * 2  # more than one box gives
    limits = Limits(20, log=tmp_path / "pairs.log")
    found = agree_within(Question.of(a, b, domain_of(a), eps), Run(limits))
    assert found.proved
    assert found.boxes > 1
    assert found.signs is not None
    assert accepted(a, b, certify_within(a, b, domain_of(a), eps, found.signs, found.pairing).lines)
    line = json.loads((tmp_path / "pairs.log").read_text())
    again = agree_within(Question.of(a, b, domain_of(a), eps), Run(limits))
    assert (again.proved, again.boxes) == (True, 0)  # no phase was split
    kept = [list(range(4))]  # the root is said to prove everything, or the split is of no unit
    for tree in (
        kept,
        [[], ["nowhere", 0], kept, kept],
        [[], [LAST, 0], kept, kept],
        [[], ["a000", 99], kept, kept],
    ):
        line["entry"]["tree"] = tree
        (tmp_path / "pairs.log").write_text(json.dumps(line) + "\n")
        assert agree_within(Question.of(a, b, domain_of(a), eps), Run(limits)).boxes > 1


def test_an_interrupt_ends_the_rounds_about_the_argmax() -> None:
    """No point refutes the claim, because a lead of this margin is kept by the shaken network."""
    a = float_network(2, *MANY)
    b = shaken(a, 2, 0.01)
    rounds: list[str] = []

    def interrupting(what: str, done: int, total: int) -> None:
        if what.startswith("proving layer"):
            rounds.append(what)
            raise KeyboardInterrupt

    margin = 2 * largest_difference(a, b, domain_of(a), 4000)
    run = Run(Limits(600), progress=interrupting, effort=Effort(attacks=()))
    found = agree_in_argmax(Question.of(a, b, domain_of(a)), margin, run)
    assert not found.proved
    assert not len(found.points)
    assert len(rounds) == 1


def test_a_difference_for_many_inputs_is_found_where_there_is_one() -> None:
    a = float_network(3, *MANY)
    b = shaken(a, 3, 0.3)
    seen = largest_difference(a, b, domain_of(a), 4000)
    result = compare(a, b, domain_of(a), within=seen * F(1, 2), limits=Limits(10))
    assert isinstance(result, Different)


def test_the_tightest_bound_of_an_output_that_never_differs_is_certified_too() -> None:
    """Its bound is some 1e-300 of rounding, which the checker's units cannot hold."""
    text = """
        input x[2] in [-1, 1]
        h = relu([[W, 1/3], [1, -2], [-1/7, -1]] @ x + [0, 0, -3])
        y = [[1, 1, 0], [0, 0, 1/3]] @ h
        output y
        """
    a, b = net(text.replace("W", "1")), net(text.replace("W", "1.01"))
    found = closest(a, b, domain_of(a), limits=Limits(120))
    assert accepted(a, b, found.certificate.lines)
    assert 0 < found.per_output[1] < F(1, 10**9)


def test_a_second_run_takes_the_argmax_from_the_log_and_believes_no_tree(tmp_path: Path) -> None:
    a = float_network(22, 2, 8, 8, 3)
    b = shaken(a, 22, 0.02)
    log = tmp_path / "argmax.log"
    limits = Limits(30, log=log)
    first = agree_in_argmax(Question.of(a, b, domain_of(a)), F(1, 4), Run(limits))
    assert first.proved
    assert first.boxes > 4
    again = agree_in_argmax(Question.of(a, b, domain_of(a)), F(1, 4), Run(limits))
    assert (again.proved, again.boxes) == (True, 0)
    other = agree_in_argmax(
        Question.of(a, b, domain_of(a)), F(1, 5), Run(limits)
    )  # another question: nothing is taken over
    assert other.boxes > 0
    form = json.loads(log.read_text().splitlines()[0])
    form["entry"]["tree"] = [
        list(range(len(form["entry"]["claims"])))
    ]  # one box that is said to prove everything
    log.write_text(json.dumps(form) + "\n")
    anew = agree_in_argmax(Question.of(a, b, domain_of(a)), F(1, 4), Run(limits))
    assert anew.proved
    assert anew.boxes == first.boxes


def test_the_tightest_bound_starts_from_the_best_point_of_the_log(tmp_path: Path) -> None:
    a = float_network(3, *MANY)
    b = shaken(a, 3, 0.03)
    limits = Limits(1, log=tmp_path / "t.log")
    first = tightest(Question.of(a, b, domain_of(a)), Run(limits))
    line = (tmp_path / "t.log").read_text()
    (tmp_path / "t.log").write_text(line + line.replace("0x", "?x") + "no json\n")
    weak = Effort(attacks=(AttackSize(2, 1, 1),))
    assert (
        tightest(Question.of(a, b, domain_of(a)), Run(Limits(1e-9), effort=weak)).reached
        < first.reached
    )
    assert (
        tightest(
            Question.of(a, b, domain_of(a)), Run(replace(limits, seconds=1e-9), effort=weak)
        ).reached
        >= first.reached
    )


def test_what_the_tightest_bound_reaches_is_the_exact_difference_at_its_point() -> None:
    a = float_network(3, *MANY)
    b = shaken(a, 3, 0.03)
    found = tightest(Question.of(a, b, domain_of(a)), Run(Limits(1e-9)))
    assert found.point is not None
    assert domain_of(a).contains(found.point)
    assert found.reached == max(map(abs, evaluate(difference(a, b), found.point)))


def test_the_exactly_best_point_of_the_log_is_answered_where_floats_cannot_tell_points_apart(
    tmp_path: Path,
) -> None:
    """A − B = 1 − |x − 3.7|/2^70, which as a float is 1 everywhere on the domain."""
    top, slope = F(3.7), F(1, 2**70)
    sides = Layer("h", "relu", Matrix.column([-top, top]), {"x": Matrix.column([F(1), F(-1)])})
    peak = Layer(
        "y", "linear", Matrix.column([F(1)]), {"h": Matrix.from_fractions([[-slope, -slope]], 2)}
    )
    zero = Layer("y", "linear", Matrix.zeros(1, 1), {"x": Matrix.zeros(1, 1)})
    a, b = Network("x", 1, [sides, peak], "y", None, "a"), Network("x", 1, [zero], "y", None, "b")
    domain, log = Domain((F(1),), (F(8),)), tmp_path / "t.log"
    assert tightest(Question.of(a, b, domain), Run(Limits(1e-9, log=log))).reached < 1
    network = gap(*arranged(a, b, guessed_pairing(a, b, domain, 0)), [F(0)])
    ProofLog(log, network, domain).append_points(np.array([[2.0], [float(top)], [5.0]]))
    found = tightest(Question.of(a, b, domain), Run(Limits(1e-9, log=log)))
    assert found.point == (top,)
    assert found.reached == 1
    assert closest(a, b, domain, limits=Limits(1e-9, log=log)).lower == 1


def test_a_second_run_takes_the_tree_from_the_log(tmp_path: Path) -> None:
    a = float_network(12, 2, 8, 8, 1)
    b = shaken(a, 12, 0.05)
    eps = largest_difference(a, b, domain_of(a), 1000) * F(3, 2)
    limits = Limits(30, log=tmp_path / "pairs.log")
    first = agree_within(Question.of(a, b, domain_of(a), [eps]), Run(limits))
    second = agree_within(Question.of(a, b, domain_of(a), [eps]), Run(limits))
    assert first.proved
    assert (second.proved, second.boxes) == (True, 0)  # no box was split
    assert second.signs is not None
    assert accepted(
        a, b, certify_within(a, b, domain_of(a), [eps], second.signs, second.pairing).lines
    )
    smaller = agree_within(Question.of(a, b, domain_of(a), [eps / 3]), Run(limits))
    assert not smaller.proved


# ---- pairing by simulation ----------------------------------------------------------------------


def test_arranged_networks_are_the_same_functions() -> None:
    a, b = float_network(3, 2, 5, 4, 2), float_network(4, 2, 6, 2)
    pairing = (Pair(0, 0, (4, 0, -1, 1, 2, 3, -1), (2, -1, 0, 1, 3, 5, 4)),)
    first, second = arranged(a, b, pairing)
    assert [v.size for v in first.layers] == [7, 4, 2]
    assert [v.size for v in second.layers] == [7, 2]
    for point in points_of(domain_of(a), 10, 1):
        assert evaluate(first, point) == evaluate(a, point)
        assert evaluate(second, point) == evaluate(b, point)


@pytest.mark.parametrize("seed", range(6))
def test_a_permuted_and_shaken_copy_is_paired_unit_by_unit(seed: int) -> None:
    a = float_network(seed, 3, 8, 7, 2)
    order = Random(seed).sample(range(8), 8)
    draft = a.draft()
    names = [v.name for v in a.layers]
    draft.keep_units(names[0], order)
    b = shaken(draft.freeze(), seed, 1e-4)
    pairing = guessed_pairing(a, b, domain_of(a), seed)
    assert [(p.first, p.second) for p in pairing] == [(0, 0), (1, 1)]
    if order != sorted(order):
        placed = dict(zip(pairing[0].of_second, pairing[0].of_first, strict=True))
        assert [placed[k] for k in range(8)] == order
    eps = largest_difference(a, b, domain_of(a), 1000) * 2
    found = agree_within(Question.of(a, b, domain_of(a), [eps] * 2), Run(Limits(30)))
    assert found.proved
    assert found.boxes < 200
    assert found.signs is not None
    assert accepted(
        a, b, certify_within(a, b, domain_of(a), [eps] * 2, found.signs, found.pairing).lines
    )


def test_a_compiled_network_in_single_precision_is_compared_with_its_source() -> None:
    a = float_network(2, 3, 16, 12, 1)
    small = compile_network(a, domain_of(a), prover="bounds").network
    layers = [
        Layer(
            v.name, v.activation, Matrix.from_floats(v.bias.approximation[0].astype(np.float32)),
            {
                u: Matrix.from_floats(w.approximation[0].astype(np.float32))
                for u, w in v.weights.items()
            },
        )
        for v in small.layers
    ]  # fmt: skip
    b = Network(small.input_name, 3, layers, small.output, a.domain, "single")
    found = agree_within(Question.of(a, b, domain_of(a), [F(1, 10**4)]), Run(Limits(30)))
    assert found.proved
    assert found.boxes < 1000
    assert found.signs is not None
    assert accepted(
        a, b, certify_within(a, b, domain_of(a), [F(1, 10**4)], found.signs, found.pairing).lines
    )


def test_networks_without_relatives_are_not_paired() -> None:
    assert not guessed_pairing(
        float_network(1, 2, 6, 1), float_network(9, 2, 3, 1), Domain.cube(-1, 1, 2), 0
    )


def test_the_certificate_of_a_huge_domain_asks_for_bits_enough() -> None:
    a = net("""
        network one
        input x[2] in [[-2, 1e27], [-2, -1]]
        h = [-1*x[0] + 3*x[1], 2*x[0] - 3*x[1], x[0]]
        y = relu(2*h[0] + h[2] - 1)
        output [0*y, 3*y]
        """)
    b = net("""
        network other
        input x[2] in [[-2, 1e27], [-2, -1]]
        h = [-1*x[0] + 3*x[1], 2.000001*x[0] - 3*x[1], x[0]]
        y = relu(2*h[0] + h[2] - 1)
        output [0*y, 3*y + h[1]*0]
        """)
    found = tightest(Question.of(a, b, domain_of(a)), Run(Limits(1)))
    assert found.signs is not None
    certificate = certify_within(a, b, domain_of(a), found.upper, found.signs, found.pairing)
    assert accepted(a, b, certificate.lines)
