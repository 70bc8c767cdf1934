"""Enumeration of regions by cells: the domain is cut until every unit has one phase on each.

    domain → cell, cell → cell, cell, cell, … → one region for each

What a cell is and how it is cut is a *splitter*'s matter (`by_vertices`, `by_programs`); the order
is this file's. Complete because the parts of a cell cover it, and because every cell on which
something was not proved is counted.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from rectifold.linear_regions.restriction import Restriction

Cell = TypeVar("Cell")
Found_co = TypeVar("Found_co", covariant=True)  # what is reported for a cell: a kind of region


@dataclass
class Tally:
    """What an enumeration did; `complete` is False when it ended early.

    `splits` counts cells that were cut, `undecided` those with something that was not proved.
    """

    count: int = 0
    splits: int = 0
    undecided: int = 0
    complete: bool = False
    seconds: float = 0.0


class Splitter(Protocol[Cell, Found_co]):
    """How the domain of one restriction is cut. What it does is counted in `tally`."""

    @property
    def restriction(self) -> Restriction:
        """The network and its domain."""

    def root(self) -> Cell:
        """The whole domain as a cell. Raises InputError if it is empty or flat."""

    def is_done(self, cell: Cell) -> bool:
        """Has every unit one phase on the cell?"""

    def parts_of(self, cell: Cell, tally: Tally) -> list[Cell]:
        """The parts of a cell that is not done, or the cell a step further."""

    def region_of(self, cell: Cell, tally: Tally) -> Found_co | None:
        """The region of a cell that is done; None (and counted) if it could not be certified."""

    def count_of(self, cell: Cell, tally: Tally) -> int | list[Cell]:
        """How many regions a cell has, or its parts where that is not known."""

    def text_of(self, cell: Cell) -> str:
        """What the cell is, exactly: another cell of the domain has another text."""


class Enumeration(Generic[Cell, Found_co]):
    """Finds the regions of one network on one domain, each once; `waiting` cells are left to do.

    `cells`: where to begin, the whole domain by default. Sent to another process, it is built
    anew there.
    """

    def __init__(
        self,
        splitter: Splitter[Cell, Found_co],
        cells: Sequence[Cell] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.splitter = splitter
        self.waiting = [splitter.root()] if cells is None else list(cells)
        self.clock = clock
        self.tally = Tally()

    def __reduce__(self) -> tuple[type[Enumeration[Cell, Found_co]], tuple[object, ...]]:
        """Another process counts from nothing, by its own clock."""
        return Enumeration, (self.splitter, self.waiting)

    @property
    def restriction(self) -> Restriction:
        """The network and its domain."""
        return self.splitter.restriction

    def regions(
        self, *, limit: int | None = None, seconds: float | None = None
    ) -> Iterator[Found_co]:
        """The regions of the waiting cells; fewer when `limit` or `seconds` is reached.

        `tally.complete` says at the end whether all were found.
        """
        started, tally = self.clock(), self.tally
        try:
            for cell in self.done_cells(None if seconds is None else started + seconds):
                if limit is not None and tally.count >= limit:
                    return
                if (region := self.splitter.region_of(cell, tally)) is not None:
                    tally.count += 1
                    yield region
            tally.complete = not self.waiting and tally.undecided == 0
        finally:
            tally.seconds += self.clock() - started

    def count(self, *, seconds: float | None = None) -> int:
        """How many regions the waiting cells have; fewer when `seconds` are over.

        A splitter may know that of a cell which it has not cut to the end.
        """
        started, tally = self.clock(), self.tally
        deadline = None if seconds is None else started + seconds
        waiting, splitter = self.waiting, self.splitter
        while waiting and (deadline is None or self.clock() < deadline):
            found = splitter.count_of(waiting.pop(), tally)
            if isinstance(found, int):
                tally.count += found
            else:
                waiting += found
        tally.complete = not waiting and tally.undecided == 0
        tally.seconds += self.clock() - started
        return tally.count

    def done_cells(self, deadline: float | None) -> Iterator[Cell]:
        """Cells whose units all have one phase, depth first: few wait at a time.

        From the deadline on, what is left stays in `waiting`.
        """
        waiting, splitter = self.waiting, self.splitter
        while waiting and (deadline is None or self.clock() < deadline):
            cell = waiting.pop()
            if splitter.is_done(cell):
                yield cell
            else:
                waiting += splitter.parts_of(cell, self.tally)

    def deal(self, cells: int, hands: int) -> list[Enumeration[Cell, Found_co]]:
        """The waiting cells, cut into at least so many, dealt out to at most `hands` enumerations.

        Fewer where there are fewer regions. Nothing waits here afterwards.
        """
        dealt = self._cut(cells)
        self.waiting = []
        count = min(len(dealt), hands)
        return [Enumeration(self.splitter, dealt[k::count], self.clock) for k in range(count)]

    def afresh(self) -> Enumeration[Cell, Found_co]:
        """The same cells, and a splitter that has seen no others: programs begin anew."""
        return Enumeration(copy(self.splitter), self.waiting, self.clock)

    @property
    def texts(self) -> list[str]:
        """What waits, exactly."""
        return [self.splitter.text_of(cell) for cell in self.waiting]

    def _cut(self, count: int) -> list[Cell]:
        """The waiting cells in at least `count` cells if there are so many; breadth first."""
        cells: deque[Cell] = deque(self.waiting)
        done: list[Cell] = []
        while cells and len(cells) + len(done) < count:
            cell = cells.popleft()
            if self.splitter.is_done(cell):
                done.append(cell)
            else:
                cells += self.splitter.parts_of(cell, self.tally)
        return [*done, *cells]
