"""The network next to a vertex: which of its units make the class there, and how they are weighed.

Derivation: docs/mathematics.md#four-inputs.

    y = 2 r1 + r3 next to 0, r1 = relu(u), r3 = relu(z + r1 + r2)      →      r3, with weight 1

A unit that is 0 at the vertex is a *symbol* r. Outputs, and what relu is applied to, are linear in
x and in symbols of lower layers. A symbol that depends on fewer forms than there are inputs is
constant along a line, so its class is 0; the others' classes, weighed, add up to the class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rectifold.exact.integer_rows import integers_of
from rectifold.linear_regions.near_point import LayerForms, NearPoints, UnitPlace
from rectifold.two_layers.classes.lattice import Face, Wall
from rectifold.two_layers.classes.symbols import Symbol, symbols_at
from rectifold.two_layers.classes.vectors import Vector, echelon
from rectifold.two_layers.form import Weights, factor_of
from rectifold.two_layers.hyper.cells import Cells
from rectifold.two_layers.hyper.polygons import Gradient, minus
from rectifold.two_layers.hyper.stacks import Way, stacks_of


class Field:
    """A function that is linear on every region next to a vertex, by its gradients."""

    def __init__(self, gradient_on: Callable[[int], Gradient]) -> None:
        self._gradient_on = gradient_on
        self._gradients: dict[int, Gradient] = {}
        self._jumps: dict[Face, Fraction] = {}

    def gradient(self, region: int) -> Gradient:
        """On a region, by its number."""
        if region not in self._gradients:
            self._gradients[region] = self._gradient_on(region)
        return self._gradients[region]

    def jump(self, wall: Wall) -> Fraction:
        """Of the gradient across a wall, in terms of its hinge."""
        if wall.face not in self._jumps:
            change = minus(self.gradient(wall.above), self.gradient(wall.below))
            factor = factor_of(change, wall.hinge[:-1])
            if factor is None:
                raise AssertionError("a function is not continuous")
            self._jumps[wall.face] = factor
        return self._jumps[wall.face]


@dataclass(frozen=True, eq=False)
class Term:
    """weights · a symbol. The fields, and the ways if there are some, have the same class."""

    weights: Weights
    fields: tuple[Field, ...]
    ways: Sequence[Way]


class Terms:
    """The terms of vertices, one after the other."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.near = NearPoints(cells.restriction)
        self.layers = cells.restriction.network.layers
        self._forms: dict[int, LayerForms] = {}

    def at(self, vertex: int) -> list[Term]:
        """The symbols that make the class of a vertex."""
        symbols = symbols_at(self.near, self.cells.points[vertex])
        whole = self._whole(symbols)
        terms = []
        for place in sorted(whole):
            weights = symbols[place].weights
            if any(weights):
                signs = (1,) if whole & symbols[place].factors.keys() else (1, -1)
                fields = tuple(self._field(place, sign) for sign in signs)
                terms.append(Term(weights, fields, stacks_of(symbols, place)))
        return terms

    def _whole(self, symbols: Mapping[UnitPlace, Symbol]) -> set[UnitPlace]:
        """The symbols that depend on as many forms as there are inputs."""
        forms: dict[UnitPlace, list[Vector]] = {}
        for place, symbol in symbols.items():
            own = [tuple(integers_of(symbol.form[:-1])[0])]
            for other in symbol.factors:
                own += forms[other]
            forms[place] = echelon(own)
        return {place for place, own in forms.items() if len(own) == self.cells.n}

    def _field(self, unit: UnitPlace, sign: int) -> Field:
        """relu(sign · y) of a unit relu(y)."""
        layer, number = unit
        name = self.layers[layer].name
        none = (Fraction(0),) * self.cells.n

        def gradient_on(region: int) -> Gradient:
            phases = self.cells.regions[region].phases
            if (phases[name][number] > 0) != (sign > 0):
                return none
            if region not in self._forms:
                self._forms[region] = self.near.forms(dict(phases))
            forms, den = self._forms[region][layer]
            return tuple(Fraction(sign * v, den) for v in forms[number][:-1])

        return Field(gradient_on)
