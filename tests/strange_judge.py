"""One random network through the compiler, its certificate and the exact oracle: what went wrong,
counted.

unsound     the result, or the network as read, has another value at a point;
            a sign that was claimed is false at a point; a certificate
            for a changed result was accepted although a value differs
refused     our checker refuses our certificate
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random

import rectifold_check
from exact_oracle import Canonical, Point, Text, points_in, read_text
from rectifold.certificate.compiled import certify
from rectifold.certificate.file import Certificate
from rectifold.errors import InputError
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.language.elaborate import parse
from rectifold.operations.compiling import Compiled, compile_network
from rectifold.passes.result import Options
from rectifold.prover.state import Prover
from rectifold.runtime.run import Limits

LIMITS: tuple[float | None, ...] = (0.0, 0.1, None)
PROVERS: tuple[Prover, ...] = ("auto", "auto", "bounds", "z3")
_POINTS = 24


@dataclass
class Judged:
    """Counts, and a line for each contradiction."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def wrong(self, kind: str, what: str) -> None:
        self.counts[kind] += 1
        self.faults.append(f"{kind}: {what}")


def judge(text: str, seed: int, limits: tuple[float | None, ...] = LIMITS) -> Judged:
    """Compile the text at every limit, with a prover and an objective that the seed chooses."""
    judged, random = Judged(), Random(seed)
    judged.counts["networks"] = 1
    network, said = parse(text), read_text(text)
    options = Options(skips=seed % 3 == 1, objective=("macs", "macs", "units", "weights")[seed % 4])
    for seconds in limits:
        prover = random.choice(PROVERS) if seconds is None else "auto"
        try:
            compiled = compile_network(
                network, prover=prover, options=options, limits=Limits(seconds=seconds)
            )
        except InputError:  # an empty domain
            judged.counts["empty"] += 1
            return judged
        judged.counts["compiles"] += 1
        judged.counts["fewer units"] += compiled.network.sizes.units < network.sizes.units
        _judge_compiled(judged, said, compiled, f"limit {seconds}, {prover}", random)
    return judged


def _judge_compiled(
    judged: Judged, said: Text, compiled: Compiled, how: str, random: Random
) -> None:
    certificate = certify(compiled)
    verdict = _checked(compiled, certificate)
    judged.counts["trusted"] += verdict.trusted > 0
    if not verdict.holds:
        judged.wrong("refused", f"{how}: {verdict.reason}")
    source, result = (
        Canonical(canonical_text(compiled.source)),
        Canonical(canonical_text(compiled.network)),
    )
    points = points_in(said, (source, result), _POINTS, random)
    judged.counts["points"] += len(points)
    for point in points:
        expected = said.at(point)
        if source.at(point) != expected:
            judged.wrong(
                "unsound", f"{how}: the network as read differs from its text at {_shown(point)}"
            )
        if result.at(point) != expected:
            judged.wrong("unsound", f"{how}: the result differs at {_shown(point)}")
    _judge_signs(judged, compiled, source, points, how)
    _judge_forgery(judged, said, compiled, certificate, points, random)


def _checked(compiled: Compiled, certificate: Certificate) -> rectifold_check.Verdict:
    source, domain = canonical_text(compiled.source), domain_text(compiled.facts.domain)
    return rectifold_check.check(
        source, domain, certificate.lines, canonical_text(compiled.network)
    )


def _judge_signs(
    judged: Judged, compiled: Compiled, source: Canonical, points: list[Point], how: str
) -> None:
    """Every sign that the facts claim, at every point."""
    names = [layer.name for layer in compiled.source.layers]
    for point in points:
        for name, z in zip(names, source.pre_activations(point), strict=True):
            facts = compiled.facts.layers.get(name)
            if facts is None:
                continue
            for k, value in enumerate(z):
                if (facts.active[k] and value < 0) or (facts.inactive[k] and value > 0):
                    judged.wrong(
                        "unsound",
                        f"{how}: the sign of unit {k} of {name} is false at {_shown(point)}",
                    )


def _judge_forgery(
    judged: Judged,
    said: Text,
    compiled: Compiled,
    certificate: Certificate,
    points: list[Point],
    random: Random,
) -> None:
    """The same steps for a result with one number changed, under the digest of that: refused, or
    equal where we look.
    """
    head = json.loads(certificate.lines[0])
    form = json.loads(head["result"])
    layer = form["layers"][random.randrange(len(form["layers"]))]
    if not layer["units"]:
        return
    entries = dict(entry.split(":") for entry in layer["bias"].split())
    k = str(random.randrange(layer["units"]))
    entries[k] = str(random.choice((-7, -1, 1, 7)))
    layer["bias"] = " ".join(
        f"{i}:{v}" for i, v in sorted(entries.items(), key=lambda e: int(e[0]))
    )
    wrong = json.dumps(form, sort_keys=True, separators=(",", ":"))
    forged = json.dumps(head | {"result": wrong, "b": sha256(wrong.encode()).hexdigest()})
    verdict = rectifold_check.check(
        canonical_text(compiled.source),
        domain_text(compiled.facts.domain),
        [forged, *certificate.lines[1:]],
        wrong,
    )
    judged.counts["forgeries"] += 1
    if verdict.holds and any(Canonical(wrong).at(point) != said.at(point) for point in points):
        judged.wrong("unsound", f"a certificate for another result was accepted: {forged[:200]}")


def _shown(point: Point) -> str:
    return "[" + ", ".join(map(str, point)) + "]"
