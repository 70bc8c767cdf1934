"""Equality of two networks by regions: on every cell of the common partition both are affine, and the maps are compared exactly.

    domain → cells on which every unit of A and of B has one phase → A − B there: an affine map, largest at a vertex

Only the cells that wait are held, and they are few: the search goes depth first. It ends at its deadline with what is left still waiting, and
then claims nothing about that. With several processes each goes on with a part of the waiting cells for a turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from rectifold.ir.domain import Domain
from rectifold.ir.joint import difference
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import Enumeration
from rectifold.runtime.run import Progress, Run
from rectifold.runtime.workers import Workers

_ALONE_SECONDS = 2.0  # before other processes are started
_TURN_SECONDS = 3.0  # of each process, after which the waiting cells are dealt out again
_TOLD_SECONDS = 0.5  # between two reports of progress


@dataclass(frozen=True)
class ByRegions:
    """`regions` cells were compared, and they are all of them if `complete`; `point` is where the networks differ most there.

    `share` of the domain is compared, where every split of a cell counts as a half.
    """

    regions: int
    complete: bool
    point: tuple[Fraction, ...] | None = None
    largest: Fraction = Fraction(0)
    share: float = 0.0


def compare_by_regions(
    a: Network,
    b: Network,
    domain: Domain,
    *,
    within: Fraction = Fraction(0),
    run: Run = Run(),
) -> ByRegions:
    """Compare a and b on a bounded domain with at most five free inputs; stops at the first point with a difference above `within`.

    Raises InputError as `Enumeration` does.
    """
    enumeration = Enumeration(difference(a, b), domain, clock=run.clock)
    seconds = run.limits.seconds
    deadline = None if seconds is None else run.clock() + seconds
    work = _Work([enumeration.root()])
    alone = _earlier(deadline, run.clock() + _ALONE_SECONDS) if run.has_others else deadline
    _go_on(enumeration, work, within, alone, run.progress)
    if work.waiting and work.where is None and run.has_others:
        with run.workers() as workers:
            _share_out(enumeration, work, within, deadline, workers, run)
    complete = not work.waiting and work.where is None
    point = None if work.where is None else _whole(work.where, domain, enumeration.free)
    return ByRegions(
        work.regions, complete, point, work.largest, 1.0 if complete else min(work.share, 0.999)
    )


@dataclass
class _Work:
    """Cells that wait, and what was found on those that do not. `where`: a point (free inputs) that ends the search."""

    waiting: list[Any]
    regions: int = 0
    share: float = 0.0
    largest: Fraction = Fraction(0)
    where: tuple[Fraction, ...] | None = field(default=None)

    def add(self, other: _Work) -> None:
        self.waiting += other.waiting
        self.regions += other.regions
        self.share += other.share
        if other.where is not None and (self.where is None or other.largest > self.largest):
            self.where = other.where
        self.largest = max(self.largest, other.largest)

    def tell(self, told: Progress | None) -> None:
        if told is not None:
            told(
                f"{self.regions:,} regions compared, {len(self.waiting):,} cells wait",
                int(99 * self.share),
                100,
            )


def _earlier(deadline: float | None, other: float) -> float:
    return other if deadline is None else min(deadline, other)


def _go_on(
    enumeration: Enumeration,
    work: _Work,
    within: Fraction,
    deadline: float | None,
    told: Progress | None = None,
) -> None:
    """Compare on the waiting cells, until a point is found or the deadline is reached."""
    next_told = enumeration.clock() + _TOLD_SECONDS
    for cell in enumeration.finished(work.waiting, deadline):
        value, corner = _extreme(enumeration, cell)
        work.regions += 1
        work.share += cell.share
        work.largest = max(work.largest, value)
        if value > within:
            work.where = corner
            return
        if told is not None and enumeration.clock() >= next_told:
            work.tell(told)
            next_told = enumeration.clock() + _TOLD_SECONDS


def _extreme(enumeration: Enumeration, cell: Any) -> tuple[Fraction, tuple[Fraction, ...]]:
    """The largest |output| on a cell, which is at a vertex, and that vertex."""
    forms, den = enumeration.outputs(cell)
    if not any(any(form) for form in forms):
        return Fraction(0), ()
    best, where = Fraction(-1), cell.polytope.vertices[0]
    for vertex in cell.polytope.vertices:
        for form in forms:
            value = Fraction(
                abs(sum(f * x for f, x in zip(form, vertex, strict=True))), den * vertex[-1]
            )
            if value > best:
                best, where = value, vertex
    return best, tuple(Fraction(x, where[-1]) for x in where[:-1])


def _whole(corner: tuple[Fraction, ...], domain: Domain, free: list[int]) -> tuple[Fraction, ...]:
    point = [domain.fixed.get(k, Fraction(0)) for k in range(domain.size)]
    for k, value in zip(free, corner, strict=True):
        point[k] = value
    return tuple(point)


# ---- several processes ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Turn:
    """Cells for one process, for so many seconds."""

    network: Network
    domain: Domain
    cells: list[Any]
    within: Fraction
    seconds: float


def _share_out(
    enumeration: Enumeration,
    work: _Work,
    within: Fraction,
    deadline: float | None,
    workers: Workers,
    run: Run,
) -> None:
    """Turns of all processes until nothing waits, a point is found, or the deadline is reached."""
    while work.waiting and work.where is None:
        now = run.clock()
        if deadline is not None and now >= deadline:
            return
        seconds = _TURN_SECONDS if deadline is None else min(_TURN_SECONDS, deadline - now)
        cells, work.waiting = enumeration.parts(workers.count, work.waiting), []
        turns = [
            _Turn(
                enumeration.network, enumeration.domain, cells[k :: workers.count], within, seconds
            )
            for k in range(min(workers.count, len(cells)))
        ]
        for other in workers.each(_compared, turns):
            work.add(other)
        work.tell(run.progress)


def _compared(turn: _Turn) -> _Work:
    enumeration = Enumeration(turn.network, turn.domain)
    work = _Work(turn.cells)
    _go_on(enumeration, work, turn.within, enumeration.clock() + turn.seconds)
    return work
