"""Two networks side by side, A at one point and B at another, as one network.

    inputs (x, s)      A(x), B(P x + p + s)      its outputs: those of A, then those of B

Its layers are those of A, then those of B, then one that repeats both outputs. Where the property
does not say P and p, P x + p is x.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rectifold_check.json import Json, Refusal, list_of, rational
from rectifold_check.networks import Layer, Network, Row, vector
from rectifold_check.units import Part, layer_of
from rectifold_check.work import Work

Entries = list[tuple[int, Fraction]]


def side_by_side(a: Network, b: Network, second: Json = None, work: Work | None = None) -> Network:
    """Of the inputs of A, then the step to where B is asked. Raises Refusal.

    `second`: as the property states it, a row of P and a number of p for every input of B.
    """
    if second is None and a.inputs != b.inputs:
        raise Refusal("networks side by side have the same number of inputs, or they are related")
    related = None if second is None else _related(second, a.inputs, b.inputs)
    before, work = len(a.layers), work or Work()
    moved = [
        _moved(layer, a.inputs, before)
        if related is None or all(row.source for unit in layer.rows for row in unit)
        else _related_layer(layer, related, before, work)
        for layer in b.layers
    ]
    ends = [(a.output, a.size(a.output)), (before + b.output, b.size(b.output))]
    rows = tuple((Row(end, ((k, 1),)),) for end, size in ends for k in range(size))
    last = Layer(False, 1, (0,) * len(rows), rows)
    layers = (*a.layers, *moved, last)
    return Network(a.inputs + b.inputs, layers, len(layers), "")


@dataclass(frozen=True)
class _Related:
    """x'_k = rows_k x + offset_k + s_k; `inputs`: of A."""

    inputs: int
    rows: tuple[tuple[tuple[int, Fraction], ...], ...]
    offset: tuple[Fraction, ...]

    def read(self, k: int) -> Entries:
        """x'_k without its constant, of the inputs (x, s)."""
        return [*self.rows[k], (self.inputs + k, Fraction(1))]

    def unit(
        self, weights: list[tuple[int, Fraction]]
    ) -> tuple[list[tuple[int, Fraction]], Fraction]:
        """Weights on x' as weights on (x, s), and their constant."""
        total: dict[int, Fraction] = {}
        constant = Fraction(0)
        for k, c in weights:
            constant += c * self.offset[k]
            for j, d in self.read(k):
                total[j] = total.get(j, Fraction(0)) + c * d
        return sorted((j, c) for j, c in total.items() if c), constant


def _related(value: Json, inputs: int, others: int) -> _Related:
    given = [list_of(entry, "property: second") for entry in list_of(value, "property: second")]
    if len(given) != others or any(len(entry) != 2 for entry in given):
        raise Refusal("property: second has a row and a number for every input of the second")
    rows = tuple(vector(row, inputs, "property: second") for row, _ in given)
    return _Related(inputs, rows, tuple(rational(p, "property: second") for _, p in given))


def _moved(layer: Layer, inputs: int, before: int) -> Layer:
    """A layer of B behind so many layers: it reads x + s for the input."""
    rows = tuple(
        tuple(
            Row(0, (*row.entries, *((inputs + k, c) for k, c in row.entries)))
            if row.source == 0
            else Row(before + row.source, row.entries)
            for row in unit
        )
        for unit in layer.rows
    )
    return Layer(layer.is_relu, layer.den, layer.bias, rows)


def _related_layer(layer: Layer, related: _Related, before: int, work: Work) -> Layer:
    """The same where it reads P x + p + s."""
    bias, units = [], []
    for own, unit in zip(layer.bias, layer.rows, strict=True):
        constant, parts = Fraction(own, layer.den), list[Part]()
        for row in unit:
            entries = [(k, Fraction(c, layer.den)) for k, c in row.entries]
            if row.source == 0:
                work.spend(sum(len(related.rows[k]) + 2 for k, _ in entries))
                entries, more = related.unit(entries)
                constant += more
            parts.append((before + row.source if row.source else 0, entries))
        bias.append(constant)
        units.append(parts)
    return layer_of(layer.is_relu, bias, units)
