"""Searches as units of work: questions about one layer, with all that is known below it.

    (Snapshot, layer, units, seconds)   →   here, in another process, or on another machine

A task is picklable and has its own time limit, so it does not matter where it runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Protocol, TypeVar

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.bounds.threads import threads_for
from rectifold.effort.effort import Effort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.trees import CaseProof
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.search.boxes.argmax import ArgmaxRefuter
from rectifold.search.boxes.largest import TightestPart, TightestSearch, TightestWork
from rectifold.search.boxes.signs import BoxOutcome, BoxSearch, Query, SignsPart, SignsWork
from rectifold.search.phases.branch_and_bound import Outcome, decide_signs
from rectifold.search.phases.problem import PhaseProblem
from rectifold.search.phases.tightening import tighten_bounds
from rectifold.search.witnesses import Witnesses


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A network with proved bounds, a point of its domain, and how hard searches try.

    The point keeps the domain's linear constraints, if it has some.
    """

    network: Network
    domain: Domain
    lower: Mapping[str, Floats]
    upper: Mapping[str, Floats]
    points: Floats
    pairs: Mapping[str, str]
    effort: Effort

    @staticmethod
    def take(bounds: Bounds, witnesses: Witnesses, effort: Effort) -> Snapshot:
        """What is known now. Layers that are set later are not in it; the arrays are shared, so
        what is tightened in place, which is proved, is.
        """
        lower, upper, pairs = dict(bounds.lower), dict(bounds.upper), dict(bounds.pairs)
        point = witnesses.points[:1]
        return Snapshot(bounds.network, bounds.domain, lower, upper, point, pairs, effort)

    def restore(self) -> tuple[Bounds, Witnesses]:
        """The bounds, and witnesses that start from the point."""
        bounds = Bounds(self.network, self.domain, self.pairs)
        for name, lower in self.lower.items():
            bounds.set(name, lower, self.upper[name])
        return bounds, Witnesses(bounds, 0, list(self.points))

    def problem(self, layer: str, sign: int, *, with_planes: bool = False) -> PhaseProblem:
        """The questions about one sign of a layer's units."""
        bounds, witnesses = self.restore()
        effort = self.effort.phases
        return PhaseProblem(bounds, witnesses, layer, sign, with_planes=with_planes, effort=effort)


@dataclass(frozen=True, eq=False)
class SignTask:
    """Is sign·z ≤ 0 for these units?"""

    known: Snapshot
    layer: str
    sign: int
    units: Indices
    seconds: float
    node_limit: int
    query_limit: int
    with_planes: bool = False


@dataclass(frozen=True, eq=False)
class BoundTask:
    """How small can sign·z be bounded for these units? `reached` are values that it takes."""

    known: Snapshot
    layer: str
    sign: int
    units: Indices
    reached: Floats
    seconds: float
    nodes: int


@dataclass(frozen=True, eq=False)
class BoxTask:
    """Which of these signs does a tree of boxes prove?"""

    known: Snapshot
    layer: str
    queries: tuple[Query, ...]
    seconds: float
    limit: int


@dataclass(frozen=True, eq=False)
class SplitTask:
    """Go on splitting these boxes of a search for one layer's signs.

    Each query is a list of alternatives. `refuter`: what refutes one, where it is not a sign;
    `with_slopes` as for the search.
    """

    known: Snapshot
    layer: str
    queries: tuple[tuple[Query, ...], ...]
    work: SignsWork
    seconds: float
    refuter: ArgmaxRefuter | None = None
    with_slopes: bool = False


@dataclass(frozen=True, eq=False)
class TightestTask:
    """Go on bounding these boxes of a search for the largest value of one layer.

    `point` is the best so far.
    """

    known: Snapshot
    layer: str
    work: TightestWork
    point: Floats
    seconds: float


class _Task(Protocol):
    """Whatever work there is, it is about a network."""

    @property
    def known(self) -> Snapshot: ...


AnyTask = TypeVar("AnyTask", bound=_Task)
Answer = TypeVar("Answer")


def _on_few_threads(function: Callable[[AnyTask], Answer]) -> Callable[[AnyTask], Answer]:
    """The function, with `threads_for` the task's network: also in another process."""

    @wraps(function)
    def limited(task: AnyTask) -> Answer:
        with threads_for(task.known.network):
            return function(task)

    return limited


@_on_few_threads
def go_on_tightening(task: TightestTask) -> tuple[TightestWork, TightestPart]:
    """The boxes that were dealt out, and what became of them."""
    bounds, witnesses = task.known.restore()
    start, effort = task.point[None, :], task.known.effort.boxes
    search = TightestSearch(bounds, witnesses, task.layer, start, effort=effort)
    search.resume(task.work)
    search.go_on(time.monotonic() + task.seconds)
    return task.work, search.part()


@_on_few_threads
def go_on_splitting(task: SplitTask) -> tuple[SignsWork, SignsPart]:
    """The boxes that were dealt out, and what became of them."""
    bounds, witnesses = task.known.restore()
    search = BoxSearch(bounds, witnesses, task.layer, task.known.effort.boxes)
    refuter = task.refuter
    refutes = (
        None if refuter is None else lambda points: refuter.lost(witnesses, points, task.layer)
    )
    search.begin(
        task.queries,
        limit=10**12,
        until_refuted=True,
        refutes=refutes,
        with_slopes=task.with_slopes,
    )
    search.resume(task.work)
    search.go_on(time.monotonic() + task.seconds)
    return task.work, search.part()


@_on_few_threads
def answer_signs(task: SignTask) -> Outcome:
    """Which of the units have the sign, with trees, and which have not, with points."""
    return decide_signs(
        task.known.problem(task.layer, task.sign, with_planes=task.with_planes),
        task.units,
        deadline=time.monotonic() + task.seconds,
        node_limit=task.node_limit,
        query_limit=task.query_limit,
    )


@_on_few_threads
def answer_bounds(task: BoundTask) -> tuple[Indices, Floats, list[CaseProof]]:
    """(units, upper bounds of sign·z, proofs) of those that have a bound."""
    problem, deadline = task.known.problem(task.layer, task.sign), time.monotonic() + task.seconds
    found, proofs = tighten_bounds(
        problem, task.units, task.reached, deadline=deadline, nodes=task.nodes
    )
    kept = [k for k, unit in enumerate(task.units.tolist()) if unit in proofs]
    return task.units[kept], found[kept], [proofs[int(task.units[k])] for k in kept]


@_on_few_threads
def answer_boxes(task: BoxTask) -> BoxOutcome:
    """Which of the queries a tree of boxes proves, and which have points against them."""
    search = BoxSearch(*task.known.restore(), task.layer, task.known.effort.boxes)
    return search.run(task.queries, deadline=time.monotonic() + task.seconds, limit=task.limit)


def deal(units: Indices, count: int) -> list[Indices]:
    """Units dealt out to workers like cards: neighbours are often equally hard.

    One hand without units where there are none.
    """
    hands = [units[k::count] for k in range(min(count, len(units)))]
    return hands or [np.zeros(0, dtype=np.int64)]
