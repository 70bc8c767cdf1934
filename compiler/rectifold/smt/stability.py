"""Is there a point of the domain with z > 0 (or z < 0)? Z3 over exact rationals.

Proved bounds of the units below are told to Z3: phases that they fix need no case of it.
"""

from __future__ import annotations

from fractions import Fraction

from rectifold.bounds.state import Bounds
from rectifold.ir.domain import Domain
from rectifold.smt.process import Sat, SmtAnswer, SmtProblem, Solver, name


def ask_sign(
    solver: Solver, bounds: Bounds, layer: str, unit: int, sign: int, seconds: float
) -> SmtAnswer:
    """Sat: a point with sign·z > 0. Unsat: sign·z ≤ 0 on the whole domain."""
    network = bounds.network
    question = SmtProblem(bounds.domain)
    known = {
        v: (bounds.lower[v], bounds.upper[v]) for v in network.cone(layer) if v in bounds.lower
    }
    question.add_network(network, "", layer, known)
    question.require(f"({'>' if sign > 0 else '<'} {name('', 'z', layer, unit)} 0)")
    return solver.ask(question.text(), network.input_size, seconds)


def find_point(solver: Solver, domain: Domain, seconds: float) -> SmtAnswer:
    """A point of the domain, or Unsat if it is empty.

    Tried first with distance from the linear constraints, then without: rounding such a point to
    floats does not leave the domain.
    """
    for inside in (Fraction(1, 8), Fraction(1, 64), Fraction(1, 1024)):
        answer = solver.ask(SmtProblem(domain, inside).text(), domain.size, seconds)
        if isinstance(answer, Sat):
            return answer
    return solver.ask(SmtProblem(domain).text(), domain.size, seconds)


def cone_cost(bounds: Bounds, layer: str) -> tuple[int, int]:
    """(unstable or open units, weights) in the cone of a layer: what a question costs."""
    network = bounds.network
    cone = network.cone(layer)
    units = sum(
        int(bounds.of(v.name).straddles.sum()) for v in network.relu_layers if v.name in cone
    )
    weights = sum(
        w.nonzero_count for v in network.layers if v.name in cone for w in v.weights.values()
    )
    return units, weights


def is_exact_point(point: tuple[Fraction, ...], domain: Domain) -> bool:
    """Z3's point lies in the domain (its word is not taken for it)."""
    return len(point) == domain.size and domain.contains(point)
