"""All linear regions of a network on a domain, as one list that says whether it is complete.

    network, domain → cells (dealt out among processes) → Regions

Few free inputs: by vertex lists; more of them: by linear programs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.enumerations import enumeration_of
from rectifold.linear_regions.list_log import ListLog
from rectifold.linear_regions.listing import Listing
from rectifold.linear_regions.region import AnyRegion, Region, map_key
from rectifold.linear_regions.restriction import Restriction
from rectifold.runtime.run import Limits, Run
from rectifold.runtime.shown import Plotted


@dataclass(eq=False)
class Regions(Plotted):
    """The linear regions of a network on a domain; `complete` says whether all are there.

    `free` are the inputs that vary; `undecided` counts cells with something that was not proved.
    A log had `from_log` of them.
    """

    network: Network
    domain: Domain
    free: tuple[int, ...]
    found: list[AnyRegion] = field(default_factory=list)
    complete: bool = False
    seconds: float = 0.0
    undecided: int = 0
    from_log: int = 0

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
        return len(set(map(map_key, self.found)))

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
    log: Path | None = None,
) -> Regions:
    """The exact linear regions of `network` on a bounded `domain`.

    With vertices for at most five free inputs, else with a point inside. `limit` regions or
    `seconds` end it early, with `complete` False; interrupted (Ctrl-C), it returns what it has.
    `jobs` processes share the domain; the order of the regions does not depend on them. With a
    `log` the search goes on where runs before have ended.

    Raises InputError for an unbounded, empty or flat domain, for more free inputs where HiGHS is
    not installed, and for a log of something else.
    """
    return list_regions(network, domain, limit=limit, run=Run(Limits(seconds, jobs=jobs, log=log)))


def list_regions(
    network: Network, domain: Domain, *, limit: int | None = None, run: Run = Run()
) -> Regions:
    """The same, for a run, which is told how many regions there are so far.

    With a log it goes on where runs before have ended; a log of something else raises InputError.
    """
    started = run.clock()
    enumeration = enumeration_of(network, domain)
    log = None if run.limits.log is None else ListLog(run.limits.log, network, domain)
    listing = Listing(enumeration, run, limit, log)
    try:
        with run.workers() as workers:
            listing.fill(workers)
    except KeyboardInterrupt:
        listing.complete = False
    return Regions(
        network,
        domain,
        enumeration.restriction.free,
        listing.found,
        listing.complete,
        run.clock() - started,
        listing.undecided,
        listing.from_log,
    )
