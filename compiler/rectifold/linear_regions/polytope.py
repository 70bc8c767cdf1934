"""Bounded polytopes as exact vertex lists, and their splitting by a hyperplane.

Derivation: docs/mathematics.md#vertex-lists.

A vertex is a primitive integer column (X_1 … X_n, w) with w > 0, standing for X/w, and a bit mask of the constraints that are
tight at it. An affine form is an integer row (a_1 … a_n, b); only its sign matters, so any positive scale will do.

Signs come from a float product with a rigorous error bound, and from integers where the float is inside it. With V the
vertices in floats (each coordinate within u), F the rows scaled to entries below 1 (each within u), and k = n + 1 terms:

    |fl(F V) − F V| ≤ (k + 3) u Σ |V| + underflow,    underflow < 2^-900 (1 + Σ |V|),

and twice that is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from operator import mul

import numpy as np
import numpy.typing as npt

from rectifold.exact.conversion import Floats

Vertex = tuple[int, ...]
Form = list[int]
Signs = npt.NDArray[np.int8]

_U = 2.0**-53
_PAIRS = 4096  # pairs of vertices from which adjacency is found with arrays


class Polytope:
    """Vertices with their tight constraints. Immutable by convention."""

    __slots__ = ("constraints", "floats", "masks", "vertices")

    def __init__(
        self, vertices: list[Vertex], floats: Floats, masks: list[int], constraints: int
    ) -> None:
        self.vertices = vertices
        self.floats = floats  # (n + 1) × number of vertices, last row 1
        self.masks = masks
        self.constraints = constraints  # how many have been numbered

    @property
    def dimension(self) -> int:
        """Of the space."""
        return len(self.floats) - 1

    @staticmethod
    def box(lower: Sequence[tuple[int, int]], upper: Sequence[tuple[int, int]]) -> Polytope:
        """The box of ends (numerator, denominator); every range has an interior."""
        n = len(lower)
        vertices, masks = [], []
        for corner in range(1 << n):
            ends = [upper[i] if corner >> i & 1 else lower[i] for i in range(n)]
            common = 1
            for _, den in ends:
                common = common * den // gcd(common, den)
            vertices.append(primitive([num * (common // den) for num, den in ends] + [common]))
            masks.append(sum(1 << (2 * i + (corner >> i & 1)) for i in range(n)))
        return Polytope(vertices, _floats(vertices, n), masks, 2 * n)

    def signs(self, forms: Sequence[Form], floats: Floats) -> Signs:
        """The sign of every form at every vertex. `floats`: `scaled(forms)`."""
        return _signs(forms, floats, self.vertices, self.floats)

    def split(
        self, form: Form, signs: Sequence[int]
    ) -> tuple[Polytope, Polytope, list[int], list[int], Polytope]:
        """The parts where form ≥ 0 and form ≤ 0, the columns they keep of this polytope, and the new vertices (last in both)."""
        plus = [k for k, s in enumerate(signs) if s > 0]
        minus = [k for k, s in enumerate(signs) if s < 0]
        on = [k for k, s in enumerate(signs) if s == 0]
        bit = 1 << self.constraints
        values = {k: _value(form, self.vertices[k]) for k in (*plus, *minus)}
        new: list[Vertex] = []
        new_masks: list[int] = []
        for p, q in self._adjacent(plus, minus):
            zp, zq = values[p], values[q]
            a, b = self.vertices[p], self.vertices[q]
            new.append(primitive([zp * y - zq * x for x, y in zip(a, b, strict=True)]))
            new_masks.append(self.masks[p] & self.masks[q] | bit)
        new_floats = _floats(new, self.dimension)
        parts = []
        for side in (plus, minus):
            kept = side + on
            masks = [self.masks[k] for k in side] + [self.masks[k] | bit for k in on] + new_masks
            parts.append(
                Polytope(
                    [self.vertices[k] for k in kept] + new,
                    np.concatenate([self.floats[:, kept], new_floats], axis=1),
                    masks,
                    self.constraints + 1,
                )
            )
        return (
            parts[0],
            parts[1],
            plus + on,
            minus + on,
            Polytope(new, new_floats, new_masks, self.constraints + 1),
        )

    def _adjacent(self, plus: list[int], minus: list[int]) -> list[tuple[int, int]]:
        """Pairs on a common edge: n − 1 common tight constraints, and no third vertex on all of them.

        At a simple vertex (n tight constraints) any n − 1 of them meet in an edge, so there the count is enough.
        """
        n, masks = self.dimension, self.masks
        if len(plus) * len(minus) >= _PAIRS:
            pairs = self._pairs_with_arrays(plus, minus)
        else:
            pairs = [
                (p, q) for p in plus for q in minus if (masks[p] & masks[q]).bit_count() >= n - 1
            ]
        simple = [m.bit_count() == n for m in masks]
        if all(simple):
            return pairs
        faces = _faces(masks)
        return [
            (p, q)
            for p, q in pairs
            if simple[p] or simple[q] or _is_edge(faces, masks[p] & masks[q], p, q)
        ]

    def _pairs_with_arrays(self, plus: list[int], minus: list[int]) -> list[tuple[int, int]]:
        size = (self.constraints + 7) // 8
        raw = b"".join(m.to_bytes(size, "little") for m in self.masks)
        table = np.unpackbits(
            np.frombuffer(raw, np.uint8).reshape(len(self.masks), size), axis=1
        ).astype(np.float32)
        table = table[:, table.any(axis=0)]
        common = table[plus] @ table[minus].T
        rows, columns = np.nonzero(common >= self.dimension - 1)
        return [(plus[i], minus[j]) for i, j in zip(rows.tolist(), columns.tolist(), strict=True)]


def _faces(masks: Sequence[int]) -> dict[int, int]:
    """Constraint, as its bit → the set of vertices where it is tight, as bits."""
    result: dict[int, int] = {}
    for k, mask in enumerate(masks):
        while mask:
            bit = mask & -mask
            result[bit] = result.get(bit, 0) | 1 << k
            mask ^= bit
    return result


def _is_edge(faces: dict[int, int], common: int, p: int, q: int) -> bool:
    """Are p and q the only vertices where all the constraints `common` are tight?"""
    ends = 1 << p | 1 << q
    left = -1
    while common:
        bit = common & -common
        left &= faces[bit]
        if left == ends:
            return True
        common ^= bit
    return False


def scaled(forms: Sequence[Form]) -> Floats:
    """Rows as floats, each divided by a power of two so that its entries are below 1."""
    rows = []
    for form in forms:
        bits = max(map(int.bit_length, form), default=0)
        if bits > 1000:
            form, bits = [v >> (bits - 1000) for v in form], 1000
        rows.append([v * 2.0**-bits for v in form])
    return np.array(rows, dtype=float).reshape(len(forms), -1 if rows else 0)


def new_signs(forms: Sequence[Form], floats: Floats, part: Polytope) -> Signs:
    """Signs at the vertices of `part`, which may be none."""
    if not part.vertices:
        return np.zeros((len(forms), 0), dtype=np.int8)
    return _signs(forms, floats, part.vertices, part.floats)


def _signs(forms: Sequence[Form], floats: Floats, vertices: list[Vertex], points: Floats) -> Signs:
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # what overflows is inside its error, and done exactly
        values = floats @ points
        size = np.abs(points).sum(axis=0)
        error = (2 * (len(points) + 3) * _U) * size + 2.0**-900 * (1.0 + size)
    above, below = values > error, values < -error
    signs: Signs = above.view(np.int8) - below.view(np.int8)
    known = above | below
    if not known.all():
        for i, k in zip(*(at.tolist() for at in np.nonzero(~known)), strict=True):
            value = _value(forms[i], vertices[k])
            signs[i, k] = (value > 0) - (value < 0)
    return signs


def _value(form: Form, vertex: Vertex) -> int:
    """form(X/w) · w."""
    return sum(map(mul, form, vertex))


def primitive(column: Sequence[int]) -> Vertex:
    """Without a common factor."""
    common = gcd(*column)
    return tuple(v // common for v in column) if common > 1 else tuple(column)


def _floats(vertices: list[Vertex], n: int) -> Floats:
    """Correctly rounded coordinates (Python divides integers so), and a row of ones."""
    result = np.ones((n + 1, len(vertices)))
    for k, v in enumerate(vertices):
        w = v[n]
        for i in range(n):
            result[i, k] = v[i] / w
    return result
