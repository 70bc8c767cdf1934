"""Branch and bound as units of work: a few questions about one layer with all that is known below
it, to be answered anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Protocol, TypeVar

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.bounds.threads import threads_for
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
    """A network with proven ends, and points of its domain (the first keeps the linear
    constraints).
    """

    network: Network
    domain: Domain
    lower: Mapping[str, Floats]
    upper: Mapping[str, Floats]
    points: Floats
    pairs: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def take(bounds: Bounds, witnesses: Witnesses) -> Snapshot:
        points = witnesses.points[:1]
        return Snapshot(
            bounds.network,
            bounds.domain,
            dict(bounds.lower),
            dict(bounds.upper),
            points,
            dict(bounds.pairs),
        )

    def restore(self) -> tuple[Bounds, Witnesses]:
        bounds = Bounds(self.network, self.domain, self.pairs)
        for name, lower in self.lower.items():
            bounds.set(name, lower, self.upper[name])
        return bounds, Witnesses(bounds, 0, list(self.points))


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
    with_hull: bool = False


@dataclass(frozen=True, eq=False)
class EndTask:
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
    """Go on splitting these boxes of a search for one layer's signs; each query is a list of
    alternatives.
    """

    known: Snapshot
    layer: str
    queries: tuple[tuple[Query, ...], ...]
    work: SignsWork
    seconds: float
    refuter: ArgmaxRefuter | None = None


@dataclass(frozen=True, eq=False)
class TightestTask:
    """Go on bounding these boxes of a search for the largest value of one layer; `point` is the
    best so far.
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
    search = TightestSearch(*task.known.restore(), task.layer, task.point[None, :])
    search.resume(task.work)
    search.go_on(time.monotonic() + task.seconds)
    return task.work, search.part()


@_on_few_threads
def go_on_splitting(task: SplitTask) -> tuple[SignsWork, SignsPart]:
    """The boxes that were dealt out, and what became of them."""
    bounds, witnesses = task.known.restore()
    search = BoxSearch(bounds, witnesses, task.layer)
    refuter = task.refuter
    refutes = (
        None if refuter is None else lambda points: refuter.lost(witnesses, points, task.layer)
    )
    search.begin(task.queries, limit=10**12, until_refuted=True, refutes=refutes)
    search.resume(task.work)
    search.go_on(time.monotonic() + task.seconds)
    return task.work, search.part()


@_on_few_threads
def answer_signs(task: SignTask) -> Outcome:
    bounds, witnesses = task.known.restore()
    problem = PhaseProblem(bounds, witnesses, task.layer, task.sign, with_hull=task.with_hull)
    return decide_signs(
        problem,
        task.units,
        deadline=time.monotonic() + task.seconds,
        node_limit=task.node_limit,
        query_limit=task.query_limit,
    )


@_on_few_threads
def tighten_ends(task: EndTask) -> tuple[Indices, Floats, list[CaseProof]]:
    """(units, upper bounds of sign·z, proofs) of those that have a bound."""
    problem = PhaseProblem(*task.known.restore(), task.layer, task.sign)
    deadline = time.monotonic() + task.seconds
    found, proofs = tighten_bounds(
        problem, task.units, task.reached, deadline=deadline, nodes=task.nodes
    )
    kept = [k for k, unit in enumerate(task.units.tolist()) if unit in proofs]
    return task.units[kept], found[kept], [proofs[int(task.units[k])] for k in kept]


@_on_few_threads
def split_boxes(task: BoxTask) -> BoxOutcome:
    search = BoxSearch(*task.known.restore(), task.layer)
    return search.run(task.queries, deadline=time.monotonic() + task.seconds, limit=task.limit)


def deal(units: Indices, count: int) -> list[Indices]:
    """Units dealt out to workers like cards: neighbours are often equally hard."""
    return (
        [units[k::count] for k in range(min(count, len(units)))]
        if len(units)
        else [np.zeros(0, dtype=np.int64)]
    )
