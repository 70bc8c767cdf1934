"""Properties rewritten: simpler ones, ones that ask for more, and where they are about.

    2 y ≤ 3, 0 ≤ 1       y ≤ 3/2                    the same property
    y ≤ 3/2 ± 1/8        y ≤ 13/8                   holds of g only if y ≤ 3/2 does of f near g
    x in A, x in B       the box around A and B     what `compile` is asked about

Sound because a condition is scaled by positive numbers, left out where it is always met, and raised
by no less than the networks may differ by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import gcd, lcm

from rectifold.ir.domain import Domain
from rectifold.ir.property import Case, Condition, Property, Terms, Unsafe


def simplified(asked: Property) -> Property:
    """The same property without conditions on nothing, cases that are never met, and parts without
    a case; conditions are scaled so that all their numbers are decimal ones, the coefficients 1
    and -1 where they can be.
    """
    parts: list[Unsafe] = []
    for part in asked.parts:
        cases = tuple(dict.fromkeys(case for old in part.cases for case in _simple_case(old)))
        if () in cases:
            cases = ((),)
        if cases:
            parts.append(Unsafe(part.domain, cases))
    return replace(asked, parts=tuple(parts))


def _simple_case(case: Case) -> tuple[Case, ...]:
    """The case without conditions that are always met; none where one is never met."""
    kept: list[Condition] = []
    for condition in case:
        if condition.inputs or condition.outputs:
            kept.append(_scaled(condition))
        elif not condition.is_met((), ()):
            return ()
    return (tuple(kept),)


def _scaled(condition: Condition) -> Condition:
    """The condition times a positive number, so that each of its numbers is a decimal one."""
    numbers = [c for _, c in condition.inputs + condition.outputs]
    lead = abs(numbers[0])
    if all(abs(c) == lead for c in numbers) and is_decimal(condition.bound / lead):
        return _times(condition, 1 / lead)
    return _times(condition, Fraction(_no_decimals([*numbers, condition.bound])))


def _no_decimals(numbers: Sequence[Fraction]) -> int:
    """The common denominator without its factors 2 and 5."""
    return _without_tens(lcm(*(v.denominator for v in numbers)))


def _without_tens(number: int) -> int:
    while (common := gcd(number, 10)) > 1:
        number //= common
    return number


def is_decimal(value: Fraction) -> bool:
    """Has it finitely many decimal digits?

    >>> is_decimal(Fraction(3, 40)), is_decimal(Fraction(1, 3))
    (True, False)
    """
    return _without_tens(value.denominator) == 1


def _times(condition: Condition, scale: Fraction) -> Condition:
    def terms(old: Terms) -> Terms:
        return tuple((k, c * scale) for k, c in old)

    inputs, outputs = terms(condition.inputs), terms(condition.outputs)
    return Condition(inputs, outputs, condition.bound * scale, condition.strict)


def moved_outward(asked: Property, distance: Sequence[Fraction]) -> Property:
    """A property that holds of g only if `asked` holds of f, where |f_j − g_j| ≤ distance_j."""
    return replace(
        asked,
        parts=tuple(
            Unsafe(p.domain, tuple(tuple(_raised(c, distance) for c in case) for case in p.cases))
            for p in asked.parts
        ),
    )


def _raised(condition: Condition, distance: Sequence[Fraction]) -> Condition:
    """Σ c_j y_j moves by at most Σ |c_j| distance_j."""
    more = sum((abs(c) * distance[j] for j, c in condition.outputs), Fraction(0))
    return replace(condition, bound=condition.bound + more)


def region_of(asked: Property) -> Domain:
    """The domain of its one part; of several, the smallest box that contains all of them.

    Precondition: there is a part.
    """
    domains = list(dict.fromkeys(part.domain for part in asked.parts))
    if len(domains) == 1:
        return domains[0]
    lower = zip(*(domain.lower for domain in domains), strict=True)
    upper = zip(*(domain.upper for domain in domains), strict=True)
    return Domain(tuple(_least(ends) for ends in lower), tuple(_largest(ends) for ends in upper))


def _least(ends: Sequence[Fraction | None]) -> Fraction | None:
    known = [end for end in ends if end is not None]
    return min(known) if len(known) == len(ends) else None


def _largest(ends: Sequence[Fraction | None]) -> Fraction | None:
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None
