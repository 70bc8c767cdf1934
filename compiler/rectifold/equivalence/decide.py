"""Do two networks agree on a domain: exactly, within a tolerance per output, or in their argmax?

    one canonical form?  →  (tolerance: boxes or phases)  →  points  →  ties  →  regions  →  Z3

A counterexample is an exact point with exact values. A proof comes with a certificate where there
is one, and the checker judges it before the claim is made, if that takes seconds. Anything else is
undecided, which is an answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fractions import Fraction

from rectifold.certificate.accepted import require_accepted
from rectifold.certificate.pair import certify_same
from rectifold.certificate.refused import ClaimRefused
from rectifold.equivalence.answers import Closest, Comparison, Different, Equal, Unknown
from rectifold.equivalence.argmax import agree_in_argmax
from rectifold.equivalence.certified import Tolerance, certify_tolerance
from rectifold.equivalence.exactly import decide_exactly, tie_units
from rectifold.equivalence.points import (
    are_equal_at_samples,
    climb_seconds,
    climb_to_difference,
    confirm,
    exact_points,
    find_difference,
    higher_point,
)
from rectifold.equivalence.question import Question, with_few_threads
from rectifold.equivalence.splitting import Agreement
from rectifold.equivalence.ties import seen_tie
from rectifold.equivalence.tightest import tightest
from rectifold.equivalence.within import agree_within
from rectifold.errors import InputError
from rectifold.exact.numerals import at_least
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.joint import relative
from rectifold.ir.network import Network
from rectifold.ir.sampling import sample_points
from rectifold.runtime.deadline import time_left
from rectifold.runtime.run import Limits, Run


def compare(
    a: Network,
    b: Network,
    domain: Domain,
    *,
    within: Fraction | Sequence[Fraction] = Fraction(0),
    seed: int = 0,
    limits: Limits = Limits(),
) -> Comparison:
    """Compare on `domain`: equal, or every output within `within` (one number, or one per output).

    Raises InputError as `Question.of` does.
    """
    return decide(Question.of(a, b, domain, within), Run(limits, seed))


@with_few_threads
def decide(question: Question, run: Run) -> Comparison:
    """Are the networks equal, or within the question's tolerance?"""
    try:
        return _decide_asked(question, run)
    except ClaimRefused as refused:
        return Unknown(str(refused), Fraction(0))


def _decide_asked(question: Question, run: Run) -> Comparison:
    """As `decide`. Raises ClaimRefused where the checker does not accept what was proved."""
    if digest(question.a) == digest(question.b):
        return _same(question)
    seconds, effort = run.limits.seconds, run.effort.equivalence
    budget = effort.z3_seconds if seconds is None else seconds
    deadline = time.monotonic() + budget
    if not question.is_exact and question.domain.is_bounded and question.domain.size > 0:
        is_small = question.units <= effort.small_units
        first = run.with_seconds(min(budget, effort.small_seconds)) if is_small else run
        agreed = _decide_within(question, first)
        if not isinstance(agreed, Unknown) or not is_small:
            return agreed
    found, largest = find_difference(question, run)
    if found is not None:
        return found
    if budget <= 0:
        return Unknown(
            f"no counterexample among {effort.samples} samples, and the time limit is reached",
            largest,
        )
    if question.is_exact and (tied := tie_units(question, run)) is not None:
        return tied
    left = None if seconds is None else time_left(deadline)
    return decide_exactly(question, run.with_seconds(left), largest)


def _same(question: Question) -> Equal:
    certificate = certify_same(question.a)
    replayed = require_accepted(question.a, question.b, question.domain, certificate).status
    reason = "the two files describe one and the same network"
    return Equal(reason, 0, certificate, "equal" if question.is_exact else "within", replayed)


# ---- within a tolerance -------------------------------------------------------------------------


def _decide_within(question: Question, run: Run) -> Comparison:
    a, b, domain = question.a, question.b, question.domain
    found = agree_within(question, run)
    for point in exact_points(domain, found.points):
        if (different := confirm(question, point)) is not None:
            return different
    if not found.proved:
        if (different := climb_to_difference(question, run)) is not None:
            return different
        _, largest = find_difference(Question.of(a, b, domain), run)
        return Unknown(_share_text(found), largest, found.share)
    tolerance = tuple(question.tolerance)
    _, certificate, replayed = certify_tolerance(question, [tolerance], found, run)
    return Equal(f"proved on {_cases_text(found)}", 0, certificate, "within", replayed)


def _cases_text(found: Agreement) -> str:
    if found.signs is None:
        return "cases of phases"
    return f"{found.boxes:,} sub-box{'es' if found.boxes != 1 else ''}"


def _share_text(found: Agreement) -> str:
    """How much was proved: of the domain, or of the comparisons on all of it."""
    share = f"{at_least(100 * found.share, 3)}%"
    proved = f"proved on {share} of the domain"
    if found.facts is not None:
        proved = f"{share} of the comparisons of single outputs were proved"
    return f"no counterexample was found; {proved} when the time was up"


# ---- the argmax ---------------------------------------------------------------------------------


def compare_argmax(
    a: Network,
    b: Network,
    domain: Domain,
    *,
    margin: Fraction = Fraction(0),
    seed: int = 0,
    limits: Limits = Limits(),
) -> Comparison:
    """Wherever one output of A is above the others by more than `margin`, is it largest in B?

    Ties of A are left out. Raises InputError as `decide_argmax` and `Question.of` do.
    """
    return decide_argmax(Question.of(a, b, domain), margin, Run(limits, seed))


@with_few_threads
def decide_argmax(question: Question, margin: Fraction, run: Run) -> Comparison:
    """As `compare_argmax`; the question's tolerance plays no part.

    Raises InputError for a negative margin, an unbounded domain, and networks with fewer than two
    outputs.
    """
    _require_argmax(question, margin)
    a, b, domain = question.a, question.b, question.domain
    if (tied := _tie_differences(question, run)) is not None:
        reason = "outputs differ from each other by the same amounts in A and in B, exactly"
        return Equal(reason, tied.trusted, verdict="argmax", with_ties=True)
    found = agree_in_argmax(question, margin, run)
    for point in exact_points(domain, found.points):
        if (different := _other_winner(question, margin, point)) is not None:
            return different
    if found.proved:
        tie = seen_tie(
            a, b, sample_points(domain, run.effort.equivalence.exact_samples, run.seed), margin
        )
        return Equal(f"proved on {_cases_text(found)}", verdict="argmax", tie=tie)
    return Unknown(_share_text(found), Fraction(0), found.share)


def _require_argmax(question: Question, margin: Fraction) -> None:
    if question.a.output_size < 2:
        raise InputError(
            "--argmax compares which output is the largest, and these networks have only one"
        )
    if margin < 0:
        raise InputError(f"the margin {margin} is negative")
    if not question.domain.is_bounded:
        raise InputError("--argmax needs a bounded domain")


def _tie_differences(question: Question, run: Run) -> Equal | None:
    """Do outputs differ from each other by the same amounts in both networks?"""
    relatives = Question(relative(question.a), relative(question.b), question.domain)
    return tie_units(relatives, run) if are_equal_at_samples(relatives, run) else None


def _other_winner(
    question: Question, margin: Fraction, point: Sequence[Fraction]
) -> Different | None:
    """The point as a counterexample, if A's winner leads by more than `margin` and loses in B."""
    (va,), (vb,) = evaluate_points(question.a, [point]), evaluate_points(question.b, [point])
    top = max(range(len(va)), key=va.__getitem__)
    lead = va[top] - max(v for k, v in enumerate(va) if k != top)
    rival = max(range(len(vb)), key=vb.__getitem__)
    if lead > margin and vb[rival] > vb[top]:
        return Different(tuple(point), tuple(va), tuple(vb), top)
    return None


# ---- the tightest tolerance ---------------------------------------------------------------------


def closest(
    a: Network,
    b: Network,
    domain: Domain,
    *,
    seed: int = 0,
    limits: Limits = Limits(),
) -> Closest:
    """Certified bounds on the largest difference of any output, improving until the time limit.

    Raises InputError as `Question.of` does, and for an unbounded domain.
    """
    return find_closest(Question.of(a, b, domain), Run(limits, seed))


@with_few_threads
def find_closest(question: Question, run: Run) -> Closest:
    """As `closest`; the question's tolerance plays no part."""
    domain = question.domain
    if not domain.is_bounded:
        raise InputError("--tightest needs a bounded domain")
    found = tightest(question, run)
    points = sample_points(domain, 1, run.seed) if found.point is None else [list(found.point)]
    if not points:
        raise InputError("no point of the domain was found")
    point = tuple(higher_point(question, points[0], climb_seconds(run)))
    (va,), (vb,) = evaluate_points(question.a, [point]), evaluate_points(question.b, [point])
    raised = _raised(found.upper, run)
    per_output, certificate, replayed = certify_tolerance(question, raised, found, run)
    return Closest(
        lower=max((abs(p - q) for p, q in zip(va, vb, strict=True)), default=Fraction(0)),
        upper=max(per_output, default=Fraction(0)),
        per_output=per_output,
        point=point,
        a=tuple(va),
        b=tuple(vb),
        boxes=found.boxes,
        complete=found.complete,
        certificate=certificate,
        replayed=replayed,
        history=found.history,
    )


def _raised(upper: Sequence[Fraction], run: Run) -> Iterator[Tolerance]:
    """The bounds, and ones raised by what the checker's rounding may ask."""
    yield tuple(upper)
    for bits in run.effort.equivalence.room_bits:
        yield tuple(v + Fraction(1, 2**bits) for v in upper)
