"""Compile networks and print what it cost: proofs, rewriting, certificate, checker; and what was
left of the network.

    python benchmarks/compile_networks.py [NETWORK[@DOMAIN] ...]

Without arguments: the example networks, and the real networks beside the checkout if they are
there. No peer is timed: onnxsim, onnxslim and ONNX Runtime remove no stable, dead or parallel unit,
so there is nothing to compare.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from rectifold.certificate.compiled import certify, check_certificate
from rectifold.facts.facts import Phase
from rectifold.formats.load import load, read_domain
from rectifold.operations.compiling import compile_network

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "networks"

EXAMPLES = [
    (ROOT / "examples/cartpole.onnx", "[[-2,2],[-2,2],[-1/5,1/5],[-2,2]]"),
    (ROOT / "examples/thermostat.relu", None),
]
REAL = [
    ("l1/mnist_100-100_l1_0.0002.onnx", "[0,1]"),
    ("l1/mnist_400-400_l1_0.0001.onnx", "[0,1]"),
    ("cifar/cifar10_116-248_after_paper.npz", None),
    ("gogeta/gogeta_2-1024-512-512-256-1.npz", None),
    ("acas/acasxu_1_1.onnx", "acas/prop_1.vnnlib"),
    ("mnistfc/mnist-net_256x2.onnx", "mnistfc/prop_0_0.03.vnnlib"),
    ("mnistfc/mnist_conv_0.1.onnx", "mnistfc/mnist_conv_image0.vnnlib"),
]


def jobs(arguments: list[str]) -> Iterator[tuple[Path, str | None]]:
    if arguments:
        for argument in arguments:
            file, _, domain = argument.partition("@")
            yield Path(file), domain or None
        return
    yield from EXAMPLES
    for file, spec in REAL:
        if (SHARED / file).is_file():
            yield SHARED / file, str(SHARED / spec) if spec and spec.endswith(".vnnlib") else spec


def row(path: Path, spec: str | None) -> str:
    times = [time.perf_counter()]
    network = load(path).network
    domain = read_domain(spec, network) if spec else network.domain
    times.append(time.perf_counter())
    compiled = compile_network(network, domain, prover="bounds")
    times.append(time.perf_counter())
    certificate = certify(compiled)
    times.append(time.perf_counter())
    verdict = check_certificate(compiled, certificate)
    times.append(time.perf_counter())
    spent = [b - a for a, b in pairwise(times)]
    rewriting = compiled.seconds["rewriting"]
    counts = "/".join(str(compiled.facts.count(p)) for p in Phase)
    before, after = compiled.source.sizes, compiled.network.sizes
    sizes = f"{before.units} → {after.units} | {before.weights:,} → {after.weights:,}"
    proving = spent[1] - rewriting
    shares = (spent[0], proving, rewriting, spent[2])
    stages = " | ".join([*(f"{v:.2f}" for v in shares), f"{spent[3]:.1f}"])
    size = len(certificate.text) / 1e6
    return f"| {path.stem} | {counts} | {sizes} | {stages} | {size:.1f} | {verdict.status} |"


def main() -> None:
    print(
        "| network | active/inactive/unstable/open | units | weights | load s | prove s | rewrite "
        "s | certify s | check s | MB | certificate |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for path, spec in jobs(sys.argv[1:]):
        print(row(path, spec), flush=True)


if __name__ == "__main__":
    main()
