"""Decide pairs of networks: python benchmarks/equivalence.py [GROUP …] [--certificates] [--peer
PYTHON]

Groups: pruned, iso, rounded, student, mnist, marabou, copies (all by default; all but the last need
the networks beside the checkout). Prints one row per instance with the verdict, CPU and wall
seconds and the sub-boxes, and the sum of each group. Beside ours: VeryDiff's published verdict and
seconds (pruned; its machine), and (group marabou) Marabou on the gap network for a few instances,
60 s each, where PYTHON is an interpreter that has maraboupy. With --certificates every proof's
certificate is written and replayed, and its size and the checker's seconds are shown: that takes
much longer than the proofs. `copies`: random networks against equal copies (permuted, scaled,
mirrored, split, with dead units, compiled, shallow) and against copies that are one unit in the
last place off.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # before NumPy: the matrices are small, and a waiting thread counts as CPU time

import numpy as np

import rectifold_check
from rectifold.effort.effort import Effort
from rectifold.effort.equivalence import EquivalenceEffort
from rectifold.equivalence.answers import Comparison, Different, Equal
from rectifold.equivalence.decide import closest, compare, compare_argmax, decide
from rectifold.equivalence.question import Question
from rectifold.exact.matrix import Matrix, hstack, vstack
from rectifold.formats.load import load, read_domain
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.joint import gap
from rectifold.ir.network import Layer, Network
from rectifold.operations.compiling import compile_network
from rectifold.runtime.run import Limits, Run
from rectifold.two_layers.shallow import shallow_network

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support import float_network

ROOT = Path(__file__).resolve().parents[1]
BESIDE = ROOT.parent / "shared" / "networks"
PAIRS = BESIDE / "equivalence"
COPIES = 300
REPLAY = "--certificates" in sys.argv
PEER = sys.argv[sys.argv.index("--peer") + 1] if "--peer" in sys.argv[:-1] else None


def named(result: Comparison) -> str:
    return (
        "proved"
        if isinstance(result, Equal)
        else "refuted"
        if isinstance(result, Different)
        else f"open ({result.share:.0%})"
    )


def replayed(a: Network, b: Network, domain: Domain, result: Comparison) -> str:
    if not REPLAY or not isinstance(result, Equal) or result.certificate is None:
        return ""
    started = time.monotonic()
    verdict = rectifold_check.check(
        canonical_text(a), domain_text(domain), result.certificate.lines, canonical_text(b)
    )
    megabytes, seconds = len(result.certificate.text) / 1e6, time.monotonic() - started
    return f"certificate {verdict.status}, {megabytes:.2f} MB, {seconds:.0f} s"


def row(
    name: str,
    a: Network,
    b: Network,
    domain: Domain,
    question: str,
    seconds: float,
    beside: str = "",
) -> tuple[str, float]:
    """Prints an instance; its verdict and CPU seconds."""
    wall, cpu = time.monotonic(), time.process_time()
    unchecked = EquivalenceEffort(replayed_work=-1)  # the checker's time is told apart
    limits = Limits(seconds, effort=replace(Effort.timed(seconds), equivalence=unchecked))
    result = (
        compare_argmax(a, b, domain, limits=limits)
        if question == "top"
        else decide(Question.of(a, b, domain, Fraction(question)), Run(limits))
    )
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    reason = result.reason if isinstance(result, Equal) else ""
    print(
        f"{name:44} {question:>6} {named(result):12} {cpu:7.2f} {wall:7.2f}  {beside:24} "
        f"{reason[:60]:60} {replayed(a, b, domain, result)}",
        flush=True,
    )
    return named(result), cpu


def pruned() -> None:
    """VeryDiff's benchmark: ACAS originals against copies with 5 % of the weights pruned, ε =
    0.05.
    """
    total, theirs, wrong, undecided = 0.0, 0.0, 0, 0
    with (PAIRS / "pruned/verydiff_eps_0.05.csv").open() as file:
        instances = list(csv.DictReader(file))
    for instance in instances:
        name = instance["network"]
        a, b = (
            load(str(PAIRS / f"pruned/{n}.onnx")).network
            for n in (name.removesuffix("_pruned5"), name)
        )
        domain = read_domain(str(PAIRS / f"pruned/{instance['property']}.vnnlib"), a)
        beside = f"VeryDiff {instance['verdict']} {float(instance['seconds']):.2f}"
        verdict, cpu = row(f"{name} {instance['property']}", a, b, domain, "0.05", 120.0, beside)
        total, theirs = total + cpu, theirs + float(instance["seconds"])
        expected = {"SAFE": "proved", "UNSAFE": "refuted"}[instance["verdict"]]
        wrong += verdict in ("proved", "refuted") and verdict != expected
        undecided += verdict not in ("proved", "refuted")
    print(
        f"pruned: {len(instances)} instances, {undecided} undecided, {wrong} against VeryDiff, "
        f"{total:.1f} CPU s (VeryDiff {theirs:.1f})"
    )


def iso() -> None:
    """ACAS pairs with noise of 0.001 on every weight, on property 1, ε = 0.05."""
    times = []
    files = sorted(
        (PAIRS / "iso").glob("*_perturbed_*.onnx"), key=lambda f: int(f.stem.split("_")[-1])
    )
    for file in files:
        a, b = load(re.sub(r"_perturbed_\d+", "", str(file))).network, load(str(file)).network
        domain = read_domain(str(BESIDE / "acas/prop_1.vnnlib"), a)
        verdict, cpu = row(file.stem, a, b, domain, "0.05", 200.0)
        times.append(cpu if verdict in ("proved", "refuted") else np.inf)
    print(
        f"iso: {sum(t <= 100 for t in times)} of {len(times)} within 100 CPU s, "
        f"{sum(t <= 30 for t in times)} within 30, median {np.median(times):.1f}"
    )


def half_precision(network: Network) -> Network:
    """Weights rounded to 16 bits."""

    def rounded(matrix: Matrix) -> Matrix:
        return Matrix.from_floats(matrix.floats.astype(np.float16).astype(np.float64))

    layers = [
        Layer(v.name, v.activation, rounded(v.bias), {u: rounded(w) for u, w in v.weights.items()})
        for v in network.layers
    ]
    return Network(
        network.input_name, network.input_size, layers, network.output, network.domain, network.name
    )


def rounded() -> None:
    """ACAS 1_1 against its weights in 16 bits; the last row is a bound on the whole input range
    after 60 s.
    """
    a = load(str(BESIDE / "acas/acasxu_1_1.onnx")).network
    b = half_precision(a)
    for number in (1, 3):
        domain = read_domain(str(BESIDE / f"acas/prop_{number}.vnnlib"), a)
        for eps in ("0.05", "0.01", "0.001"):
            row(f"ACAS 1_1 in 16 bits, prop_{number}", a, b, domain, eps, 60.0)
    full = read_domain("[[-0.3284,0.6799],[-1/2,1/2],[-1/2,1/2],[-1/2,1/2],[-1/2,1/2]]", a)
    found = closest(a, b, full, limits=Limits(60.0))
    print(
        f"ACAS 1_1 in 16 bits, whole range: max |A - B| in [{float(found.lower):.4g}, "
        f"{float(found.upper):.4g}] after 60 s, {found.boxes:,} boxes"
    )


def student() -> None:
    """NNEquiv's pairs: retrained and distilled networks."""
    domains = json.loads((PAIRS / "student/domains.json").read_text())
    lines = (PAIRS / "student/instances-versions.csv").read_text().split()
    for name, key, question in dict.fromkeys(tuple(line.split(",")[:3]) for line in lines):
        folder = PAIRS / "student/benchmarks-versions"
        a, b = (load(str(folder / f"{name}{tail}.onnx")).network for tail in ("", "-mirror"))
        ends = [tuple(Fraction(float(v)) for v in domains[key][side]) for side in ("lo", "hi")]
        row(f"{name} {key}", a, b, Domain(ends[0], ends[1]), question, 60.0)


def mnist() -> None:
    """Bounds on the largest difference on local boxes; and the pruned pair within what they leave
    to decide.
    """
    for first, second in (
        ("mnist-net_256x4", "mnist_256x4_1e4"),
        ("mnist-net_256x4", "mnist_256x4_2e5"),
        ("mnist_relu_3_100", "mnist_relu_3_100_pruned5"),
    ):
        a, b = (load(str(PAIRS / f"mnist/{n}.onnx")).network for n in (first, second))
        for box in ("mnist_0_local_15", "mnist_7_local_15"):
            domain = read_domain(str(PAIRS / f"mnist/{box}.vnnlib"), a)
            started = time.monotonic()
            found = closest(a, b, domain, limits=Limits(60.0))
            seconds = time.monotonic() - started
            print(
                f"{second:26} {box}: max |A - B| in [{float(found.lower):.5g}, "
                f"{float(found.upper):.5g}], {seconds:.1f} s",
                flush=True,
            )
    for box, questions in (
        ("mnist_0_local_15", ("2", "1.4", "1", "top")),
        ("mnist_7_local_15", ("1", "0.7", "0.3", "top")),
    ):
        domain = read_domain(str(PAIRS / f"mnist/{box}.vnnlib"), a)
        for question in questions:
            row(f"mnist_relu_3_100_pruned5 {box}", a, b, domain, question, 120.0)


# ---- copies ------------------------------------------------------------------------------------


def permuted(network: Network, random: Random) -> Network:
    """Units in another order, at another positive scale."""
    draft = Draft(network)
    for layer in network.layers[:-1]:
        order = random.sample(range(layer.size), layer.size)
        scale = [Fraction(random.choice((1, 2, 4)), random.choice((1, 2, 3))) for _ in order]
        own = draft.layers[layer.name]
        weights = {u: w.select_rows(order).scale_rows(scale) for u, w in own.weights.items()}
        draft.edit(layer.name, bias=own.bias.select_rows(order).scale_rows(scale), weights=weights)
        for successor in draft.successors(layer.name):
            after = dict(draft.layers[successor].weights)
            after[layer.name] = (
                after[layer.name].select_columns(order).T.scale_rows([1 / s for s in scale]).T
            )
            draft.edit(successor, weights=after)
    return draft.freeze()


def mirrored(network: Network) -> Network:
    """relu(z) = z + relu(-z) for the first unit of the first layer, z carried by a skip edge from
    the input.
    """
    first, second = network.layers[:2]
    flip = Matrix.from_floats(np.diag([-1.0] + [1.0] * (first.size - 1)))
    column = second.weights[first.name].select_columns([0])
    own = first.weights[network.input_name].select_rows([0])
    draft = Draft(network)
    draft.edit(
        first.name,
        bias=flip @ first.bias,
        weights={network.input_name: flip @ first.weights[network.input_name]},
    )
    draft.edit(second.name, bias=second.bias + column @ first.bias.select_rows([0]))
    draft.add_edge(network.input_name, second.name, column @ own)
    return draft.freeze()


def with_copies(network: Network, parts: list[Fraction]) -> Network:
    """The first unit split into several with outgoing weights in these parts (they sum to 1; 0
    makes a dead one).
    """
    first, second = network.layers[:2]
    rows = [0] * len(parts) + list(range(1, first.size))
    weight = second.weights[first.name]
    head = weight.select_columns([0])
    columns = hstack(
        [*(head.scale(p) for p in parts), weight.select_columns(list(range(1, first.size)))]
    )
    draft = Draft(network)
    draft.put(
        Layer(
            first.name,
            "relu",
            first.bias.select_rows(rows),
            {u: w.select_rows(rows) for u, w in first.weights.items()},
        )
    )
    draft.put(
        Layer(
            second.name,
            second.activation,
            second.bias,
            dict(second.weights) | {first.name: columns},
        )
    )
    return draft.freeze()


def with_dead_units(network: Network) -> Network:
    """Two more units in the first layer, one never active and one that nobody reads."""
    first, second = network.layers[:2]
    zero = Matrix.zeros(1, network.input_size)
    weights = {
        network.input_name: vstack(
            [
                first.weights[network.input_name],
                zero,
                first.weights[network.input_name].select_rows([0]),
            ]
        )
    }
    bias = vstack([first.bias, Matrix.column([Fraction(-1)]), first.bias.select_rows([0])])
    columns = hstack(
        [
            second.weights[first.name],
            Matrix.from_floats(np.ones((second.size, 1))),
            Matrix.zeros(second.size, 1),
        ]
    )
    draft = Draft(network)
    draft.put(Layer(first.name, "relu", bias, weights))
    draft.put(
        Layer(
            second.name,
            second.activation,
            second.bias,
            dict(second.weights) | {first.name: columns},
        )
    )
    return draft.freeze()


def one_ulp_off(network: Network, random: Random) -> Network:
    """One weight of the last layer, on a unit that is used, moved to the next float."""
    last = network.layers[-1]
    source, weight = next(iter(last.weights.items()))
    values = weight.floats.copy()
    i, j = random.randrange(values.shape[0]), random.randrange(values.shape[1])
    values[i, j] = np.nextafter(values[i, j], np.inf)
    draft = Draft(network)
    draft.put(Layer(last.name, last.activation, last.bias, {source: Matrix.from_floats(values)}))
    return draft.freeze()


def equal_copies(network: Network, random: Random) -> Iterator[tuple[str, Network]]:
    domain = network.domain
    assert domain is not None
    yield "permuted and scaled", permuted(network, random)
    yield "mirrored", mirrored(network)
    yield "split", with_copies(network, [Fraction(1, 3), Fraction(2, 3)])
    yield "dead units", with_dead_units(network)
    yield "compiled", compile_network(network, domain, prover="bounds").network
    if network.input_size <= 3:
        yield "shallow", shallow_network(network, domain, kind="exact").network


def copies() -> None:
    count = next((int(v) for v in sys.argv[1:] if v.isdigit()), COPIES)
    proved: dict[str, int] = {}
    asked: dict[str, int] = {}
    certified: dict[str, int] = {}
    ulp = {"refuted": 0, "open": 0, "CALLED EQUAL": 0, "is equal there": 0}
    started = time.monotonic()
    for seed in range(count):
        random = Random(seed)
        network = float_network(
            seed,
            random.randint(1, 4),
            random.randint(3, 7),
            random.randint(3, 6),
            random.randint(1, 2),
        )
        assert network.domain is not None
        for name, other in equal_copies(network, random):
            result = compare(network, other, network.domain, seed=seed)
            asked[name] = asked.get(name, 0) + 1
            proved[name] = proved.get(name, 0) + isinstance(result, Equal)
            certified[name] = certified.get(name, 0) + (
                isinstance(result, Equal) and result.replayed == "holds"
            )
        changed = one_ulp_off(network, random)
        result = compare(network, changed, network.domain, seed=seed, limits=Limits(10.0))
        if isinstance(result, Different):
            ulp["refuted"] += 1
        elif isinstance(result, Equal):
            ulp[
                "is equal there"
                if result.certificate is not None or "regions" in result.reason
                else "CALLED EQUAL"
            ] += 1
        else:
            ulp["open"] += 1
    for name, total in asked.items():
        print(
            f"{name:22} {proved[name]:4} of {total:4} proved equal, {certified[name]:4} with a "
            "certificate that holds"
        )
    print(f"one ulp off: {ulp} ({time.monotonic() - started:.0f} s in all)")


def marabou() -> None:
    """A few pairs, and Marabou on the same gap network in the same run."""
    if PEER is None:
        print("marabou: give an interpreter that has maraboupy with --peer")
        return
    original = load(str(BESIDE / "acas/acasxu_1_1.onnx")).network
    rounded_one = half_precision(original)
    prop = read_domain(str(BESIDE / "acas/prop_3.vnnlib"), original)
    chosen: list[tuple[str, Network, Network, Domain, str]] = [
        ("1_1 rounded to 16 bits, prop_3", original, rounded_one, prop, "0.05")
    ]
    with (PAIRS / "pruned/verydiff_eps_0.05.csv").open() as file:
        instances = list(csv.DictReader(file))
    for instance in [*instances[:2], *[i for i in instances if i["verdict"] == "UNSAFE"][:1]]:
        name = instance["network"]
        a, b = (
            load(str(PAIRS / f"pruned/{n}.onnx")).network
            for n in (name.removesuffix("_pruned5"), name)
        )
        domain = read_domain(str(PAIRS / f"pruned/{instance['property']}.vnnlib"), a)
        chosen.append((f"{name} {instance['property']}", a, b, domain, "0.05"))
    small = float_network(1, 2, 6, 6, 1)
    assert small.domain is not None
    chosen.append(
        ("2-6-6-1 rounded to 16 bits", small, half_precision(small), small.domain, "0.05")
    )
    for name, a, b, domain, question in chosen:
        answer = ask_marabou(PEER, a, b, domain, Fraction(question))
        row(name, a, b, domain, question, 120.0, f"Marabou {answer}")


def ask_marabou(
    python: str, a: Network, b: Network, domain: Domain, eps: Fraction, seconds: float = 60.0
) -> str:
    network = gap(a, b, [eps] * a.output_size)
    low, high = domain.float_box
    arrays: dict[str, Any] = {"low": low, "high": high}
    layers = []
    for layer in network.layers:
        names = {
            source: "x" if source == network.input_name else source for source in layer.weights
        }
        layers.append({"name": layer.name, "relu": layer.is_relu, "sources": list(names.values())})
        arrays[f"{layer.name}/bias"] = np.array([float(v) for v in layer.bias.column_values()])
        arrays |= {
            f"{layer.name}/{names[source]}": weight.floats
            for source, weight in layer.weights.items()
        }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gap.npz"
        np.savez(path, layers=json.dumps(layers), **arrays)
        command = [
            python,
            str(Path(__file__).with_name("marabou_pairs.py")),
            str(path),
            str(seconds),
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=2 * seconds
            )
        except subprocess.TimeoutExpired:
            return f"open {2 * seconds:.0f}+"
    if done.returncode:
        return f"failed ({done.stderr.strip().splitlines()[-1][:40]})"
    answer = json.loads(done.stdout.splitlines()[-1])
    verdict = answer["verdict"]
    if answer["point"] is not None:
        point = [domain.clamp(answer["point"])]
        (of_a,), (of_b,) = evaluate_points(a, point), evaluate_points(b, point)
        if all(abs(p - q) <= eps for p, q in zip(of_a, of_b, strict=True)):
            verdict = "wrong point"
    return f"{verdict} {answer['cpu']:.1f}"


GROUPS = {
    "pruned": pruned,
    "iso": iso,
    "rounded": rounded,
    "student": student,
    "mnist": mnist,
    "marabou": marabou,
    "copies": copies,
}


def main() -> None:
    chosen = [v for v in sys.argv[1:] if v in GROUPS] or list(GROUPS)
    print(
        f"{'instance':44} {'asked':>6} {'verdict':12} {'CPU s':>7} {'wall s':>7}  {'beside':24} how"
    )
    for name in chosen:
        if name != "copies" and not PAIRS.is_dir():
            print(f"{name}: its networks are not beside the checkout")
            continue
        GROUPS[name]()


if __name__ == "__main__":
    main()
