"""The tightest tolerance: bounds on max |A_j − B_j| that improve until the time is up.

few inputs → the worst box is split          many → the worst case of phases
upper: proved on the tree's leaves           lower: the exact difference at the best point
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.effort.effort import Effort
from rectifold.effort.equivalence import EquivalenceEffort
from rectifold.equivalence.question import Excess, Question, no_points, with_few_threads
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import at_least, at_most
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.side import Side
from rectifold.facts.trees import BoxProof
from rectifold.ir.evaluate import evaluate
from rectifold.ir.joint import LAST, gap
from rectifold.ir.unit_pairing import Pairing, arrange
from rectifold.runtime.deadline import time_left
from rectifold.runtime.interrupts import notice_interrupts
from rectifold.runtime.run import Run
from rectifold.runtime.workers import Workers
from rectifold.search.boxes.bounds_on_boxes import clearance
from rectifold.search.boxes.largest import LargestSearch, TightestOutcome, TightestSearch
from rectifold.search.boxes.unit_splits import PhaseSearch
from rectifold.search.log import ProofLog
from rectifold.search.tasks import Snapshot, TightestTask, go_on_tightening
from rectifold.search.witnesses import Witnesses


@dataclass(frozen=True, eq=False)
class Tightest:
    """|A_j − B_j| ≤ upper_j on the domain, proved; at `point` some difference is `reached`,
    exactly.

    `complete`: the two have met. Without a point of the domain (one with constraints that are hard
    to meet), `point` is None and `reached` is 0.
    """

    upper: tuple[Fraction, ...]  # per output
    point: tuple[Fraction, ...] | None
    reached: Fraction
    boxes: int
    complete: bool
    signs: BoxTreeSigns
    pairing: Pairing
    history: tuple[tuple[float, float, float], ...]  # (seconds, reached, worst upper)


@with_few_threads
def tightest(question: Question, run: Run) -> Tightest:
    """Bounds on max |A_j − B_j|. For many inputs phases are split instead of the box.

    From a log the best points are taken, and no point that is exactly worse than one of them is
    answered. The boxes are found again: that takes no longer than to check those of an earlier run.
    """
    deadline = run.deadline(run.effort.equivalence.tightest_seconds)
    a, b, domain = question.a, question.b, question.domain
    pairing = question.pairing(run)
    network = gap(*arrange(a, b, pairing), [Fraction(0)] * a.output_size)
    excess = Excess(network, domain, pairing, run, deadline)
    log = None if run.limits.log is None else ProofLog(run.limits.log, network, domain)
    nothing = no_points(excess.bounds)
    logged = nothing if log is None else excess.witnesses.admitted(log.points())
    climbed = [excess.climb(size) for size in run.effort.equivalence.attacks[:1]]
    search = _run_search(question, excess, np.vstack([*climbed, logged]), run)
    found = search.outcome()
    best, point, reached = _exactly_best(excess, np.vstack([found.point[None, :], logged]))
    if log is not None:
        log.append_points(best)
    upper, signs = proved_bounds(excess.bounds, found, a.output_size)
    history = tuple(found.history)
    return Tightest(upper, point, reached, found.boxes, found.complete, signs, pairing, history)


def proved_bounds(
    bounds: Bounds, found: TightestOutcome, outputs: int
) -> tuple[tuple[Fraction, ...], BoxTreeSigns]:
    """Per output a number that a certificate can claim, and the evidence, of what was found about
    the 2·outputs rows of a gap network with these bounds.
    """
    both = found.upper.reshape(2, outputs).max(axis=0)
    least = EquivalenceEffort.least_claim * clearance(bounds, LAST)
    upper = tuple(_with_room(max(least, float(v))) for v in both)
    claims = tuple((unit, Side.UPPER) for unit in range(2 * outputs))
    return upper, BoxTreeSigns(LAST, BoxProof(claims, found.tree))


def _run_search(question: Question, excess: Excess, start: Floats, run: Run) -> LargestSearch:
    """The search from these points until it is complete, interrupted, or the deadline is over."""
    has_few_inputs = question.varying_inputs <= run.effort.equivalence.few_inputs
    kind = TightestSearch if has_few_inputs else PhaseSearch
    search = kind(excess.bounds, excess.witnesses, LAST, start, effort=run.effort.boxes)
    search.begin()
    with (
        notice_interrupts() as interrupted,
        run.workers() as workers,
    ):
        while not search.is_complete:  # one round at least: before it there is no bound to answer
            before = search.boxes
            if isinstance(search, TightestSearch) and workers.executor is not None:
                _bound_in_turn(search, excess, workers, run.effort)
            else:
                search.go_on(excess.deadline, before + 1)
            _tell(run, search)
            is_over = interrupted.is_set() or time.monotonic() >= excess.deadline
            if is_over or search.boxes == before:
                break
    return search


def _tell(run: Run, search: LargestSearch) -> None:
    """The best bounds so far, for people; nothing of infinite ones."""
    low, high = search.reached, search.worst_bound()
    if np.isfinite(low) and np.isfinite(high):
        between = f"{at_least(low, 3)} and {at_most(max(low, high), 3)}"
        run.tell(f"largest difference between about {between}, {search.boxes:,} boxes", 0, 0)


def _bound_in_turn(
    search: TightestSearch, excess: Excess, workers: Workers, effort: Effort
) -> None:
    """One turn of every worker on a part of the waiting boxes."""
    if len(search.waiting) < 2 * workers.count:
        search.go_on(min(excess.deadline, time.monotonic() + excess.effort.few_boxes_seconds))
        return
    known = Snapshot.take(excess.bounds, excess.witnesses, effort)
    seconds = min(excess.effort.turn_seconds, time_left(excess.deadline))
    tasks = [
        TightestTask(known, LAST, work, search.point, seconds)
        for work in search.split_work(workers.count)
    ]
    for work, part in workers.each(go_on_tightening, tasks):
        search.merge(work, part)


def _exactly_best(
    excess: Excess, points: Floats
) -> tuple[Floats, tuple[Fraction, ...] | None, Fraction]:
    """Of float points the one with the largest exact difference: (1×n, its exact point, that).

    (0×n, None, 0) if none lies in the domain. Floats only tell which cannot be the best: what a sum
    of floats comes to depends on the processor and on the other points of the batch.
    """
    network, domain = excess.bounds.network, excess.bounds.domain
    points = points[[domain.contains(domain.clamp(point.tolist())) for point in points]]
    best: Floats = no_points(excess.bounds)
    where: tuple[Fraction, ...] | None = None
    most = Fraction(0)
    for k in _possibly_best(excess.witnesses, points):
        point = tuple(domain.clamp(points[k].tolist()))
        reached = max(evaluate(network, point), default=Fraction(0))
        if where is None or reached > most:
            best, where, most = points[k : k + 1], point, reached
    return best, where, most


def _possibly_best(witnesses: Witnesses, points: Floats) -> list[int]:
    """Which points may have the largest value of any output, for all that floats can tell."""
    traced = witnesses.trace(points, LAST)
    values, errors = traced.values[LAST], traced.errors[LAST]
    # where numbers are too large nothing is told, and all are kept
    with np.errstate(invalid="ignore"):
        least = (values - errors).max(axis=1, initial=-np.inf).max(initial=-np.inf)
        most = (values + errors).max(axis=1, initial=-np.inf)
    return [int(k) for k in np.nonzero(~(most < least))[0]]


def _with_room(value: float) -> Fraction:
    """A short number above `value`, by at least a billionth part: the checker rounds otherwise."""
    if not np.isfinite(value):
        raise InputError(
            "there is no bound on the difference: the domain is unbounded, "
            "or the numbers are too large"
        )
    scale = (
        Fraction(10) ** (7 - int(np.floor(np.log10(value)))) if value > 0 else Fraction(10) ** 12
    )
    return Fraction(int(Fraction(value) * (1 + Fraction(1, 10**8)) * scale) + 1) / scale
