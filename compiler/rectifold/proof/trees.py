"""Evidence that a bound holds by cases: a tree of splits by phase with slopes and multipliers at each leaf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from rectifold.exact import Floats

Path = tuple[tuple[str, int, int], ...]  # (layer, unit, +1 active or -1 inactive), from the root


@dataclass(frozen=True, eq=False)
class Leaf:
    """Lower slopes α ∈ [0, 1] and multipliers β ≥ 0 of the fixed phases, per relu layer, with which the bound is reached."""

    alpha: Mapping[str, Floats]
    beta: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class ExactLeaf:
    """The same in fractions, by (layer, unit), for a bound that is exactly 0: no rounded one proves that."""

    alpha: Mapping[tuple[str, int], Fraction]
    beta: Mapping[tuple[str, int], Fraction]


@dataclass(frozen=True, eq=False)
class Split:
    """The cases z ≥ 0 and z ≤ 0 of one unit."""

    layer: str
    unit: int
    active: Tree
    inactive: Tree


Tree = Leaf | ExactLeaf | Split


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
class BoxTree:
    """A sub-box: the claims proved on it (by number), and its halves for the others."""

    proved: tuple[int, ...]
    split: BoxSplit | None = None


@dataclass(frozen=True, eq=False)
class BoxProof:
    """Claims (unit, side "up" or "lo") about one layer's signs, each proved on some box of every path of the tree.

    On every box the layers below are bounded afresh by linear bounds with the default slopes, so the tree says all.
    """

    claims: tuple[tuple[int, str], ...]
    tree: BoxTree
