"""The linear constraints of a domain as C: decided exactly, for doubles of any magnitude.

    c . x > d + 2^-53 Σ |c_j x_j|      refused, as the other emitters do it with fractions

How it is summed: constraint_sums. The 2^-53 (2^-24 for float32 inputs) is for points that are
typed: 0.1 + 0.2 <= 3/10 is violated by these floats, and holds for the numbers meant.
"""

from __future__ import annotations

from rectifold.emitters.c.numbers import in_lines
from rectifold.emitters.constraint_sums import BASE, constraint_terms, digits_of_sums
from rectifold.emitters.templates import template
from rectifold.ir.domain import Domain


def constraint_check(domain: Domain | None, bits: int) -> str:
    """The function `violated`, with its tables; empty where there are no constraints.

    `bits`: of the floats of a point that is typed.
    """
    if domain is None or not domain.constraints:
        return ""
    digits: list[int] = []
    terms: list[str] = []
    starts = [0]
    for row in domain.constraints:
        for term in constraint_terms(row):
            terms.append(f"{{{term.place}, {term.sign}, {len(digits)}, {len(term.words)}}}")
            digits += term.words
        starts.append(len(terms))
    return template("c_constraints").format(
        digits=in_lines([f"0x{v:x}u" for v in digits]),
        terms=in_lines(terms),
        starts=in_lines(list(map(str, starts))),
        size=digits_of_sums(domain.constraints),
        rows=len(starts) - 1,
        bits=bits,
        base=BASE,
    )
