"""Equality of two networks by regions: on each common region both are affine, compared exactly.

    domain → cells on which every unit of A and of B has one phase → A − B, largest at a vertex

Sound because an affine map is largest at a vertex, and the cells cover the domain. Only the cells
that wait are held, and they are few: the search goes depth first. It ends at its deadline with
what is left still waiting, and then claims nothing about that. With several processes each goes on
with a part of the waiting cells for a turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.ir.domain import Domain
from rectifold.ir.joint import difference
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import VertexCell, vertex_enumeration
from rectifold.linear_regions.cells import Enumeration
from rectifold.linear_regions.region import Region
from rectifold.runtime.run import Progress, Run
from rectifold.runtime.workers import Workers

_Cells = Enumeration[VertexCell, Region]


@dataclass(frozen=True)
class ByRegions:
    """`regions` cells were compared, and they are all of them if `complete`.

    `point` is where the networks differ by more than is allowed, None if they were not seen to;
    `largest` is the largest difference seen. `settled_fraction` of the domain is compared, where
    every split of a cell counts as a half.
    """

    regions: int
    complete: bool
    point: tuple[Fraction, ...] | None = None
    largest: Fraction = Fraction(0)
    settled_fraction: float = 0.0


def compare_by_regions(
    a: Network,
    b: Network,
    domain: Domain,
    *,
    within: Fraction = Fraction(0),
    run: Run = Run(),
) -> ByRegions:
    """Compare a and b on a bounded domain with at most five free inputs.

    It stops at the first point with a difference above `within`. Raises InputError for an
    unbounded, empty or flat domain, and for more free inputs.
    """
    enumeration = vertex_enumeration(difference(a, b), domain, run.clock)
    seconds = run.limits.seconds
    deadline = None if seconds is None else run.clock() + seconds
    compared = _Compared()
    alone = deadline
    if run.has_others:
        alone = _earlier(deadline, run.clock() + run.effort.regions.alone_seconds)
    _compare_cells(enumeration, compared, within, alone, run.progress)
    if enumeration.waiting and compared.where is None and run.has_others:
        with run.workers() as workers:
            _compare_in_turns(enumeration, compared, within, deadline, workers, run)
    where, complete = compared.where, not enumeration.waiting and compared.where is None
    point = None if where is None else enumeration.restriction.whole_point(where)
    settled = 1.0 if complete else min(compared.fraction, 0.999)  # never "all" of a part
    return ByRegions(compared.regions, complete, point, compared.largest, settled)


@dataclass
class _Compared:
    """What was found on cells; `where` is a point (of the free inputs) that ends the search.

    `waiting` are cells that another process had no time for.
    """

    regions: int = 0
    fraction: float = 0.0
    largest: Fraction = Fraction(0)
    where: tuple[Fraction, ...] | None = None
    waiting: list[VertexCell] = field(default_factory=list)

    def add(self, other: _Compared) -> None:
        """What another process found."""
        self.waiting += other.waiting
        self.regions += other.regions
        self.fraction += other.fraction
        if other.where is not None and (self.where is None or other.largest > self.largest):
            self.where = other.where
        self.largest = max(self.largest, other.largest)

    def tell(self, progress: Progress | None, waiting: int) -> None:
        """How far it is, in hundredths of the domain."""
        if progress is not None:
            done = f"{self.regions:,} regions compared, {waiting:,} cells wait"
            progress(done, int(99 * self.fraction), 100)


def _earlier(deadline: float | None, other: float) -> float:
    return other if deadline is None else min(deadline, other)


def _compare_cells(
    enumeration: _Cells,
    compared: _Compared,
    within: Fraction,
    deadline: float | None,
    progress: Progress | None = None,
) -> None:
    """Compare on the waiting cells, until a point is found or the deadline is reached."""
    next_told = enumeration.clock() + REGION_EFFORT.report_seconds
    for cell in enumeration.done_cells(deadline):
        region = enumeration.splitter.region_of(cell, enumeration.tally)
        assert region is not None
        value, corner = _largest_on(region)
        compared.regions += 1
        compared.fraction += cell.fraction
        compared.largest = max(compared.largest, value)
        if value > within:
            compared.where = corner
            return
        if progress is not None and enumeration.clock() >= next_told:
            compared.tell(progress, len(enumeration.waiting))
            next_told = enumeration.clock() + REGION_EFFORT.report_seconds


def _largest_on(region: Region) -> tuple[Fraction, tuple[Fraction, ...]]:
    """The largest |output| on a region, which is at a vertex, and that vertex."""
    forms, den, vertices = region.forms, region.den, region.polytope.vertices
    if not any(any(form) for form in forms):
        return Fraction(0), ()
    best, where = Fraction(-1), vertices[0]
    for vertex in vertices:
        for form in forms:
            value = Fraction(
                abs(sum(f * x for f, x in zip(form, vertex, strict=True))), den * vertex[-1]
            )
            if value > best:
                best, where = value, vertex
    return best, tuple(Fraction(x, where[-1]) for x in where[:-1])


# ---- several processes ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Turn:
    """Cells for one process, for so many seconds."""

    enumeration: _Cells
    within: Fraction
    seconds: float


def _compare_in_turns(
    enumeration: _Cells,
    compared: _Compared,
    within: Fraction,
    deadline: float | None,
    workers: Workers,
    run: Run,
) -> None:
    """Turns of all processes until nothing waits, a point is found, or the deadline is reached."""
    turn_seconds = run.effort.regions.turn_seconds
    while enumeration.waiting and compared.where is None:
        now = run.clock()
        if deadline is not None and now >= deadline:
            return
        seconds = turn_seconds if deadline is None else min(turn_seconds, deadline - now)
        dealt = enumeration.deal(workers.count, workers.count)
        turns = [_Turn(part, within, seconds) for part in dealt]
        compared.waiting = enumeration.waiting
        for other in workers.each(_compare_turn, turns):
            compared.add(other)
        compared.tell(run.progress, len(compared.waiting))


def _compare_turn(turn: _Turn) -> _Compared:
    compared, enumeration = _Compared(), turn.enumeration
    deadline = enumeration.clock() + turn.seconds
    _compare_cells(enumeration, compared, turn.within, deadline)
    compared.waiting = enumeration.waiting
    return compared
