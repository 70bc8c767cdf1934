"""Bounded polytopes as exact vertex lists, and their splitting by a hyperplane.

Derivation: docs/mathematics.md#vertex-lists.

    square, form x + y − 1      →      two polygons that share the edge on x + y = 1

A vertex is a primitive integer column (X_1 … X_n, w), w > 0, that stands for X/w, with a bit mask
of the constraints that are tight at it. A form is an integer row (a_1 … a_n, b); only its sign
matters. SignTable come from a float product where its error bound decides, else from integers
(docs/mathematics.md#sums-in-floats).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from operator import mul
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.exact.conversion import UNDERFLOW, Floats

Vertex = tuple[int, ...]
Form = list[int]
SignTable = npt.NDArray[np.int8]

ROUNDOFF = float(np.finfo(np.float64).epsneg)  # relative error of one rounding to float64


class Cut(NamedTuple):
    """Both parts of a polytope cut by a form, and what they keep of it.

    `above` has form ≥ 0, `below` form ≤ 0. Each has the old vertices that `kept_above` and
    `kept_below` name, then those of `new`, which are on the form.
    """

    above: Polytope
    below: Polytope
    kept_above: list[int]
    kept_below: list[int]
    new: Polytope


class Polytope:
    """Vertices with their tight constraints. Immutable by convention."""

    __slots__ = ("constraints", "floats", "masks", "vertices")

    def __init__(
        self, vertices: list[Vertex], floats: Floats, masks: list[int], constraints: int
    ) -> None:
        """`floats`: (n + 1) × number of vertices, the last row 1; `constraints`: bits in use."""
        self.vertices = vertices
        self.floats = floats
        self.masks = masks
        self.constraints = constraints

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
        return Polytope.of(vertices, masks, 2 * n)

    @staticmethod
    def of(vertices: list[Vertex], masks: list[int], constraints: int) -> Polytope:
        """Of these vertices, at least one; `masks` and `constraints` as in a polytope."""
        return Polytope(vertices, _floats(vertices, len(vertices[0]) - 1), masks, constraints)

    def signs(self, forms: Sequence[Form], floats: Floats) -> SignTable:
        """The sign of every form at every vertex. `floats`: `scaled(forms)`."""
        return _signs(forms, floats, self.vertices, self.floats)

    def split(self, form: Form, signs: Sequence[int]) -> Cut:
        """Both parts, given the form's signs at the vertices: some are positive, some negative."""
        above = [k for k, s in enumerate(signs) if s > 0]
        below = [k for k, s in enumerate(signs) if s < 0]
        on = [k for k, s in enumerate(signs) if s == 0]
        new = self._between(form, above, below)
        upper, lower = self._part(above, on, new), self._part(below, on, new)
        return Cut(upper, lower, above + on, below + on, new)

    def signs_on(
        self, form: Form, signs: Sequence[int], other: Form, other_signs: Sequence[int]
    ) -> set[int]:
        """Signs of another form at vertices of the section where `form` is 0: all, or 1 and −1.

        `form` has both signs at the vertices.
        """
        both = {1, -1}
        found = {o for s, o in zip(signs, other_signs, strict=True) if s == 0}
        above = [k for k, s in enumerate(signs) if s > 0]
        below = [k for k, s in enumerate(signs) if s < 0]
        pairs = iter(() if both <= found else self._adjacent(above, below))
        while not both <= found and (pair := next(pairs, None)):
            p, q = pair
            at_p, at_q = other_signs[p], other_signs[q]
            if at_p * at_q < 0:
                zp, zq = _value(form, self.vertices[p]), _value(form, self.vertices[q])
                value = zp * _value(other, self.vertices[q]) - zq * _value(other, self.vertices[p])
                found.add((value > 0) - (value < 0))
            else:
                found.add(at_p or at_q)
        return found

    def _between(self, form: Form, above: list[int], below: list[int]) -> Polytope:
        """The new vertices: where the form is 0 on an edge from one side to the other."""
        bit = 1 << self.constraints
        pairs = self._adjacent(above, below)
        values = {k: _value(form, self.vertices[k]) for k in {k for pair in pairs for k in pair}}
        vertices: list[Vertex] = []
        masks: list[int] = []
        for p, q in pairs:
            zp, zq = values[p], values[q]
            a, b = self.vertices[p], self.vertices[q]
            vertices.append(primitive([zp * y - zq * x for x, y in zip(a, b, strict=True)]))
            masks.append(self.masks[p] & self.masks[q] | bit)
        return Polytope(vertices, _floats(vertices, self.dimension), masks, self.constraints + 1)

    def _part(self, side: list[int], on: list[int], new: Polytope) -> Polytope:
        """The part with these vertices of one side, those on the form, and the new ones."""
        kept, bit = side + on, 1 << self.constraints
        masks = [self.masks[k] for k in side] + [self.masks[k] | bit for k in on] + new.masks
        return Polytope(
            [self.vertices[k] for k in kept] + new.vertices,
            np.concatenate([self.floats[:, kept], new.floats], axis=1),
            masks,
            self.constraints + 1,
        )

    def _adjacent(self, above: list[int], below: list[int]) -> list[tuple[int, int]]:
        """Pairs on a common edge: n − 1 common tight constraints, no third vertex on all of them.

        At a simple vertex, with n tight constraints, any n − 1 of them meet in an edge, so there
        the count is enough.
        """
        n, masks = self.dimension, self.masks
        if len(above) * len(below) >= REGION_EFFORT.array_pairs:
            pairs = self._pairs_with_arrays(above, below)
        else:
            pairs = [
                (p, q) for p in above for q in below if (masks[p] & masks[q]).bit_count() >= n - 1
            ]
        simple = [m.bit_count() == n for m in masks]
        if all(simple):
            return pairs
        faces = faces_of(masks)
        return [
            (p, q)
            for p, q in pairs
            if simple[p] or simple[q] or _is_edge(faces, masks[p] & masks[q], p, q)
        ]

    def _pairs_with_arrays(self, above: list[int], below: list[int]) -> list[tuple[int, int]]:
        """Pairs with at least n − 1 common tight constraints, counted by a product of bits."""
        size = (self.constraints + 7) // 8
        raw = b"".join(m.to_bytes(size, "little") for m in self.masks)
        table = np.unpackbits(
            np.frombuffer(raw, np.uint8).reshape(len(self.masks), size), axis=1
        ).astype(np.float32)
        table = table[:, table.any(axis=0)]
        common = table[above] @ table[below].T
        rows, columns = np.nonzero(common >= self.dimension - 1)
        return [(above[i], below[j]) for i, j in zip(rows.tolist(), columns.tolist(), strict=True)]


def faces_of(masks: Sequence[int]) -> dict[int, int]:
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
    try:
        table = np.array(forms, dtype=float).reshape(len(forms), -1 if forms else 0)
    except OverflowError:
        table = np.array([_shortened(form) for form in forms], dtype=float)
    _, exponents = np.frexp(np.abs(table).max(axis=1, initial=0.0))
    rows: Floats = np.ldexp(table, -exponents[:, None])
    return rows


def _shortened(form: Form) -> Form:
    """A form without the last bits of numbers beyond the range of floats."""
    bits = max(map(int.bit_length, form), default=0)
    return [v >> (bits - 1000) for v in form] if bits > 1000 else form


def new_signs(forms: Sequence[Form], floats: Floats, part: Polytope) -> SignTable:
    """SignTable at the vertices of `part`, which may be none."""
    if not part.vertices:
        return np.zeros((len(forms), 0), dtype=np.int8)
    return _signs(forms, floats, part.vertices, part.floats)


def _signs(
    forms: Sequence[Form], floats: Floats, vertices: list[Vertex], points: Floats
) -> SignTable:
    with np.errstate(over="ignore", invalid="ignore"):  # overflow is inside its error: done exactly
        values = floats @ points
        size = np.abs(points).sum(axis=0)
        error = (2 * (len(points) + 3) * ROUNDOFF) * size + UNDERFLOW * (1.0 + size)
    above, below = values > error, values < -error
    signs: SignTable = above.view(np.int8) - below.view(np.int8)
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
    """A column of integers without a common factor."""
    common = gcd(*column)
    return tuple(v // common for v in column) if common > 1 else tuple(column)


def column_text(column: Sequence[int]) -> str:
    """Its integers, of any length: Python writes no decimal number of more than 4,300 digits.

    >>> column_text((10, -255))
    'a -ff'
    """
    return " ".join(f"{v:x}" for v in column)


def _floats(vertices: list[Vertex], n: int) -> Floats:
    """Correctly rounded coordinates (Python divides integers so), and a row of ones."""
    rows = [[x / v[-1] for x in v] for v in vertices]
    return np.array(rows, dtype=float).reshape(len(vertices), n + 1).T
