"""In which order code adds the terms of a unit: in one sum, or in several that are then added.

    one sum      b + t0 + t1 + t2 + t3 + t4 + t5 + ...
    four         ((b + t0 + t4 + ...) + (t2 + t6 + ...)) + ((t1 + t5 + ...) + (t3 + t7 + ...))

A term is the product with one entry of the source, and which sum it goes to is said by the entry's
index alone: so leaving out products with 0 changes no bit. The first sum begins with the bias, or
with what earlier sources gave; the others begin with 0, so that their first addition is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Groups = tuple[slice, ...]
"""Of the indices of a source, those of each sum, in order; a power of two of them."""

ONE_SUM: Groups = (slice(None),)
_Part = TypeVar("_Part")


@dataclass(frozen=True)
class Order:
    """The sums of each edge (layer, source); an edge that is not named has one."""

    edges: Mapping[tuple[str, str], Groups]

    def groups(self, layer: str, source: str) -> Groups:
        return self.edges.get((layer, source), ONE_SUM)


IN_ORDER = Order({})
"""Bias first, then by sources and their indices."""


def in_lanes(count: int) -> Groups:
    """Index j goes to sum j mod `count`, as in a vector register."""
    return tuple(slice(k, None, count) for k in range(count))


def in_halves(terms: int) -> Groups:
    """The first half of the indices, the middle one among them, and the second."""
    middle = (terms + 1) // 2
    return slice(0, middle), slice(middle, None)


def folded(parts: Sequence[_Part], add: Callable[[_Part, _Part], _Part]) -> _Part:
    """All parts added: the second half to the first, until one is left.

    Precondition: a power of two of them.
    """
    left = list(parts)
    while len(left) > 1:
        half = len(left) // 2
        left = [add(one, other) for one, other in zip(left[:half], left[half:], strict=True)]
    return left[0]
