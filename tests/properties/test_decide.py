"""Properties: a table of truths, ends that just meet, and random ones against exact points."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

import rectifold_check
from rectifold.certificate.property import require_property
from rectifold.certificate.refused import ClaimRefused
from rectifold.effort.effort import Effort
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.formats.vnnlib_property import parse_property
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Layer, Network
from rectifold.ir.property import Condition, Property, Unsafe
from rectifold.properties.answers import Answer, Holds, Refuted, Undecided
from rectifold.properties.decide import decide_property
from rectifold.runtime.deadline import TimeUp
from rectifold.runtime.run import Limits, Run
from support import net, points_of, random_network

F = Fraction
PATIENT, RUN = Run(Limits(100.0)), Run(Limits(5.0))  # a busy machine decides late
# y_0 = |x_0|, y_1 = max(x_0, x_1), on [-1, 1]^2
TWO = net(
    "input x[2] in [-1, 1]\n"
    "h = relu([[1, 0], [-1, 0], [-1, 1]] @ x)\n"
    "output concat(h[0] + h[1], x[0] + h[2])\n"
)
BOX = "(assert (and (>= X_0 -1) (<= X_0 1) (>= X_1 -1) (<= X_1 1)))\n"
TRUTHS = {
    "|x| is not above 1": ("(> Y_0 1)", True),
    "|x| reaches 1": ("(>= Y_0 1)", False),
    "|x| is not below 0": ("(< Y_0 0)", True),
    "|x| is 0": ("(<= Y_0 0)", False),
    "|x| is not below -1/8": ("(<= Y_0 -0.125)", True),
    "max is not 1/8 below an input": ("(or (<= (+ Y_1 0.125) X_0) (<= (+ Y_1 0.125) X_1))", True),
    "max is an input": ("(or (<= Y_1 X_0) (<= Y_1 X_1))", False),
    "both above 1/2 happens": ("(and (>= Y_0 0.5) (>= Y_1 0.5))", False),
    "max above |x| happens": ("(>= Y_1 (+ Y_0 0.5))", False),
    "|x| small and max large needs x_1": ("(and (<= Y_0 0.1) (>= Y_1 0.5) (<= X_1 0.4))", True),
    "three conditions that exclude each other": (
        "(and (>= Y_0 0.5) (<= X_0 0.4) (>= X_0 -0.4) (>= Y_1 -2))",
        True,
    ),
}


def decided(network: Network, asked: Property, run: Run = PATIENT) -> Answer:
    answer = decide_property(network, asked, run)
    if isinstance(answer, Holds):
        assert require_property(network, asked, answer.certificate).status == "holds"
    if isinstance(answer, Refuted):
        outputs = evaluate(network, answer.point)
        assert tuple(outputs) == answer.outputs
        assert asked.parts[answer.part].case_met(answer.point, outputs) == answer.case
    return answer


@pytest.mark.parametrize("name", TRUTHS)
def test_truths(name: str) -> None:
    formula, holds = TRUTHS[name]
    asked = parse_property(f"{BOX}(assert {formula})", 2, 2)
    assert isinstance(decided(TWO, asked), Holds if holds else Refuted)


def test_every_part_must_hold() -> None:
    left, right = "(and (<= X_0 0) (>= Y_0 {}))", "(and (>= X_0 0) (>= Y_0 {}))"
    for ends, kind in (((2, 3), Holds), ((2, 0.5), Refuted), ((0.5, 3), Refuted)):
        formula = f"(or {left.format(ends[0])} {right.format(ends[1])})"
        answer = decided(TWO, parse_property(f"{BOX}(assert {formula})", 2, 2))
        assert isinstance(answer, kind)


def test_a_domain_without_ends_is_refused() -> None:
    asked = parse_property("(assert (>= X_0 0)) (assert (>= Y_0 3))", 2, 2)
    with pytest.raises(InputError, match="does not bound every input"):
        decide_property(TWO, asked, RUN)


def test_linear_constraints_of_inputs_are_used() -> None:
    cut = BOX + "(assert (<= (+ X_0 X_1) 0)) (assert (>= (- X_0 X_1) 0))"
    for end, kind in ((0.625, Refuted), (1.0625, Holds)):
        answer = decided(TWO, parse_property(f"{cut}(assert (>= Y_1 {end}))", 2, 2))
        assert isinstance(answer, kind)


@pytest.mark.parametrize("seed", range(8))
def test_exact_points_never_contradict(seed: int) -> None:
    """Ends lie at, just below and just above the largest value that points of the domain reach."""
    random = Random(seed)
    network = random_network(seed)
    domain = network.domain
    if domain is None or not domain.is_bounded:
        domain = Domain.cube(-1, 1, network.input_size)
    values = [evaluate(network, x) for x in points_of(domain, 60, seed)]
    row = [F(random.randint(-3, 3)) for _ in range(network.output_size)]
    largest = max(sum((c * y for c, y in zip(row, v, strict=True)), F(0)) for v in values)
    for shift in (F(-1, 100), F(0), F(1, 100), F(3)):
        terms = tuple((j, -c) for j, c in enumerate(row) if c)
        case = (Condition((), terms, -(largest + shift)),)  # row·y ≥ largest + shift
        answer = decided(network, Property((Unsafe(domain, (case,)),)), RUN)
        assert not (shift <= 0 and isinstance(answer, Holds))
        assert isinstance(answer, Holds | Refuted | Undecided)


def test_what_takes_the_checker_long_is_not_replayed() -> None:
    effort = Effort.timed(100.0)
    hasty = replace(effort.properties, replay_seconds=0.0)
    run = Run(Limits(100.0, effort=replace(effort, properties=hasty)))
    asked = parse_property(f"{BOX}(assert (>= Y_0 1.5))", 2, 2)
    answer = decided(TWO, asked, run)  # replays the certificate itself
    assert isinstance(answer, Holds)
    assert answer.replayed is None


SAME = {"one process": Limits(100.0), "two processes": Limits(100.0, jobs=2)}


@pytest.mark.parametrize("limits", SAME.values(), ids=SAME)
def test_a_log_and_processes_leave_the_answer(limits: Limits, tmp_path: Path) -> None:
    for number, name in enumerate(["max is not 1/8 below an input", "max above |x| happens"]):
        formula, holds = TRUTHS[name]
        asked = parse_property(f"{BOX}(assert {formula})", 2, 2)
        run = Run(replace(limits, log=tmp_path / f"{number}.log"))
        for _ in range(2):
            assert isinstance(decided(TWO, asked, run), Holds if holds else Refuted)


def test_an_interrupt_ends_with_what_is_proved() -> None:
    def stop(what: str, done: int, total: int) -> None:
        if what.startswith("proving layer"):
            raise KeyboardInterrupt

    # y_0 reaches 1 and not more: no boxes prove that with a margin, and phases come after them
    asked = parse_property(f"{BOX}(assert (and (> Y_0 1) (<= Y_0 5)))", 2, 2)
    answer = decided(TWO, asked, Run(Limits(100.0), progress=stop))
    assert isinstance(answer, Undecided)
    assert answer.reason.startswith("it was interrupted; no unsafe point was found; 0 of 1 case")


# y = (2^53 + 1 + x) − (2^53 + x'): 0 in doubles wherever the sums are rounded, 1 + x − x' exactly
BIG = 2**53
ORDER = net(
    "input x[2] in [0, 1/4]\n"
    f"h = relu([[1, 0], [0, 1]] @ x + [{BIG + 1}, {BIG}])\n"
    "output h[0] - h[1]\n"
)
ABSORBED = net(  # 2^24 + 1 is no float32; 1e8 + 1e-9·x is 1e8 in float32, and in doubles nearly
    "input x[2] in [0, 1]\n"
    "h = relu([[1, 0], [0, 1/1000000000]] @ x + [16777217, 100000000])\n"
    "output concat(h[0] - 16777216, h[1] - 100000000)\n"
)
UNIT = "(assert (and (>= X_0 0) (<= X_0 {0}) (>= X_1 0) (<= X_1 {0})))\n"
EXACT = {
    "the sum is not 0": (ORDER, 0.25, "(<= Y_0 0)", True),
    "the sum reaches 5/4": (ORDER, 0.25, "(>= Y_0 1.25)", False),
    "the sum is not above 5/4": (ORDER, 0.25, "(> Y_0 1.25)", True),
    "the sum reaches 3/4": (ORDER, 0.25, "(<= Y_0 0.75)", False),
    "one beyond float32 remains": (ABSORBED, 1, "(< Y_0 1)", True),
    "it is met": (ABSORBED, 1, "(<= Y_0 1)", False),
    "a tiny slope is above 0": (ABSORBED, 1, "(> Y_1 0)", False),
    "a tiny slope reaches its end": (ABSORBED, 1, "(>= Y_1 0.000000001)", False),
    "and not more": (ABSORBED, 1, "(>= Y_1 0.000000001000000000001)", True),
}


@pytest.mark.parametrize("name", EXACT)
def test_rounding_never_decides(name: str) -> None:
    """Truths that evaluation in floats contradicts: an answer is right, or there is none."""
    network, end, formula, holds = EXACT[name]
    asked = parse_property(f"{UNIT.format(end)}(assert {formula})", 2, network.output_size)
    answer = decided(network, asked, RUN)
    assert not isinstance(answer, Refuted if holds else Holds)


def test_what_was_refused_is_not_claimed_when_the_time_is_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The checker refuses the usual bits, and the time ends while it looks at more of them."""
    verdict = rectifold_check.PropertyVerdict("refused", reason="as this test says")
    twice = 2  # for boxes, and for phases alone
    answers: list[Exception] = [ClaimRefused(verdict), TimeUp()] * twice

    def require(*_: object, **__: object) -> None:
        raise answers.pop(0)

    monkeypatch.setattr("rectifold.properties.decide.require_property", require)
    answer = decide_property(TWO, parse_property(f"{BOX}(assert (> Y_0 1.5))", 2, 2), PATIENT)
    assert isinstance(answer, Undecided)
    assert "as this test says" in answer.reason
    assert not answers


@pytest.mark.parametrize(("bound", "holds"), [(2, True), (1, False)])
def test_a_network_without_inputs_has_one_point(bound: int, holds: bool) -> None:
    one = of_no_inputs()
    case = (Condition((), ((0, F(-1)),), F(-bound), strict=False),)
    answer = decided(one, Property((Unsafe(one_point(), (case,)),)), RUN)
    assert isinstance(answer, Holds if holds else Refuted)


def one_point() -> Domain:
    return Domain((), ())


def of_no_inputs() -> Network:
    """relu(1), of no inputs."""
    layer = Layer("h", "relu", Matrix.column([F(1)]), {"x": Matrix.zeros(1, 0)})
    return Network("x", 0, [layer], "h", one_point(), "constant")
