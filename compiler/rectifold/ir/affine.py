"""Affine expressions over values that exist already: the input and the layers made so far.

    e = b + Σ W_u a_u       Affine(b, {u: W_u, ...})

Every front end (the language, ONNX, .npz) speaks to the network through these. `functions` says
what a piecewise linear function of one is, `builder` makes layers of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite, lcm

import numpy as np

from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix, vstack
from rectifold.exact.numerals import nearest_float


@dataclass(frozen=True)
class Pick:
    """The sparse term `a_u[index]`: a selection of values, kept as indices until a matrix is
    needed.
    """

    index: Indices
    size: int

    def matrix(self) -> Matrix:
        return Matrix.selection(self.index, self.size)

    def scaled(self, factors: Sequence[Fraction]) -> Matrix:
        """diag(factors) times the selection: one entry a row, and none of them needs arithmetic."""
        near = [nearest_float(factor) for factor in factors]
        if all(
            isfinite(f) and Fraction(f) == factor for f, factor in zip(near, factors, strict=True)
        ):
            return Matrix.from_floats(self.matrix().floats * np.array(near).reshape(-1, 1))
        den = lcm(*{factor.denominator for factor in factors})
        integers = [0] * (len(self.index) * self.size)
        for k, (j, factor) in enumerate(zip(self.index.tolist(), factors, strict=True)):
            integers[k * self.size + j] = factor.numerator * (den // factor.denominator)
        return Matrix.from_integers((len(self.index), self.size), integers, den)


Term = Matrix | Pick


@dataclass(frozen=True, eq=False)
class Affine:
    """bias + Σ terms[u] a_u: a vector of `size` affine forms over named values."""

    bias: Matrix
    terms: Mapping[str, Term] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.bias.shape[0]

    @property
    def is_constant(self) -> bool:
        return not self.terms

    @staticmethod
    def constant(values: Sequence[Fraction | int]) -> Affine:
        return Affine(Matrix.column(values))

    @staticmethod
    def of(name: str, size: int) -> Affine:
        """All values of a layer or of the input."""
        return Affine(Matrix.zeros(size, 1), {name: Pick(np.arange(size), size)})

    def weights(self) -> dict[str, Matrix]:
        return {u: as_matrix(term) for u, term in self.terms.items()}

    def select(self, index: Sequence[int] | Indices) -> Affine:
        rows = np.asarray(index, dtype=np.int64)
        terms = {
            u: Pick(t.index[rows], t.size) if isinstance(t, Pick) else t.select_rows(rows)
            for u, t in self.terms.items()
        }
        return Affine(self.bias.select_rows(rows), terms)

    def __add__(self, other: Affine) -> Affine:
        terms: dict[str, Term] = dict(self.terms)
        for u, term in other.terms.items():
            terms[u] = as_matrix(terms[u]) + as_matrix(term) if u in terms else term
        return Affine(self.bias + other.bias, terms)

    def __neg__(self) -> Affine:
        return Affine(-self.bias, {u: -as_matrix(t) for u, t in self.terms.items()})

    def __sub__(self, other: Affine) -> Affine:
        return self + (-other)

    def scale_rows(self, factors: Sequence[Fraction | int]) -> Affine:
        if all(f == 1 for f in factors):
            return self
        exact = [Fraction(f) for f in factors]
        terms = {
            u: t.scaled(exact) if isinstance(t, Pick) else t.scale_rows(exact)
            for u, t in self.terms.items()
        }
        return Affine(self.bias.scale_rows(exact), terms)

    def scale(self, factor: Fraction | int) -> Affine:
        if factor == 1:
            return self
        exact = [Fraction(factor)] * self.size
        terms = {
            u: t.scaled(exact) if isinstance(t, Pick) else t.scale(factor)
            for u, t in self.terms.items()
        }
        return Affine(self.bias.scale(factor), terms)

    def apply(self, matrix: Matrix) -> Affine:
        """matrix @ self."""
        terms: dict[str, Term] = {
            u: matrix.scatter_columns(t.index, t.size) if isinstance(t, Pick) else matrix @ t
            for u, t in self.terms.items()
        }
        return Affine(matrix @ self.bias, terms)


def concat(parts: Sequence[Affine]) -> Affine:
    """The parts on top of each other."""
    if len(parts) == 1:
        return parts[0]
    present: dict[str, list[tuple[int, Term]]] = {}  # with the rows above each
    above = 0
    for part in parts:
        for u, term in part.terms.items():
            present.setdefault(u, []).append((above, term))
        above += part.size
    terms: dict[str, Term] = {}
    for u in sorted(present):
        picks = [t for _, t in present[u] if isinstance(t, Pick)]
        if len(picks) == len(parts):
            terms[u] = Pick(np.concatenate([t.index for t in picks]), picks[0].size)
        else:
            blocks = [(start, as_matrix(term)) for start, term in present[u]]
            terms[u] = _stacked(blocks, above)
    return Affine(vstack([part.bias for part in parts]), terms)


def _stacked(blocks: Sequence[tuple[int, Matrix]], rows: int) -> Matrix:
    """Each block below its number of rows, in order, and zeros elsewhere."""
    width = blocks[0][1].shape[1]
    if all(block.is_float for _, block in blocks):
        table = np.zeros((rows, width))
        for start, block in blocks:
            table[start : start + block.shape[0]] = block.floats
        return Matrix.from_floats(table)
    pieces: list[Matrix] = []
    end = 0
    for start, block in blocks:
        pieces += [Matrix.zeros(start - end, width), block]
        end = start + block.shape[0]
    return vstack([*pieces, Matrix.zeros(rows - end, width)])


def as_matrix(term: Term) -> Matrix:
    """What multiplies the values of the layer."""
    return term.matrix() if isinstance(term, Pick) else term
