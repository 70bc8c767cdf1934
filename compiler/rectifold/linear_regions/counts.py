"""How many linear regions there are, without keeping them; and bounds of the literature.

    domain → cells (dealt out among processes) → a number

Sound as the list of regions is: cells are split exactly, and each that is done is one region. When
the time is up, the number is a lower bound. Memory is for the cells that wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import comb

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.plane.counting import PlaneCount
from rectifold.linear_regions.restriction import Restriction
from rectifold.linear_regions.summary import AnyEnumeration, enumeration_of
from rectifold.runtime.workers import open_workers

_Counting = AnyEnumeration | PlaneCount


@dataclass(frozen=True)
class Count:
    """`count` regions, all of them if `complete`.

    `undecided` cells are left out because something was not proved.
    """

    count: int
    complete: bool
    undecided: int = 0

    @property
    def text(self) -> str:
        """One line for people."""
        what = f"{self.count:,} linear region{'' if self.count == 1 else 's'}"
        return what if self.complete else f"at least {what}: the count ended early"


@dataclass(frozen=True, eq=False)
class _CountTask:
    """Cells for one process, for so many seconds."""

    counting: _Counting
    seconds: float | None


def count_regions(
    network: Network,
    domain: Domain,
    *,
    seconds: float | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Count:
    """The exact number of linear regions on a bounded domain; a lower bound in less time.

    Raises InputError as `linear_regions` does.
    """
    counting = _counting_of(network, domain)
    counting.clock = clock
    deadline = None if seconds is None else clock() + seconds
    with open_workers(jobs, scheduler) as workers:
        if workers.executor is None:
            return _count_cells(_CountTask(counting, seconds))
        dealt: Sequence[_Counting] = counting.deal(
            REGION_EFFORT.cells_per_worker * workers.count,
            REGION_EFFORT.parts_per_worker * workers.count,
        )
        left = None if deadline is None else max(0.0, deadline - clock())
        counts = list(workers.each(_count_cells, [_CountTask(part, left) for part in dealt]))
    undecided = counting.tally.undecided + sum(part.undecided for part in counts)
    whole = all(part.complete for part in counts) and not undecided
    return Count(sum(part.count for part in counts), whole, undecided)


def _count_cells(part: _CountTask) -> Count:
    count = part.counting.count(seconds=part.seconds)
    return Count(count, part.counting.tally.complete, part.counting.tally.undecided)


def _counting_of(network: Network, domain: Domain) -> _Counting:
    """By polygons for two free inputs, else as the regions are listed."""
    if domain.size - len(domain.fixed) == 2:
        return PlaneCount(Restriction(network, domain))
    return enumeration_of(network, domain)


def upper_bounds(network: Network, inputs: int) -> dict[str, int]:
    """Bounds of the literature on the number of regions of a chain with `inputs` free inputs.

    By name: docs/mathematics.md#bounds-on-the-number-of-regions. Raises InputError for other
    shapes of networks.
    """
    if not network.is_chain:
        raise InputError("the bounds of the literature are about chains of layers")
    widths = [layer.size for layer in network.relu_layers]
    montufar, dimension = 1, inputs
    for width in widths:
        dimension = min(dimension, width)
        montufar *= sum(comb(width, j) for j in range(dimension + 1))

    @cache
    def serra(k: int, left: int) -> int:
        if k == len(widths):
            return 1
        width = widths[k]
        return sum(
            comb(width, j) * serra(k + 1, min(left, width - j)) for j in range(min(left, width) + 1)
        )

    return {
        "2^units": 2 ** sum(widths),
        "Montúfar 2017": montufar,
        "Serra et al. 2018": serra(0, inputs),
    }
