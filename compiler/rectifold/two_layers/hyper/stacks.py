"""A unit that reads two hinges and a unit on them, or a hinge and two units on it, as few units.

Derivation: docs/mathematics.md#hinges-taken-one-gradient-at-a-time.

    max(g0, g1 + 2 r, g2 + 3 r), r = relu(u)
        ≡    max(g0, g1 + 2 r, g2)  +  max(g0, g1 + 2 u, g2 + 3 r)

up to a function of fewer forms: a hinge is added to one gradient at a time. Two hinges on the same
gradient are one unit, on different ones a maximum of five forms. Every order is another way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product
from random import Random

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.linear_regions.near_point import UnitPlace
from rectifold.two_layers.classes.symbols import Symbol
from rectifold.two_layers.hyper.parts import Lifted, Triangle
from rectifold.two_layers.hyper.polygons import Gradient, plus, times

Way = list[Lifted]
_ZERO = Fraction(0)


@dataclass(frozen=True)
class Read:
    """relu(form) as it is read, with these factors, by a unit and by one that this one reads."""

    form: Gradient
    outer: Fraction
    inner: Fraction


Added = tuple[Gradient, tuple[Fraction, ...]]  # relu(form), by which factor to each of three


def stacks_of(symbols: Mapping[UnitPlace, Symbol], place: UnitPlace) -> list[Way]:
    """Some ways to take the class of a symbol, of the fewest units; none for other shapes."""
    form, factors = symbols[place].form[:-1], symbols[place].factors
    deep = sorted(k for k in factors if symbols[k].factors)
    below = {k for other in deep for k in symbols[other].factors}
    plain = sorted(below.union(factors).difference(deep))
    is_flat = below.isdisjoint(deep) and not any(symbols[k].factors for k in plain)
    if not is_flat or len(deep) + len(plain) != 3:
        return []

    def read(k: UnitPlace, by: UnitPlace) -> Read:
        inner = symbols[by].factors.get(k, _ZERO)
        return Read(symbols[k].form[:-1], factors.get(k, _ZERO), inner)

    if len(deep) == 1:
        inner = Read(symbols[deep[0]].form[:-1], factors[deep[0]], _ZERO)
        return _some(_fewest(_over_one(form, inner, [read(k, deep[0]) for k in plain])))
    if len(deep) == 2:
        inners = [(Read(symbols[d].form[:-1], factors[d], _ZERO), read(plain[0], d)) for d in deep]
        return _some(_fewest(_over_two(form, inners)))
    return []


def _over_one(form: Gradient, inner: Read, hinges: Sequence[Read]) -> Iterator[Way]:
    """relu(form + Σ a r + c relu(inner + Σ d r)) for two hinges r, in all ways.

    For a negative c, relu(−y) has the class of relu(y).
    """
    c = inner.outer
    sign = 1 if c > 0 else -1
    on = times(Fraction(sign), form)
    triangle = times(_ZERO, form), on, plus(on, times(abs(c), inner.form))
    added = [
        (own.form, (_ZERO, sign * own.outer, sign * (own.outer + c * own.inner))) for own in hinges
    ]
    for one, other in permutations(added):
        yield from _grids(triangle, one, other)


def _over_two(form: Gradient, inners: Sequence[tuple[Read, Read]]) -> Iterator[Way]:
    """relu(form + a r + Σ c relu(inner + d r)) for a hinge r and two units on it, in all ways.

    First r is taken at one unit, the other inner form being a hinge; then at the other one, where
    it is u at the first. Either takes what reads r directly.
    """
    for (one, at_one), (other, at_other) in permutations(inners):
        for direct in {_ZERO, at_one.outer}:
            first = _over_one(
                form,
                one,
                [Read(at_one.form, direct, at_one.inner), Read(other.form, other.outer, _ZERO)],
            )
            moved = plus(one.form, times(at_one.inner, at_one.form))
            second = _over_one(
                plus(form, times(direct, at_one.form)),
                other,
                [
                    Read(at_one.form, at_one.outer - direct, at_other.inner),
                    Read(moved, one.outer, _ZERO),
                ],
            )
            for begun, rest in product(_fewest(first), _fewest(second)):
                yield [*begun, *rest]


def _grids(triangle: Triangle, one: Added, other: Added) -> Iterator[Way]:
    """The maximum of three gradients to which two hinges are added by factors."""
    for order in permutations(range(3), 2):
        steps = list(_steps(triangle, one, order))
        inner = [
            [
                [Lifted(below, ((k, c, one[0]), (m, d, other[0]))) for below, m, d in lifts]
                for lifts in (list(_steps(at, other, own)) for own in permutations(range(3), 2))
            ]
            for at, k, c in steps
        ]
        for chosen in product(*inner):
            yield [lifted for own in chosen for lifted in own]


def _steps(
    triangle: Triangle, added: Added, order: Sequence[int]
) -> Iterator[tuple[Triangle, int, Fraction]]:
    """A hinge added to one gradient after the other, less its factor at the one out of order.

    Where it was added it is its form from then on: (triangle, number, factor).
    """
    hinge, factors = added
    rest = factors[3 - sum(order)]
    now = list(triangle)
    for k in order:
        if c := factors[k] - rest:
            yield (now[0], now[1], now[2]), k, c
            now[k] = plus(now[k], times(c, hinge))


def _fewest(ways: Iterable[Way]) -> list[Way]:
    """Those of the fewest units."""
    found = [(sum(lifted.cost for lifted in way), way) for way in ways]
    fewest = min((cost for cost, _ in found), default=0)
    return [way for cost, way in found if cost == fewest]


def _some(ways: Sequence[Way]) -> list[Way]:
    """As many as are tried, at random but the same ones in every run.

    Where the gradient 0 is not moved, the others are mostly gradients of the function itself, so
    that few hyperplanes are new: those ways go before others.
    """
    still = [sum(not any(lifted.triangle[0]) for lifted in way) for way in ways]
    most = max(still, default=0)
    best = [way for way, count in zip(ways, still, strict=True) if count == most]
    return Random(0).sample(best, min(len(best), SHALLOW_EFFORT.ways_of_a_vertex))
