"""Many random networks through tests/strange_judge, in processes: what benchmarks/soundness.py and
benchmarks/lattices.py run.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice

from strange_judge import LIMITS, judge
from strange_networks import strange_network

_CHUNK = 5  # networks that a process takes at once

Judged = Future[tuple[Counter[str], list[str]]]


def judged_chunk(start: int, stop: int, lattices: bool) -> tuple[Counter[str], list[str]]:
    """Counts and faults of the seeds from `start` on, below `stop`."""
    counts, faults = Counter[str](), list[str]()
    before = time.process_time()
    for seed in range(start, stop):
        found = judge(strange_network(seed, lattices), seed, LIMITS)
        counts.update(found.counts)
        faults += [f"seed {seed}: {fault}" for fault in found.faults]
    counts["milliseconds"] += round(1000 * (time.process_time() - before))
    return counts, faults


def run(count: int, seed: int, processes: int, lattices: bool, seconds: float) -> int:
    """Prints faults as they are found, a table and a line of JSON; the exit status.

    After `seconds` no network is begun; the table says how many were judged.
    """
    started, counts = time.monotonic(), Counter[str]()
    starts = iter(range(seed, seed + count, _CHUNK))
    with ProcessPoolExecutor(processes) as pool:
        waiting = {
            _submit(pool, start, seed + count, lattices) for start in islice(starts, processes)
        }
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for found, faults in (future.result() for future in done):
                counts.update(found)
                for fault in faults:
                    print(fault, flush=True)
                if (
                    time.monotonic() - started < seconds
                    and (start := next(starts, None)) is not None
                ):
                    waiting.add(_submit(pool, start, seed + count, lattices))
    for name, number in sorted(counts.items()):
        print(f"{name:>14} {number:>10,}")
    told = {
        "count": count,
        "seed": seed,
        "unsound": counts["unsound"],
        "refused": counts["refused"],
    } | dict(counts)
    print(json.dumps(told | {"seconds": round(time.monotonic() - started, 1)}))
    return 1 if counts["unsound"] or counts["refused"] else 0


def _submit(pool: ProcessPoolExecutor, start: int, stop: int, lattices: bool) -> Judged:
    return pool.submit(judged_chunk, start, min(start + _CHUNK, stop), lattices)


def main(description: str, *, lattices: bool) -> None:
    """Read the command line, run, and exit: 1 if anything is unsound or refused."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("count", type=int, nargs="?", default=10_000 if lattices else 20_000)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="begin nothing after so many seconds"
    )
    parser.add_argument(
        "--lattices",
        action="store_true",
        default=lattices,
        help="lattices and repeated pieces alone",
    )
    parser.add_argument(
        "--show", action="store_true", help="print the networks and do nothing else"
    )
    asked = parser.parse_args()
    if asked.show:
        for seed in range(asked.seed, asked.seed + asked.count):
            print(f"seed {seed}:\n{strange_network(seed, asked.lattices)}")
        return
    sys.exit(run(asked.count, asked.seed, asked.processes, asked.lattices, asked.seconds))
