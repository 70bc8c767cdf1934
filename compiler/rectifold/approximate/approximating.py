"""A smaller network within a tolerance, in one call: edit numbers, compile exactly, certify.

source, domain, 1%   →   edits   →   edited network   →   compiled network, |f − g| ≤ certified
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf

import numpy as np

from rectifold.approximate.approximated import Approximation
from rectifold.approximate.budget import Within
from rectifold.approximate.catalogue import Catalogue
from rectifold.approximate.certifying import certified
from rectifold.approximate.known import Known
from rectifold.approximate.moves.table import MOVES
from rectifold.approximate.search import Choice, Search
from rectifold.equivalence.question import Question
from rectifold.equivalence.quick import quick_bound
from rectifold.equivalence.tightest import Tightest
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled, proved, rewrite
from rectifold.passes.result import Options
from rectifold.prover.cascade import require_domain
from rectifold.prover.state import Prover
from rectifold.runtime.deadline import Deadline
from rectifold.runtime.run import Run


@dataclass(frozen=True)
class Wish:
    """How an approximation is to be made.

    `certify` False: what is proved is not checked. `deadline`: of the search, the proofs and the
    rewriting; `checked`: of the certificates.
    """

    options: Options = Options()
    prover: Prover = "auto"
    certify: bool = True
    deadline: Deadline = Deadline()
    checked: Deadline = Deadline()
    run: Run = Run()


def approximate_network(
    source: Network, domain: Domain | None, within: Within, wish: Wish = Wish()
) -> Approximation:
    """A network of fewer weights that differs from `source` by at most `within` on the domain.

    Raises InputError without a bounded domain, and where `within` does not fit the outputs.
    """
    chosen = require_domain(source, domain)
    if not chosen.is_bounded:
        raise InputError(
            "--within needs a bounded domain: without an end there is no bound of a difference"
        )
    source = source.with_domain(chosen)
    tolerance = within.tolerances(source, chosen)
    search = search_for(source, chosen, tolerance, wish)
    return _finished(source, chosen, tolerance, search.run(), search, wish)


def search_for(
    source: Network,
    domain: Domain,
    tolerance: tuple[Fraction, ...],
    wish: Wish,
    fixed: Set[str] = frozenset(),
) -> Search:
    """The search, with what all moves propose but for the layers that are `fixed`."""
    parts = np.array([float(v) for v in tolerance])
    run, effort = wish.run, wish.run.effort.approximate
    known = Known.of(source, domain, parts, effort.points, run.seed)
    proposed = (edit for propose in MOVES.values() for edit in propose(source, known))
    edits = [edit for edit in proposed if not edit.layers & fixed]
    measure = _measure(source, domain, parts, run)
    catalogue = Catalogue.of(source, known, edits)
    return Search(catalogue, measure, _first_half(wish.deadline), effort)


def _first_half(deadline: Deadline) -> Deadline:
    """Half of the time: the rest is for proofs about the edited network, and its rewriting."""
    return deadline if deadline.left == inf else deadline.later(-deadline.left / 2)


def _measure(
    source: Network, domain: Domain, tolerance: Floats, run: Run
) -> Callable[[Network], Floats]:
    def measure(edited: Network) -> Floats:
        found = bounded_gap(source, edited, domain, run)
        return np.array([float(v) for v in found.upper]) / tolerance

    return measure


def bounded_gap(source: Network, edited: Network, domain: Domain, run: Run) -> Tightest:
    """A proved bound of |f − g1| per output, with its evidence."""
    question = Question.of(source, edited, domain)
    few = question.varying_inputs <= run.effort.equivalence.few_inputs
    effort = run.effort.approximate
    return quick_bound(question, run, effort.boxes_of_few_inputs if few else effort.boxes)


def _finished(
    source: Network,
    domain: Domain,
    tolerance: tuple[Fraction, ...],
    choice: Choice,
    search: Search,
    wish: Wish,
) -> Approximation:
    """The edited network compiled, and both steps certified."""
    edited = choice.edited
    compiled = compile_edited(edited, wish)
    answer = Approximation(
        source,
        edited,
        compiled,
        tolerance,
        certified=(Fraction(0),) * len(tolerance),
        moves=choice.moves,
        history=tuple(search.history),
    )
    found = bounded_gap(source, edited, domain, wish.run) if choice.edits else None
    if found is not None:
        answer = replace(answer, certified=found.upper)
    if not wish.certify:
        return answer
    return certified(answer, found, wish.options, wish.checked, wish.run)


def compile_edited(edited: Network, wish: Wish) -> Compiled:
    """The edited network rewritten exactly."""
    facts = proved(
        edited,
        prover=wish.prover,
        deadline=wish.deadline,
        limits=wish.run.limits,
        seed=wish.run.seed,
        progress=wish.run.progress,
    )
    return rewrite(edited, facts, wish.options, deadline=wish.deadline)
