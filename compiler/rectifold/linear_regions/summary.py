"""All linear regions of a network on a domain, as one list that says whether it is complete.

    network, domain → cells (dealt out among processes) → Regions

Few free inputs: by vertex lists; more of them: by linear programs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import counted, nearest_float
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.by_programs import ProgramCell, program_enumeration
from rectifold.linear_regions.by_vertices import VertexCell, vertex_enumeration
from rectifold.linear_regions.cells import Enumeration
from rectifold.linear_regions.region import AnyRegion, PointRegion, Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.runtime.run import Limits, Run
from rectifold.runtime.shown import Plotted
from rectifold.runtime.workers import Workers

AnyEnumeration = Enumeration[VertexCell, Region] | Enumeration[ProgramCell, PointRegion]


@dataclass(eq=False)
class Regions(Plotted):
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
    def polygons(self) -> list[Floats]:
        """Of each region of two free inputs its corners in their order around it, k×2 floats.

        Rounded to the nearest; `vertices` of a region are exact. Raises InputError for other
        numbers of free inputs.
        """
        if len(self.free) != 2:
            raise InputError(f"polygons are those of two free inputs; here {len(self.free)} are")
        return [
            np.array([[nearest_float(v) for v in corner] for corner in region.vertices])
            for region in self.with_vertices
        ]

    @property
    def by_layer(self) -> dict[str, int]:
        """How many phase patterns the relu layers up to each one have on these regions."""
        counts: dict[str, int] = {}
        classes = [0] * len(self.found)  # regions with one pattern so far have one number
        for layer in self.network.relu_layers:
            numbers: dict[tuple[int, bytes], int] = {}
            for k, region in enumerate(self.found):
                pattern = classes[k], region.phases[layer.name]
                classes[k] = numbers.setdefault(pattern, len(numbers))
            counts[layer.name] = len(numbers)
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
    limits = Limits(seconds, jobs=jobs, scheduler=scheduler)
    return list_regions(network, domain, limit=limit, run=Run(limits))


def list_regions(
    network: Network, domain: Domain, *, limit: int | None = None, run: Run = Run()
) -> Regions:
    """The same, for a run, which is told how many regions there are so far."""
    started = run.clock()
    enumeration = enumeration_of(network, domain)
    result = Regions.none_of(enumeration.restriction)
    try:
        with run.workers() as workers:
            if workers.executor is None:
                _list_here(enumeration, result, limit, run)
            else:
                _list_in_parts(enumeration, workers, result, limit, run)
    except KeyboardInterrupt:
        result.complete = False
    result.seconds = run.clock() - started
    return result


def _list_here(enumeration: AnyEnumeration, result: Regions, limit: int | None, run: Run) -> None:
    """In this process, one region after the other."""
    next_told = run.clock() + REGION_EFFORT.report_seconds
    for region in enumeration.regions(limit=limit, seconds=run.limits.seconds):
        result.found.append(region)
        if run.progress is not None and run.clock() >= next_told:
            run.progress(f"{counted(len(result), 'linear region')} so far", 0, 0)
            next_told = run.clock() + REGION_EFFORT.report_seconds
    result.complete = enumeration.tally.complete
    result.undecided = enumeration.tally.undecided


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
    enumeration: AnyEnumeration, workers: Workers, result: Regions, limit: int | None, run: Run
) -> None:
    """Cells dealt out in many parts; regions come into `result` in the order of the parts."""
    seconds = run.limits.seconds
    deadline = inf if seconds is None else run.clock() + seconds
    dealt: Sequence[AnyEnumeration] = enumeration.deal(
        REGION_EFFORT.cells_per_worker * workers.count,
        REGION_EFFORT.parts_per_worker * workers.count,
    )
    lists: list[_Listed] = []

    def patience() -> float:
        return deadline - run.clock() + REGION_EFFORT.late_seconds

    def tasks() -> Iterator[_ListTask]:
        for k, cells in enumerate(dealt):
            left = None if seconds is None else max(0.0, deadline - run.clock())
            yield _ListTask(cells, k, limit, left)

    try:
        for one in workers.in_turn(_list_part, tasks(), None if seconds is None else patience):
            lists.append(one)
            count = sum(len(part.regions) for part in lists)
            run.tell(f"{counted(count, 'linear region')} listed, parts", len(lists), len(dealt))
            if limit is not None and count >= limit:
                break
    finally:
        lists.sort(key=lambda one: one.number)
        result.found += [region for one in lists for region in one.regions][:limit]
        result.undecided = enumeration.tally.undecided + sum(one.undecided for one in lists)
    whole = len(lists) == len(dealt) and all(one.complete for one in lists)
    found = sum(len(one.regions) for one in lists)
    result.complete = whole and not result.undecided and (limit is None or found <= limit)
