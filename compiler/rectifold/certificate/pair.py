"""Certificates that any two networks are equal, without knowing how one came from the other.

    traces at random points  →  units with proportional values  →  ties that the checker accepts

Ties are found by simulation, as SAT sweeping does for circuits. Sound because the checker's own
rules judge each of them; a tie that was only luck is refused and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import rectifold_check
from rectifold.bounds.agreed import BITS
from rectifold.bounds.threads import on_few_threads
from rectifold.certificate.file import Certificate, certificate_of
from rectifold.certificate.steps import (
    AliasStep,
    CertificateStep,
    Numbering,
    PrecisionStep,
    UnitRef,
    tie_of,
)
from rectifold.certificate.units import UnitProofs
from rectifold.effort.proofs import CertificateEffort
from rectifold.exact.matrix import Matrix
from rectifold.facts.facts import Facts
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Network
from rectifold.ir.sampling import sample_points

_Shape = tuple[Fraction, ...]
"""A unit's values at the points of the traces, divided by the first that is not 0."""

_SeenShapes = dict[_Shape, tuple[UnitRef, Fraction]]
"""The first unit of a shape, and its divisor."""


@on_few_threads
def certify_pair(a: Network, b: Network, facts_a: Facts, facts_b: Facts) -> Certificate | None:
    """A certificate that two networks are equal on the facts' domain; None if none is found so.

    The facts may be about any proofs. What is returned has been accepted by the checker's rules
    step by step, and should be checked as a whole like any certificate.
    """
    texts = canonical_text(a), canonical_text(b)
    replay = rectifold_check.Replay(texts[0], texts[1], domain_text(facts_a.domain))
    steps = [step for step in _pair_steps(a, b, facts_a, facts_b) if replay.accepts(step.json())]
    return certificate_of(a, b, steps) if replay.is_equal() else None


def certify_same(network: Network) -> Certificate:
    """A certificate that a network equals itself: every relu unit is tied to itself."""
    source, copy = Numbering(network, 0), Numbering(network, 1)
    ties = [
        AliasStep(copy.unit(layer.name, k), source.unit(layer.name, k), Fraction(1))
        for layer in network.relu_layers
        for k in range(layer.size)
    ]
    return certificate_of(network, network, ties)


def _pair_steps(
    a: Network, b: Network, facts_a: Facts, facts_b: Facts
) -> Iterator[CertificateStep]:
    """The bounds of both networks, then every tie that traces suggest."""
    sides = (UnitProofs(a, facts_a, 0), UnitProofs(b, facts_b, 1))
    if (precision := max(proofs.precision for proofs in sides)) > BITS:
        yield PrecisionStep(precision)
    for proofs in sides:
        yield from proofs.steps()
    seen: _SeenShapes = {}
    sample = sample_points(facts_a.domain, CertificateEffort.trace_points)
    points = Matrix.from_fractions(sample, columns=a.input_size).T
    for proofs in sides:
        values = trace(proofs.network, points, with_activations=False)
        for layer in proofs.network.relu_layers:
            yield from _tie_candidates(layer.name, values[layer.name], proofs.numbering, seen)


def _tie_candidates(
    name: str, values: Matrix, numbering: Numbering, seen: _SeenShapes
) -> Iterator[CertificateStep]:
    """Ties of this layer's units to the first unit whose trace is proportional."""
    for k, row in enumerate(values.fractions()):
        first = next((v for v in row if v != 0), None)
        if first is None:
            continue
        unit = numbering.unit(name, k)
        shape = tuple(v / first for v in row)
        if shape in seen:
            earlier, divisor = seen[shape]
            yield tie_of(unit, earlier, first / divisor)
        else:
            seen[shape] = unit, first
