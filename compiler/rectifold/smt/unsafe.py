"""Is there a point of a domain at which all conditions of a case are met?

    the network on x,  and  Σ a x + Σ c y ≤ bound  for every condition (< where it is strict)

Z3 over exact rationals. Sound in one direction: a point is exact; that there is none is Z3's word.
"""

from __future__ import annotations

from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.ir.property import Case, Condition
from rectifold.smt.process import SmtAnswer, SmtProblem, Solver, name, number, sum_of


def ask_case(
    solver: Solver, network: Network, domain: Domain, case: Case, seconds: float
) -> SmtAnswer:
    """Sat: a point that meets the case. Unsat: there is none."""
    question = SmtProblem(domain)
    question.add_network(network, "", network.output)
    for condition in case:
        question.require(_formula(network, condition))
    return solver.ask(question.text(), domain.size, seconds)


def _formula(network: Network, condition: Condition) -> str:
    terms = [f"(* {number(c)} x_{k})" for k, c in condition.inputs]
    for j, c in condition.outputs:
        value = f"x_{j}"
        if network.output != network.input_name:
            value = name("", "a", network.output, j)
        terms.append(f"(* {number(c)} {value})")
    return f"({'<' if condition.strict else '<='} {sum_of(terms)} {number(condition.bound)})"
