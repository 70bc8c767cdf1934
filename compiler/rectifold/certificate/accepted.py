"""The one way to a claim: the independent checker accepts the certificate, or nothing is claimed.

    networks A and B, domain, certificate   →   the checker's verdict, or ClaimRefused

Every command that states something with a certificate, or writes one, passes here first.
"""

from __future__ import annotations

from typing import TypeVar

import rectifold_check
from rectifold.certificate.file import Certificate
from rectifold.certificate.refused import ClaimRefused
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.runtime.deadline import Deadline, TimeUp

Kind = TypeVar("Kind", bound=rectifold_check.Judged)


def require_accepted(
    a: Network,
    b: Network,
    domain: Domain,
    certificate: Certificate,
    deadline: Deadline = Deadline(),
    jobs: int = 1,
) -> rectifold_check.Verdict:
    """The checker's verdict that the certificate holds, perhaps given trusted claims.

    The work that it states is permitted: who wants it has computed as much, by as many processes.

    Raises ClaimRefused, or TimeUp before there is a verdict.
    """
    text = canonical_text(a)
    other = text if b is a else canonical_text(b)
    verdict = rectifold_check.check(
        text,
        domain_text(domain),
        certificate.lines,
        other,
        stop=lambda: deadline.is_over,
        permitted=certificate.work,
        jobs=jobs,
    )
    return holding(verdict)


def holding(verdict: Kind) -> Kind:
    """The verdict, where it holds. Raises ClaimRefused, or TimeUp where there is none."""
    if verdict.status == "stopped":
        raise TimeUp
    if not verdict.holds:
        raise ClaimRefused(verdict)
    return verdict
