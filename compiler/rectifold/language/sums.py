"""Sums of many terms, in time that is linear in what is written.

3*x[0] - h[2] + 1       one row per layer, filled term by term
W @ x + V @ h + ...     one table of terms, into which each is added
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import lcm

import numpy as np

from rectifold.exact.literals import NumberError
from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Affine, Pick, Term, as_matrix
from rectifold.language.arithmetic import ValueArithmetic
from rectifold.language.budget import Budget, form_bits, matrix_bits
from rectifold.language.source import Span
from rectifold.language.terms import PlainTerm, plain_terms
from rectifold.language.values import AffineValue, ConstantValue, Value, affine_of
from rectifold.runtime.caps import CAPS


class UnitSums:
    """Sums of single units of layers; a name of `values` keeps its value."""

    def __init__(self, values: Mapping[str, Value | None], budget: Budget) -> None:
        self.values, self.budget = values, budget

    def of(self, text: str, place: Span) -> AffineValue | None:
        """The sum of plain terms; None if it has an error, or is no sum of units and numbers.

        Raises Fault if it unfolds to too much.
        """
        try:
            terms = list(plain_terms(text))
        except NumberError:
            return None
        den = _common_denominator(terms)
        sizes = self._sizes(terms)
        if den is None or sizes is None:
            return None
        rows: dict[str, dict[int, int]] = {"": {0: 0}} | {u: {} for u in sizes}
        for term in terms:
            row, j = rows[term.name], term.position or 0
            j += sizes[term.name] if j < 0 else 0
            row[j] = row.get(j, 0) + term.numerator * (den // term.denominator)
        longest = max(abs(value) for row in rows.values() for value in row.values())
        bits = longest.bit_length() + den.bit_length() if den & (den - 1) else 0
        self.budget.units(sum(sizes.values()), bits, place)
        sums: dict[str, Term] = {u: Matrix.sparse_row(n, rows[u], den) for u, n in sizes.items()}
        counts = Counter(term.name for term in terms)
        for term in terms:
            if term.is_bare and term.name and counts[term.name] == 1:
                sums[term.name] = Pick(np.array(list(rows[term.name])), sizes[term.name])
        return AffineValue(Affine(Matrix.sparse_row(1, rows[""], den), sums), 0)

    def _sizes(self, terms: Sequence[PlainTerm]) -> dict[str, int] | None:
        """Units of each layer; None if there is no layer, or a term is not one unit of one."""
        sizes: dict[str, int] = {}
        for name, index in {(term.name, term.position): None for term in terms if term.name}:
            value = self.values.get(name)
            if not isinstance(value, AffineValue) or value.rank != (index is not None):
                return None
            if index is not None and not -value.affine.size <= index < value.affine.size:
                return None
            sizes[name] = value.affine.size
        return sizes or None


class RunningSum:
    """A value to which values are added, as `arithmetic.add` does.

    Until the first of them it is `first`; then its bias and its terms, with numbers of `bits`.
    """

    def __init__(self, arithmetic: ValueArithmetic, first: Value) -> None:
        self.arithmetic, self.first = arithmetic, first
        self.bias: Matrix | None = None
        self.terms: dict[str, Term] = {}
        self.bits = 0

    def add(self, value: Value, place: Span) -> None:
        """Raises Fault if the value does not fit, or if too much would be made."""
        if isinstance(self.first, ConstantValue) or not _alike(self.first, value):
            self.first = self.arithmetic.add(self.value(), value, place)
            self.bias = None
            return
        form, bias = affine_of(value), self._opened(self.first.affine)
        self.arithmetic.budget.added(form, self.terms, self.bits + form_bits(form), place)
        self.terms |= {
            u: as_matrix(self.terms[u]) + as_matrix(t) if u in self.terms else t
            for u, t in form.terms.items()
        }
        self.bias = bias if form.bias.is_zero else bias + form.bias
        new = [t for u in form.terms if not isinstance(t := self.terms[u], Pick)]
        self.bits = max(self.bits, *map(matrix_bits, [self.bias, *new]))

    def subtract(self, value: Value, place: Span) -> None:
        """As `add`."""
        self.add(self.arithmetic.negate(value, place), place)

    def value(self) -> Value:
        """The sum so far."""
        if self.bias is None:
            return self.first
        return AffineValue(Affine(self.bias, dict(self.terms)), self.first.rank)

    def _opened(self, form: Affine) -> Matrix:
        """The bias so far; of `form`, where nothing was added."""
        if self.bias is None:
            self.terms, self.bits = dict(form.terms), form_bits(form)
        return form.bias if self.bias is None else self.bias


def _alike(one: AffineValue, other: Value) -> bool:
    return one.rank == other.rank and one.affine.size == affine_of(other).size


def _common_denominator(terms: Sequence[PlainTerm]) -> int | None:
    """None where it is too long to be computed with."""
    den = 1
    for term in terms:
        if den % term.denominator:
            den = lcm(den, term.denominator)
            if den.bit_length() > CAPS.number_bits:
                return None
    return den
