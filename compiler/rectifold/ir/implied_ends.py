"""Ends of inputs that the constraints of a domain imply.

    0 ≤ x_0 ≤ 1,  x_1 = x_0 + 2       2 ≤ x_1 ≤ 3

Only ends that are missing are added: Σ c_k x_k ≤ b bounds c_j x_j by b less the least that the
others can be. Every point of the domain satisfies that, so it is the same set.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from rectifold.ir.domain import Domain

_Ends = list[Fraction | None]
_Terms = list[tuple[int, Fraction]]


def with_implied_ends(domain: Domain) -> Domain:
    """The same domain, with the ends that its constraints imply one after the other.

    Raises DomainError where they leave no point.
    """
    if domain.is_bounded or not domain.constraints:
        return domain
    lower, upper = list(domain.lower), list(domain.upper)
    rows = [([(k, c) for k, c in enumerate(row.coefficients) if c], row.bound)
            for row in domain.constraints]  # fmt: skip
    while any(_fill(terms, bound, lower, upper) for terms, bound in rows):
        pass  # each round adds an end, and they are finitely many
    return replace(domain, lower=tuple(lower), upper=tuple(upper))


def _fill(terms: _Terms, bound: Fraction, lower: _Ends, upper: _Ends) -> bool:
    """Adds the ends that one constraint implies; was there one?"""
    least = [_least(c, lower[k], upper[k]) for k, c in terms]
    unknown = [i for i, value in enumerate(least) if value is None]
    if len(unknown) > 1:
        return False
    known = sum((value for value in least if value is not None), Fraction(0))
    added = False
    for i in unknown or range(len(terms)):
        (j, c), own = terms[i], least[i]
        ends = upper if c > 0 else lower
        if ends[j] is None:
            ends[j] = (bound - known + (own or 0)) / c
            added = True
    return added


def _least(c: Fraction, low: Fraction | None, high: Fraction | None) -> Fraction | None:
    """The least of c x."""
    end = low if c > 0 else high
    return None if end is None else c * end
