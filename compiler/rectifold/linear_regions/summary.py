"""All linear regions of a network on a domain, as one list that says whether it is complete.

    network, domain → cells (dealt out among processes) → Regions

Few free inputs: by vertex lists; more of them: by linear programs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.by_programs import ProgramCell, program_enumeration
from rectifold.linear_regions.by_vertices import VertexCell, vertex_enumeration
from rectifold.linear_regions.cells import Enumeration
from rectifold.linear_regions.region import AnyRegion, PointRegion, Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.runtime.workers import Workers, open_workers

AnyEnumeration = Enumeration[VertexCell, Region] | Enumeration[ProgramCell, PointRegion]


@dataclass(eq=False)
class Regions:
    """The linear regions of a network on a domain; `complete` says whether all are there.

    `free` are the inputs that vary; `undecided` counts cells with something that was not proved.
    """

    network: Network
    domain: Domain
    free: tuple[int, ...]
    found: list[AnyRegion] = field(default_factory=list)
    complete: bool = False
    seconds: float = 0.0
    undecided: int = 0

    @staticmethod
    def none_of(restriction: Restriction) -> Regions:
        """None yet."""
        return Regions(restriction.network, restriction.domain, restriction.free)

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[AnyRegion]:
        return iter(self.found)

    @property
    def with_vertices(self) -> list[Region]:
        """The regions that have vertices: all of them where at most five inputs are free."""
        return [region for region in self.found if isinstance(region, Region)]

    @property
    def by_layer(self) -> dict[str, int]:
        """How many phase patterns the relu layers up to each one have on these regions."""
        counts: dict[str, int] = {}
        names = [layer.name for layer in self.network.relu_layers]
        for k, name in enumerate(names, start=1):
            counts[name] = len(
                {tuple(region.phases[n] for n in names[:k]) for region in self.found}
            )
        return counts

    @property
    def affine_maps(self) -> int:
        """Different affine maps: regions may share one."""
        return len({region.affine for region in self.found})

    def __repr__(self) -> str:
        state = "all" if self.complete else "at least"
        where = f"{self.network.name} on {self.domain.describe()}"
        return f"<Regions: {state} {len(self.found)} of {where}>"


def linear_regions(
    network: Network,
    domain: Domain,
    *,
    limit: int | None = None,
    seconds: float | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Regions:
    """The exact linear regions of `network` on a bounded `domain`.

    With vertices for at most five free inputs, else with a point inside. `limit` regions or
    `seconds` end it early, with `complete` False; interrupted (Ctrl-C), it returns what it has.
    `jobs` processes, or the workers of a Dask `scheduler`, share the domain.

    Raises InputError for an unbounded, empty or flat domain, and for more free inputs where HiGHS
    is not installed.
    """
    started = time.monotonic()
    enumeration = enumeration_of(network, domain)
    result = Regions.none_of(enumeration.restriction)
    deadline = None if seconds is None else started + seconds
    try:
        with open_workers(jobs, scheduler) as workers:
            if workers.executor is None:
                for region in enumeration.regions(limit=limit, seconds=seconds):
                    result.found.append(region)
                result.complete = enumeration.tally.complete
                result.undecided = enumeration.tally.undecided
            else:
                _list_in_parts(enumeration, workers, result, limit, deadline)
    except KeyboardInterrupt:
        result.complete = False
    result.seconds = time.monotonic() - started
    return result


def enumeration_of(network: Network, domain: Domain) -> AnyEnumeration:
    """By vertex lists for few free inputs, by linear programs for more.

    Raises InputError as `linear_regions` does.
    """
    if domain.size - len(domain.fixed) <= REGION_EFFORT.vertex_inputs:
        return vertex_enumeration(network, domain)
    return program_enumeration(network, domain)


@dataclass(frozen=True, eq=False)
class _ListTask:
    """Cells for one worker, in which so many regions or seconds end the search."""

    enumeration: AnyEnumeration
    number: int
    limit: int | None
    seconds: float | None


@dataclass(frozen=True, eq=False)
class _Listed:
    """The regions of one part."""

    number: int
    regions: Sequence[AnyRegion]
    complete: bool
    undecided: int


def _list_part(part: _ListTask) -> _Listed:
    enumeration = part.enumeration
    regions: list[AnyRegion] = list(enumeration.regions(limit=part.limit, seconds=part.seconds))
    tally = enumeration.tally
    return _Listed(part.number, regions, tally.complete, tally.undecided)


def _list_in_parts(
    enumeration: AnyEnumeration,
    workers: Workers,
    result: Regions,
    limit: int | None,
    deadline: float | None,
) -> None:
    """Cells dealt out in many parts; regions come into `result` in the order of the parts."""
    dealt: Sequence[AnyEnumeration] = enumeration.deal(
        REGION_EFFORT.cells_per_worker * workers.count,
        REGION_EFFORT.parts_per_worker * workers.count,
    )
    seconds = None if deadline is None else max(0.0, deadline - time.monotonic())
    parts = [_ListTask(cells, k, limit, seconds) for k, cells in enumerate(dealt)]
    undecided = enumeration.tally.undecided
    lists: list[_Listed] = []
    try:
        for one in workers.each(_list_part, parts):
            lists.append(one)
            if limit is not None and sum(len(part.regions) for part in lists) >= limit:
                break
    finally:
        lists.sort(key=lambda one: one.number)
        result.found += [region for one in lists for region in one.regions][:limit]
        result.undecided = undecided + sum(one.undecided for one in lists)
    whole = len(lists) == len(parts) and all(one.complete for one in lists) and not undecided
    result.complete = whole and (limit is None or sum(len(one.regions) for one in lists) <= limit)
