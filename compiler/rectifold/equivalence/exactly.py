"""Proofs that end: ties of units, regions for few inputs, Z3 for few units.

    units tied layer by layer → the difference of the outputs is the form 0, with a certificate
    region by region          → affine maps compared exactly
    Z3 over exact rationals   → its word, which is counted as trusted

Each claims nothing where it does not come to an end.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import assert_never

from rectifold.certificate.accepted import require_accepted
from rectifold.certificate.file import Certificate
from rectifold.certificate.pair import certify_pair
from rectifold.certificate.refused import ClaimRefused
from rectifold.equivalence.answers import Comparison, Different, Equal, Relation, Unknown
from rectifold.equivalence.points import confirm
from rectifold.equivalence.question import Question
from rectifold.equivalence.region_stage import Apart, Begun, Covered, by_regions
from rectifold.prover.cascade import prove
from rectifold.runtime.deadline import Deadline, TimeUp
from rectifold.runtime.run import Run
from rectifold.smt.differ import ask_difference
from rectifold.smt.process import NoAnswer, Sat, Solver, Unsat


def tie_units(question: Question, run: Run) -> Equal | None:
    """Tie the units of both networks layer by layer, in a quarter of the time limit.

    Equal networks leave the difference 0, with a certificate; up to order, scale, and removed,
    merged and carried units.
    """
    a, b, domain = question.a, question.b, question.domain
    seconds = run.limits.seconds
    limits = replace(run.limits, seconds=None if seconds is None else seconds / 4)
    facts = [
        prove(n.with_domain(domain), domain, prover="bounds", limits=limits, seed=run.seed)
        for n in (a, b)
    ]
    certificate = certify_pair(a, b, facts[0], facts[1])
    if certificate is None:
        return None
    try:
        verdict = require_accepted(a, b, domain, certificate)
    except ClaimRefused:
        return None  # there are other ways to prove it
    return Equal("every difference cancels", verdict.trusted, certificate, replayed=verdict.status)


def decide_exactly(question: Question, run: Run, largest: Fraction) -> Comparison:
    """Region by region for few inputs, then Z3 for few units.

    Each may have what is left of the time (of `run`). `largest` is the largest difference
    seen so far, for an undecided answer.
    """
    limit, started, effort = run.limits.seconds, run.clock(), run.effort.equivalence
    has_z3 = question.units <= effort.z3_units and question.weights <= effort.z3_weights
    share = effort.share_of_regions if has_z3 else 1
    seconds = effort.region_seconds if limit is None else limit * share
    compared = _by_regions(question, run.with_seconds(seconds), largest)
    if isinstance(compared, Equal | Different):
        return compared
    if has_z3:
        spent = run.clock() - started
        left = effort.z3_seconds if limit is None else max(0.0, limit - spent)
        return _ask_z3(question, run, left, largest)
    return compared or Unknown(
        f"no counterexample was found, and {question.units} units are too many for Z3", largest
    )


def _by_regions(question: Question, run: Run, largest: Fraction) -> Comparison | None:
    """Region by region, for few inputs; None where there are none."""
    started = run.clock()
    found = by_regions(question, run)
    match found:
        case None:
            return None
        case Apart(point):
            return confirm(question, point)
        case Begun(reason, share):
            return Unknown(reason, largest, share)
        case Covered(reason, regions, certificate):
            replayed = None
            if certificate is not None and regions <= run.effort.equivalence.replayed_cells:
                replayed = _replayed(question, certificate, run.clock() - started, run)
            return Equal(reason, 0, certificate, _relation(question), replayed)
        case _:
            assert_never(found)


def _replayed(question: Question, certificate: Certificate, spent: float, run: Run) -> str | None:
    """The checker's word, or None where it would take longer than there is time.

    It takes about as long as was `spent` to find it, by as many processes. Raises ClaimRefused.
    """
    limit, jobs = run.limits.seconds, run.limits.jobs
    if limit is not None and 2 * spent > limit:
        return None
    left = None if limit is None else limit - spent
    try:
        return require_accepted(
            question.a, question.b, question.domain, certificate, Deadline.after(left), jobs
        ).status
    except TimeUp:
        return None


def _ask_z3(question: Question, run: Run, seconds: float, largest: Fraction) -> Comparison:
    a, b, domain = question.a, question.b, question.domain
    with Solver(effort=run.effort.running) as solver:
        answer = ask_difference(solver, a, b, domain, question.tolerance, seconds)
    match answer:
        case Unsat(version):
            reason = f"Z3 {version} finds no point where they differ more"
            return Equal(reason, trusted=1, verdict=_relation(question))
        case Sat(point):
            return confirm(question, point) or Unknown(
                "Z3 gave a point that exact evaluation does not confirm", largest
            )
        case NoAnswer(reason):
            return Unknown(reason, largest)
        case _:
            assert_never(answer)


def _relation(question: Question) -> Relation:
    return "equal" if question.is_exact else "within"
