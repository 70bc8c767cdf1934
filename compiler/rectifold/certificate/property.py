"""Certificates that a property holds: per part, what proves that no case is met on its domain.

    header, then per part: bounds or a tree of boxes about the network of its cases, and "final"

Sound because the checker builds that network itself (ir/property_network says what it computes).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

import rectifold_check
from rectifold.bounds.threads import on_few_threads
from rectifold.certificate.accepted import holding
from rectifold.certificate.file import Certificate, written_step
from rectifold.certificate.slopes import SlopeTree
from rectifold.certificate.steps import CertificateStep, FinalStep
from rectifold.certificate.within import box_steps, fact_steps
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.facts import Facts
from rectifold.ir.canonical import canonical_text, digest, property_text
from rectifold.ir.network import Network
from rectifold.ir.pairs import side_by_side
from rectifold.ir.property import Property, Unsafe
from rectifold.ir.property_network import property_network
from rectifold.runtime.deadline import Deadline

FORMAT = "rectifold-property-certificate/1"
ROWS = 0  # what certificates call the network of a part's cases


@dataclass(frozen=True, eq=False)
class PartEvidence:
    """Signs of the last layer of the network of a part's cases, with these margins; or facts about
    the same network, its last layer of relu units; or a tree about slopes, of a network beside
    itself.
    """

    margins: tuple[Fraction, ...]
    found: BoxTreeSigns | Facts | SlopeTree


@on_few_threads
def certify_property(
    network: Network,
    asked: Property,
    evidence: Sequence[PartEvidence],
    beside: Network | None = None,
) -> Certificate:
    """The certificate with this evidence for every part. It is written down, not judged.

    With `beside` it is about the two networks side by side (ir/pairs).
    """
    form: dict[str, object] = {
        "format": FORMAT,
        "network": digest(network),
        "property": hashlib.sha256(property_text(asked).encode("ascii")).hexdigest(),
        "margins": [[str(v) for v in own.margins] for own in evidence],
    }
    about = network
    if beside is not None:
        form["beside"], about = digest(beside), side_by_side(network, beside, asked.second)
    lines = [json.dumps(form, separators=(",", ":"))]
    for part, own in zip(asked.parts, evidence, strict=True):
        steps = (*_part_steps(about, part, own), FinalStep())
        lines += [written_step(step) for step in steps]
    return Certificate(tuple(lines))


def require_property(
    network: Network,
    asked: Property,
    certificate: Certificate,
    deadline: Deadline = Deadline(),
    *,
    beside: Network | None = None,
) -> rectifold_check.PropertyVerdict:
    """The checker's verdict that the certificate holds.

    Raises ClaimRefused, or TimeUp before there is a verdict.
    """
    deadline.check()
    texts = canonical_text(network), property_text(asked)
    return holding(
        rectifold_check.check_property(
            *texts,
            certificate.lines,
            beside=None if beside is None else canonical_text(beside),
            stop=lambda: deadline.is_over,
        )
    )


def _part_steps(network: Network, part: Unsafe, own: PartEvidence) -> Iterator[CertificateStep]:
    match own.found:
        case Facts():
            rows = property_network(network, part.cases, own.margins, "relu")
            yield from fact_steps(rows, own.found, ROWS)
        case BoxTreeSigns():
            rows = property_network(network, part.cases, own.margins)
            yield from box_steps(rows, part.domain, (), own.found, ROWS)
        case SlopeTree():
            yield from own.found.steps()
        case _:
            assert_never(own.found)
