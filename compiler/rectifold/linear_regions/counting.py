"""How many linear regions there are, without keeping them: memory for the cells that wait, not for the regions.

    domain → cells (shared out among processes) → a number

Sound as the list of regions is: cells are split exactly, and each that is done is one region. When the time is up, the number is a lower bound.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.summary import enumeration_of
from rectifold.runtime.workers import open_workers

_CELLS_PER_WORKER = 64
_PARTS_PER_WORKER = 8


@dataclass(frozen=True)
class Count:
    """`count` regions, all of them if `complete`; `undecided` cells are left out because something was not proved."""

    count: int
    complete: bool
    undecided: int = 0

    @property
    def text(self) -> str:
        """One line for people."""
        what = f"{self.count:,} linear region{'' if self.count == 1 else 's'}"
        return what if self.complete else f"at least {what}: the count ended early"


@dataclass(frozen=True, eq=False)
class _Part:
    """Cells for one process, for so many seconds."""

    network: Network
    domain: Domain
    cells: list[Any]
    seconds: float | None


def counted_regions(
    network: Network,
    domain: Domain,
    *,
    seconds: float | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Count:
    """The exact number of linear regions on a bounded domain; a lower bound when `seconds` are over.

    Raises InputError as `linear_regions` does.
    """
    enumeration = enumeration_of(network, domain)
    enumeration.clock = clock
    deadline = None if seconds is None else clock() + seconds
    with open_workers(jobs, scheduler) as workers:
        if workers.executor is None:
            count = sum(1 for _ in enumeration.regions(seconds=seconds))
            return Count(count, enumeration.progress.complete, enumeration.undecided)
        cells = enumeration.parts(_CELLS_PER_WORKER * workers.count)
        number = min(len(cells), _PARTS_PER_WORKER * workers.count)
        left = None if deadline is None else max(0.0, deadline - clock())
        parts = [_Part(network, domain, cells[k::number], left) for k in range(number)]
        found = list(workers.each(_counted, parts))
    undecided = enumeration.undecided + sum(one.undecided for one in found)
    whole = all(one.complete for one in found) and not undecided
    return Count(sum(one.count for one in found), whole, undecided)


def _counted(part: _Part) -> Count:
    enumeration = enumeration_of(part.network, part.domain)
    count = sum(1 for _ in enumeration.regions(seconds=part.seconds, cells=part.cells))
    return Count(count, enumeration.progress.complete, enumeration.undecided)
