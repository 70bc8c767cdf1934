"""A network and its form compared on cells: how many, what the checker says, and CPU-seconds.

two networks, a limit   →   4,635   holds    5.1
                        →   more than 4,001, 12 % in 60 s
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction

import rectifold_check
from rectifold.certificate.cells import PairText, compare_on_cells
from rectifold.certificate.within import cells_certificate
from rectifold.ir.network import Network
from rectifold.runtime.run import Run
from rectifold_check.json import Refusal


@dataclass(frozen=True)
class Limit:
    """At most so many cells, 0 for no comparison, and so many CPU-seconds if there is a number."""

    cells: int
    seconds: float | None = None


def compared(network: Network, form: Network, limit: Limit) -> str:
    """Cells, the checker's verdict when it is permitted the work, and its CPU-seconds.

    Or how far the comparison came: the part of the domain, where every cut of a cell counts as a
    half, and CPU-seconds.
    """
    if not limit.cells:
        return f"{'not made':>8}"
    domain, run = network.domain, Run(clock=time.process_time)
    assert domain is not None
    pair = PairText.of(network, form, domain, [Fraction(0)] * network.output_size)
    started = run.clock()
    deadline = None if limit.seconds is None else started + limit.seconds
    try:
        found = compare_on_cells(pair, limit.cells, deadline, run)
    except Refusal as problem:
        return f"no cells: {problem}"
    if found.largest:
        return f"DIFFER by {float(found.largest):.3g} at {found.point}"
    certificate = cells_certificate(network, form, pair, found)
    if certificate is None:
        seconds = run.clock() - started
        return f"more than {found.count:,}, {100 * found.share:.2g} % in {seconds:.0f} s"
    started = run.clock()
    verdict = rectifold_check.check(
        pair.a, pair.domain, certificate.lines, pair.b, permitted=certificate.work
    )
    return f"{found.count:8,} {verdict.status:>7} {run.clock() - started:6.1f}"
