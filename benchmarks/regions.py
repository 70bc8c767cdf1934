"""Count linear regions: python benchmarks/regions.py [--peer PYTHON] [--seconds S]
[NETWORK[@DOMAIN] ...]

Without networks: ones with random float32 weights (He) on [-1, 1]^n, made here from a fixed seed,
others whose hyperplanes all meet at 0, and the seeded networks beside the checkout if they are
there; then a plane with very many regions, counted by two processes. Every count is exact; the
rates are regions per CPU-second of one process, listed and only counted. More than five inputs are
enumerated by linear programs (the extra lp), for at most S seconds. PYTHON is an interpreter of
another environment that has relucent and torch: relucent then counts the same networks in the same
run.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from pathlib import Path
from random import Random
from typing import Any, Literal

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import click
import numpy as np

from rectifold.exact.matrix import Matrix
from rectifold.formats.load import load, read_domain
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.counts import count_regions
from rectifold.linear_regions.enumerations import enumeration_of
from rectifold.runtime.run import Limits, Run
from rectifold_check.cells import Cells
from rectifold_check.networks import read_domain as read_canonical_domain
from rectifold_check.networks import read_network
from support import float_network

SHARED = Path(__file__).resolve().parents[2] / "shared" / "networks"
SEEDED = [
    "2-8-8-1_random_0",
    "2-16-16-1_random_0",
    "2-32-32-1_random_0",
    "2-64-64-1_random_0",
    "2-16-16-16-1_trained_0",
    "3-8-8-1_random_0",
    "3-16-16-1_random_0",
    "5-12-12-1_random_0",
    "10-8-8-1_random_0",
    "10-16-16-1_trained_0",
]
MILLION = (2, 640, 640, 640, 1)  # counted with --count's method, by two processes
OWN = [
    (2, 16, 16, 1),
    (2, 32, 32, 1),
    (2, 64, 64, 1),
    (3, 8, 8, 1),
    (3, 16, 16, 1),
    (4, 10, 10, 1),
    (5, 10, 10, 1),
    (8, 8, 8, 1),
]


@dataclass(frozen=True)
class Count:
    count: int
    splits: int
    complete: bool
    cpu: float
    counting: float = 0.0

    @property
    def rate(self) -> float:
        return self.count / max(self.cpu, 1e-9)


def networks(arguments: tuple[str, ...]) -> Iterator[tuple[str, Network]]:
    for argument in arguments:
        name, _, domain = argument.partition("@")
        network = load(name).network
        yield name, network.with_domain(read_domain(domain, network) if domain else network.domain)
    if not arguments:
        for sizes in OWN:
            yield "-".join(map(str, sizes)) + " (seed 0)", float_network(0, *sizes)
        yield from central_networks()
        for name in SEEDED:
            if (SHARED / "regions" / f"{name}.npz").is_file():
                network = load(str(SHARED / "regions" / f"{name}.npz")).network
                yield name, network.with_domain(read_domain("[-1,1]", network))


def central_networks() -> Iterator[tuple[str, Network]]:
    """Networks whose hyperplanes all meet in one point, or in many points that are alike."""
    one = [[int(j == i) for j in range(5)] for i in range(5)]
    pairs = [
        [a + s * b for a, b in zip(one[i], one[j], strict=True)]
        for i in range(5)
        for j in range(i)
        for s in (1, -1)
    ]
    sums = [list(row) for row in product((0, 1), repeat=5) if any(row)]
    yield "x_i, x_i ± x_j of 5 inputs", central(one + pairs)
    yield "all sums of 5 inputs", central(sums)
    yield "5-8-8-8-1 of -1, 0, 1", central(*small_integers(0, (5, 8, 8, 8)))
    yield "5-8-8-8-1 of -2 … 2", central(*small_integers(1, (5, 8, 8, 8), 2))


def small_integers(seed: int, sizes: tuple[int, ...], most: int = 1) -> list[list[list[int]]]:
    """Weights of a network without biases."""
    random = Random(seed)
    return [
        [[random.randint(-most, most) for _ in range(inputs)] for _ in range(outputs)]
        for inputs, outputs in pairwise(sizes)
    ]


def central(*weights: list[list[int]]) -> Network:
    """Relu layers with these weights and no biases, then the sum of all units."""
    layers, before = [], "x"
    for k, rows in enumerate([*weights, [[1] * len(weights[-1])]]):
        matrix = Matrix.from_floats(np.array(rows, dtype=float))
        kind: Literal["relu", "linear"] = "relu" if k < len(weights) else "linear"
        layers.append(Layer(f"h{k}", kind, Matrix.zeros(len(rows), 1), {before: matrix}))
        before = f"h{k}"
    inputs = len(weights[0][0])
    return Network("x", inputs, layers, before, Domain.cube(-1, 1, inputs), "central")


def million() -> str:
    """A count of very many regions in the plane, by two processes."""
    network = float_network(0, *MILLION)
    assert network.domain is not None
    started, before = time.monotonic(), cpu_seconds()
    found = count_regions(network, network.domain, run=Run(Limits(600, jobs=2)))
    seconds = time.monotonic() - started
    for process in multiprocessing.active_children():
        process.join()  # it was ended: now its time counts
    cpu = cpu_seconds() - before
    return (
        f"{'-'.join(map(str, MILLION))} (seed 0) by two processes: {found.text}, "
        f"{seconds:.0f} s, {cpu:.0f} CPU-s, {found.count / cpu:,.0f} per CPU-s, "
        f"at most {largest_process():,.0f} MB in one process"
    )


def cpu_seconds() -> float:
    """Of this process and of those that have ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def largest_process() -> float:
    """Megabytes (getrusage counts kilobytes on Linux)."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(use.ru_maxrss for use in uses) / 1024


def ours(network: Network, domain: Domain, seconds: float) -> Count:
    enumeration = enumeration_of(network, domain)
    started = time.process_time()
    count = sum(1 for _ in enumeration.regions(seconds=seconds))
    listed = time.process_time()
    again = count_regions(network, domain, run=Run(Limits(seconds)))
    counting = again.count / max(time.process_time() - listed, 1e-9)
    assert again.count == count or not (again.complete and enumeration.tally.complete)
    return Count(
        count, enumeration.tally.splits, enumeration.tally.complete, listed - started, counting
    )


def compared(found: Count, other: Count) -> str:
    """The peer's columns, and how many times its rate ours is."""
    times = found.rate / other.rate
    return f" {other.count:9,} {other.cpu:7.1f} {other.rate:10,.0f} {times:6.1f}"


def theirs(python: str, network: Network) -> Count | str:
    """relucent's count, in an interpreter that has it, or why there is none."""
    arrays: dict[str, Any] = {}
    for k, layer in enumerate(network.layers):
        (weight,) = layer.weights.values()
        arrays[f"W{k}"], arrays[f"b{k}"] = weight.floats, layer.bias.floats[:, 0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.npz"
        np.savez(path, **arrays)
        command = [python, str(Path(__file__).with_name("relucent_regions.py")), str(path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        except subprocess.TimeoutExpired:
            return "not finished in 600 s"
    if done.returncode:
        return "fails: " + done.stderr.strip().splitlines()[-1].partition(":")[0].rpartition(".")[2]
    result = json.loads(done.stdout.splitlines()[-1])
    return Count(result["count"], 0, True, result["cpu"])


def controller(seconds: float) -> str | None:
    """A small sub-box of an ACAS Xu network: the regions, and the checker's own cells of the same
    network beside them.
    """
    path = SHARED / "acas" / "acasxu_1_1.onnx"
    if not path.is_file():
        return None
    network = load(str(path)).network
    whole = read_domain(str(SHARED / "acas" / "prop_1.vnnlib"), network)
    ends = [
        (a, b)
        for a, b in zip(whole.lower, whole.upper, strict=True)
        if a is not None and b is not None
    ]
    middle = [(a + b) / 2 for a, b in ends]
    half = [(b - a) / 40 for a, b in ends]
    lower, upper = (
        tuple(m + s * h for m, h in zip(middle, half, strict=True))
        for s in (Fraction(-1), Fraction(1))
    )
    domain = Domain(lower, upper)
    found = ours(network, domain, seconds)
    started = time.process_time()
    cells = Cells(
        read_network(canonical_text(network), "A"), read_canonical_domain(domain_text(domain))
    )
    count = sum(1 for _ in cells.affine(10**6))
    return (
        f"ACAS Xu 1_1 on a twentieth of prop_1's box in each input: {found.count:,} regions in "
        f"{found.cpu:.1f} CPU-s; "
        f"the checker, on its own: {count:,} cells in {time.process_time() - started:.1f} CPU-s"
    )


@click.command()
@click.option("--peer", metavar="PYTHON", help="an interpreter with relucent and torch")
@click.option("--seconds", default=60.0, show_default=True, help="per network")
@click.argument("arguments", metavar="[NETWORK[@DOMAIN]]...", nargs=-1)
def main(peer: str | None, seconds: float, arguments: tuple[str, ...]) -> None:
    beside = f" {'relucent':>9} {'CPU s':>7} {'regions/s':>10} {'ratio':>6}" if peer else ""
    own = f"{'regions':>9} {'splits':>8} {'CPU s':>7} {'listed/s':>10} {'counted/s':>10}"
    print(f"{'network':28} {own}{beside}")
    for name, network in networks(arguments):
        assert network.domain is not None
        found = ours(network, network.domain, seconds)
        count = f"{found.count:,}" if found.complete else f">{found.count:,}"
        line = f"{name:28} {count:>9} {found.splits:8,} {found.cpu:7.2f} {found.rate:10,.0f}"
        line += f" {found.counting:10,.0f}"
        if peer and network.is_chain and network.domain == Domain.cube(-1, 1, network.input_size):
            other = theirs(peer, network) if found.complete else "not asked"
            line += f" {other}" if isinstance(other, str) else compared(found, other)
        print(line, flush=True)
    if not arguments:
        print(million(), flush=True)
        if (line_of := controller(seconds)) is not None:
            print(line_of)


if __name__ == "__main__":
    main()
