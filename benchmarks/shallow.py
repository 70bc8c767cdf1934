"""Build exact shallow networks: python benchmarks/shallow.py [--degenerate N] [--four N]
[--inputs N] [--only TEXT] [--cells N] [--seconds S] [--processes P] [NETWORK[@DOMAIN]...]

Hidden units of the exact form beside the paper's gated form, the time, mismatches at random
rational points and at every vertex (exact), the largest error of its float64 evaluation, a bound of
that in float32, and the certificate: cells, and the checker's CPU-seconds; or how far a comparison
came that was ended. Without networks: random float32 networks made here, small-integer ones without
biases, the seeded ones beside the checkout if they are there (with --inputs and --only only some of
these), and N random small-integer networks, most of them degenerate: of one to three inputs, and of
four.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import click
import numpy as np
from shallow_cells import Limit, compared
from shallow_networks import networks
from shallow_points import IntegerNetwork, differ, inside
from shallow_random import MOST_CELLS, POINTS, degenerate, of_four

from rectifold.bounds.code_error import rounding_error
from rectifold.formats.load import load, read_domain
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.summary import Regions
from rectifold.runtime.run import Run
from rectifold.two_layers.exact_search import exact_network
from rectifold.two_layers.gates import Gates
from rectifold.two_layers.hyper.watch import Watch


def row(name: str, network: Network, limit: Limit) -> str:
    """What the form of a network costs, and what comes of comparing both on cells."""
    domain = network.domain
    assert domain is not None
    started = time.process_time()
    enumeration = vertex_enumeration(network, domain)
    restriction = enumeration.restriction
    regions = Regions(network, domain, restriction.free, list(enumeration.regions()), True)
    found = regions.with_vertices
    result = exact_network(restriction, regions, Watch(Run()))
    seconds = time.process_time() - started
    gated = sum(Gates(regions).sizes()["classic"])
    points = inside(domain, POINTS)
    points += [list(v) for v in sorted({v for region in found for v in region.vertices})]
    first, second = IntegerNetwork(network), IntegerNetwork(result)
    exact = [first.outputs(point) for point in points]
    wrong = sum(differ(e, second.outputs(p)) for p, e in zip(points, exact, strict=True))
    floats = evaluate_float(result, np.array([[float(v) for v in p] for p in points]))
    error = np.abs(floats - np.array([[int(a) / int(b) for a, b in own] for own in exact])).max()
    hidden = "-".join(map(str, result.hidden_sizes()))
    return (
        f"{name:26} {len(regions):7,} {gated:8,} {hidden:>10} {sum(result.hidden_sizes()):7,} "
        f"{f'{wrong}/{len(points)}':>9} {error:9.1e} {float32_bound(result, domain)} "
        f"{seconds:7.2f} {compared(network, result, limit)}"
    )


def float32_bound(result: Network, domain: Domain) -> str:
    """What the outputs of the form are off by in float32, at most; or that they may overflow."""
    found = rounding_error(result, domain, None, "float32")
    return f"{'overflow' if found.overflow else f'{max(found.per_output):.1e}':>9}"


@click.command()
@click.option("--degenerate", default=500, show_default=True, help="random small-integer networks")
@click.option(
    "--four", default=300, show_default=True, help="random small-integer networks of four inputs"
)
@click.option("--processes", default=1, show_default=True, help="of the random networks")
@click.option("--inputs", default=0, help="only the rows of so many inputs")
@click.option("--only", default="", help="only the rows whose names contain this text")
@click.option("--cells", default=MOST_CELLS, show_default=True, help="of a certificate, at most")
@click.option("--seconds", type=float, help="CPU-seconds of a comparison on cells, at most")
@click.argument("arguments", metavar="[NETWORK[@DOMAIN]]...", nargs=-1)
def main(
    inputs: int,
    only: str,
    cells: int,
    seconds: float | None,
    arguments: tuple[str, ...],
    **random: int,
) -> None:
    print(
        f"{'network':26} {'regions':>7} {'classic':>8} {'exact':>10} {'units':>7} {'mismatch':>9} "
        f"{'float64':>9} {'float32<=':>9} {'CPU s':>7} "
        f"{'cells':>8} {'checker':>7} {'CPU s':>6}"
    )
    for name, network in chosen(arguments):
        if inputs in (0, network.input_size) and only in name:
            print(row(name, network, Limit(cells, seconds)), flush=True)
    if not arguments and not inputs and not only:
        print(degenerate(random["degenerate"], random["processes"]))
        print(of_four(random["four"], random["processes"]))


def chosen(arguments: Sequence[str]) -> Iterator[tuple[str, Network]]:
    """The networks named, or the own ones."""
    for argument in arguments:
        name, _, domain = argument.partition("@")
        network = load(name).network
        spec = read_domain(domain, network) if domain else network.domain
        yield name, network.with_domain(spec)
    if not arguments:
        yield from networks()


if __name__ == "__main__":
    main()
