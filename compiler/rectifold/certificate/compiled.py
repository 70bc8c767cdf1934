"""Certificates: a proof that two networks are equal on a domain, for rectifold_check to replay.

The pipeline's steps are not in it. What is: the bounds that make units stable, ties between units on one hyperplane, and
the tie of every surviving unit of the result to the unit of the source that it is. Then the difference of the outputs is
the form 0. rectifold_check/FORMAT.md defines the format.

`certify` knows from the pipeline which unit is which. `certify_pair` knows nothing: it finds ties by simulation, as SAT
sweeping does for circuits, and keeps those that the checker's own rules accept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

import rectifold_check
from rectifold.bounds.substitution import bounded
from rectifold.bounds.threads import on_few_threads, threads_for
from rectifold.certificate.rewrites import RewriteProofs
from rectifold.certificate.units import BITS, MOST_BITS, UnitProofs, bits_for_large
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.facts import Facts
from rectifold.facts.serialise import box_tree_lists
from rectifold.ir.canonical import canonical_text, digest, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import trace
from rectifold.ir.joint import Pairing, arranged, gap, names_of
from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled, sample_points

FORMAT = "rectifold-certificate/1"
GAP = 2  # what certificates call the network [A − B − eps; B − A − eps]

MOST_CELLS = 20_000  # the checker takes about a millisecond for each

_TRACES = 16  # points at which candidates for ties must be proportional, exactly


@dataclass(frozen=True, eq=False)
class Certificate:
    """The lines of a certificate file."""

    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def certify(compiled: Compiled, *, name_all: bool = False) -> Certificate:
    """The certificate that `compiled.network` equals `compiled.source` on its domain.

    `name_all`: a longer one, which names every unit that a carrier rests on.
    """
    with threads_for(compiled.source):
        steps = [*map(_line, RewriteProofs(compiled, name_all=name_all).steps())]
    return Certificate((_header(compiled.source, compiled.network), *steps, _line(["final", {}])))


def check_certificate(compiled: Compiled, certificate: Certificate) -> rectifold_check.Verdict:
    """The independent checker's verdict on the source, its domain and the result."""
    domain = compiled.source.domain
    assert domain is not None
    return rectifold_check.check(
        canonical_text(compiled.source),
        domain_text(domain),
        certificate.lines,
        canonical_text(compiled.network),
    )


@on_few_threads
def certify_pair(a: Network, b: Network, facts_a: Facts, facts_b: Facts) -> Certificate | None:
    """A certificate that two networks are equal on the facts' domain, or None if this way finds none.

    The facts may be about any proofs; what is returned has been accepted by the checker's rules step by step and should be
    checked as a whole like any certificate.
    """
    texts = canonical_text(a), canonical_text(b)
    replay = rectifold_check.Replay(texts[0], texts[1], domain_text(facts_a.domain))
    lines = [_header(a, b)]
    for step in _pair_steps(a, b, facts_a, facts_b):
        if replay.accepts(step):
            lines.append(_line(step))
    final = ["final", {}]
    return Certificate((*lines, _line(final))) if replay.is_equal() else None


def certify_same(network: Network) -> Certificate:
    """A certificate that a network equals itself: every relu unit is tied to itself."""
    ties = [
        _line(["alias", [1, number, k], [0, number, k], "1"])
        for number, layer in enumerate(network.layers, start=1)
        if layer.is_relu
        for k in range(layer.size)
    ]
    return Certificate((_header(network, network), *ties, _line(["final", {}])))


@on_few_threads
def certify_within(
    a: Network,
    b: Network,
    domain: Domain,
    tolerance: Sequence[Fraction],
    evidence: BoxTreeSigns | Facts,
    pairing: Pairing = (),
) -> Certificate:
    """A certificate that |A_j − B_j| ≤ tolerance_j, from signs of the gap network of the arranged networks (see ir/difference) or facts about it with a relu last layer."""
    lines = [_header(a, b, tolerance)]
    if isinstance(evidence, BoxTreeSigns):
        lines += map(_line, _root_steps(a, b, domain, tolerance, pairing))
        network = gap(*arranged(a, b, pairing), tolerance)
        numbers = {layer.name: k for k, layer in enumerate(network.layers, start=1)}
        last = len(a.layers) + len(b.layers) + 1
        claims = [[unit, side, "0"] for unit, side in evidence.proof.claims]
        lines.append(
            _line(["boxes", GAP, last, claims, box_tree_lists(evidence.proof.tree, numbers)])
        )
    else:
        proofs = UnitProofs(gap(a, b, tolerance, "relu"), evidence, GAP, set())
        if proofs.precision > BITS:
            lines.append(_line(["precision", proofs.precision]))
        lines += map(_line, proofs.steps())
    return Certificate((*lines, _line(["final", {}])))


def certify_by_cells(
    a: Network,
    b: Network,
    domain: Domain,
    tolerance: Sequence[Fraction],
    most: int = MOST_CELLS,
    stop: Callable[[], bool] | None = None,
) -> Certificate | None:
    """A certificate that |A_j − B_j| ≤ tolerance_j, for few inputs: the checker cuts the domain into cells on which both are affine.

    None for an unbounded domain, more than six inputs that vary, more than `most` cells or more work than the checker takes from
    a certificate of this length, when `stop` says so, or where it does not hold.
    """
    first, on = canonical_text(a), domain_text(domain)
    replay = rectifold_check.Replay(first, canonical_text(b), on, [str(v) for v in tolerance])
    header, final = _header(a, b, tolerance), _line(["final", {}])
    size = (
        len(first) + len(on) + len(header)
    )  # at least: B is in the header, and may be given besides

    def ended() -> bool:
        return not replay.is_allowed(size) or (stop is not None and stop())

    count = replay.count_cells(most, ended)
    if count is None or not replay.is_allowed(size):
        return None
    return Certificate((header, _line(["cells", count]), final))


def _root_steps(
    a: Network, b: Network, domain: Domain, tolerance: Sequence[Fraction], pairing: Pairing
) -> list[list[Any]]:
    """The pairs, and the ends on the whole box with which the search began (bounds/linear.bounded): a tree of boxes rests on them."""
    network, steps = gap(*arranged(a, b, pairing), tolerance), list[list[Any]]()
    numbers = {layer.name: k for k, layer in enumerate(network.layers, start=1)}
    if pairing:
        pairs = [
            [
                p.first + 1,
                p.second + 1,
                *([list(p.of_first), list(p.of_second)] if p.of_first else []),
            ]
            for p in pairing
        ]
        steps.append(["pairs", pairs])

    def told(name: str, side: str, units: Indices, values: Floats) -> None:
        if side == "lo" and network.layer(name).size:
            steps.append(["intervals", GAP, numbers[name]])
        for unit, value in zip(units.tolist(), values.tolist(), strict=True):
            steps.append(
                ["cases", [GAP, numbers[name], unit], side, str(Fraction(value)), [], ["", [], []]]
            )

    bounds = bounded(network, domain, names_of(pairing), told)
    ends = [np.abs(v).max(initial=0.0) for v in (*bounds.lower.values(), *bounds.upper.values())]
    more = bits_for_large(ends, domain)
    return [["precision", min(MOST_BITS, BITS + more)], *steps] if more else steps


def _header(a: Network, b: Network, tolerance: Sequence[Fraction] | None = None) -> str:
    form = {
        "format": FORMAT,
        "a": digest(a),
        "b": digest(b),
        "eps": [str(eps) for eps in tolerance or [Fraction(0)] * a.output_size],
        "result": canonical_text(b),
    }
    return json.dumps(form, separators=(",", ":"))


def _line(step: Sequence[Any]) -> str:
    return json.dumps(step, separators=(",", ":"))


# ---- any pair -------------------------------------------------------------------------------------


def _pair_steps(a: Network, b: Network, facts_a: Facts, facts_b: Facts) -> Iterator[list[Any]]:
    sides = (UnitProofs(a, facts_a, 0, set()), UnitProofs(b, facts_b, 1, set()))
    if (precision := max(proofs.precision for proofs in sides)) > BITS:
        yield ["precision", precision]
    for proofs in sides:
        yield from proofs.steps()
    seen: dict[tuple[Fraction, ...], tuple[list[int], Fraction]] = {}
    points = Matrix.from_fractions(sample_points(facts_a.domain, _TRACES), columns=a.input_size).T
    for proofs in sides:
        values = trace(proofs.network, points, with_activations=False)
        for layer in proofs.network.relu_layers:
            yield from _candidates(layer.name, values[layer.name], proofs, seen)


def _candidates(
    name: str,
    values: Matrix,
    proofs: UnitProofs,
    seen: dict[tuple[Fraction, ...], tuple[list[int], Fraction]],
) -> Iterator[list[Any]]:
    """Ties of this layer's units to the first unit whose trace is proportional."""
    for k, row in enumerate(values.fractions()):
        first = next((v for v in row if v != 0), None)
        if first is None:
            continue
        unit = [proofs.net, proofs.numbers[name], k]
        shape = tuple(v / first for v in row)
        if shape not in seen:
            seen[shape] = unit, first
            continue
        earlier, scale = seen[shape]
        ratio = first / scale
        yield ["alias" if ratio > 0 else "mirror", unit, earlier, str(abs(ratio))]
