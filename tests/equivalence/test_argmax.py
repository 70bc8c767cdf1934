"""Agreement in the argmax: never against brute force."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from network_pairs import MANY, F, domain_of, largest_difference, shaken
from rectifold.effort.effort import Effort
from rectifold.effort.equivalence import EquivalenceEffort
from rectifold.equivalence.answers import Different, Equal
from rectifold.equivalence.argmax import agree_in_argmax
from rectifold.equivalence.decide import compare_argmax
from rectifold.equivalence.question import Question
from rectifold.exact.matrix import Matrix
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate, evaluate_points
from rectifold.ir.sampling import sample_points
from rectifold.runtime.run import Limits, Run
from support import float_network, net

WITHOUT_ATTACKS = replace(
    Effort.timed(60), equivalence=EquivalenceEffort(attacks=(), turn_seconds=0.2)
)


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


def test_argmax_with_many_inputs() -> None:
    a = float_network(3, 20, 12, 8, 3)
    biased = Draft(a)
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
        Run(Limits(60, jobs=2, effort=WITHOUT_ATTACKS)),
    )
    assert found.proved == proved
    if proved:
        assert found.boxes > 4
        assert found.share == pytest.approx(1.0)
    else:
        point = domain_of(a).clamp(found.points[0].tolist())
        of_a, of_b = evaluate(a, point), evaluate(b, point)
        assert of_a.index(max(of_a)) != of_b.index(max(of_b))


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
    run = Run(Limits(600, effort=WITHOUT_ATTACKS), progress=interrupting)
    found = agree_in_argmax(Question.of(a, b, domain_of(a)), margin, run)
    assert not found.proved
    assert not len(found.points)
    assert len(rounds) == 1


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
