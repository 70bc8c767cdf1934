"""Whether a domain has no point at all.

    in [0, 1]^2, assume x[0] + x[1] >= 3        empty: all that is said of it is true, and says
                                                nothing

A corner or the middle that keeps every constraint shows a point; else Z3 is asked about the linear
constraints alone. Where something is claimed because a domain is empty, Z3 is not believed: it is
asked for multipliers λ ≥ 0 of the constraints a x ≤ b with which Σ λ (a x − b) > 0 at every point
of the box (Farkas), and these are tried in exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from rectifold.effort.prover import ProverEffort
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.property import Property
from rectifold.smt.process import Sat, SmtProblem, Solver, Unsat

EMPTY = "the domain is empty: no point of the box satisfies the linear constraints"


def is_empty(domain: Domain, seconds: float = ProverEffort.emptiness_seconds) -> bool:
    """Is it proved that the domain is empty? False where that was not decided in `seconds`."""
    if not domain.constraints or any(domain.contains(point) for point in _likely_points(domain)):
        return False
    with Solver() as solver:
        return isinstance(solver.ask(SmtProblem(domain).text(), domain.size, seconds), Unsat)


def without_empty_parts(asked: Property) -> Property:
    """Without the parts whose constraints leave no point, which is proved; a note says so.

    Raises DomainError where that is all of them. A part that is empty by Z3's word alone is kept.
    """
    kept, empty = [], []
    for number, part in enumerate(asked.parts, 1):
        if is_empty(part.domain) and has_contradiction(part.domain):
            empty.append((number, EMPTY))
        else:
            kept.append(part)
    return asked.of_parts(kept, empty)


def has_contradiction(domain: Domain, seconds: float = ProverEffort.emptiness_seconds) -> bool:
    """Do some multiples of the constraints add up to what no point of the box satisfies?

    False where that was not found in `seconds`.
    """
    wanted = _multipliers_of(domain)
    with Solver() as solver:
        found = solver.ask(SmtProblem(wanted).text(), wanted.size, seconds)
    return isinstance(found, Sat) and _leaves_nothing(
        domain, found.point[: len(domain.constraints)]
    )


def _multipliers_of(domain: Domain) -> Domain:
    """λ, one for each constraint, then for each end of the box: Σ λ a = 0 and Σ λ b ≤ −1."""
    zero, one = Fraction(0), Fraction(1)
    ends = [
        (k, sign, sign * end)
        for k, both in enumerate(_domain_ends(domain))
        for sign, end in zip((-one, one), both, strict=True)
        if end is not None
    ]
    bounds = [row.bound for row in domain.constraints] + [end for _, _, end in ends]
    rows = [Constraint(tuple(bounds), -one)]
    for k in range(domain.size):
        sums = [row.coefficients[k] for row in domain.constraints]
        sums += [sign if j == k else zero for j, sign, _ in ends]
        rows += [Constraint(tuple(sums), zero), Constraint(tuple(-c for c in sums), zero)]
    size = len(bounds)
    return Domain(
        (zero,) * size, (None,) * size, tuple(row for row in rows if any(row.coefficients))
    )


def _leaves_nothing(domain: Domain, multipliers: Sequence[Fraction]) -> bool:
    """Are all ≥ 0, and Σ λ (a x − b) > 0 at every point of the box? Exactly."""
    least = -sum(
        (v * row.bound for v, row in zip(multipliers, domain.constraints, strict=True)), Fraction(0)
    )
    for k, (low, high) in enumerate(_domain_ends(domain)):
        total = sum(
            (
                v * row.coefficients[k]
                for v, row in zip(multipliers, domain.constraints, strict=True)
            ),
            Fraction(0),
        )
        end = low if total > 0 else high
        if total and end is None:
            return False
        least += total * (end or 0)
    return least > 0 and min(multipliers, default=Fraction(0)) >= 0


def _likely_points(domain: Domain) -> Iterator[list[Fraction]]:
    """The middle, the lowest corner, the highest one; 0 stands for an end that is not there."""
    zero = Fraction(0)
    low = [
        a if a is not None else min(b, zero) if b is not None else zero
        for a, b in _domain_ends(domain)
    ]
    high = [
        b if b is not None else max(a, zero)
        for a, (_, b) in zip(low, _domain_ends(domain), strict=True)
    ]
    yield [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    yield low
    yield high


def _domain_ends(domain: Domain) -> list[tuple[Fraction | None, Fraction | None]]:
    return list(zip(domain.lower, domain.upper, strict=True))
