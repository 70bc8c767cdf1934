"""Decide the stability of every unit: python benchmarks/stability.py [NAME]

Prints one row per network and domain: units by verdict, wall and CPU seconds of the proofs, then
the certificate (size, the checker's verdict and seconds), how many of 10 mutations are refused (one
claim each, changed to a little more than is true), and contradictions with random points. `Z3` is
plain Z3 in the same run: its seconds per question with a limit of 5 s, over a sample of questions,
and how many it answered. NAME picks rows by a part of their name. Needs the real networks beside
the checkout; without them only the example network is measured.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import rectifold_check
from rectifold.bounds.state import Bounds
from rectifold.certificate.compiled import certify, check_certificate
from rectifold.certificate.file import Certificate
from rectifold.facts.facts import Phase
from rectifold.formats.load import load, read_domain
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled, compile_network
from rectifold.runtime.run import Limits
from rectifold.search.witnesses import Witnesses
from rectifold.smt.process import Sat, Solver, Unsat
from rectifold.smt.stability import ask_sign

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ROOT.parent / "shared" / "networks"
POINTS = 10_000
QUESTIONS = 3
Z3_SECONDS = 5.0
MILP_SECONDS = 20.0


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
            yield (
                f"{name} ±{radius}",
                network,
                ball(network, BESIDE / "mnistfc/prop_0_0.03.vnnlib", radius),
                60.0,
            )
    for name in ("1_1", "2_2"):
        network = load(str(BESIDE / f"acas/acasxu_{name}.onnx")).network
        yield (
            f"ACAS {name} prop_1",
            network,
            read_domain(str(BESIDE / "acas/prop_1.vnnlib"), network),
            60.0,
        )
    network = load(str(BESIDE / "acas/acasxu_1_1.onnx")).network
    full = "[[-0.3284,0.6799],[-1/2,1/2],[-1/2,1/2],[-1/2,1/2],[-1/2,1/2]]"
    # after 60 s two units fewer are open, and the check takes many times as long
    yield "ACAS 1_1 full box", network, read_domain(full, network), 20.0
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
            found += int(
                (positive.any(axis=0) & facts.inactive).sum()
                + (negative.any(axis=0) & facts.active).sum()
            )
    return found


def refused(compiled: Compiled, certificate: Certificate) -> tuple[int, int]:
    """(refused, tried): claims about the source's units changed to say a little more than is true
    at a point of the domain.
    """
    domain = compiled.source.domain
    assert domain is not None
    bounds = Bounds(compiled.source, domain)
    points = Witnesses(bounds, 11, []).fresh(1000)
    reached = Witnesses(bounds, 11, []).trace(points, compiled.source.relu_layers[-1].name).values
    texts = canonical_text(compiled.source), canonical_text(compiled.network)
    replay = rectifold_check.Replay(texts[0], texts[1], domain_text(domain))
    kinds = ('["bound",[0', '["boxes",0', '["cases",[0', '["alias"')
    claims = [k for k, line in enumerate(certificate.lines) if line.startswith(kinds)]
    chosen = set(Random(0).sample(claims, min(10, len(claims))))
    count = 0
    for k, line in enumerate(certificate.lines[1:-1], start=1):
        if k in chosen:
            count += not replay.accepts(_too_much(json.loads(line), compiled.source, reached))
        if k > max(chosen, default=0):
            break
        replay.accepts(json.loads(line))
    return count, len(chosen)


def _too_much(step: list[Any], network: Network, reached: Mapping[str, Any]) -> list[Any]:
    """The step with an end that a point passes, or a ratio that is off in its last digits."""
    if step[0] == "alias":
        return [*step[:3], str(Fraction(step[3]) * (1 + Fraction(1, 2**40)))]
    if step[0] == "boxes":
        layer, claim, side = step[2], step[3][0], step[3][0][1]
        unit, place = claim[0], 2
    else:
        (_, layer, unit), claim, side, place = step[1], step, step[2], 3
    values = reached[network.layers[layer - 1].name][:, unit]
    spread = 1e-6 * (float(values.max() - values.min()) + 1.0)
    claim[place] = str(
        Fraction(float(values.max() - spread if side == "up" else values.min() + spread))
    )
    return step


Question = tuple[str, int, int]  # layer, unit, sign


def questions_of(compiled: Compiled) -> tuple[Bounds, list[Question]]:
    """The bounds by intervals, and what they leave open."""
    bounds = Bounds(compiled.source, compiled.facts.domain)
    questions: list[Question] = []
    for layer in compiled.source.layers:
        bounds.set(layer.name, *bounds.interval(layer.name))
        if layer.is_relu:
            low, high = bounds.lower[layer.name], bounds.upper[layer.name]
            questions += [
                (layer.name, int(k), s)
                for k in np.nonzero((low < 0) & (high > 0))[0]
                for s in (1, -1)
            ]
    return bounds, questions


def beside(compiled: Compiled, answer: Callable[[Bounds, Question], bool]) -> str:
    """Seconds per question, answers, and the seconds of all questions at that rate."""
    bounds, questions = questions_of(compiled)
    if not questions:
        return "-"
    sample = Random(0).sample(questions, min(QUESTIONS, len(questions)))
    started = time.monotonic()
    answered = sum(answer(bounds, question) for question in sample)
    each = (time.monotonic() - started) / len(sample)
    return f"{each:.2g} s, {answered}/{len(sample)}, all {len(questions) * each:,.0f} s"


def plain_z3(compiled: Compiled) -> str:
    with Solver() as solver:
        return beside(
            compiled,
            lambda bounds, q: isinstance(ask_sign(solver, bounds, *q, Z3_SECONDS), (Sat, Unsat)),
        )


def highs(compiled: Compiled) -> str:
    try:
        import highspy
    except ImportError:
        return "not installed"

    def answer(bounds: Bounds, question: Question) -> bool:
        model = highspy.Highs()
        for name, value in (
            ("output_flag", False),
            ("time_limit", MILP_SECONDS),
            ("threads", 1),
            ("small_matrix_value", 1e-12),
            ("objective_target", -1e-5),
            ("objective_bound", 0.0),
        ):
            model.setOptionValue(name, value)
        model.minimize(_milp(model, bounds, *question))
        return bool(model.getModelStatus() != highspy.HighsModelStatus.kTimeLimit)

    return beside(compiled, answer)


def _milp(model: Any, bounds: Bounds, name: str, unit: int, sign: int) -> Any:
    """-sign·z of a unit, with a binary variable per relu unit that intervals leave open."""
    low, high = bounds.domain.float_box
    after = {
        bounds.network.input_name: [
            model.addVariable(float(a), float(b)) for a, b in zip(low, high, strict=True)
        ]
    }

    def form(layer: str, k: int) -> Any:
        floats = bounds.floats[layer]
        terms = [
            float(w) * after[source][j]
            for source, weight in floats.weights.items()
            for j, w in enumerate(weight[k])
            if abs(w) > 2e-12 and after[source][j] is not None
        ]
        return sum(terms) + float(floats.bias[k])

    cone = bounds.network.cone(name)
    for layer in bounds.network.layers:
        if layer.name not in cone:
            continue
        after[layer.name] = []
        for k in range(layer.size):
            a, b = float(bounds.lower[layer.name][k]), float(bounds.upper[layer.name][k])
            if layer.is_relu and b <= 0:
                after[layer.name].append(None)
                continue
            z = model.addVariable(a, b)
            model.addConstr(z == form(layer.name, k))
            if layer.is_relu and a < 0:
                h, phase = model.addVariable(0, b), model.addBinary()
                for row in (h >= z, h <= z - a * (1 - phase), h <= b * phase):
                    model.addConstr(row)
                z = h
            after[layer.name].append(z)
    return -sign * form(name, unit)


def main() -> None:
    chosen = sys.argv[1] if len(sys.argv) > 1 else ""
    print(
        f"{'network, domain':22} {'active':>6} {'inact.':>6} {'unst.':>6} {'open':>5} "
        f"{'wall s':>7} {'CPU s':>7} "
        f"{'certificate':>28} {'mutated':>8} {'points':>6}  {'Z3':28}  HiGHS"
    )
    for name, network, domain, limit in rows():
        if chosen not in name:
            continue
        wall, cpu = time.monotonic(), time.process_time()
        compiled = compile_network(network, domain, prover="bounds", limits=Limits(limit))
        wall, cpu = sum(compiled.facts.seconds.values()), time.process_time() - cpu
        counts = " ".join(
            f"{compiled.facts.count(p):{w}}"
            for p, w in (
                (Phase.ACTIVE, 6),
                (Phase.INACTIVE, 6),
                (Phase.UNSTABLE, 6),
                (Phase.OPEN, 5),
            )
        )
        certificate = certify(compiled)
        started = time.monotonic()
        verdict = check_certificate(compiled, certificate)
        megabytes, seconds = len(certificate.text) / 1e6, time.monotonic() - started
        shown = f"{verdict.status} {megabytes:.1f} MB {seconds:.0f} s"
        print(
            f"{name:22} {counts} {wall:7.2f} {cpu:7.2f} {shown:>28} "
            f"{'/'.join(map(str, refused(compiled, certificate))):>8} "
            f"{contradictions(compiled):6}  {plain_z3(compiled):28}  {highs(compiled)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
