"""What the exact constructions produce, over the free inputs.

    f = affine + Σ γ relu(L) + Σ m relu(base + Σ c relu(L))

A *form* has one coefficient per free input and the constant last. A *hinge* L is a primitive
integer form whose first nonzero coefficient is positive, so relu(L) is one unit however often it is
used: relu(−L) = relu(L) − L.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from rectifold.exact.integer_rows import IntegerLayers, integers_of
from rectifold.linear_regions.restriction import Restriction

Hinge = tuple[int, ...]
AffineForm = tuple[Fraction, ...]
Weights = tuple[Fraction, ...]  # one number per output


@dataclass(frozen=True)
class Unit:
    """weights · relu(base + Σ c relu(L)), where `bends` are the pairs (L, c)."""

    weights: Weights
    base: AffineForm
    bends: tuple[tuple[Hinge, Fraction], ...]

    def value(self, point: Sequence[Fraction]) -> Fraction:
        """base + Σ c relu(L) at a point: what relu is applied to."""
        total = value_at(self.base, point)
        for hinge, c in self.bends:
            inner = value_at(hinge, point)
            if inner > 0:
                total += c * inner
        return total

    def in_integers(self) -> Unit:
        """The same with numbers under the relu that are integers without a common factor."""
        _, scale = integers_of([*self.base, *(c for _, c in self.bends)])
        return Unit(
            tuple(w * scale for w in self.weights),
            tuple(v / scale for v in self.base),
            tuple((hinge, c / scale) for hinge, c in self.bends),
        )


@dataclass(frozen=True, eq=False)
class TwoLayers:
    """The function of a network on its domain with two hidden layers (one if there are no units).

    `affine` has a form per output; `hinges` have their weights γ.
    """

    restriction: Restriction
    affine: tuple[AffineForm, ...]
    hinges: dict[Hinge, Weights]
    units: tuple[Unit, ...] = field(default=())

    def evaluate(self, point: Sequence[Fraction]) -> list[Fraction]:
        """Exact outputs at exact free inputs."""
        layers, outputs = self._in_integers
        return layers.evaluate(point, outputs)

    @cached_property
    def _in_integers(self) -> tuple[IntegerLayers, range]:
        """Hinges, units and outputs as rows of integers; the places of the outputs."""
        layers = IntegerLayers(len(self.restriction.free))
        inner = {hinge for unit in self.units for hinge, _ in unit.bends}
        hinges = sorted(inner | set(self.hinges))
        place = dict(zip(hinges, layers.add(map(enumerate, hinges), is_relu=True), strict=True))
        units = layers.add(
            (
                [*enumerate(unit.base), *((place[hinge], c) for hinge, c in unit.bends)]
                for unit in self.units
            ),
            is_relu=True,
        )
        weighted = [(place[hinge], weights) for hinge, weights in self.hinges.items()]
        weighted += [(k, unit.weights) for k, unit in zip(units, self.units, strict=True)]
        rows = (
            [*enumerate(affine), *((k, weights[o]) for k, weights in weighted)]
            for o, affine in enumerate(self.affine)
        )
        return layers, layers.add(rows, is_relu=False)


def value_at(form: Sequence[Fraction | int], point: Sequence[Fraction]) -> Fraction:
    """A form at a point."""
    total = Fraction(form[-1])
    for a, x in zip(form, point, strict=False):
        if a:
            total += a * x
    return total


def weighted_sum(*terms: tuple[Fraction | int, Sequence[Fraction | int]]) -> AffineForm:
    """Σ factor · form."""
    size = len(terms[0][1])
    return tuple(
        sum((Fraction(f) * form[k] for f, form in terms), Fraction(0)) for k in range(size)
    )


def factor_of(form: Sequence[Fraction], other: Sequence[Fraction | int]) -> Fraction | None:
    """κ with form = κ · other, where `other` is not 0; None if there is none."""
    k = next(i for i, v in enumerate(other) if v)
    factor = Fraction(form[k]) / other[k]
    return factor if all(v == factor * w for v, w in zip(form, other, strict=True)) else None


def hinge_of(form: Sequence[Fraction | int]) -> tuple[Hinge, Fraction]:
    """(L, λ) with form = λ L and L a hinge. The form is no constant."""
    integers, scale = integers_of(form)
    sign = next(1 if v > 0 else -1 for v in integers if v)
    return tuple(sign * v for v in integers), sign * scale


def unit_of(
    weights: Weights, form: AffineForm, bends: Sequence[tuple[Fraction, AffineForm]]
) -> Unit:
    """weights · relu(form + Σ c relu(inner)) over hinges, where `bends` are the pairs (c, inner).

    relu(λ L) is λ relu(L), or |λ| (relu(L) − L) for λ < 0. An inner form may be 0, no other
    constant.
    """
    total: dict[Hinge, Fraction] = {}
    base = form
    for c, inner in bends:
        if c and any(inner):
            hinge, scale = hinge_of(inner)
            total[hinge] = total.get(hinge, Fraction(0)) + c * abs(scale)
            if scale < 0:
                base = weighted_sum((1, base), (-c * abs(scale), hinge))
    return Unit(weights, base, tuple((hinge, c) for hinge, c in total.items() if c))


def span_inside(values: Iterable[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction] | None:
    """The range of t on which at + slope · t > 0 for all the given (at, slope): its ends.

    None if it is empty or has no end.
    """
    low: Fraction | None = None
    high: Fraction | None = None
    for at, slope in values:
        if slope == 0:
            if at <= 0:
                return None
        elif slope > 0:
            low = -at / slope if low is None else max(low, -at / slope)
        else:
            high = -at / slope if high is None else min(high, -at / slope)
    return (low, high) if low is not None and high is not None and low < high else None
