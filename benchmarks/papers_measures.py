"""What the papers count, counted exactly: stable and removed units, connections, linear regions.

    network, data → Compressed        network, triangles → Counted        regions → Forms

All of it is proved or exact, but the accuracy, which is that of float64 on the test samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from papers_slices import on_triangle
from papers_training import Data

from rectifold.data.samples import Inputs
from rectifold.facts.facts import Phase
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network
from rectifold.linear_regions.summary import Regions, linear_regions
from rectifold.operations.compiling import Compiled
from rectifold.training.removed import removed
from rectifold.two_layers.shallow import shallow_network

SECONDS = 60.0  # until which regions are listed


@dataclass(frozen=True)
class Compressed:
    """A trained network before and after exact compression.

    Accuracy in percent; so many test samples have another class afterwards (`changed`). `removed`:
    units of each hidden layer; `by`: units that zeros of the file, proofs and carriers remove;
    `connections`: dense weights without unread inputs, before and after; `verdict`: the checker's.
    """

    accuracy: float
    changed: int
    active: int
    inactive: int
    open: int
    units: int
    removed: tuple[int, ...]
    by: tuple[int, int, int]
    connections: tuple[int, int]
    verdict: str

    @property
    def stable(self) -> int:
        return self.active + self.inactive

    @property
    def share(self) -> float:
        """The part of the connections that is removed, in percent."""
        before, after = self.connections
        return 100 * (1 - after / before)


@dataclass(frozen=True)
class Counted:
    """Linear regions of a network, and units with one phase in all of them."""

    regions: int
    stable: int
    complete: bool


def compressed(network: Network, data: Data) -> Compressed:
    """Prove on the data's domain, rewrite, certify, and compare on the test samples."""
    found = removed(network.with_domain(data.domain))
    made = found.compiled
    labels = data.test.labels
    before, after = (classes(one, data.test.inputs) for one in (network, made.network))
    sizes = list(found.sizes.values())
    zeros, proofs, carriers = (a.units - b.units for a, b in pairwise(sizes))
    return Compressed(
        accuracy=100 * float((before == labels).mean()),
        changed=int((before != after).sum()),
        active=made.facts.count(Phase.ACTIVE),
        inactive=made.facts.count(Phase.INACTIVE),
        open=made.facts.count(Phase.OPEN),
        units=network.sizes.units,
        removed=removed_of(made),
        by=(zeros, proofs, carriers),
        connections=(sizes[0].dense, sizes[-1].dense),
        verdict=found.verdict or "not made",
    )


def classes(network: Network, samples: Inputs) -> npt.NDArray[np.int64]:
    """The output that is largest, for each sample."""
    return np.asarray(evaluate_float(network, np.asarray(samples, np.float64)).argmax(axis=1))


def removed_of(made: Compiled) -> tuple[int, ...]:
    """Units fewer in each hidden layer of the source; what carries others counts as a unit."""
    left = {layer.name: layer.size for layer in made.network.relu_layers}
    return tuple(layer.size - left.get(layer.name, 0) for layer in made.source.relu_layers)


def counted(network: Network, domain: Domain) -> Counted:
    """All linear regions on the domain, or those found in `SECONDS`."""
    regions = linear_regions(network, domain, seconds=SECONDS)
    return Counted(len(regions), constant_units(regions), regions.complete)


def constant_units(regions: Regions) -> int:
    """Units whose phase is the same in all regions."""
    patterns = [[phase for part in region.phases.values() for phase in part] for region in regions]
    return sum(len(set(phases)) == 1 for phases in zip(*patterns, strict=True))


def triangles(network: Network, data: Data, count: int) -> Iterator[Network]:
    """The network on the triangles of the first test samples of classes 0, 1, 2, of 3, 4, 5, and
    so on.
    """
    labels = np.asarray(data.test.labels)
    for k in range(count):
        places = [int((labels == 3 * k + c).argmax()) for c in range(3)]
        yield on_triangle(network, data.test.inputs[places].tolist())


@dataclass(frozen=True)
class Forms:
    """Hidden units of networks with two hidden layers that are the same function.

    `patterns`: the construction with a gate for every on-off pattern; `regions`: with one for every
    linear region; `exact`: ours.
    """

    units: int
    count: int
    patterns: int
    regions: int
    exact: int


def forms(network: Network, domain: Domain) -> Forms:
    """Raises InputError where there is no exact form."""
    made = shallow_network(network, domain, kind="exact", seconds=SECONDS)
    sizes = made.alternatives
    patterns, regions = sum(sizes["classic, all patterns"]), sum(sizes["classic"])
    return Forms(network.sizes.units, made.regions, patterns, regions, sum(made.hidden))
