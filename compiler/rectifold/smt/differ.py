"""Is there a point of the domain at which two networks differ by more than a tolerance?

    both networks on one input x,  and  A_0 − B_0 > ε  or  A_0 − B_0 < −ε  or  A_1 − B_1 > ε ...

Z3 over exact rationals. Sound in one direction: a point is exact; that there is none is Z3's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.smt.process import SmtAnswer, SmtProblem, Solver, name, number


def ask_difference(
    solver: Solver,
    a: Network,
    b: Network,
    domain: Domain,
    tolerance: Sequence[Fraction],
    seconds: float,
) -> SmtAnswer:
    """Sat: a point where some output differs by more than its tolerance. Unsat: there is none."""
    question = SmtProblem(domain)
    question.add_network(a, "A", a.output)
    question.add_network(b, "B", b.output)
    gaps = []
    for j, within in enumerate(tolerance):
        difference = f"(- {name('A', 'a', a.output, j)} {name('B', 'a', b.output, j)})"
        gaps += [f"(> {difference} {number(within)})", f"(< {difference} {number(-within)})"]
    question.require(f"(or {' '.join(gaps)})" if gaps else "false")
    return solver.ask(question.text(), domain.size, seconds)
