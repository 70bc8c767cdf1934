"""Two networks compared on the cells of the rule `bends`, by several processes if there are some.

    domain → cells on which A − B is affine → A − B at their vertices → how many cells there are

The cells are cut by the checker's own code, so their number is what a certificate states. Sound
because an affine map is largest at a vertex, and the cells cover the domain. Only the cells that
wait are held, and they are few: the search goes depth first. It ends at its deadline with what is
left still waiting, and then claims nothing about that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.runtime.run import Run
from rectifold.runtime.workers import Workers
from rectifold_check.bends import BendingCells
from rectifold_check.cells import Cell, Cells
from rectifold_check.gap import Arrangement, Gap
from rectifold_check.integers.corners import Corner, Point
from rectifold_check.networks import read_domain, read_network
from rectifold_check.several import Sent, received, sent


@dataclass(frozen=True)
class Compared:
    """`count` cells were compared, and they are all of them if `complete`.

    `point` of the domain is where the networks differ by more than is allowed, None if there they
    were not seen to;
    `largest` is the largest difference seen (0 where none is allowed and none was seen), `share`
    the part of the domain that is compared, where every cut of a cell counts as a half, and `work`
    what the checker spends on it.
    """

    count: int
    complete: bool
    point: tuple[Fraction, ...] | None
    largest: Fraction
    share: float
    work: int


@dataclass(frozen=True)
class PairText:
    """Two networks, a domain and a tolerance per output, as the checker reads them."""

    a: str
    b: str
    domain: str
    tolerance: tuple[Fraction, ...]

    @staticmethod
    def of(a: Network, b: Network, domain: Domain, tolerance: Sequence[Fraction]) -> PairText:
        """Of networks with equally many inputs and outputs."""
        return PairText(canonical_text(a), canonical_text(b), domain_text(domain), tuple(tolerance))

    def contains(self, point: Sequence[Fraction]) -> bool:
        """Is a point in the domain? Cells may have others, where the networks have its values."""
        domain = read_domain(self.domain)
        is_in_box = all(
            low is not None and high is not None and low <= x <= high
            for low, x, high in zip(domain.lower, point, domain.upper, strict=True)
        )
        sums = [
            (sum(c * point[j] for j, c in row.items()), most) for row, most in domain.constraints
        ]
        return is_in_box and all(value <= most for value, most in sums)

    def cells(self) -> Cells:
        """The cells of their gap network. Raises Refusal where the rule is not for the domain."""
        networks = read_network(self.a, "network A"), read_network(self.b, "network B")
        gap = Gap(networks, self.tolerance, Arrangement())
        return BendingCells(gap.network, read_domain(self.domain))


def compare_on_cells(pair: PairText, most: int, deadline: float | None, run: Run) -> Compared:
    """Compare on all cells, or until there is a difference, `most` cells, or the deadline.

    The deadline is one of the run's clock. Raises Refusal for an unbounded domain, and where inputs
    are read in more than eleven directions.
    """
    search = Search(pair, pair.cells(), most)
    search.waiting.append(search.cells.whole())
    alone = deadline
    if run.has_others:
        alone = _earlier(deadline, run.clock() + run.effort.regions.alone_seconds)
    search.go_on(alone, run)
    if not search.is_over and run.has_others and not _is_past(deadline, run):
        with run.workers() as workers:
            _in_turns(search, deadline, workers, run)
    return search.outcome()


def _earlier(deadline: float | None, other: float) -> float:
    return other if deadline is None else min(deadline, other)


def _is_past(deadline: float | None, run: Run) -> bool:
    return deadline is not None and run.clock() >= deadline


@dataclass
class Part:
    """What was found on cells, besides those that wait."""

    count: int = 0
    share: float = 0.0
    largest: Fraction = Fraction(0)
    where: Point | None = None
    work: int = 0


@dataclass
class Search:
    """A search through the cells of one pair: those that wait here, and those others `left`."""

    pair: PairText
    cells: Cells
    most: int
    waiting: list[Cell] = field(default_factory=list)
    left: list[Sent] = field(default_factory=list)
    found: Part = field(default_factory=Part)
    measured: set[Corner] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        """Is nothing left to compare, or no reason to go on?"""
        found = self.found
        return not (self.waiting or self.left) or found.where is not None or found.count > self.most

    def go_on(self, deadline: float | None, run: Run) -> None:
        """Depth first, until it is over or the deadline is reached."""
        clock, parts_of, waiting = run.clock, self.cells.parts, self.waiting
        next_told = clock() + REGION_EFFORT.report_seconds
        while not self.is_over and (deadline is None or clock() < deadline):
            cell = waiting.pop()
            parts = parts_of(cell)
            if parts is not None:
                waiting += parts
                continue
            self._compare(cell)
            if run.progress is not None and clock() >= next_told:
                self.tell(run)
                next_told = clock() + REGION_EFFORT.report_seconds

    def tell(self, run: Run) -> None:
        """How far it is, in hundredths of the domain."""
        waiting = len(self.waiting) + len(self.left)
        done = f"{self.found.count:,} cells compared, {waiting:,} wait"
        run.tell(done, int(99 * self.found.share), 100)

    def add(self, other: Part, left: Sequence[Sent]) -> None:
        """What another process found, and what it left."""
        found = self.found
        found.count += other.count
        found.share += other.share
        found.work += other.work
        if found.where is None or other.largest > found.largest:
            found.where = other.where or found.where
        found.largest = max(found.largest, other.largest)
        self.left += left

    def deal(self, hands: int) -> list[list[Sent]]:
        """Some of what is left to do, in parts for so many processes; the rest is left.

        Each has one cell that is large, to begin last, and a few of the smallest: so none is idle
        soon, and few are left. Fewer parts where there are fewer cells.
        """
        if len(self.waiting) + len(self.left) < hands:
            self._cut_into(hands)
        cells = sorted([*self.left, *map(sent, self.waiting)], key=lambda cell: cell[1].bit_count())
        self.waiting, large = [], cells[:hands]
        few = max(hands, len(cells) - hands * REGION_EFFORT.small_cells)
        self.left, small = cells[len(large) : few], cells[few:]
        return [[cell, *small[k::hands]] for k, cell in enumerate(large)]

    def _cut_into(self, count: int) -> None:
        """At least so many cells, if there are so many; breadth first."""
        left = [received(self.cells, cell) for cell in self.left]
        cells, done = deque([*self.waiting, *left]), list[Cell]()
        while cells and len(cells) + len(done) < count:
            parts = self.cells.parts(cell := cells.popleft())
            if parts is None:
                done.append(cell)
            else:
                cells += parts
        self.left, self.waiting = [], [*done, *cells]

    def outcome(self) -> Compared:
        found, inputs = self.found, self.cells.work
        complete = (
            not (self.waiting or self.left) and found.where is None and found.count <= self.most
        )
        share = 1.0 if complete else min(found.share, 0.999)  # never "all" of a part
        point = None
        if found.where is not None:
            point = tuple(Fraction(x, found.where[-1]) for x in found.where[:-1])
            point = point if self.pair.contains(point) else None
        return Compared(
            found.count, complete, point, found.largest, share, found.work + inputs.done
        )

    def _compare(self, cell: Cell) -> None:
        found, corners = self.found, self.cells.corners
        found.count += 1
        found.share += 0.5 ** (cell.cuts & corners.relu).bit_count()
        if any(corner.positive & corners.outputs for corner in cell.corners) or self._is_measured:
            for corner in cell.corners:
                if corner not in self.measured:
                    self._measure(corner)

    def _measure(self, corner: Corner) -> None:
        """The difference at a vertex, which ends the search where it is more than is allowed.

        A vertex of several cells is measured once while it is remembered.
        """
        if len(self.measured) >= REGION_EFFORT.measured_points:
            self.measured.clear()
        self.measured.add(corner)
        found, size = self.found, len(self.pair.tolerance)
        den = self.cells.corners.den * corner.point[-1]
        first = self.cells.corners.starts[-1] - 2 * size
        for k, allowed in enumerate(2 * self.pair.tolerance, start=first):
            excess = self.cells.corners.value(corner, k)
            value = Fraction(excess, den) + allowed
            if value > found.largest:
                found.largest = value
            if excess > 0 and (found.where is None or value >= found.largest):
                found.where = corner.point

    @cached_property
    def _is_measured(self) -> bool:
        return any(self.pair.tolerance)


# ---- several processes ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Turn:
    """Cells for one process, for so many seconds."""

    pair: PairText
    most: int
    cells: list[Sent]
    seconds: float


def _in_turns(search: Search, deadline: float | None, workers: Workers, run: Run) -> None:
    """Turns of all processes until it is over or the deadline is reached."""
    turn_seconds = run.effort.regions.turn_seconds
    while not search.is_over and not _is_past(deadline, run):
        seconds = turn_seconds if deadline is None else min(turn_seconds, deadline - run.clock())
        turns = [
            _Turn(search.pair, search.most, cells, seconds) for cells in search.deal(workers.count)
        ]
        for part, left in workers.each(_take_turn, turns):
            search.add(part, left)
        search.tell(run)


@lru_cache(maxsize=1)
def _kept_cells(pair: PairText) -> Cells:
    """A process works on one pair in turn after turn."""
    return pair.cells()


def _take_turn(turn: _Turn) -> tuple[Part, list[Sent]]:
    """What a process finds in its turn, and the cells it leaves."""
    search, run = Search(turn.pair, _kept_cells(turn.pair), turn.most), Run()
    before = search.cells.work.done
    search.waiting = [received(search.cells, cell) for cell in turn.cells]
    search.go_on(run.clock() + turn.seconds, run)
    search.found.work = search.cells.work.done - before
    return search.found, list(map(sent, search.waiting))
