"""The units of a second layer that a network of three inputs has next to a vertex.

    r3 = relu(z + 2 r1 − r2), r1 = relu(u), r2 = relu(w − r1)
        →    relu(w − relu(u)), relu(z + 2 relu(u)) for r2 off, relu(z − w + 3 relu(u)) for r2 on

A unit that is 0 at the vertex is a *symbol* r; what relu is applied to is linear in x and in
symbols of lower layers. Symbols that read no other are hinges. The others are on or off in the
regions around the vertex; frozen so, they leave units of hinges, on which parts of the function
bend. They are proposals: what they take of the function's class is counted exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from rectifold.linear_regions.near_point import NearPoints, UnitPlace
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.two_layers.form import Unit, weighted_sum
from rectifold.two_layers.hyper.cells import form_through
from rectifold.two_layers.space.units import unit_of

Gradient = tuple[Fraction, ...]
Sum = tuple[Gradient, dict[UnitPlace, Fraction]]  # a linear form, and factors of symbols


def own_units(near: NearPoints, vertex: Vertex, beside: Iterable[Region]) -> list[Unit]:
    """Units with two hinges or more through a vertex, each once, in integers and of weight 1.

    `beside` are the regions at the vertex.
    """
    symbols = _symbols(near, vertex)
    hinges = {place for place, (_, factors) in symbols.items() if not factors}
    others = [place for place in symbols if place not in hinges]
    names = [layer.name for layer in near.layers]
    frozen = {
        tuple(bool(region.phases[names[index]][unit]) for index, unit in others)
        for region in beside
    }
    found: dict[Unit, None] = {}
    for phases in sorted(frozen):
        on = dict(zip(others, phases, strict=True))
        for linear, factors in _frozen(symbols, on):
            bends = [(c, form_through(symbols[place][0], vertex)) for place, c in factors.items()]
            unit = unit_of((Fraction(1),), form_through(linear, vertex), bends).in_integers()
            if len(unit.bends) > 1:
                found[Unit((Fraction(1),), unit.base, tuple(sorted(unit.bends)))] = None
    return list(found)


def _symbols(near: NearPoints, vertex: Vertex) -> dict[UnitPlace, Sum]:
    """What relu is applied to in every unit that is 0 at the vertex and not all around it."""
    phases, zero = near.zeros(vertex)
    base = near.forms(phases)
    effects = {place: near.effects(phases, place) for place in zero}
    symbols: dict[UnitPlace, Sum] = {}
    for layer, unit in sorted(zero):
        table, den = base[layer]
        linear = tuple(Fraction(v, den) for v in table[unit][:-1])
        slopes = {place: effects[place][layer][unit] for place in symbols}
        factors = {place: slope for place, slope in slopes.items() if slope}
        if any(linear) or factors:
            symbols[layer, unit] = linear, factors
    return symbols


def _frozen(symbols: Mapping[UnitPlace, Sum], on: Mapping[UnitPlace, bool]) -> Iterator[Sum]:
    """What relu is applied to in every symbol of `on`, in hinges, where those are on or off."""
    known: dict[UnitPlace, Sum] = {}
    for place in on:
        linear, factors = symbols[place]
        total: dict[UnitPlace, Fraction] = {}
        for other, c in factors.items():
            if other not in on:
                total[other] = total.get(other, Fraction(0)) + c
            elif on[other]:
                linear = weighted_sum((1, linear), (c, known[other][0]))
                for inner, d in known[other][1].items():
                    total[inner] = total.get(inner, Fraction(0)) + c * d
        known[place] = linear, total
        yield known[place]
