"""A question about signs of one layer's units, with everything that its nodes share; and nodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.effort.search import PhaseEffort
from rectifold.facts.trees import Hull, Leaf
from rectifold.search.phases.hulls import FirstLayer
from rectifold.search.phases.skeleton import Hints, Skeleton, skeleton_of
from rectifold.search.witnesses import Witnesses


@dataclass(eq=False, slots=True)
class Node:
    """A node that waits for its bound: some phases fixed, and what its descent starts from.

    α, β, γ and the planes' levels are its parent's.
    """

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

    def case(self, unit: int, phase: int, multiplier: float | np.floating, place: int) -> Node:
        """One more unit fixed, with the β that its case starts from, at this place of the tree."""
        fixed, beta = self.phase.copy(), self.beta.copy()
        fixed[unit], beta[unit] = phase, multiplier
        return Node(self.query, place, self.alpha, beta, fixed, self.gamma, self.levels, self.value)


@dataclass(frozen=True, eq=False)
class NodeBounds:
    """What the descent of a batch of nodes came to, row by row."""

    value: Hints  # the searched bound
    alpha: Hints
    beta: Hints
    gamma: Hints
    levels: Hints
    corners: Hints  # of the box, that attain the bounds
    middles: Hints  # about where the relaxed networks have their optima
    scores: Hints  # of units to split; -1 where there is nothing to split
    coefficients: Hints  # on the activations, at these slopes

    def rows(self, chosen: list[int]) -> NodeBounds:
        """Those rows only."""
        return NodeBounds(*(v[chosen] for v in vars(self).values()))


class PhaseProblem:
    """Is sign·z ≤ 0 for units of one layer whose predecessors are done?

    The layer's skeleton, the constraints G x ≤ g of the domain, the layer's range (`scale`), and
    the first layer if planes above its units are wanted.
    """

    def __init__(
        self,
        bounds: Bounds,
        witnesses: Witnesses,
        layer: str,
        sign: int,
        *,
        with_planes: bool = False,
        effort: PhaseEffort = PhaseEffort(),
    ) -> None:
        """`with_planes`: each node has its own planes above the units of the first layer.

        Such nodes cost ten to fifteen times as much, and hard questions need far fewer of them
        (docs/mathematics.md#planes-above-the-first-layer).
        """
        self.bounds = bounds
        self.witnesses = witnesses
        self.layer = layer
        self.sign = sign
        self.effort = effort
        self.skeleton: Skeleton = skeleton_of(bounds, layer, effort.single_precision)
        self.frame = self.skeleton.frame
        self.first = self._first_layer() if with_planes else None
        self.batch = effort.batch if self.first is None else effort.planes_batch
        dtype = self.skeleton.dtype
        self.rows = bounds.constraints.rows.astype(dtype)
        self.limits = bounds.constraints.ends.astype(dtype)
        self.middle = (self.skeleton.low + self.skeleton.high) / 2
        self.radius = (self.skeleton.high - self.skeleton.low) / 2
        self.scale = float(np.maximum(-bounds.lower[layer], bounds.upper[layer]).max(initial=0.0))

    @cached_property
    def cone_weights(self) -> int:
        """Weights of all layers below."""
        network = self.bounds.network
        below = (v for v in network.cone(self.layer) if v != network.input_name)
        return sum(w.nonzero_count for v in below for w in network.layer(v).weights.values())

    def root(self, query: int, place: int) -> Node:
        """A node without fixed phases, at this place of the tree."""
        n, dtype = self.frame.size, self.skeleton.dtype
        zeros, gamma = np.zeros(n, dtype=dtype), np.zeros(len(self.limits), dtype=dtype)
        levels = zeros[:0] if self.first is None else self.first.lines()
        return Node(query, place, self.skeleton.default, zeros, zeros, gamma, levels)

    def hull(self, bounded: NodeBounds, k: int) -> Hull | None:
        """The planes of row k, if the problem has some."""
        return None if self.first is None else self.first.hull(bounded.levels[k])

    def leaf(self, bounded: NodeBounds, k: int) -> Leaf:
        """Row k as a leaf of a proof, with β of every unit: `Queries` keeps those of its path."""
        beta, gamma = tuple(bounded.beta[k].tolist()), tuple(bounded.gamma[k].tolist())
        return Leaf(bounded.alpha[k].copy(), beta, gamma, self.hull(bounded, k))

    def _first_layer(self) -> FirstLayer | None:
        """The first layer of the frame, if it reads the inputs alone and has unstable units."""
        name = self.frame.first
        if name is None or not len(self.frame.units[name]):
            return None
        if set(self.bounds.network.layer(name).weights) != {self.bounds.network.input_name}:
            return None
        return FirstLayer(self.skeleton, self.frame.slices[name])
