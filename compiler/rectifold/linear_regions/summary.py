"""Counting regions: by layer, and beside the bounds of the literature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from math import comb

from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.enumeration import Enumeration, Region


@dataclass(eq=False)
class Regions:
    """The linear regions of a network on a domain; `complete` says whether all are there."""

    network: Network
    domain: Domain
    free: tuple[int, ...]
    found: list[Region] = field(default_factory=list)
    complete: bool = False
    seconds: float = 0.0

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Region]:
        return iter(self.found)

    @property
    def by_layer(self) -> dict[str, int]:
        """How many different phase patterns the relu layers up to each one have on these regions."""
        counts: dict[str, int] = {}
        names = [layer.name for layer in self.network.relu_layers]
        for k, name in enumerate(names, start=1):
            counts[name] = len({tuple(region.phases[n] for n in names[:k]) for region in self.found})
        return counts

    @property
    def affine_maps(self) -> int:
        """Different affine maps: regions may share one."""
        return len({region.affine for region in self.found})

    def __repr__(self) -> str:
        state = "all" if self.complete else "at least"
        return f"<Regions: {state} {len(self.found)} of {self.network.name} on {self.domain.describe()}>"


def linear_regions(
    network: Network, domain: Domain, *, limit: int | None = None, seconds: float | None = None
) -> Regions:
    """The exact linear regions of `network` on a bounded `domain` with at most five free inputs.

    `limit` regions or `seconds` end it early, with `complete` False. Interrupted (Ctrl-C), it returns what it has.

    Raises InputError for an unbounded, empty or flat domain, or more free inputs.
    """
    enumeration = Enumeration(network, domain)
    result = Regions(network, domain, tuple(enumeration.free))
    try:
        for region in enumeration.regions(limit=limit, seconds=seconds):
            result.found.append(region)
    except KeyboardInterrupt:
        pass
    result.complete, result.seconds = enumeration.progress.complete, enumeration.progress.seconds
    return result


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
        return sum(comb(width, j) * serra(k + 1, min(left, width - j)) for j in range(min(left, width) + 1))

    return {"2^units": 2 ** sum(widths), "Montúfar 2017": montufar, "Serra et al. 2018": serra(0, inputs)}
