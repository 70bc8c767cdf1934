"""A smaller network with the same largest output, wherever it leads by more than a margin.

    differences o_i − o_j of f and of the edited network within M of each other
        →   wherever f_i > f_j + M for all j, output i leads in g

The search is that of a tolerance: M for every difference of two outputs. With M = 0 the lead of f
is taken for M where one output leads on the whole domain. Else some margins are tried, and of what
they lead to the smallest network is taken for which it is proved that the argmax stays.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import inf

import numpy as np

from rectifold.approximate.approximated import Approximation
from rectifold.approximate.approximating import (
    Wish,
    bounded_gap,
    compile_edited,
    search_for,
)
from rectifold.approximate.certifying import certified
from rectifold.approximate.kept import LargestOutput
from rectifold.approximate.search import Choice, Search
from rectifold.bounds.interval import Interval
from rectifold.bounds.substitution import bounded
from rectifold.equivalence.argmax import agree_in_argmax
from rectifold.equivalence.question import Question
from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.ir.joint import differences
from rectifold.ir.network import Network
from rectifold.prover.cascade import require_domain


def keep_argmax(
    source: Network, domain: Domain | None, margin: Fraction = Fraction(0), wish: Wish = Wish()
) -> Approximation:
    """A network of fewer weights with the largest output of `source`, where it leads by more than
    `margin` >= 0.

    Raises InputError without a bounded domain, and for one output.
    """
    chosen = require_domain(source, domain)
    _require_possible(source, chosen)
    source = source.with_domain(chosen)
    if margin:
        return _within_margin(source, chosen, LargestOutput(margin), wish)
    ranges = _ranges(source, chosen)
    if (lead := _lead(ranges, source.output_size)) > 0:
        below = lead * (1 - wish.run.effort.approximate.below_lead)
        return _within_margin(source, chosen, LargestOutput(below, lead), wish)
    return _by_proof(source, chosen, ranges, wish)


def _require_possible(source: Network, domain: Domain) -> None:
    if source.output_size < 2:
        raise InputError(
            "keep_argmax= is about the largest of several outputs, and the network has "
            f"{source.output_size}; give within="
        )
    if not domain.is_bounded:
        raise InputError(
            "keep_argmax= needs a bounded domain: without an end there is no bound of a difference"
        )


def _within_margin(
    source: Network, domain: Domain, kept: LargestOutput, wish: Wish
) -> Approximation:
    """The search for differences of outputs within the margin, and what it finds, certified."""
    compared = differences(source)
    tolerance = (kept.margin,) * compared.output_size
    search = _search(compared, domain, kept.margin, wish)
    choice = search.run()
    edited = _without_differences(choice.edited, source)
    answer = Approximation(
        source,
        edited,
        compile_edited(edited, wish),
        tolerance,
        (Fraction(0),) * len(tolerance),
        choice.moves,
        tuple(search.history),
        kept=kept,
        complete=not search.deadline.is_over,
    )
    found = None
    if choice.edits:
        found = bounded_gap(compared, choice.edited, domain, wish.run)
        answer = replace(answer, certified=found.upper)
    if not wish.certify:
        return answer
    return certified(answer, found, wish.options, wish.checked, wish.run)


def _by_proof(source: Network, domain: Domain, ranges: Interval, wish: Wish) -> Approximation:
    """The smallest of some edited networks of which it is proved that the argmax is the same."""
    compared, widest = differences(source), float(ranges.magnitude.max())
    parts = wish.run.effort.approximate.margins_tried if 0 < widest < inf else ()
    best, history = Choice(compared, (), np.zeros(compared.output_size)), []
    tried = compared
    for part in parts:
        if wish.deadline.is_over:
            break
        search = _search(compared, domain, Fraction(widest) * part, _with_one_round(wish))
        choice = search.run()
        history += search.history
        if choice.edited == tried:
            continue
        tried = choice.edited
        if _is_argmax_kept(source, choice, domain, wish):
            best = choice
            break
    edited = _without_differences(best.edited, source)
    kept = LargestOutput(Fraction(0), by_proof=True)
    compiled = compile_edited(edited, wish)
    answer = Approximation(source, edited, compiled, (), (), best.moves, tuple(history), kept=kept)
    if best.edits or not wish.certify:
        return answer
    return certified(answer, None, wish.options, wish.checked, wish.run)


def _search(compared: Network, domain: Domain, margin: Fraction, wish: Wish) -> Search:
    """For networks whose differences stay a little below the margin: floats choose."""
    below = margin * (1 - wish.run.effort.approximate.below_margin)
    tolerance = (below,) * compared.output_size
    return search_for(compared, domain, tolerance, wish, frozenset({compared.output}))


def _with_one_round(wish: Wish) -> Wish:
    run, effort = wish.run, wish.run.effort
    shorter = replace(effort, approximate=replace(effort.approximate, rounds=1))
    return replace(wish, run=replace(run, limits=replace(run.limits, effort=shorter)))


def _is_argmax_kept(source: Network, choice: Choice, domain: Domain, wish: Wish) -> bool:
    """Is it proved that wherever one output leads, it is among the largest of the edited one?"""
    question = Question.of(source, _without_differences(choice.edited, source), domain)
    seconds = wish.run.effort.approximate.argmax_seconds
    run = wish.run.with_seconds(min(seconds, wish.deadline.left))
    return agree_in_argmax(question, Fraction(0), run).proved


def _without_differences(edited: Network, source: Network) -> Network:
    """Without the layer that `differences` added, which no edit may change."""
    return Network(
        edited.input_name,
        edited.input_size,
        edited.layers[:-1],
        source.output,
        source.domain,
        source.name,
    )


def _ranges(source: Network, domain: Domain) -> Interval:
    """Proved bounds of the differences o_i − o_j, i < j."""
    compared = differences(source)
    return bounded(compared, domain, {}).passed_on(compared.output)


def _lead(ranges: Interval, outputs: int) -> Fraction:
    """By how much, at least, one output leads all others on the whole domain; 0 for none."""
    least = [[0.0] * outputs for _ in range(outputs)]
    numbers = ((i, j) for i in range(outputs) for j in range(i + 1, outputs))
    for (i, j), low, high in zip(
        numbers, ranges.lower.tolist(), ranges.upper.tolist(), strict=True
    ):
        least[i][j], least[j][i] = low, -high
    best = max(min(row[j] for j in range(outputs) if j != i) for i, row in enumerate(least))
    return max(Fraction(0), Fraction(best)) if abs(best) < float("inf") else Fraction(0)
