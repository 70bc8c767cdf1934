"""Check many cells by several processes: python benchmarks/several.py [--sizes N-N-N] [--jobs N]...

A float32 network and its exact shallow form: the certificate by cells, checked with each number of
processes. Printed: cells, the verdict, words of work, seconds of the clock and of all processors.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import click
from regions import cpu_seconds

from rectifold.certificate.within import certify_by_cells
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.network import Network
from rectifold.two_layers.shallow import shallow_network
from rectifold_check.bends import BendingCells
from rectifold_check.gap import Arrangement, Gap
from rectifold_check.networks import read_domain, read_network
from rectifold_check.several import count_nonpositive
from rectifold_check.work import Work
from support import float_network


@click.command(help=__doc__)
@click.option("--sizes", default="4-4-4-4-1", show_default=True)
@click.option("--jobs", default=[1, 2], multiple=True, show_default=True)
def main(sizes: str, jobs: tuple[int, ...]) -> None:
    network = float_network(0, *map(int, sizes.split("-")))
    assert network.domain is not None
    form = shallow_network(network, network.domain, kind="exact").network
    tolerance = [Fraction(0)] * network.output_size
    made = certify_by_cells(network, form, network.domain, tolerance)
    if made is None:
        raise click.ClickException("there is no certificate by cells")
    count = int(json.loads(made.lines[-2])[1])
    for number in jobs:
        print(f"{sizes}: {counted(network, form, tolerance, count, number)}")


def counted(a: Network, b: Network, tolerance: Sequence[Fraction], most: int, jobs: int) -> str:
    """What the checker's count of cells takes. Raises Refusal, beyond `most` cells as well."""
    assert a.domain is not None
    read = [read_network(canonical_text(v), "a network") for v in (a, b)]
    gap = Gap((read[0], read[1]), tolerance, Arrangement())
    about = gap.network, read_domain(domain_text(a.domain))
    work = Work(None, jobs=jobs)
    started, before = time.monotonic(), cpu_seconds()
    found = count_nonpositive(BendingCells(*about, work), about, most)
    wall, cpu = time.monotonic() - started, cpu_seconds() - before
    return (
        f"checked by {jobs} processes, {found:,} of {most:,} cells, {work.done:,} words, "
        f"{wall:.1f} s, {cpu:.1f} CPU-s"
    )


if __name__ == "__main__":
    main()
