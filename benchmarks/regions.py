"""Count linear regions: python benchmarks/regions.py [NETWORK[@DOMAIN] ...]

Without arguments: networks with random float32 weights (He) on [-1, 1]^n, made here from a fixed seed, and the seeded networks beside
the checkout if they are there. Every count is exact; the rate is regions per CPU-second of one process.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from rectifold.formats.load import load, read_domain
from rectifold.ir.network import Network
from rectifold.linear_regions.enumeration import Enumeration
from support import float_network

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "networks" / "regions"
SEEDED = [
    "2-8-8-1_random_0", "2-16-16-1_random_0", "2-32-32-1_random_0", "2-64-64-1_random_0", "2-16-16-16-1_trained_0",
    "3-8-8-1_random_0", "3-16-16-1_random_0", "5-12-12-1_random_0",
]  # fmt: skip
OWN = [(2, 16, 16, 1), (2, 32, 32, 1), (2, 64, 64, 1), (3, 8, 8, 1), (3, 16, 16, 1), (4, 10, 10, 1), (5, 10, 10, 1)]


def networks(arguments: list[str]) -> Iterator[tuple[str, Network]]:
    for argument in arguments:
        name, _, domain = argument.partition("@")
        network = load(name).network
        yield name, network.with_domain(read_domain(domain, network) if domain else network.domain)
    if not arguments:
        for sizes in OWN:
            yield "-".join(map(str, sizes)) + " (seed 0)", float_network(0, *sizes)
        for name in SEEDED:
            if (BESIDE / f"{name}.npz").is_file():
                network = load(str(BESIDE / f"{name}.npz")).network
                yield name, network.with_domain(read_domain("[-1,1]", network))


def main() -> None:
    print(f"{'network':28} {'regions':>8} {'splits':>8} {'CPU s':>7} {'regions/s':>10}")
    for name, network in networks(sys.argv[1:]):
        assert network.domain is not None
        enumeration = Enumeration(network, network.domain)
        started = time.process_time()
        count = sum(1 for _ in enumeration.regions())
        seconds = time.process_time() - started
        print(
            f"{name:28} {count:8,} {enumeration.progress.splits:8,} {seconds:7.2f} {count / seconds:10,.0f}", flush=True
        )


if __name__ == "__main__":
    main()
