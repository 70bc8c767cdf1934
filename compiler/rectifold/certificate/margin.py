"""Certificates about the largest output: where it leads by more than a margin, it stays.

    |(A_i − A_j) − (B_i − B_j)| ≤ M for all i < j   →   wherever A_i > A_j + M for all j, so for B

Sound because the checker makes the networks of the differences itself, from A and B.
"""

from __future__ import annotations

from fractions import Fraction

from rectifold.certificate.file import Certificate, margin_header
from rectifold.certificate.within import certify_within
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.facts import Facts
from rectifold.ir.domain import Domain
from rectifold.ir.joint import differences
from rectifold.ir.network import Network
from rectifold.ir.unit_pairing import Pairing


def certify_margin(
    a: Network,
    b: Network,
    domain: Domain,
    margin: Fraction,
    evidence: BoxTreeSigns | Facts,
    pairing: Pairing = (),
) -> Certificate:
    """A certificate that differences of outputs of A and B differ by at most the margin.

    `evidence`, `pairing`: as `certify_within` takes them, about `ir.joint.differences` of A and of
    B, with the margin as every tolerance. For two outputs or more.
    """
    first, second = differences(a), differences(b)
    tolerance = (margin,) * first.output_size
    within = certify_within(first, second, domain, tolerance, evidence, pairing)
    return Certificate((margin_header(a, b, margin), *within.lines[1:]))
