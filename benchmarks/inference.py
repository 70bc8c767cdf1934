"""Microseconds of one evaluation: emitted code beside onnxruntime and others, in one process.

    python benchmarks/inference.py [acas mnist mnist80 example] [--rounds 150] [--compiler clang]

Every row is timed in windows of about a millisecond, which take turns; the figure is that of the
best window, and ratios are of one run. The points are many and go around, one at a time. Every
answer is compared with onnxruntime's first.

C is compiled with -O2 and with -O3 -march=native, on the vector and on the portable path; `naive`
is the loop over rows that plain emitters write. onnxruntime runs on one thread, through its C API
and from Python. torch and emx-onnx-cgen are timed where they are installed. `stream` loads every
weight once, in float32: a product with all of them cannot be faster. At the end the network is
compiled on its domain, and both are timed at points of the domain.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from inference_rows import (
    FLAGS,
    Points,
    Row,
    Workshop,
    onnxruntime_from_python,
    torch_from_python,
)

from rectifold.emitters.table import FORMATS, emit
from rectifold.formats.load import load, read_domain
from rectifold.ir.network import Network
from rectifold.operations.compiling import compile_network

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "networks"
ACAS_BOX = "[[-0.3284,0.6799],[-1/2,1/2],[-1/2,1/2],[-1/2,1/2],[-1/2,1/2]]"
CART_BOX = "[[-2,2],[-2,2],[-1/5,1/5],[-2,2]]"


@dataclass(frozen=True)
class Case:
    """A model, the box its points are drawn from, and the domain on which it is compiled."""

    model: Path
    box: str
    compiled_on: str
    samples: int
    zeros: float = 0.0  # share of the inputs that are set to zero


_MNIST = (SHARED / "mnistfc/mnist-net_256x2.onnx", "[0,1]")
_BALL = str(SHARED / "mnistfc/prop_0_0.03.vnnlib")
CASES = {
    "acas": Case(
        SHARED / "acas/acasxu_1_1.onnx", ACAS_BOX, str(SHARED / "acas/prop_1.vnnlib"), 512
    ),
    "mnist": Case(*_MNIST, _BALL, 16),
    "mnist80": Case(*_MNIST, _BALL, 16, 0.8),
    "example": Case(ROOT / "examples/cartpole.onnx", CART_BOX, CART_BOX, 512),
}


def points_of(network: Network, box: str, case: Case) -> Points:
    """Random float32 points of a box, some of their entries zero."""
    domain = read_domain(box, network)
    ends = [[float(v) for v in end if v is not None] for end in (domain.lower, domain.upper)]
    low, high = (np.array(end) for end in ends)
    draw = np.random.default_rng(1)
    points = low + (high - low) * draw.random((case.samples, len(low)))
    points *= draw.random(points.shape) >= case.zeros
    clipped: Points = np.clip(points, low, high).astype(np.float32)
    return clipped


def source_rows(case: Case, network: Network, shop: Workshop) -> Iterator[Row]:
    points = points_of(network, case.box, case)
    checked = dataclasses.replace(network, domain=read_domain(case.box, network))
    yield from _sessions(case.model, points, shop)
    yield shop.stream(network)
    for precision in FORMATS["c"].precisions:
        for flags in FLAGS:
            yield from shop.emitted(checked, points, precision, flags)
    yield from shop.naive(network, points)
    yield from shop.generated(case.model, points, network.output_size)
    for precision in FORMATS["numpy"].precisions:
        yield shop.module(checked, points, "numpy", precision)
    yield shop.module(checked, points, "python", "float64")
    if importlib.util.find_spec("torch") is not None:
        yield torch_from_python(network, points)


def compiled_rows(case: Case, network: Network, shop: Workshop) -> Iterator[Row]:
    """The source, and what `compile` makes of it, at points of the domain."""
    domain = read_domain(case.compiled_on, network)
    source = dataclasses.replace(network, domain=domain)
    points = points_of(network, case.compiled_on, dataclasses.replace(case, zeros=0.0))
    compiled = compile_network(network, domain, prover="bounds").network
    for name, one in (("source", source), ("compiled", compiled)):
        model = shop.folder / f"{name}.onnx"
        emit(one, model)
        for row in _sessions(model, points, shop):
            yield dataclasses.replace(row, label=f"{name}: {row.label}")
        for precision in [p for p in ("float32", "mixed") if p in FORMATS["c"].precisions]:
            row, _ = shop.emitted(one, points, precision, FLAGS[1])
            label = f"{name} ({one.sizes.weights:,} weights): {row.label}"
            yield dataclasses.replace(row, label=label)


def _sessions(model: Path, points: Points, shop: Workshop) -> Iterator[Row]:
    found = shop.session(model, points)
    if found is not None:
        yield found
    yield onnxruntime_from_python(model, points)


def table(title: str, rows: list[Row], rounds: int) -> None:
    """Times all rows in turns, and prints them beside the first, onnxruntime's C API."""
    for row in rows:
        row.calibrate()
    for _ in range(rounds):
        for row in rows:
            row.best = min(row.best, row.window(row.rounds))
    first = rows[0]
    python = next(row for row in rows if row.label.endswith("onnxruntime Python"))
    stream = next((row.best for row in rows if row.label == "stream"), np.inf)
    print(f"\n{title}\n\n| | us | {first.label} / it | {python.label} / it | of stream | differs |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        apart = np.abs(row.answers - first.answers).max() if row.answers.size else 0.0
        ratios = f"{first.best / row.best:.1f} | {python.best / row.best:.1f}"
        share = f"{row.best / stream:.2f}" if np.isfinite(stream) else ""
        print(f"| {row.label} | {row.best * 1e6:.3f} | {ratios} | {share} | {apart:.0e} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], default=[])
    parser.add_argument("--rounds", type=int, default=150)
    parser.add_argument("--compiler", default="gcc")
    given = parser.parse_args()
    there = [name for name, case in CASES.items() if case.model.is_file()]
    for name in given.cases or (there if len(there) == 1 else there[:-1]):
        case = CASES[name]
        network = load(case.model).network
        with tempfile.TemporaryDirectory() as folder:
            shop = Workshop(given.compiler, Path(folder))
            rows = list(source_rows(case, network, shop))
            table(f"{name}, {given.compiler}", rows, given.rounds)
            if not case.zeros:
                rows = list(compiled_rows(case, network, shop))
                table(f"{name}, compiled on its domain", rows, given.rounds)


if __name__ == "__main__":
    main()
