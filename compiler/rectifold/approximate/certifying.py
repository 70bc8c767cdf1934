"""Both steps of an approximation in one certificate, which the checker accepted.

    source f   ~eps~   edited g1   =exactly=   result g        one chain: |f − g| ≤ eps

Sound because nothing is answered before the checker's word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from rectifold.approximate.approximated import Approximation
from rectifold.certificate.chain import Difference, certify_approximation
from rectifold.certificate.leaving_out import CertifiedCompile, certify_in_time, unchanged
from rectifold.certificate.pair import certify_same
from rectifold.certificate.refused import ClaimRefused
from rectifold.equivalence.tightest import Tightest
from rectifold.passes.result import Options
from rectifold.runtime.deadline import Deadline, TimeUp
from rectifold.runtime.run import Run


def certified(
    answer: Approximation, found: Tightest | None, options: Options, deadline: Deadline, run: Run
) -> Approximation:
    """The answer with its certificate; without one where the deadline passes before.

    `found` is the evidence about the source and the edited network, None where they are the same.
    Raises ClaimRefused where the checker refuses every certificate (a fault of ours).
    """
    last = certify_in_time(answer.compiled, options, deadline)
    if last is None:
        return answer
    answer = replace(answer, compiled=last.compiled)
    if found is None:
        return replace(answer, known=last)
    try:
        with deadline.interrupting():
            return _chained(answer, found, last, deadline, run)
    except TimeUp:
        return answer


def _chained(
    answer: Approximation, found: Tightest, last: CertifiedCompile, deadline: Deadline, run: Run
) -> Approximation:
    """With the first chain that is accepted, of those within the tolerances."""
    same = unchanged(replace(answer.compiled, source=answer.source))
    first = CertifiedCompile(same, certify_same(answer.source), last.verdict)
    refused: ClaimRefused | None = None
    for upper in _raised(answer, found, run):
        goal = upper if answer.kept is None else max(upper)
        between = Difference(goal, found.signs, found.pairing)
        try:
            chain, verdict = certify_approximation(first, last, between, deadline)
        except ClaimRefused as refusal:
            refused = refusal
            continue
        known = CertifiedCompile(answer.shown, chain, verdict, last.left_out)
        return replace(answer, certified=upper, known=known)
    assert refused is not None
    raise refused


def _raised(answer: Approximation, found: Tightest, run: Run) -> Iterator[tuple[Fraction, ...]]:
    """The bound, and it raised by what the checker's rounding may ask, within what is allowed."""
    yield found.upper
    for bits in run.effort.equivalence.room_bits:
        higher = tuple(v + Fraction(1, 2**bits) for v in found.upper)
        if all(v <= most for v, most in zip(higher, answer.tolerance, strict=True)):
            yield higher
