"""Decide the stability of every unit: python benchmarks/stability.py [NAME]

Prints one row per network and domain: units by verdict, wall and CPU seconds of the proofs, then the certificate (size, the checker's verdict and
seconds), how many of 10 mutated certificates are refused, and contradictions with random points. `Z3` is plain Z3 in the same run: its
seconds per question with a limit of 5 s, over a sample of questions, and how many it answered. NAME picks rows by a part of their name.
Needs the real networks beside the checkout; without them only the example network is measured.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np

import rectifold_check
from rectifold.bounds.linear import Bounds
from rectifold.cascade import Limits
from rectifold.certificates import Certificate, certify, check_certificate
from rectifold.formats.load import load, read_domain
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.pipeline import Compiled, compile_network
from rectifold.proof.facts import Phase
from rectifold.search.witness import Witnesses
from rectifold.smt.solver import Sat, Solver, Unsat
from rectifold.smt.stability import ask_sign

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ROOT.parent / "shared" / "networks"
POINTS = 10_000
QUESTIONS = 3
Z3_SECONDS = 5.0


def ball(network: Network, file: Path, radius: float) -> Domain:
    """A box of another radius around the image of a VNN-LIB box, cut to [0, 1]."""
    low, high = read_domain(str(file), network).float_box
    own = float((high - low).max()) / 2
    centre = np.clip(np.where(low > 0, low + own, high - own), 0, 1)
    ends = [np.clip(centre + s * radius, 0, 1).tolist() for s in (-1, 1)]
    return Domain(tuple(map(Fraction, ends[0])), tuple(map(Fraction, ends[1])))


def rows() -> Iterator[tuple[str, Network, Domain, float]]:
    """(name, network, domain, time limit)."""
    cartpole = load(str(ROOT / "examples/cartpole.onnx")).network
    yield "cartpole", cartpole, read_domain("[[-2,2],[-2,2],[-1/5,1/5],[-2,2]]", cartpole), 10.0
    if not BESIDE.is_dir():
        return
    for file in sorted((BESIDE / "l1").glob("*.onnx")):
        network = load(str(file)).network
        yield file.stem.removeprefix("mnist_"), network, read_domain("[0,1]", network), 60.0
    for name in ("mnist-net_256x2", "mnist-net_256x4"):
        network = load(str(BESIDE / f"mnistfc/{name}.onnx")).network
        for radius in (0.02, 0.05):
            yield f"{name} ±{radius}", network, ball(network, BESIDE / "mnistfc/prop_0_0.03.vnnlib", radius), 60.0
    for name in ("1_1", "2_2"):
        network = load(str(BESIDE / f"acas/acasxu_{name}.onnx")).network
        yield f"ACAS {name} prop_1", network, read_domain(str(BESIDE / "acas/prop_1.vnnlib"), network), 60.0
    network = load(str(BESIDE / "acas/acasxu_1_1.onnx")).network
    full = "[[-0.3284,0.6799],[-1/2,1/2],[-1/2,1/2],[-1/2,1/2],[-1/2,1/2]]"
    yield "ACAS 1_1 full box", network, read_domain(full, network), 60.0
    network = load(str(BESIDE / "mnistfc/mnist-net_256x4.onnx")).network
    yield "mnist-net_256x4 [0,1]", network, read_domain("[0,1]", network), 60.0


def contradictions(compiled: Compiled) -> int:
    """Units whose proved phase a random point contradicts (by certain signs)."""
    bounds = Bounds(compiled.source, compiled.facts.domain)
    witnesses = Witnesses(bounds, 7, [])
    found = 0
    for _ in range(10):
        points = witnesses.fresh(POINTS // 10)
        traced = witnesses.trace(points, compiled.source.relu_layers[-1].name)
        for name, facts in compiled.facts.layers.items():
            positive, negative = traced.signs(name)
            found += int((positive.any(axis=0) & facts.inactive).sum() + (negative.any(axis=0) & facts.active).sum())
    return found


def refused(compiled: Compiled, certificate: Certificate) -> int:
    """Of 10 certificates whose claims about units say more than is true, how many does the checker refuse?"""
    random = Random(0)
    claims = [k for k, line in enumerate(certificate.lines) if line.startswith(('["bound"', '["boxes"'))]
    count = 0
    assert compiled.source.domain is not None
    for _ in range(10):
        lines = list(certificate.lines)
        if not claims:
            return 10
        place = random.choice(claims)
        step = json.loads(lines[place])
        where, side = (2, 1) if step[0] == "boxes" else (3, 2)
        target = step[3][0] if step[0] == "boxes" else step
        target[where] = str(Fraction(target[where]) + (10**6 if target[side] == "lo" else -(10**6)))
        lines = [lines[0], *lines[1:place], json.dumps(step), '["final",{}]']
        verdict = rectifold_check.check(
            canonical_text(compiled.source),
            domain_text(compiled.source.domain),
            lines,
            canonical_text(compiled.network),
        )
        count += not verdict.holds
    return count


def plain_z3(compiled: Compiled) -> str:
    """Seconds per question and answers, over a sample of the units that intervals leave open."""
    bounds = Bounds(compiled.source, compiled.facts.domain)
    questions = []
    for layer in compiled.source.layers:
        bounds.set(layer.name, *bounds.interval(layer.name))
        if layer.is_relu:
            low, high = bounds.lower[layer.name], bounds.upper[layer.name]
            questions += [(layer.name, int(k), s) for k in np.nonzero((low < 0) & (high > 0))[0] for s in (1, -1)]
    if not questions:
        return "-"
    sample = Random(0).sample(questions, min(QUESTIONS, len(questions)))
    started, answered = time.monotonic(), 0
    with Solver() as solver:
        for name, unit, sign in sample:
            answered += isinstance(ask_sign(solver, bounds, name, unit, sign, Z3_SECONDS), (Sat, Unsat))
    return f"{(time.monotonic() - started) / len(sample):.1f} s, {answered}/{len(sample)} of {len(questions)}"


def main() -> None:
    chosen = sys.argv[1] if len(sys.argv) > 1 else ""
    print(
        f"{'network, domain':22} {'active':>6} {'inact.':>6} {'unst.':>6} {'open':>5} {'wall s':>7} {'CPU s':>7} "
        f"{'certificate':>28} {'mutated':>8} {'points':>6}  Z3"
    )
    for name, network, domain, limit in rows():
        if chosen not in name:
            continue
        wall, cpu = time.monotonic(), time.process_time()
        compiled = compile_network(network, domain, prover="bounds", limits=Limits(limit))
        wall, cpu = sum(compiled.facts.seconds.values()), time.process_time() - cpu
        counts = " ".join(
            f"{compiled.facts.count(p):{w}}"
            for p, w in ((Phase.ACTIVE, 6), (Phase.INACTIVE, 6), (Phase.UNSTABLE, 6), (Phase.OPEN, 5))
        )
        certificate = certify(compiled)
        started = time.monotonic()
        verdict = check_certificate(compiled, certificate)
        shown = f"{verdict.status} {len(certificate.text) / 1e6:.1f} MB {time.monotonic() - started:.0f} s"
        print(
            f"{name:22} {counts} {wall:7.2f} {cpu:7.2f} {shown:>28} {refused(compiled, certificate):5}/10 "
            f"{contradictions(compiled):6}  {plain_z3(compiled)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
