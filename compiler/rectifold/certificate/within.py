"""Certificates that the outputs of two networks differ by at most a tolerance.

    a tree of boxes, or facts, about the gap network   →   steps about network 2
    few inputs                                         →   the one step `bends`

Sound because every output of the gap network [A − B − ε; B − A − ε] is shown to be nonpositive on
the domain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import assert_never

import numpy as np

import rectifold_check
from rectifold.bounds.agreed import BITS, MOST_BITS
from rectifold.bounds.substitution import bounded
from rectifold.bounds.threads import on_few_threads
from rectifold.certificate.accepted import require_accepted
from rectifold.certificate.cells import Compared, PairText, compare_on_cells
from rectifold.certificate.file import GAP, Certificate, certificate_of
from rectifold.certificate.slack import bits_for_boxes, bits_for_large
from rectifold.certificate.steps import (
    BendsStep,
    BoxesStep,
    CasesStep,
    CertificateStep,
    IntervalsStep,
    Numbering,
    PairsStep,
    PrecisionStep,
    WorkStep,
)
from rectifold.certificate.units import UnitProofs
from rectifold.effort.proofs import CertificateEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.facts import Facts
from rectifold.facts.side import Side
from rectifold.ir.domain import Domain
from rectifold.ir.joint import LAST, gap, names_of
from rectifold.ir.network import Network
from rectifold.ir.unit_pairing import Pairing, arrange
from rectifold.runtime.run import Run
from rectifold_check.json import Refusal
from rectifold_check.work import Work


@on_few_threads
def certify_within(
    a: Network,
    b: Network,
    domain: Domain,
    tolerance: Sequence[Fraction],
    evidence: BoxTreeSigns | Facts,
    pairing: Pairing = (),
) -> Certificate:
    """A certificate that |A_j − B_j| ≤ tolerance_j for every output j.

    `evidence`: signs of the gap network's last layer, the networks arranged by `pairing`; or facts
    about the plain gap network, its last layer of relu units. It is written down, not judged: who
    asked lets the checker judge the certificate.
    """
    match evidence:
        case BoxTreeSigns():
            network = gap(*arrange(a, b, pairing), tolerance)
            steps = box_steps(network, domain, pairing, evidence)
        case Facts():
            steps = fact_steps(gap(a, b, tolerance, "relu"), evidence)
        case _:
            assert_never(evidence)
    return certificate_of(a, b, steps, tolerance)


def certify_equal_by_cells(
    a: Network, b: Network, domain: Domain, run: Run = Run()
) -> tuple[Certificate, rectifold_check.Verdict] | None:
    """A certificate that two networks of few inputs are equal, and the checker's verdict.

    None where `certify_by_cells` gives none. Raises ClaimRefused.
    """
    certificate = certify_by_cells(a, b, domain, [Fraction(0)] * a.output_size, run=run)
    if certificate is None:
        return None
    return certificate, require_accepted(a, b, domain, certificate, jobs=run.limits.jobs)


def certify_by_cells(
    a: Network,
    b: Network,
    domain: Domain,
    tolerance: Sequence[Fraction],
    most: int = CertificateEffort.most_cells,
    run: Run = Run(),
) -> Certificate | None:
    """A certificate that |A_j − B_j| ≤ tolerance_j for every output j, for few inputs.

    The checker cuts the domain into cells on which their difference is affine; the certificate
    says how many there are. None where it does not hold, for an unbounded domain, where inputs are
    read in more than eleven directions, for more than `most` cells, and when the run's time is up.
    """
    pair = PairText.of(a, b, domain, tolerance)
    seconds = run.limits.seconds
    try:
        deadline = None if seconds is None else run.clock() + seconds
        found = compare_on_cells(pair, most, deadline, run)
    except Refusal:
        return None
    return cells_certificate(a, b, pair, found)


def cells_certificate(
    a: Network, b: Network, pair: PairText, found: Compared
) -> Certificate | None:
    """What was found on all cells as a certificate.

    None where it does not hold. Where the checker would take it for too much work for its length,
    it says how much it is, for who checks to permit.
    """
    if not found.complete:
        return None
    steps: list[CertificateStep] = [BendsStep(found.count)]
    certificate = certificate_of(a, b, steps, pair.tolerance)
    # B is in the header, and may be given besides
    size = len(pair.a) + len(pair.domain) + len(certificate.text)
    spare = found.work // 10 + 1_000_000  # for the steps beside it, as bounds by intervals
    if found.work + spare <= Work(size).allowed:
        return certificate
    return certificate_of(a, b, [WorkStep(found.work + spare), *steps], pair.tolerance)


def fact_steps(network: Network, facts: Facts, net: int = GAP) -> Iterator[CertificateStep]:
    """The bounds of a network, which certificates call `net`."""
    proofs = UnitProofs(network, facts, net)
    yield from _precision(proofs.precision)
    yield from proofs.steps()


def box_steps(
    network: Network, domain: Domain, pairing: Pairing, signs: BoxTreeSigns, net: int = GAP
) -> Iterator[CertificateStep]:
    """The pairs, the bounds on the whole domain with which the search began, and the tree."""
    numbering = Numbering(network, net)
    root: list[CertificateStep] = []

    def on_bounds(name: str, side: Side, units: Indices, values: Floats) -> None:
        if side is Side.LOWER and network.layer(name).size:
            root.append(IntervalsStep(net, numbering.layer(name)))
        for k, value in zip(units.tolist(), values.tolist(), strict=True):
            root.append(CasesStep(numbering.unit(name, k), side, Fraction(value)))

    bounds = bounded(network, domain, names_of(pairing), on_bounds)
    ends = [np.abs(v).max(initial=0.0) for v in (*bounds.lower.values(), *bounds.upper.values())]
    fine = bits_for_boxes(bounds, LAST)
    yield from _precision(max(BITS + bits_for_large(ends, domain), fine))
    if pairing:
        yield PairsStep(pairing)
    yield from root
    yield BoxesStep(numbering, numbering.layer(LAST), signs.proof)


def _precision(bits: int) -> Iterator[CertificateStep]:
    """The step that asks for so many fractional bits, where they are more than the usual ones."""
    if bits > BITS:
        yield PrecisionStep(min(MOST_BITS, bits))
