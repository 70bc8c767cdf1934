"""Agreement within a tolerance: never against brute force, with certificates that hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rectifold_check
from network_pairs import (
    AT_ONCE,
    MANY,
    F,
    accepted,
    certificate_of,
    domain_of,
    largest_difference,
    shaken,
)
from rectifold.certificate.within import certify_within
from rectifold.equivalence.answers import Different, Equal, Unknown
from rectifold.equivalence.decide import compare
from rectifold.equivalence.question import Question
from rectifold.equivalence.tightest import tightest
from rectifold.equivalence.within import agree_within
from rectifold.errors import InputError
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.evaluate import evaluate
from rectifold.ir.joint import (
    LAST,
)
from rectifold.ir.network import Network
from rectifold.runtime.run import Limits, Run
from support import float_network, net


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


def test_many_inputs_are_proved_on_one_box_where_that_is_enough() -> None:
    a = float_network(9, 20, 8, 8, 2)
    b = shaken(a, 9, 0.001)
    found = agree_within(Question.of(a, b, domain_of(a), [F(1)] * 2), Run(Limits(20)))
    assert (found.proved, found.boxes, found.facts) == (True, 1, None)
    assert found.signs is not None
    assert accepted(
        a, b, certify_within(a, b, domain_of(a), [F(1)] * 2, found.signs, found.pairing).lines
    )


def test_two_processes_prove_the_same_with_one_tree() -> None:
    a = float_network(11, 3, 10, 10, 10, 2)
    b = shaken(a, 11, 0.05)
    seen = largest_difference(a, b, domain_of(a), 1000)
    found = agree_within(
        Question.of(a, b, domain_of(a), [seen * F(11, 10)] * 2),
        Run(Limits(60, jobs=2, effort=AT_ONCE)),
    )
    assert found.proved
    assert found.boxes > 4
    assert found.share == pytest.approx(1.0)
    assert found.signs is not None
    certificate = certify_within(
        a, b, domain_of(a), [seen * F(11, 10)] * 2, found.signs, found.pairing
    )
    assert accepted(a, b, certificate.lines)


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


def test_a_difference_for_many_inputs_is_found_where_there_is_one() -> None:
    a = float_network(3, *MANY)
    b = shaken(a, 3, 0.3)
    seen = largest_difference(a, b, domain_of(a), 4000)
    result = compare(a, b, domain_of(a), within=seen * F(1, 2), limits=Limits(10))
    assert isinstance(result, Different)


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


def test_a_share_of_comparisons_is_not_called_one_of_the_domain() -> None:
    a, b = float_network(2, 14, 30, 30, 3), float_network(3, 14, 30, 30, 3)
    b = Network(a.input_name, 14, b.layers, b.output, a.domain)
    seen = largest_difference(a, b, domain_of(a), 2000)
    result = compare(a, b, domain_of(a), within=seen * 2, limits=Limits(1.0))
    assert isinstance(result, Unknown)
    assert "% of the comparisons of single outputs" in result.reason
    assert "of the domain" not in result.reason
