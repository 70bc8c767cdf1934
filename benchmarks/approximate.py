"""What approximations save: sizes beside the exact compile, what is certified, and what is seen.

    python benchmarks/approximate.py [NETWORK@DOMAIN ...] [--within 1e-6,1e-5,...,1%]
        [--objective weights] [--weights-alone]

A row per network and tolerance: relu units and weights (those that are not 0) of the source, of the
exact result and of the approximation; how many times the exact saving of weights that is; the
largest certified difference of an output, the largest seen at 10,000 points (half of them corners)
in floats, the checker's word and seconds. Without networks: the L1-trained ones beside the checkout
if they are there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from rectifold.approximate.approximated import Approximation
from rectifold.approximate.approximating import Wish, approximate_network
from rectifold.approximate.budget import parse_within
from rectifold.approximate.goal import Goal
from rectifold.approximate.known import values_at
from rectifold.effort.effort import Effort
from rectifold.exact.numerals import at_most
from rectifold.formats.load import load, read_domain
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.operations.compiling import compile_network
from rectifold.passes.result import Options
from rectifold.runtime.run import Limits, Run

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "networks" / "l1"
REAL = ("100-100_l1_0.0001", "100-100_l1_0.0002", "400-400_l1_0.0001")
WITHIN = "1e-6,1e-5,1e-4,1e-3,1e-2,1e-1,1%"
POINTS = 10_000


def jobs(arguments: list[str]) -> Iterator[tuple[Path, str]]:
    """Files with their domains."""
    for argument in arguments:
        file, _, domain = argument.partition("@")
        yield Path(file), domain or "[0,1]"
    for name in () if arguments else REAL:
        file = f"mnist_{name}.onnx"
        if (SHARED / file).is_file():
            yield SHARED / file, "[0,1]"


def largest_seen(a: Network, b: Network, domain: Domain) -> float:
    """The largest difference of an output at random points, in floats."""
    low, high = domain.float_box
    random, worst = np.random.default_rng(7), 0.0
    for corners in (False, True):
        shares = random.random((POINTS // 2, len(low)))
        points = low + (high - low) * (np.round(shares) if corners else shares)
        outputs = [values_at(one, points)[one.output] for one in (a, b)]
        worst = max(worst, float(np.abs(outputs[0] - outputs[1]).max()))
    return worst


def row(name: str, within: str, exact: Network, found: Approximation, seconds: float) -> str:
    source, result = found.source, found.network
    assert source.domain is not None
    sizes = [one.sizes for one in (source, exact, result)]
    saved = [sizes[0].weights - one.weights for one in sizes[1:]]
    times = f"{saved[1] / saved[0]:.2f}" if saved[0] else "—"
    units = " → ".join(f"{one.units}" for one in sizes)
    weights = " → ".join(f"{one.weights:,}" for one in sizes)
    seen = largest_seen(source, result, source.domain)
    word = "not certified" if found.known is None else found.known.verdict.status
    moves = ", ".join(f"{kind} {count:,}" for kind, count in found.moves.items()) or "—"
    told = at_most(max(found.certified), 3)
    return (
        f"| {name} | {within} | {units} | {weights} | {times} | {told} | {seen:.3g} | {word} | "
        f"{seconds:.0f} | {moves} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK@DOMAIN")
    parser.add_argument("--within", default=WITHIN, help="tolerances, one run each")
    parser.add_argument("--objective", default="weights", help="macs, weights or units")
    parser.add_argument("--weights-alone", action="store_true", help="no edits of whole units")
    given = parser.parse_args()
    print(
        "| network | within | units: source, exact, within | weights: the same | times the exact "
        "saving | certified | seen | certificate | s | edits |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    options = Options(objective=given.objective)
    effort = Effort()
    if given.weights_alone:
        effort = replace(effort, approximate=replace(effort.approximate, prices=()))
    wish = Wish(options, run=Run(Limits(effort=effort)))
    for path, spec in jobs(given.networks):
        network = load(path).network
        domain = read_domain(spec, network)
        exact = compile_network(network, domain, options=options).network
        for within in given.within.split(","):
            started = time.monotonic()
            goal = Goal(parse_within(within))
            found = approximate_network(network, domain, goal, wish)
            spent = time.monotonic() - started
            print(row(path.stem, within, exact, found, spent), flush=True)


if __name__ == "__main__":
    main()
