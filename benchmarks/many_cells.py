"""Compare on very many cells: python benchmarks/many_cells.py [--sizes N-N-N] [--processes P]
[--seconds S] [--check]

A network with float32 weights against itself with every last weight moved by less than 2^-36, to be
shown within 2^-20 on [-8, 8]^n. Nothing cancels, so the comparison is on all common regions, cut
for both networks. Printed: cells, whether they are all, seconds of the clock and of the processors,
and the memory of the largest process, which does not grow with the cells. With --seconds it ends
then, and says what part of the domain it has compared. With --check the checker counts the cells,
as it does for a certificate that names so many, by as many processes.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from fractions import Fraction
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import click
from regions import cpu_seconds, largest_process
from several import counted

from rectifold.certificate.cells import PairText, compare_on_cells
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.draft import Draft
from rectifold.ir.network import Layer, Network
from rectifold.runtime.run import Limits, Run
from support import float_network


def with_moved_ends(network: Network) -> Network:
    """Every weight of the last layer moved by up to 9 · 2^-40."""
    draft, random = Draft(network), Random(0)
    last = network.layers[-1]
    ((source, weight),) = last.weights.items()
    rows, columns = weight.shape
    table = [
        [weight.entry(i, j) + Fraction(random.randint(-9, 9), 1 << 40) for j in range(columns)]
        for i in range(rows)
    ]
    moved = Matrix.from_fractions(table, columns=columns)
    draft.put(Layer(last.name, last.activation, last.bias, {source: moved}))
    return draft.freeze()


@click.command(help=__doc__)
@click.option("--sizes", default="4-28-28-1", show_default=True)
@click.option("--processes", default=2, show_default=True)
@click.option("--seconds", default=None, type=float)
@click.option("--check", is_flag=True)
def main(sizes: str, processes: int, seconds: float | None, *, check: bool) -> None:
    network = float_network(0, *map(int, sizes.split("-")))
    size = network.input_size
    domain = Domain((Fraction(-8),) * size, (Fraction(8),) * size)
    network = network.with_domain(domain)
    tolerance = [Fraction(1, 1 << 20)] * network.output_size
    moved = with_moved_ends(network)
    pair = PairText.of(network, moved, domain, tolerance)
    run = Run(Limits(seconds, jobs=processes))
    started, before = run.clock(), cpu_seconds()
    deadline = None if seconds is None else started + seconds
    found = compare_on_cells(pair, 10**9, deadline, run)
    wall = time.monotonic() - started
    for process in multiprocessing.active_children():
        process.join()  # it was ended: now its time counts
    cpu = cpu_seconds() - before
    within = "within 2^-20" if found.point is None else "not within 2^-20"
    part = "all" if found.complete else f"{100 * found.share:.1f} %"
    print(
        f"{sizes} by {processes} processes: {found.count:,} cells, {part}, {within}, "
        f"{wall:.0f} s, {cpu:.0f} CPU-s, {found.count / cpu:,.0f} per CPU-s, "
        f"at most {largest_process():,.0f} MB in one process"
    )
    if check and found.complete:
        print(f"{sizes}: {counted(network, moved, tolerance, found.count, processes)}")


if __name__ == "__main__":
    main()
