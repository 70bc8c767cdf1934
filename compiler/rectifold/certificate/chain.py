"""Certificates that follow one another: from A to B over networks between them.

    f  =  g0  ~  g1  =  g        three certificates   →   one that |f − g| is at most their sum

Sound because the checker judges each link on the user's domain, and adds their tolerances.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise

import rectifold_check
from rectifold.certificate.accepted import require_accepted
from rectifold.certificate.changes import changes_between
from rectifold.certificate.file import Certificate, chain_header
from rectifold.certificate.leaving_out import CertifiedCompile
from rectifold.certificate.margin import certify_margin
from rectifold.certificate.pair import certify_same
from rectifold.certificate.refused import ClaimRefused
from rectifold.certificate.within import certify_within
from rectifold.effort.proofs import CertificateEffort
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.facts import Facts
from rectifold.ir.canonical import canonical_text, digest
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.ir.unit_pairing import Pairing
from rectifold.runtime.deadline import Deadline
from rectifold.runtime.json import Json


@dataclass(frozen=True, eq=False)
class Link:
    """A certificate that |a_j − b_j| ≤ tolerance_j for every output j, on the domain of them all.

    With a margin it is one of `certify_margin`, and the tolerance is (). It is no chain itself.
    """

    a: Network
    b: Network
    tolerance: tuple[Fraction, ...]
    certificate: Certificate
    margin: Fraction | None = None

    @property
    def per_pair(self) -> tuple[Fraction, ...]:
        """How far each difference of two outputs may be apart."""
        size = self.a.output_size
        if self.margin is not None:
            return (self.margin,) * (size * (size - 1) // 2)
        return tuple(a + b for a, b in combinations(self.tolerance, 2))


def certify_chain(links: Sequence[Link]) -> Certificate:
    """A certificate about the first network and the last one, within the sum of the tolerances.

    Where a link has a margin, it is about the margin that all together need. Each link begins with
    the network (of equal digest) at which the one before ends. Links that change nothing are left
    out, so of one link its own certificate may come back. Raises ValueError for no links and where
    they do not follow one another.
    """
    if not links:
        raise ValueError("a chain has at least one link")
    for before, after in pairwise(links):
        if digest(before.b) != digest(after.a):
            raise ValueError("a link of a chain begins at the network where the one before ends")
    kept = [link for link in links if digest(link.a) != digest(link.b)]
    if not kept:
        return certify_same(links[0].a)
    if len(kept) == 1:
        return kept[0].certificate
    return Certificate(tuple(_lines(kept)))


def goal_of(links: Sequence[Link]) -> tuple[Fraction, ...] | Fraction:
    """What the chain proves: tolerances per output; or a margin, where a link has one."""
    if any(link.margin is not None for link in links):
        return max(_sums([link.per_pair for link in links]))
    return _sums([link.tolerance for link in links])


def _sums(rows: Sequence[tuple[Fraction, ...]]) -> tuple[Fraction, ...]:
    return tuple(sum(values, Fraction(0)) for values in zip(*rows, strict=True))


def _lines(links: Sequence[Link]) -> Iterator[str]:
    """The header of the chain, then every link, its network written once."""
    yield chain_header(links[0].a, links[-1].b, goal_of(links), len(links))
    before = canonical_text(links[0].a)
    for link in links:
        head, *steps = link.certificate.lines
        form = json.loads(head)
        after = form["result"]
        form["result"] = None if link is links[-1] else _shorter(before, after)
        yield json.dumps(form, separators=(",", ":"))
        yield from steps
        before = after


def _shorter(before: str, after: str) -> Json:
    """A network's text, or the changes to the text before it where those are much shorter."""
    changes = changes_between(before, after)
    if changes is None:
        return after
    size = len(json.dumps(changes, separators=(",", ":")))
    return changes if CertificateEffort.shorter_changes * size <= len(after) else after


# ---- an approximation ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """Why two networks differ by at most a tolerance per output, or by a margin.

    `evidence`, `pairing`: as `certify_within` takes them, or `certify_margin` for a margin.
    """

    goal: tuple[Fraction, ...] | Fraction
    evidence: BoxTreeSigns | Facts
    pairing: Pairing = ()

    def link(self, a: Network, b: Network, domain: Domain, more_bits: int = 0) -> Link:
        """The certificate of it, which rounds to so many bits more than needed."""
        if isinstance(self.goal, Fraction):
            proof = certify_margin(a, b, domain, self.goal, self.evidence, self.pairing)
            return Link(a, b, (), proof.with_more_bits(more_bits), self.goal)
        proof = certify_within(a, b, domain, self.goal, self.evidence, self.pairing)
        return Link(a, b, self.goal, proof.with_more_bits(more_bits))


def certify_approximation(
    first: CertifiedCompile,
    last: CertifiedCompile,
    between: Difference,
    deadline: Deadline = Deadline(),
) -> tuple[Certificate, rectifold_check.Verdict]:
    """A certificate about the source of `first` and the result of `last`, and the checker's word.

    `first` compiles f to g0, `last` compiles g1 to g, `between` is about g0 and g1; all on the
    domain of `first`. Tries more fractional bits where the checker refuses. Raises ClaimRefused if
    it refuses all, and TimeUp at the deadline.
    """
    source, result = first.compiled.source, last.compiled.network
    domain = first.compiled.facts.domain
    g0, g1 = first.compiled.network, last.compiled.source
    exact = (Fraction(0),) * source.output_size
    refused: ClaimRefused | None = None
    for bits in CertificateEffort.more_bits:
        chain = certify_chain(
            [
                Link(source, g0, exact, first.certificate),
                between.link(g0, g1, domain, bits),
                Link(g1, result, exact, last.certificate),
            ]
        )
        try:
            return chain, require_accepted(source, result, domain, chain, deadline)
        except ClaimRefused as refusal:
            refused = refusal
    assert refused is not None
    raise refused
