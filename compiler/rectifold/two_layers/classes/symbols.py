"""The units of a network that are 0 at a point, and units of a second layer that it has there.

    r3 = relu(z + 2 r1 − r2), r1 = relu(u), r2 = relu(w − r1)
        →    relu(w − relu(u)), relu(z + 2 relu(u)) for r2 off, relu(z − w + 3 relu(u)) for r2 on

A unit that is 0 at the point is a *symbol* r; what relu is applied to is affine in x and linear in
symbols of lower layers. Symbols that read no other are hinges. The others are on or off in the
regions around the point; frozen so, they leave units of hinges, on which parts of the function
bend. They are proposals: what they take of the function's class is counted exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from rectifold.linear_regions.near_point import NearPoints, UnitPlace
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.two_layers.form import AffineForm, Unit, Weights, unit_of, weighted_sum


@dataclass(frozen=True)
class Symbol:
    """relu(form + Σ factor · another symbol) next to a point, at which the form is 0.

    `weights` are its factors in the outputs, beside what it does through other symbols.
    """

    form: AffineForm
    factors: dict[UnitPlace, Fraction]
    weights: Weights = ()


def symbols_at(near: NearPoints, point: Vertex) -> dict[UnitPlace, Symbol]:
    """The units that are 0 at a point and not all around it, in the order of their layers."""
    phases, zero = near.zeros(point)
    base = near.forms(phases)
    effects: dict[UnitPlace, list[list[Fraction]]] = {}
    symbols: dict[UnitPlace, Symbol] = {}
    for layer, unit in sorted(zero):
        table, den = base[layer]
        form = tuple(Fraction(v, den) for v in table[unit])
        slopes = {place: effects[place][layer][unit] for place in symbols}
        factors = {place: slope for place, slope in slopes.items() if slope}
        if any(form) or factors:
            own = effects[layer, unit] = near.effects(phases, (layer, unit))
            symbols[layer, unit] = Symbol(form, factors, tuple(own[near.output]))
    return symbols


def own_units(near: NearPoints, point: Vertex, beside: Iterable[Region], least: int) -> list[Unit]:
    """Units with at least so many hinges through a point, each once, in integers and of weight 1.

    `beside` are the regions at the point.
    """
    symbols = symbols_at(near, point)
    others = [place for place, symbol in symbols.items() if symbol.factors]
    names = [layer.name for layer in near.layers]
    frozen = {
        tuple(bool(region.phases[names[index]][unit]) for index, unit in others)
        for region in beside
    }
    found: dict[Unit, None] = {}
    for phases in sorted(frozen):
        on = dict(zip(others, phases, strict=True))
        for own in _frozen(symbols, on):
            bends = [(c, symbols[place].form) for place, c in own.factors.items()]
            unit = unit_of((Fraction(1),), own.form, bends).in_integers()
            if len(unit.bends) >= least:
                found[Unit((Fraction(1),), unit.base, tuple(sorted(unit.bends)))] = None
    return list(found)


def _frozen(symbols: Mapping[UnitPlace, Symbol], on: Mapping[UnitPlace, bool]) -> Iterator[Symbol]:
    """The symbols of `on` in hinges alone, where they are on or off themselves."""
    known: dict[UnitPlace, Symbol] = {}
    for place in on:
        form = symbols[place].form
        total: dict[UnitPlace, Fraction] = {}
        for other, c in symbols[place].factors.items():
            if other not in on:
                total[other] = total.get(other, Fraction(0)) + c
            elif on[other]:
                form = weighted_sum((1, form), (c, known[other].form))
                for inner, d in known[other].factors.items():
                    total[inner] = total.get(inner, Fraction(0)) + c * d
        known[place] = Symbol(form, total)
        yield known[place]
