"""Bounds of a network whose numbers are written as floats, on its domain as floats say it.

    1/3 x + 1  on [0, 1/10]     is written as      0.333... x + 1  on [0, 0.1000...01]

Sound because what the rounding of weights and ends moves a pre-activation by is added to what is
proved of the exact network; interval bounds hold for every weight within its radius, and for the
box whose ends are rounded outward. Where linear constraints are no floats, or their box is none,
a point of the written domain may lie far from the exact one: nothing proved is used then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from rectifold.bounds.interval import Interval
from rectifold.bounds.rounding import TINY
from rectifold.bounds.state import Bounds
from rectifold.bounds.threads import on_few_threads
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import round_up
from rectifold.facts.facts import Facts
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network


@dataclass(frozen=True, eq=False)
class WrittenBounds:
    """Per layer bounds of the pre-activations of the written network, and what they differ by.

    `deviation`: a bound of |written pre-activation - exact one| per unit, 0 where nothing is
    rounded; a point beyond an end of a range is compared with the exact network at that end.
    """

    bounds: Bounds
    deviation: dict[str, Floats] = field(default_factory=dict)


@on_few_threads
def written_bounds(network: Network, domain: Domain, facts: Facts | None) -> WrittenBounds:
    """Of every layer; `facts` are about the network on this domain. Precondition: it is bounded.

    What overflows is infinite.
    """
    found = WrittenBounds(Bounds(network, domain))
    found.deviation[network.input_name] = _beyond_ends(domain)
    facts = facts if _is_near(domain) else None
    with np.errstate(over="ignore", invalid="ignore"):
        for layer in network.layers:
            moved = _moved(found, layer.name)
            found.deviation[layer.name] = moved
            own = found.bounds.interval(layer.name)
            if facts is not None and layer.name in facts.layers:
                known = facts.layers[layer.name]
                own = own.intersect(_widened(Interval(known.lower, known.upper), moved))
            found.bounds.set(layer.name, *own)
    return found


def _beyond_ends(domain: Domain) -> Floats:
    """How far the float box reaches beyond each range."""
    pairs = zip(
        domain.lower, domain.upper, *(end.tolist() for end in domain.float_box), strict=True
    )
    return np.array(
        [
            max(
                0.0 if low is None else round_up(low - Fraction(a)),
                0.0 if high is None else round_up(Fraction(b) - high),
            )
            for low, high, a, b in pairs
        ]
    )


def _is_near(domain: Domain) -> bool:
    """Is every point of the written domain at most `_beyond_ends` from one of the exact domain?"""
    if not domain.constraints:
        return True
    numbers = [v for row in domain.constraints for v in (*row.coefficients, row.bound)]
    return domain.is_float_box and all(round_up(v) == v for v in numbers)


def _moved(found: WrittenBounds, name: str) -> Floats:
    """What rounded weights, and what moves below, move a layer's pre-activations by."""
    layer = found.bounds.floats[name]
    total = layer.bias_radius.copy()
    is_exact = not total.any()
    for source, weight in layer.weights.items():
        before, radius = found.deviation[source], layer.radii[source]
        if before.any():
            total, is_exact = total + np.abs(weight) @ before, False
        if radius is not None:
            total, is_exact = total + radius @ found.bounds.magnitude(source), False
    # twice, because the sum is one of floats
    return total if is_exact else 2.0 * total + (layer.terms + 2) * TINY


def _widened(known: Interval, moved: Floats) -> Interval:
    """What holds within `moved` of these bounds; they themselves where nothing moves."""
    low, high = known.lower - moved, known.upper + moved
    return Interval(
        np.where(moved > 0, np.nextafter(low, -np.inf), known.lower),
        np.where(moved > 0, np.nextafter(high, np.inf), known.upper),
    )
