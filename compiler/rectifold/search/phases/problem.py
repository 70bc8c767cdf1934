"""One question about a sign, with everything that its nodes share; and the nodes themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.facts.trees import Hull, Leaf
from rectifold.search.phases.hulls import FirstLayer
from rectifold.search.phases.skeleton import Hints, Skeleton, skeleton_of
from rectifold.search.witnesses import Witnesses

_BATCH = 256  # nodes bounded together,
_HULL_BATCH = 64  # and with planes, which cost more


@dataclass(eq=False)
class Node:
    """A node that waits for its bound. α and β start from its parent's."""

    query: int
    place: int  # in the list of tree nodes
    alpha: Hints
    beta: Hints
    phase: Hints
    gamma: Hints
    levels: Hints  # of the first layer's planes; none without a hull
    value: float = np.inf  # its parent's bound
    tries: int = 0  # rounds of descent after which there was nothing left to split

    def __lt__(self, other: Node) -> bool:
        return self.value > other.value


@dataclass(eq=False)
class Batch:
    """What one batch of nodes came to."""

    value: Hints  # the searched bound
    alpha: Hints
    beta: Hints
    gamma: Hints
    corners: Hints
    middles: Hints  # mean of the corners on the way: tends to the relaxation's optimum
    scores: Hints
    coefficients: Hints  # on the activations, at these slopes
    levels: Hints


class PhaseProblem:
    """Is sign·z ≤ 0 for units of one layer whose predecessors are done? The layer's skeleton, its scale, its first layer."""

    def __init__(
        self, bounds: Bounds, witnesses: Witnesses, layer: str, sign: int, *, with_hull: bool
    ) -> None:
        self.bounds = bounds
        self.witnesses = witnesses
        self.layer = layer
        self.sign = sign
        self.skeleton: Skeleton = skeleton_of(bounds, layer)
        self.frame = self.skeleton.frame
        self.first = self._first_layer() if with_hull else None
        self.batch = _BATCH if self.first is None else _HULL_BATCH
        dtype = self.skeleton.dtype
        self.rows = bounds.constraints.rows.astype(dtype)
        self.ends = bounds.constraints.ends.astype(dtype)
        self.middle = (self.skeleton.low + self.skeleton.high) / 2
        self.radius = (self.skeleton.high - self.skeleton.low) / 2
        self.scale = float(np.maximum(-bounds.lower[layer], bounds.upper[layer]).max(initial=0.0))
        self.weights = sum(
            w.nonzero_count for v in bounds.network.cone(layer) if v != bounds.network.input_name
            for w in bounds.network.layer(v).weights.values()
        )  # fmt: skip

    def _first_layer(self) -> FirstLayer | None:
        """The first layer of the frame, if it reads the inputs alone and has unstable units."""
        name = self.frame.first
        if name is None or not len(self.frame.units[name]):
            return None
        if set(self.bounds.network.layer(name).weights) != {self.bounds.network.input_name}:
            return None
        return FirstLayer(self.skeleton, self.frame.slices[name])

    def root(self, query: int, place: int) -> Node:
        n, dtype = self.frame.size, self.skeleton.dtype
        zeros = np.zeros(n, dtype=dtype)
        levels = zeros[:0] if self.first is None else self.first.lines()
        return Node(
            query,
            place,
            self.skeleton.default,
            zeros,
            zeros,
            np.zeros(len(self.ends), dtype=dtype),
            levels,
        )

    def hull(self, bounded: Batch, k: int) -> Hull | None:
        return None if self.first is None else self.first.hull(bounded.levels[k])

    def leaf(self, node: Node, bounded: Batch, k: int) -> Leaf:
        """β by unit; `Queries.tree` puts them in the order of the path."""
        return Leaf(
            bounded.alpha[k].copy(),
            tuple(bounded.beta[k].tolist()),
            tuple(bounded.gamma[k].tolist()),
            self.hull(bounded, k),
        )
