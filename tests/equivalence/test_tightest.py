"""The tightest tolerance: it encloses every difference, and is certified."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from network_pairs import MANY, F, accepted, domain_of, largest_difference, shaken
from rectifold.certificate.within import certify_within
from rectifold.effort.effort import Effort
from rectifold.effort.equivalence import AttackSize, EquivalenceEffort
from rectifold.equivalence.decide import closest
from rectifold.equivalence.pairing import guess_pairing
from rectifold.equivalence.question import Question
from rectifold.equivalence.tightest import tightest
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.joint import difference, gap
from rectifold.ir.network import Layer, Network
from rectifold.ir.unit_pairing import arrange
from rectifold.runtime.run import Limits, Run
from rectifold.search.log import ProofLog
from support import float_network, net


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


def test_the_bounds_so_far_are_told() -> None:
    a = float_network(3, 2, 5, 5, 2)
    told: list[str] = []
    run = Run(Limits(60), progress=lambda what, done, total: told.append(what))
    tightest(Question.of(a, shaken(a, 3, 0.05), domain_of(a)), run)
    bounds = [line for line in told if line.startswith("largest difference between about ")]
    assert bounds
    assert all(line.endswith(" boxes") and " and " in line for line in bounds)


def test_two_processes_find_the_tightest_bound() -> None:
    a = float_network(11, 3, 8, 8, 8, 2)
    b = shaken(a, 11, 0.05)
    alone = tightest(Question.of(a, b, domain_of(a)), Run(Limits(20)))
    shared = tightest(
        Question.of(a, b, domain_of(a)),
        Run(Limits(20, jobs=2, effort=Effort(equivalence=EquivalenceEffort(turn_seconds=0.3)))),
    )
    assert shared.complete
    assert shared.boxes > 4
    for one, other in ((alone, shared), (shared, alone)):
        assert max(one.upper) >= other.reached
    assert max(shared.upper) <= shared.reached * F(1002, 1000)
    certificate = certify_within(a, b, domain_of(a), shared.upper, shared.signs, shared.pairing)
    assert accepted(a, b, certificate.lines)


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


def test_the_tightest_bound_starts_from_the_best_point_of_the_log(tmp_path: Path) -> None:
    a = float_network(3, *MANY)
    b = shaken(a, 3, 0.03)
    limits = Limits(1, log=tmp_path / "t.log")
    first = tightest(Question.of(a, b, domain_of(a)), Run(limits))
    line = (tmp_path / "t.log").read_text()
    (tmp_path / "t.log").write_text(line + line.replace("0x", "?x") + "no json\n")
    weak = Effort(equivalence=EquivalenceEffort(attacks=(AttackSize(2, 1, 1),)))
    assert (
        tightest(Question.of(a, b, domain_of(a)), Run(Limits(1e-9, effort=weak))).reached
        < first.reached
    )
    assert (
        tightest(
            Question.of(a, b, domain_of(a)), Run(replace(limits, seconds=1e-9, effort=weak))
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
    network = gap(*arrange(a, b, guess_pairing(a, b, domain, Run(seed=0))), [F(0)])
    ProofLog(log, network, domain).append_points(np.array([[2.0], [float(top)], [5.0]]))
    found = tightest(Question.of(a, b, domain), Run(Limits(1e-9, log=log)))
    assert found.point == (top,)
    assert found.reached == 1
    assert closest(a, b, domain, limits=Limits(1e-9, log=log)).lower == 1


def test_a_margin_of_nothing_asks_for_no_endless_precision() -> None:
    """The only output is a constant: its bounds differ by the least float there is."""
    a = net("input x[1] in [1/3, 2/3]\nh = relu(2*x)\ny = relu([[0]] @ h + [-3])\noutput y\n")
    found = closest(a, a, domain_of(a), limits=Limits(0.5))
    assert found.upper < F(1, 10**18)
    assert found.replayed == "holds"


WIDE = "input x[1] in [0, 1000000000000000]\nh = relu([[-2], [-1]] @ x + [BIAS, 0])\n"
WIDE += "y = [[-1, 3], [-1, 0]] @ h + [-3, 1]\noutput y\n"
FLAT = "input x[2] in [[0, 10000000], [-1, 3]]\n"
FLAT += "h = relu([[1/3, -1/2]] @ x + [13/3])\ny = [[-3], [0]] @ h + [-1, BIAS]\noutput y\n"


@pytest.mark.parametrize(
    ("text", "bias", "other"),
    [
        (WIDE, "1", "1 + 1/1152921504606846976"),  # rounding of 1e15 beside a bound of 1
        (FLAT, "-3/2", "-3/2 + 1/1152921504606846976"),  # a claim of 1e-14 beside values of 1e7
        (
            FLAT.replace("10000000", "1000000000000000000000000000"),
            "-3/2",
            "-3/2 + 1/1152921504606846976",
        ),
    ],
)
@pytest.mark.parametrize("work", [0, 4_000_000])
def test_large_values_ask_the_checker_for_more_bits(
    text: str, bias: str, other: str, work: int
) -> None:
    """Also where the checker is only asked about what precedes the tree of boxes."""
    a, b = net(text.replace("BIAS", bias)), net(text.replace("BIAS", other))
    effort = Effort(equivalence=EquivalenceEffort(replayed_work=work))
    found = closest(a, b, domain_of(a), limits=Limits(0.5, effort=effort))
    assert found.replayed == ("holds" if work else None)
    assert accepted(a, b, found.certificate.lines)
