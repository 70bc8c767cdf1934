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
from rectifold.approximate.catalogue import Catalogue
from rectifold.approximate.certifying import certified
from rectifold.approximate.goal import Goal
from rectifold.approximate.known import Known
from rectifold.approximate.moves.table import MOVES
from rectifold.approximate.search import Choice, Search
from rectifold.approximate.units_first import search_units_first, smallest_by_units
from rectifold.effort.approximate import ApproximateEffort
from rectifold.equivalence.question import Question
from rectifold.equivalence.quick import quick_bound
from rectifold.equivalence.tightest import Tightest
from rectifold.errors import InputError, Unfinished
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import at_most, round_down, round_up
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network, Sizes
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
    source: Network, domain: Domain | None, goal: Goal, wish: Wish = Wish()
) -> Approximation:
    """A smaller network that differs from `source` on the domain by no more than `goal` allows.

    With a size in the goal: of that size, with the smallest certified difference that was found.

    Raises InputError without a bounded domain, where what is allowed does not fit the outputs, and
    where the size is not reached within it; Unfinished where the deadline comes before.
    """
    chosen = require_domain(source, domain)
    if not chosen.is_bounded:
        raise InputError(
            "an approximation needs a bounded domain: without an end there is no bound of a "
            "difference"
        )
    source = source.with_domain(chosen)
    tolerance = goal.tolerances(source, chosen)
    by_units = goal.most_units is not None
    search = search_for(source, chosen, tolerance, wish, count_units=by_units)
    choice = _units_first(search, wish) if goal.is_free else _of_size(search, goal, wish)
    answer = Approximation(
        source,
        choice.edited,
        compile_edited(choice.edited, wish),
        tolerance,
        certified=(Fraction(0),) * len(tolerance),
        moves=choice.moves,
        history=tuple(search.history),
        complete=not search.deadline.is_over,
    )
    found = bounded_gap(source, choice.edited, chosen, wish.run) if choice.edits else None
    if found is not None:
        allowed = found.upper if goal.within is None else tolerance
        answer = replace(answer, certified=found.upper, tolerance=allowed)
    if not wish.certify:
        return answer
    return certified(answer, found, wish.options, wish.checked, wish.run)


def _of_size(search: Search, goal: Goal, wish: Wish) -> Choice:
    """The choice for the size that is asked for. Raises InputError where it is not allowed."""

    def is_small(edited: Network) -> bool:
        return goal.is_met_by(compile_edited(edited, wish).network.sizes)

    choice = search.smallest(is_small)
    if goal.most_weights is None and (choice is None or choice.edits):
        units = smallest_by_units(search, _known_like(search, wish), is_small)
        choice = min(
            (c for c in (choice, units) if c is not None),
            key=lambda c: float(c.parts.max()),
            default=None,
        )
    if choice is None and search.deadline.is_over:
        raise Unfinished(f"the time was up before {goal.size_text} was found; give more time")
    if choice is None:
        raise InputError(f"{goal.size_text} is not reached by any edits; ask for a larger size")
    if goal.within is not None and not choice.fits:
        worst = search.catalogue.known.tolerance * choice.parts
        raise InputError(
            f"{goal.size_text} was found with a certified difference of {at_most(worst.max(), 3)} "
            f"at the worst output, {at_most(choice.parts.max(), 3)} times what within= allows "
            "there; allow more, or ask for a larger size"
        )
    return choice


def _units_first(search: Search, wish: Wish) -> Choice:
    """The best that the search finds, by itself or after edits of whole units."""

    def compiled(network: Network) -> Sizes:
        quick = replace(wish, prover="bounds")
        return wish.options.sizes(compile_edited(network, quick).network)

    def better(one: Sizes, other: Sizes) -> bool:
        most = one.weights * (1 + search.effort.more_weights)
        few = other.weights <= most or wish.options.objective == "units"
        return few and wish.options.cost(other) < wish.options.cost(one)

    return search_units_first(search, _known_like(search, wish), compiled, better)


def _known_like(search: Search, wish: Wish) -> Callable[[Network], Known]:
    """What is known of an edited network, as of the one that the search began with."""
    known, points = search.catalogue.known, wish.run.effort.approximate.points
    return lambda network: Known.of(network, known.domain, known.tolerance, points, wish.run.seed)


def search_for(
    source: Network,
    domain: Domain,
    tolerance: tuple[Fraction, ...],
    wish: Wish,
    fixed: Set[str] = frozenset(),
    *,
    count_units: bool = False,
) -> Search:
    """The search, with what all moves propose but for the layers that are `fixed`.

    `count_units`: for few units first, and not for few weights.
    """
    run, effort = wish.run, wish.run.effort.approximate
    known = Known.of(source, domain, in_floats(tolerance), effort.points, run.seed)
    proposed = (edit for propose in MOVES.values() for edit in propose(source, known))
    edits = [edit for edit in proposed if not edit.layers & fixed]
    measure = _measure(source, domain, tolerance, run)
    catalogue = Catalogue.of(source, known, edits, count_units=count_units)
    return Search(catalogue, measure, _first_half(wish.deadline), effort)


def _first_half(deadline: Deadline) -> Deadline:
    """Half of the time: the rest is for proofs about the edited network, and its rewriting."""
    return deadline if deadline.left == inf else deadline.later(-deadline.left / 2)


def in_floats(tolerance: tuple[Fraction, ...]) -> Floats:
    """The tolerances as floats that can be divided by, to rank edits with."""
    least, most = ApproximateEffort.least_tolerance, ApproximateEffort.greatest_tolerance
    return np.array([min(max(round_down(v), least), most) for v in tolerance])


def _measure(
    source: Network, domain: Domain, tolerance: tuple[Fraction, ...], run: Run
) -> Callable[[Network], Floats]:
    """Parts of the exact tolerances, rounded up: what is at most 1 is within them."""

    def measure(edited: Network) -> Floats:
        found = bounded_gap(source, edited, domain, run)
        return np.array([round_up(v / t) for v, t in zip(found.upper, tolerance, strict=True)])

    return measure


def bounded_gap(source: Network, edited: Network, domain: Domain, run: Run) -> Tightest:
    """A proved bound of |f − g1| per output, with its evidence."""
    question = Question.of(source, edited, domain)
    few = question.varying_inputs <= run.effort.equivalence.few_inputs
    effort = run.effort.approximate
    return quick_bound(question, run, effort.boxes_of_few_inputs if few else effort.boxes)


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
