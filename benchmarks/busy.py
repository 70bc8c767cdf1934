"""Proofs beside a busy process: python benchmarks/busy.py [NAME] [--loops N]

Prints wall and CPU seconds of the proofs of each network of benchmarks/stability.py (NAME picks
rows by a part of their name), first as the machine is, then beside N busy loops (default 1), the
units left open each time, and how many times the CPU seconds the second run took. Exit status 1 if
that is more than 1.3 for a row that came to its end both times (run it on a machine that does
nothing else).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from stability import rows

from rectifold.facts.facts import Facts, Phase
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.prover.cascade import prove
from rectifold.runtime.run import Limits

MOST = 1.3


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """So many processes that do nothing but take a processor."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def measured(network: Network, domain: Domain, limit: float) -> tuple[float, float, Facts]:
    """(wall, CPU seconds of this process, facts)."""
    wall, cpu = time.monotonic(), time.process_time()
    facts = prove(network, domain, prover="bounds", limits=Limits(limit))
    return time.monotonic() - wall, time.process_time() - cpu, facts


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--loops", type=int, default=1)
    given = parser.parse_args()
    print(
        f"{'network, domain':22} {'wall s':>8} {'CPU s':>8} {'open':>5}   {'busy: wall':>10} "
        f"{'CPU s':>8} {'open':>5} {'CPU':>6}"
    )
    worst = 0.0
    for name, network, domain, limit in rows():
        if given.name not in name:
            continue
        wall, cpu, facts = measured(network, domain, limit)
        with busy_loops(given.loops):
            busy_wall, busy_cpu, busy_facts = measured(network, domain, limit)
        ratio = busy_cpu / max(cpu, 0.1)
        if facts.complete and busy_facts.complete:
            worst = max(worst, ratio)
        print(
            f"{name:22} {wall:8.1f} {cpu:8.1f} {facts.count(Phase.OPEN):5}   "
            f"{busy_wall:10.1f} {busy_cpu:8.1f} {busy_facts.count(Phase.OPEN):5} {ratio:6.2f}",
            flush=True,
        )
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
