"""Certificates of tolerances that the checker accepts.

    evidence  →  the usual fractional bits  →  more of them  →  wider tolerances, where they may be

What takes the checker long is not judged by it here. Of such a certificate it replays all that
comes before the tree of boxes: bounds on the whole domain, where roundings of large values show.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction

import rectifold_check
from rectifold.certificate.accepted import require_accepted
from rectifold.certificate.file import Certificate
from rectifold.certificate.refused import ClaimRefused
from rectifold.certificate.within import certify_within
from rectifold.equivalence.question import Question
from rectifold.equivalence.splitting import Agreement
from rectifold.equivalence.tightest import Tightest
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.facts import Facts
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.runtime.run import Run

Tolerance = tuple[Fraction, ...]


def certify_tolerance(
    question: Question, tolerances: Iterable[Tolerance], found: Agreement | Tightest, run: Run
) -> tuple[Tolerance, Certificate, str | None]:
    """The first tolerance whose certificate is accepted, with it and the checker's word.

    `found` is proved. The word is None where it would take long. Raises ClaimRefused if every
    certificate is refused.
    """
    a, b, domain = question.a, question.b, question.domain
    evidence = evidence_of(found)
    refused: ClaimRefused | None = None
    for tolerance in tolerances:
        certificate = certify_within(a, b, domain, tolerance, evidence, found.pairing)
        for bits in run.effort.equivalence.more_bits:
            try:
                finer = certificate.with_more_bits(bits)
                return tolerance, finer, _word(question, tolerance, finer, found, run)
            except ClaimRefused as refusal:
                refused = refusal
    assert refused is not None
    raise refused


def _word(
    question: Question,
    tolerance: Tolerance,
    certificate: Certificate,
    found: Agreement | Tightest,
    run: Run,
) -> str | None:
    """The checker's, or None where it would take long. Raises ClaimRefused."""
    if _is_soon_checked(question, found, run):
        return require_accepted(question.a, question.b, question.domain, certificate).status
    if found.signs is not None:
        _require_beginning(question, tolerance, certificate)
    return None


def evidence_of(found: Agreement | Tightest) -> BoxTreeSigns | Facts:
    """What proves it. Precondition: it is proved."""
    evidence = found.signs or (found.facts if isinstance(found, Agreement) else None)
    assert evidence is not None
    return evidence


def _is_soon_checked(question: Question, found: Agreement | Tightest, run: Run) -> bool:
    """Does the checker need seconds only?"""
    effort = run.effort.equivalence
    boxes = found.boxes if found.signs is None else found.signs.proof.tree.boxes
    return boxes * (question.weights + effort.box_weights) <= effort.replayed_work


def _require_beginning(question: Question, tolerance: Tolerance, certificate: Certificate) -> None:
    """Replays the steps before the tree of boxes. Raises ClaimRefused."""
    texts = canonical_text(question.a), canonical_text(question.b), domain_text(question.domain)
    replay = rectifold_check.Replay(*texts, [str(v) for v in tolerance])
    for line in certificate.lines[1:-2]:
        if not replay.accepts(json.loads(line)):
            raise ClaimRefused(rectifold_check.Verdict("refused", reason=f"step {line[:60]}"))
