"""Evidence that a bound holds by cases: a tree of splits by phase, with slopes and multipliers at
each leaf.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.side import Side

Path = tuple[tuple[str, int, int], ...]  # (layer, unit, +1 active or -1 inactive), from the root


@dataclass(frozen=True, eq=False)
class SlopeUnits:
    """The units whose slopes a search chooses: per relu layer, in topological order.

    Flat arrays follow this order.
    """

    units: Mapping[str, Indices]

    @cached_property
    def slices(self) -> dict[str, slice]:
        ends = np.cumsum([0, *(len(u) for u in self.units.values())]).tolist()
        return {
            name: slice(a, b) for name, a, b in zip(self.units, ends[:-1], ends[1:], strict=True)
        }

    @property
    def size(self) -> int:
        return sum(len(u) for u in self.units.values())

    @property
    def first(self) -> str | None:
        """The first layer, of whose units a leaf may have a hull."""
        return next(iter(self.units), None)

    def number(self, layer: str, unit: int) -> int:
        """The flat number of a unit of the frame."""
        return int(self.slices[layer].start + np.searchsorted(self.units[layer], unit))

    def place(self, number: int) -> tuple[str, int]:
        """(layer, unit) of a flat number."""
        for name, part in self.slices.items():
            if number < part.stop:
                return name, int(self.units[name][number - part.start])
        raise IndexError(number)


@dataclass(frozen=True, eq=False)
class Hull:
    """Planes above the units of the frame's first layer, which reads the inputs alone
    (bounds/hull): levels of its m units, and of the n inputs where weights are positive (`plus`)
    and negative (`minus`). Multiples of 1/64, of size at most 127/64.
    """

    units: Floats
    plus: Floats
    minus: Floats


@dataclass(frozen=True, eq=False)
class Leaf:
    """Lower slopes of the frame's units (N, multiples of 2^-15), β ≥ 0 per split of the path, γ ≥
    0 per constraint of the domain.
    """

    alpha: Floats
    beta: tuple[float, ...] = ()
    gamma: tuple[float, ...] = ()
    hull: Hull | None = None


@dataclass(frozen=True, eq=False)
class ExactLeaf:
    """The same in fractions, by (layer, unit) and by constraint, for a bound that is exactly 0:
    no rounded one proves that.
    """

    alpha: Mapping[tuple[str, int], Fraction]
    beta: Mapping[tuple[str, int], Fraction]
    gamma: Mapping[int, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Split:
    """The cases z ≥ 0 and z ≤ 0 of one unit."""

    layer: str
    unit: int
    active: Tree
    inactive: Tree


Tree = Leaf | ExactLeaf | Split


@dataclass(frozen=True, eq=False)
class CaseProof:
    """A tree over the units of a frame."""

    frame: SlopeUnits
    tree: Tree


def leaves_of(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Leaf | ExactLeaf]]:
    """Every leaf with its path, active cases first."""
    if not isinstance(tree, Split):
        yield path, tree
        return
    yield from leaves_of(tree.active, (*path, (tree.layer, tree.unit, 1)))
    yield from leaves_of(tree.inactive, (*path, (tree.layer, tree.unit, -1)))


@dataclass(frozen=True, eq=False)
class BoxSplit:
    """The halves x ≤ at (low) and x ≥ at (high) of a box."""

    input: int
    at: float
    low: BoxTree
    high: BoxTree


@dataclass(frozen=True, eq=False)
class UnitSplit:
    """The parts z ≥ 0 and z ≤ 0 of a box, z the pre-activation of a relu unit: an end of that
    unit, and no more, is known better there.
    """

    layer: str
    unit: int
    active: BoxTree
    inactive: BoxTree


@dataclass(frozen=True, eq=False)
class BoxTree:
    """A sub-box, or a part of one: the claims proved on it (by number), and its parts for the
    others; or, of claims about slopes, the number of cells on each of which the others are proved.

    `cases` has proofs of some of the proved claims, each of one leaf: lower slopes that were chosen
    for this box. The others hold with the default slopes.
    """

    proved: tuple[int, ...]
    split: BoxSplit | UnitSplit | None = None
    cells: int | None = None
    cases: Mapping[int, CaseProof] = field(default_factory=dict)

    @property
    def boxes(self) -> int:
        """How many sub-boxes and parts there are, this one included."""
        count, open_ = 0, [self]
        while open_:
            split = open_.pop().split
            count += 1
            if isinstance(split, BoxSplit):
                open_ += [split.low, split.high]
            elif split is not None:
                open_ += [split.active, split.inactive]
        return count


@dataclass(frozen=True, eq=False)
class BoxProof:
    """Claims (unit, side) about one layer's signs, each proved on some box of every
    path of the tree.

    On every box the layers below are bounded afresh by linear bounds with the default slopes, so
    the tree says all but the slopes that claims have of their own.
    """

    claims: tuple[tuple[int, Side], ...]
    tree: BoxTree
