"""Looks at a network along its training: units that are proved stable, and linear regions.

    domain of at most two inputs      regions of the whole domain
    more inputs                       regions on the triangle of three samples, of different
                                      classes where there are so many

Both are the engine's answers about the exact network of that moment. A count that is not done in
the time that a look may take is a lower bound, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from math import inf
from typing import Literal

import numpy as np

from rectifold.data.samples import Samples
from rectifold.effort.training import TrainingEffort
from rectifold.exact.matrix import Matrix, hstack
from rectifold.exact.numerals import counted
from rectifold.facts.facts import Phase
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.counts import count_regions
from rectifold.operations.compiling import proved
from rectifold.runtime.json import JsonObject
from rectifold.runtime.run import Limits, Run
from rectifold.training.history import Epoch

Place = Literal["domain", "triangle"]


@dataclass(frozen=True)
class Watched:
    """Relu units by what is proved of them on the domain after an epoch, and linear regions.

    `place`: where they lie, "domain" or "triangle"; `complete`: are these all?
    """

    epoch: int
    active: int
    inactive: int
    unstable: int
    open: int
    place: Place
    regions: int
    complete: bool

    def told(self) -> JsonObject:
        return dict(asdict(self))

    @property
    def text(self) -> str:
        """A line for people."""
        least = "" if self.complete else "at least "
        undecided = f", {self.open} open" if self.open else ""
        return (
            f"  proved: {self.active} active, {self.inactive} inactive, {self.unstable} unstable"
            f"{undecided}; {least}{counted(self.regions, 'linear region')} "
            f"of the {self.place}"
        )


@dataclass(eq=False)
class Watcher:
    """Looks after every `every` epochs, and remembers what it saw.

    `plane`: three samples (3×n), or None where the regions are those of the domain.
    """

    every: int
    plane: Matrix | None
    seen: list[Watched] = field(default_factory=list)

    @staticmethod
    def of(samples: Samples, every: int) -> Watcher:
        """For networks that are trained on these samples."""
        is_flat = samples.inputs.shape[1] <= TrainingEffort.whole_inputs
        return Watcher(every, None if is_flat else _corners(samples))

    def look(self, epoch: Epoch, network: Callable[[], Network], left: float = inf) -> str | None:
        """What is seen after this epoch, for people; None where nothing is looked at. A look takes
        at most `left` seconds.
        """
        if epoch.number % self.every:
            return None
        now, seconds = network(), min(TrainingEffort.look_seconds, left)
        facts = proved(now, prover="bounds", limits=Limits(seconds))
        counts = {phase: facts.count(phase) for phase in Phase}
        shown = now if self.plane is None else on_triangle(now, self.plane)
        assert shown.domain is not None
        regions = count_regions(shown, shown.domain, run=Run(Limits(seconds)))
        self.seen.append(
            Watched(
                epoch.number,
                counts[Phase.ACTIVE],
                counts[Phase.INACTIVE],
                counts[Phase.UNSTABLE],
                counts[Phase.OPEN],
                "domain" if self.plane is None else "triangle",
                regions.count,
                regions.complete,
            )
        )
        return self.seen[-1].text


def on_triangle(network: Network, corners: Matrix) -> Network:
    """The network on the triangle of three points a, b, c, as one of u, v ≥ 0 with u + v ≤ 1.

        x = a + u (b - a) + v (c - a)

    Exact: the points are numbers, and the first layers are multiplied out. Precondition: the points
    (rows of a 3×n matrix) lie in the domain.
    """
    a, b, c = (corners.select_rows([k]).T for k in range(3))
    directions = hstack([b - a, c - a])
    one = Fraction(1)
    domain = replace(Domain.cube(0, 1, 2), constraints=(Constraint((one, one), one),))
    layers = [_placed(layer, network.input_name, a, directions) for layer in network.layers]
    return Network(network.input_name, 2, layers, network.output, domain, network.name)


def _placed(layer: Layer, source: str, start: Matrix, directions: Matrix) -> Layer:
    if source not in layer.weights:
        return layer
    weight = layer.weights[source]
    weights = {**layer.weights, source: weight @ directions}
    return Layer(layer.name, layer.activation, layer.bias + weight @ start, weights)


def _corners(samples: Samples) -> Matrix:
    """The first samples of the first three classes; of fewer classes, first samples besides."""
    labels = np.zeros(len(samples)) if samples.labels is None else samples.labels
    _, firsts = np.unique(labels, return_index=True)
    places = [*firsts.tolist(), *range(len(samples))]
    chosen = list(dict.fromkeys(places))[:3]
    while len(chosen) < 3:
        chosen.append(chosen[-1])
    return Matrix.from_floats(np.asarray(samples.inputs[chosen], dtype=np.float64))
