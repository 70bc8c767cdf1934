"""A compiled network whose certificate holds: where a rewrite cannot be certified, it is left out.

    certificate refused → the longer one → again without what was refused → the source as it is

The rewriting is right, or the checker could not say otherwise; what is refused is our way of
writing down why. So a refusal is a fault of ours, and whoever asked gets the largest rewrite that
can be shown, with a line that says what is missing.

Sound because only what the checker accepts is returned.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

import rectifold_check
from rectifold.certificate.accepted import require_accepted
from rectifold.certificate.compiled import certify
from rectifold.certificate.file import Certificate
from rectifold.certificate.pair import certify_same
from rectifold.certificate.refused import ClaimRefused
from rectifold.effort.proofs import CertificateEffort
from rectifold.facts.facts import Facts, LayerFacts
from rectifold.facts.side import Side
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.operations.compiling import Compiled, rewrite
from rectifold.passes.result import Options
from rectifold.runtime.deadline import Deadline, TimeUp
from rectifold.runtime.json import Json, as_list

# the rewrites that establish what no bound says
_RULES = {"merge_parallel": "merging units", "carriers": "carriers"}

LeftOut = frozenset[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class CertifiedCompile:
    """A compiled network with its certificate and the checker's verdict.

    `left_out` says, a line each, what could not be certified and is therefore not rewritten.
    """

    compiled: Compiled
    certificate: Certificate
    verdict: rectifold_check.Verdict
    left_out: tuple[str, ...] = ()


def certify_in_time(
    compiled: Compiled, options: Options, deadline: Deadline
) -> CertifiedCompile | None:
    """`certify_what_holds`, or None where the deadline passes before there is a verdict."""
    try:
        with deadline.interrupting():
            return certify_what_holds(compiled, options, deadline)
    except TimeUp:
        return None


def certify_what_holds(
    compiled: Compiled,
    options: Options,
    deadline: Deadline = Deadline(),
) -> CertifiedCompile:
    """`compiled`, or as much of it as the checker accepts.

    `options`: those it was compiled with.

    Raises ClaimRefused if even the untouched source is refused, and TimeUp when the first check is
    not done at the deadline.
    """
    deadline.check()
    certificate = certify(compiled)
    verdict = _verdict_of(compiled, certificate, deadline)
    if verdict is None:
        certificate = certify(compiled, name_all=True)
        verdict = _verdict_of(compiled, certificate)
    if verdict is not None:
        return CertifiedCompile(compiled, certificate, verdict)
    return _with_less(compiled, certificate, options) or _certify_untouched(unchanged(compiled))


def certify_whole(compiled: Compiled) -> CertifiedCompile:
    """All of `compiled`, with nothing left out. Raises ClaimRefused where the checker refuses."""
    certificate = certify(compiled)
    verdict = _verdict_of(compiled, certificate)
    if verdict is None:
        certificate = certify(compiled, name_all=True)
        verdict = require_accepted(
            compiled.source, compiled.network, compiled.facts.domain, certificate
        )
    return CertifiedCompile(compiled, certificate, verdict)


def _verdict_of(
    compiled: Compiled,
    certificate: Certificate,
    deadline: Deadline = Deadline(),
) -> rectifold_check.Verdict | None:
    """None where the checker refuses."""
    try:
        return require_accepted(
            compiled.source, compiled.network, compiled.facts.domain, certificate, deadline
        )
    except ClaimRefused:
        return None


def _with_less(
    compiled: Compiled, certificate: Certificate, options: Options
) -> CertifiedCompile | None:
    """The rewriting again, without what the checker has refused so far.

    None if that does not help: nothing more can be left out, or the rounds are over.
    """
    said: list[str] = []
    for _ in range(CertificateEffort.leaving_out_rounds):
        replayed = _Replayed(compiled, certificate)
        facts, lost = _weaker(compiled.facts, replayed)
        refused = (
            replayed.layers
            if lost or replayed.layers
            else frozenset(v.name for v in compiled.source.relu_layers)
        )
        left_out = options.left_out | {(rule, layer) for rule in _RULES for layer in refused}
        if not lost and left_out == options.left_out:
            return None
        said += [
            *lost,
            *(f"{_RULES[rule]} in {layer}" for rule, layer in sorted(left_out - options.left_out)),
        ]
        options = replace(options, left_out=left_out)
        compiled = rewrite(compiled.source, facts, options)
        certificate = _accepted_steps(compiled, certify(compiled, name_all=True))
        verdict = _verdict_of(compiled, certificate)
        if verdict is not None:
            return CertifiedCompile(compiled, certificate, verdict, tuple(said))
    return None


def unchanged(compiled: Compiled) -> Compiled:
    """The source as it is, as the result of its own compilation."""
    source, facts = compiled.source, compiled.facts
    return Compiled(source, source, facts, facts, (), compiled.seconds)


def certify_untouched_in_time(same: Compiled, deadline: Deadline) -> CertifiedCompile | None:
    """An `unchanged` network, certified as equal to itself; None where the deadline passes."""
    try:
        with deadline.interrupting():
            return _certify_untouched(same)
    except TimeUp:
        return None


def _certify_untouched(same: Compiled) -> CertifiedCompile:
    """An `unchanged` network, certified as equal to itself. Raises ClaimRefused."""
    certificate = certify_same(same.source)
    verdict = require_accepted(same.source, same.source, same.facts.domain, certificate)
    return CertifiedCompile(same, certificate, verdict, ("every rewrite",))


# ---- what was refused ---------------------------------------------------------------------------


class _Replayed:
    """A certificate step by step: what the checker knows at the end.

    `layers` are those of whose ties or carriers it accepted not all.
    """

    def __init__(self, compiled: Compiled, certificate: Certificate) -> None:
        self.numbers = {layer.name: k for k, layer in enumerate(compiled.source.layers, start=1)}
        names = {
            (net, k): layer.name
            for net, network in enumerate((compiled.source, compiled.network))
            for k, layer in enumerate(network.layers, start=1)
        }
        replay = _replay(compiled)
        refused = [step for step in _steps(certificate) if not replay.accepts(step)]
        self.state = replay.state
        self.layers = frozenset(
            names[_network_and_layer(step)] for step in refused if _is_about_rewrites(step)
        )

    def knows(self, layer: str, unit: int, side: Side) -> bool:
        """Has the checker the sign: z ≥ 0 (LOWER) or z ≤ 0 (UPPER)?"""
        place = 0, self.numbers[layer], unit
        if side is Side.LOWER:
            return bool(self.state.lower.get(place, -1) >= 0)
        return bool(self.state.upper.get(place, 1) <= 0)


def _replay(compiled: Compiled) -> rectifold_check.Replay:
    """The checker before the first step."""
    texts = canonical_text(compiled.source), canonical_text(compiled.network)
    return rectifold_check.Replay(*texts, domain_text(compiled.facts.domain))


def _steps(certificate: Certificate) -> Iterable[list[Json]]:
    """Between the header and the final comparison."""
    return (json.loads(line) for line in certificate.lines[1:-1])


def _is_about_rewrites(step: list[Json]) -> bool:
    """A tie, or a unit of the result."""
    return step[0] in ("alias", "mirror") or (
        step[0] == "bound" and _network_and_layer(step)[0] == 1
    )


def _network_and_layer(step: list[Json]) -> tuple[int, int]:
    """Of the unit that a tie or a bound is about, which it names first."""
    network, layer, _ = as_list(step[1])
    assert isinstance(network, int)
    assert isinstance(layer, int)
    return network, layer


def _accepted_steps(compiled: Compiled, certificate: Certificate) -> Certificate:
    """The certificate without the steps that do not hold."""
    replay = _replay(compiled)
    lines = certificate.lines
    kept = [
        line
        for line, step in zip(lines[1:-1], _steps(certificate), strict=True)
        if replay.accepts(step)
    ]
    return Certificate((lines[0], *kept, lines[-1]))


def _weaker(facts: Facts, replayed: _Replayed) -> tuple[Facts, list[str]]:
    """Without the signs that the checker does not know, and what is lost in words."""
    layers: dict[str, LayerFacts] = {}
    lost: list[str] = []
    for name, known in facts.layers.items():
        lower, upper = known.lower.copy(), known.upper.copy()
        for k in np.nonzero(known.lower >= 0)[0].tolist():
            if not replayed.knows(name, k, Side.LOWER):
                lower[k] = -np.inf
                lost.append(f"that unit {k} of {name} is never negative")
        for k in np.nonzero(known.upper <= 0)[0].tolist():
            if not replayed.knows(name, k, Side.UPPER):
                upper[k] = np.inf
                lost.append(f"that unit {k} of {name} is never positive")
        layers[name] = replace(known, lower=lower, upper=upper)
    return facts.replaced(layers), lost


def left_out_text(left_out: tuple[str, ...]) -> str:
    """One line about what could not be certified."""
    most = 4
    shown = ", ".join(left_out[:most]) + (
        f" and {len(left_out) - most} more" if len(left_out) > most else ""
    )
    return (
        f"left out, because our checker refused our certificate of it: {shown}; "
        "the result is equal but larger than it could be. "
        "This is a fault of rectifold, not of the network: please report it with the network"
    )
