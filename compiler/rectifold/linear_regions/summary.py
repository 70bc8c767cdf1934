"""Counting regions: by layer, and beside the bounds of the literature."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from math import comb
from typing import Any

from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.by_programs import PointRegion, ProgramEnumeration
from rectifold.linear_regions.by_vertices import MOST_INPUTS, Enumeration, Region
from rectifold.runtime.workers import Workers, open_workers

_CELLS_PER_WORKER = 64
_PARTS_PER_WORKER = 8

AnyRegion = Region | PointRegion


@dataclass(eq=False)
class Regions:
    """The linear regions of a network on a domain; `complete` says whether all are there."""

    network: Network
    domain: Domain
    free: tuple[int, ...]
    found: list[AnyRegion] = field(default_factory=list)
    complete: bool = False
    seconds: float = 0.0
    undecided: int = 0  # cells that were left out because something was not proved

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[AnyRegion]:
        return iter(self.found)

    @property
    def with_vertices(self) -> list[Region]:
        """The regions, all of which have vertices: at most five inputs are free."""
        return [region for region in self.found if isinstance(region, Region)]

    @property
    def by_layer(self) -> dict[str, int]:
        """How many different phase patterns the relu layers up to each one have on these regions."""
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
        return f"<Regions: {state} {len(self.found)} of {self.network.name} on {self.domain.describe()}>"


def linear_regions(
    network: Network,
    domain: Domain,
    *,
    limit: int | None = None,
    seconds: float | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Regions:
    """The exact linear regions of `network` on a bounded `domain`: with vertices for at most five free inputs, else with a point inside.

    `limit` regions or `seconds` end it early, with `complete` False. Interrupted (Ctrl-C), it returns what it has. `jobs` processes,
    or the workers of a Dask `scheduler`, share the domain.

    Raises InputError for an unbounded, empty or flat domain, and for more free inputs where HiGHS is not installed.
    """
    started = time.monotonic()
    enumeration = enumeration_of(network, domain)
    result = Regions(network, domain, tuple(enumeration.free))
    try:
        with open_workers(jobs, scheduler) as workers:
            if workers.executor is None:
                for region in enumeration.regions(limit=limit, seconds=seconds):
                    result.found.append(region)
                result.complete, result.undecided = (
                    enumeration.progress.complete,
                    enumeration.undecided,
                )
            else:
                _share_out(
                    enumeration,
                    workers,
                    result,
                    limit,
                    None if seconds is None else started + seconds,
                )
    except KeyboardInterrupt:
        result.complete = False
    result.seconds = time.monotonic() - started
    return result


def enumeration_of(network: Network, domain: Domain) -> Enumeration:
    """By vertex lists for few free inputs, by linear programs for more."""
    few = domain.size - len(domain.fixed) <= MOST_INPUTS
    return Enumeration(network, domain) if few else ProgramEnumeration(network, domain)


@dataclass(frozen=True, eq=False)
class _Part:
    """Cells for one worker."""

    network: Network
    domain: Domain
    cells: list[Any]
    number: int
    limit: int | None
    seconds: float | None


@dataclass(frozen=True, eq=False)
class _Found:
    number: int
    regions: list[AnyRegion]
    complete: bool
    undecided: int


def _regions_of_part(part: _Part) -> _Found:
    enumeration = enumeration_of(part.network, part.domain)
    regions = list(enumeration.regions(limit=part.limit, seconds=part.seconds, cells=part.cells))
    return _Found(part.number, regions, enumeration.progress.complete, enumeration.undecided)


def _share_out(
    enumeration: Enumeration,
    workers: Workers,
    result: Regions,
    limit: int | None,
    deadline: float | None,
) -> None:
    """Cells dealt out in many parts, so that no worker waits long; regions in the order of the parts."""
    cells = enumeration.parts(_CELLS_PER_WORKER * workers.count)
    count = min(len(cells), _PARTS_PER_WORKER * workers.count)
    seconds = None if deadline is None else max(0.0, deadline - time.monotonic())
    parts = [
        _Part(enumeration.network, enumeration.domain, cells[k::count], k, limit, seconds)
        for k in range(count)
    ]
    found: list[_Found] = []
    try:
        for one in workers.each(_regions_of_part, parts):
            found.append(one)
            if limit is not None and sum(len(part.regions) for part in found) >= limit:
                break
    finally:
        found.sort(key=lambda one: one.number)
        result.found += [region for one in found for region in one.regions][:limit]
        result.undecided = enumeration.undecided + sum(one.undecided for one in found)
    whole = len(found) == count and all(one.complete for one in found) and not enumeration.undecided
    result.complete = whole and (limit is None or sum(len(one.regions) for one in found) <= limit)


def upper_bounds(network: Network, inputs: int) -> dict[str, int]:
    """Upper bounds on the number of regions of a chain with `inputs` free inputs. Raises InputError for other shapes.

    "trivial": 2^units. "Montúfar 2017": Π_l Σ_{j ≤ d_l} C(n_l, j) with d_l = min(inputs, n_1 … n_{l−1}). "Serra et al. 2018"
    (arXiv 1711.02114, Theorem 1): the same with the dimension that is left after l − 1 layers of which j units are active.
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
