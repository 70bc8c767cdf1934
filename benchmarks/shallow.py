"""Build exact shallow networks: python benchmarks/shallow.py [NETWORK[@DOMAIN] ...]

Hidden units of the exact form beside the paper's gated form, the time, mismatches at random rational points and at vertices (exact), and
the largest error of its float64 evaluation. Without arguments: random float32 networks made here, and the seeded ones beside the
checkout if they are there.
"""

from __future__ import annotations

import sys
import time
from fractions import Fraction
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import numpy as np

from rectifold.formats.load import load, read_domain
from rectifold.ir.evaluate import evaluate_float, evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.enumeration import Enumeration
from rectifold.linear_regions.summary import Regions
from rectifold.two_layers.gates import Gates
from rectifold.two_layers.line import on_a_line
from rectifold.two_layers.plane import on_a_plane
from rectifold.two_layers.space import in_space
from support import float_network

OWN = [(1, 16, 16, 1), (2, 16, 16, 1), (2, 16, 16, 16, 1), (3, 6, 6, 6, 1)]
SEEDED = [
    "2-16-16-1_trained_0", "2-32-32-1_random_0", "2-16-16-16-1_trained_0", "2-32-32-32-1_random_0", "3-8-8-8-1_random_0",
    "3-8-8-8-1_trained_0",
]  # fmt: skip
POINTS = 200
BESIDE = Path(__file__).resolve().parents[2] / "shared" / "networks" / "regions"


def row(name: str, network: Network) -> str:
    assert network.domain is not None
    started = time.process_time()
    enumeration = Enumeration(network, network.domain)
    regions = Regions(network, network.domain, tuple(enumeration.free), list(enumeration.regions()), True)
    free = regions.free
    if len(free) == 3:
        form = in_space(enumeration, regions.found)
    else:
        form = (on_a_line if len(free) == 1 else on_a_plane)(network, network.domain, free, regions.found)
    result = form.to_network()
    seconds = time.process_time() - started
    gated = sum(Gates(regions).sizes()["classic"])
    random = Random(0)
    points = [[Fraction(random.randint(-(10**6), 10**6), 10**6) for _ in free] for _ in range(POINTS)]
    vertices = sorted({v for region in regions for v in region.vertices})
    points += [list(v) for v in random.sample(vertices, min(len(vertices), 300))]
    ours, exact = evaluate_points(result, points), evaluate_points(network, points)
    wrong = sum(a != b for a, b in zip(ours, exact, strict=True))
    sample = np.array([[float(v) for v in p] for p in points])
    error = np.abs(evaluate_float(result, sample) - np.array([[float(v) for v in p] for p in exact])).max()
    hidden = "-".join(map(str, result.hidden_sizes()))
    return (
        f"{name:26} {len(regions):7,} {gated:8,} {hidden:>10} {sum(result.hidden_sizes()):7,} {wrong:4}/{len(points):<4} "
        f"{error:9.1e} {seconds:7.2f}"
    )


def main() -> None:
    print(
        f"{'network':26} {'regions':>7} {'classic':>8} {'exact':>10} {'units':>7} {'mismatch':>9} {'float64':>9} {'CPU s':>7}"
    )
    chosen: list[tuple[str, Network]] = []
    for argument in sys.argv[1:]:
        name, _, domain = argument.partition("@")
        network = load(name).network
        chosen.append((name, network.with_domain(read_domain(domain, network) if domain else network.domain)))
    if not chosen:
        chosen = [("-".join(map(str, sizes)) + " (seed 0)", float_network(0, *sizes)) for sizes in OWN]
        for name in SEEDED:
            if (BESIDE / f"{name}.npz").is_file():
                network = load(str(BESIDE / f"{name}.npz")).network
                chosen.append((name, network.with_domain(read_domain("[-1,1]", network))))
    for name, network in chosen:
        print(row(name, network), flush=True)


if __name__ == "__main__":
    main()
