"""Affine expressions over layers, and a builder that turns them into layers.

Every front end (the language, ONNX, .npz) speaks to the IR through these two: an `Affine` is
`bias + Σ W_u a_u` over values that exist already, a `Builder` makes a relu or linear layer of one.

    relu(e)              one layer                abs(e)        relu(e) + relu(-e)
    max(a, b)            b + relu(a - b)          min(a, b)     a - relu(a - b)
    clip(e, lo, hi)      lo + relu(e - lo) - relu(e - hi)
    leaky_relu(e, s)     relu(e) - s·relu(-e)

Sound because each line is an identity of real functions (clip needs lo ≤ hi, which is checked).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite, lcm

import numpy as np

from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix, vstack
from rectifold.exact.numerals import nearest_float, readable
from rectifold.ir.domain import Domain
from rectifold.ir.network import MAX_UNITS, Layer, Network, NetworkError


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
        return {u: _as_matrix(term) for u, term in self.terms.items()}

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
            terms[u] = _as_matrix(terms[u]) + _as_matrix(term) if u in terms else term
        return Affine(self.bias + other.bias, terms)

    def __neg__(self) -> Affine:
        return Affine(-self.bias, {u: -_as_matrix(t) for u, t in self.terms.items()})

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
    names = sorted({u for part in parts for u in part.terms})
    terms: dict[str, Term] = {}
    for u in names:
        present = [part.terms.get(u) for part in parts]
        picks = [t for t in present if isinstance(t, Pick)]
        if len(picks) == len(parts):
            terms[u] = Pick(np.concatenate([t.index for t in picks]), picks[0].size)
        else:
            width = next(
                t.size if isinstance(t, Pick) else t.shape[1] for t in present if t is not None
            )
            terms[u] = vstack(
                [
                    Matrix.zeros(part.size, width) if t is None else _as_matrix(t)
                    for part, t in zip(parts, present, strict=True)
                ]
            )
    return Affine(vstack([part.bias for part in parts]), terms)


class Builder:
    """Collects the layers of a network under construction."""

    def __init__(self, input_name: str, input_size: int) -> None:
        if not 0 <= input_size <= MAX_UNITS:
            raise NetworkError(f"{input_size} inputs are too many; the limit is {MAX_UNITS:,}")
        self.input_name = input_name
        self.input_size = input_size
        self.layers: dict[str, Layer] = {}
        self.reserved: set[str] = set()
        self._tried: dict[
            str, int
        ] = {}  # name → the last number that was tried after it: layers never go away

    @property
    def input(self) -> Affine:
        return Affine.of(self.input_name, self.input_size)

    def layer(self, name: str, value: Affine, *, relu: bool) -> Affine:
        """Make a layer of exactly this name; its values."""
        self.layers[name] = Layer(name, "relu" if relu else "linear", value.bias, value.weights())
        return Affine.of(name, value.size)

    def fresh(self, wanted: str) -> str:
        """`wanted`, or `wanted_2`, `wanted_3`, … if that is taken."""
        number = self._tried.get(wanted, 1)
        name = wanted if number == 1 else f"{wanted}_{number}"
        while name in self.layers or name == self.input_name or name in self.reserved:
            number += 1
            name = f"{wanted}_{number}"
        self._tried[wanted] = number
        return name

    def relu(self, value: Affine, name: str) -> Affine:
        return self.layer(self.fresh(name), value, relu=True)

    def abs(self, value: Affine, name: str) -> Affine:
        both = self.relu(concat([value, -value]), name)
        return both.apply(_blocks(value.size, [1, 1]))

    def leaky_relu(self, value: Affine, slopes: Sequence[Fraction], name: str) -> Affine:
        """relu(v) − s·relu(−v), a slope per value."""
        both = self.relu(concat([value, -value]), name)
        kept = both.select(np.arange(value.size))
        return kept - both.select(np.arange(value.size, 2 * value.size)).scale_rows(slopes)

    def maximum(self, left: Affine, right: Affine, name: str) -> Affine:
        return right + self.relu(left - right, name)

    def minimum(self, left: Affine, right: Affine, name: str) -> Affine:
        return left - self.relu(left - right, name)

    def clip(self, value: Affine, low: Fraction | None, high: Fraction | None, name: str) -> Affine:
        """min(max(v, low), high); None leaves a side open. Raises NetworkError if low > high."""
        if low is not None and high is not None and low > high:
            raise NetworkError(
                f"clip from {readable(low)} to {readable(high)}: the lower end is above the "
                "upper end"
            )
        size = value.size
        if low is None and high is None:
            return value
        if high is None:
            return self.maximum(value, _filled(low or Fraction(0), size), name)
        if low is None:
            return self.minimum(value, _filled(high, size), name)
        both = self.relu(concat([value - _filled(low, size), value - _filled(high, size)]), name)
        return _filled(low, size) + both.apply(_blocks(size, [1, -1]))

    def finish(
        self, output: Affine, name: str, domain: Domain | None = None, title: str = ""
    ) -> Network:
        """The network whose output is `output`; a linear layer is added unless it is one whole
        layer already.

        Layers that the output does not depend on are left out.
        """
        target = self._whole_layer(output)
        if target is None:
            target = self.fresh("y")
            self.layer(target, output, relu=False)
        network = Network(
            self.input_name, self.input_size, self.layers.values(), target, domain, name, title
        )
        live = network.cone(target) | {target}
        kept = [layer for layer in network.layers if layer.name in live]
        return Network(self.input_name, self.input_size, kept, target, domain, name, title)

    def _whole_layer(self, value: Affine) -> str | None:
        if len(value.terms) != 1 or not value.bias.is_zero:
            return None
        ((name, term),) = value.terms.items()
        whole = isinstance(term, Pick) and np.array_equal(term.index, np.arange(term.size))
        return name if whole and name in self.layers else None


def _as_matrix(term: Term) -> Matrix:
    return term.matrix() if isinstance(term, Pick) else term


def _filled(value: Fraction, size: int) -> Affine:
    return Affine.constant([value] * size)


def _blocks(size: int, signs: Sequence[int]) -> Matrix:
    return Matrix.from_floats(np.hstack([np.eye(size) * sign for sign in signs]))
