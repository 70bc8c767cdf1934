"""Whether a domain has no point at all.

    in [0, 1]^2, assume x[0] + x[1] >= 3        empty: all that is said of it is true, and says
                                                nothing

A corner or the middle that keeps every constraint shows a point; else Z3 is asked about the linear
constraints alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from rectifold.effort.prover import ProverEffort
from rectifold.ir.domain import Domain
from rectifold.smt.process import SmtProblem, Solver, Unsat


def is_empty(domain: Domain, seconds: float = ProverEffort.emptiness_seconds) -> bool:
    """Is it proved that the domain is empty? False where that was not decided in `seconds`."""
    if not domain.constraints or any(domain.contains(point) for point in _likely_points(domain)):
        return False
    with Solver() as solver:
        return isinstance(solver.ask(SmtProblem(domain).text(), domain.size, seconds), Unsat)


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
