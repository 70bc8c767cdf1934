"""A sum of affine forms, hinges, units and maxima, as it grows, in the terms of a two-layer form.

    2 max(x, y, z) − relu(x − y)      →      affine 2 z, hinge x − y: 2 − 1, one unit: 2

Hinges and units that are there already are shared: relu(s z) = s relu(z) for s > 0, and
relu(−z) = relu(z) − z, so units on one bent hyperplane are one. Weights that add up to 0 vanish.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.form import (
    AffineForm,
    Hinge,
    TwoLayers,
    Unit,
    Weights,
    hinge_of,
    weighted_sum,
)
from rectifold.two_layers.maxima import Pairs, joins_of

Bends = tuple[tuple[Hinge, Fraction], ...]
Shape = tuple[AffineForm, Bends]  # what relu is applied to, up to a factor
Key = TypeVar("Key", Hinge, Shape)


class FormSum:
    """What has been added so far, for `outputs` outputs over `inputs` free inputs."""

    def __init__(self, outputs: int, inputs: int) -> None:
        self._none: Weights = (Fraction(0),) * outputs
        self._zero: AffineForm = (Fraction(0),) * (inputs + 1)
        self._affine: list[AffineForm] = [self._zero] * outputs
        self._hinges: dict[Hinge, Weights] = {}
        self._shapes: dict[Shape, Weights] = {}

    @property
    def affine(self) -> tuple[AffineForm, ...]:
        """One form per output."""
        return tuple(self._affine)

    @property
    def hinges(self) -> dict[Hinge, Weights]:
        """Those whose weights are not 0."""
        return {hinge: weights for hinge, weights in self._hinges.items() if any(weights)}

    @property
    def units(self) -> list[Unit]:
        """Those whose weights are not 0, each on its own bent hyperplane."""
        return [Unit(w, base, bends) for (base, bends), w in self._shapes.items() if any(w)]

    def form(self, restriction: Restriction) -> TwoLayers:
        """The sum as a two-layer form of this restriction's inputs and outputs."""
        return TwoLayers(restriction, self.affine, self.hinges, tuple(self.units))

    def add_affine(self, weights: Weights, form: Sequence[Fraction | int]) -> None:
        """weights · form."""
        for o, weight in enumerate(weights):
            if weight:
                self._affine[o] = weighted_sum((1, self._affine[o]), (weight, form))

    def add_relu(self, weights: Weights, form: Sequence[Fraction | int]) -> None:
        """weights · relu(form)."""
        if not any(form[:-1]):
            self.add_affine(weights, (*self._zero[:-1], max(Fraction(form[-1]), Fraction(0))))
            return
        hinge, scale = hinge_of(form)
        _add(self._hinges, hinge, weights, abs(scale))
        if scale < 0:
            self.add_affine(_times(weights, scale), hinge)

    def add_sum(self, weights: Weights, base: AffineForm, bends: Bends) -> None:
        """weights · (base + Σ c relu(L))."""
        self.add_affine(weights, base)
        for hinge, c in bends:
            _add(self._hinges, hinge, weights, c)

    def add_unit(self, weights: Weights, base: AffineForm, bends: Bends) -> None:
        """weights · relu(base + Σ c relu(L)), c not 0, no hinge twice."""
        if not bends:
            self.add_relu(weights, base)
            return
        bends = tuple(sorted(bends))
        scale = bends[0][1]
        shape = tuple(v / scale for v in base), tuple((hinge, c / scale) for hinge, c in bends)
        _add(self._shapes, shape, weights, abs(scale))
        if scale < 0:
            self.add_sum(weights, base, bends)

    def add_maximum(self, weights: Weights, forms: Sequence[AffineForm]) -> None:
        """weights · the maximum of one to six affine forms; equal ones count once."""
        forms = list(dict.fromkeys(forms))
        if len(forms) == 1:
            self.add_affine(weights, forms[0])
        elif len(forms) == 2:
            self.add_sum(weights, *sum_of_maxima(forms, ((0, 1),)))
        else:
            for factor, left, right in joins_of(len(forms)):
                difference, lower = join_of(forms, left, right)
                self.add_sum(_times(weights, factor), *lower)
                self.add_unit(_times(weights, factor), *difference)


def join_of(forms: Sequence[AffineForm], left: Pairs, right: Pairs) -> tuple[Shape, Shape]:
    """(A − B, B) for max(A, B) = B + relu(A − B), A and B sums of maxima of two of the forms."""
    (base_a, bends_a), (base_b, bends_b) = sum_of_maxima(forms, left), sum_of_maxima(forms, right)
    difference = dict(bends_a)
    for hinge, c in bends_b:
        difference[hinge] = difference.get(hinge, Fraction(0)) - c
    bends = tuple((hinge, c) for hinge, c in difference.items() if c)
    return (weighted_sum((1, base_a), (-1, base_b)), bends), (base_b, bends_b)


def sum_of_maxima(forms: Sequence[AffineForm], pairs: Pairs) -> Shape:
    """Σ max(v_i, v_j) = Σ v_j + relu(v_i − v_j) over the pairs (i, j), as a form and bends."""
    base: AffineForm = (Fraction(0),) * len(forms[0])
    bends: dict[Hinge, Fraction] = {}
    for i, j in pairs:
        difference = weighted_sum((1, forms[i]), (-1, forms[j]))
        larger = i
        if any(difference[:-1]):
            hinge, scale = hinge_of(difference)
            larger = j if scale > 0 else i
            bends[hinge] = bends.get(hinge, Fraction(0)) + abs(scale)
        elif difference[-1] < 0:
            larger = j
        base = weighted_sum((1, base), (1, forms[larger]))
    return base, tuple(bends.items())


def _add(table: dict[Key, Weights], key: Key, weights: Weights, factor: Fraction) -> None:
    """Add weights · factor to what the table has for the key."""
    old = table.get(key)
    added = _times(weights, factor)
    table[key] = added if old is None else tuple(a + b for a, b in zip(old, added, strict=True))


def _times(weights: Weights, factor: Fraction) -> Weights:
    return tuple(w * factor for w in weights)
