"""Build exact shallow networks: python benchmarks/shallow.py [--degenerate N] [--four N]
[--inputs N] [--cells N] [--processes P] [NETWORK[@DOMAIN]...]

Hidden units of the exact form beside the paper's gated form, the time, mismatches at random
rational points and at every vertex (exact), the largest error of its float64 evaluation, a bound of
that in float32, and the certificate: cells, and the checker's CPU-seconds. Without networks: random
float32 networks made here, small-integer ones without biases, the seeded ones beside the checkout
if they are there (with --inputs only those of so many inputs), and N random small-integer networks,
most of them degenerate: of one to three inputs, and of four.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import click
import numpy as np
from shallow_networks import networks
from shallow_points import IntegerNetwork, differ, inside
from shallow_random import MOST_CELLS, POINTS, degenerate, of_four

import rectifold_check
from rectifold.bounds.code_error import rounding_error
from rectifold.certificate.within import certify_by_cells
from rectifold.formats.load import load, read_domain
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.summary import Regions
from rectifold.runtime.run import Run
from rectifold.two_layers.exact_search import exact_network
from rectifold.two_layers.gates import Gates
from rectifold.two_layers.hyper.watch import Watch


def row(name: str, network: Network, most: int) -> str:
    """What the form of a network costs; a certificate of at most so many cells."""
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
        f"{seconds:7.2f} {certificate(network, result, most)}"
    )


def float32_bound(result: Network, domain: Domain) -> str:
    """What the outputs of the form are off by in float32, at most; or that they may overflow."""
    found = rounding_error(result, domain, None, "float32")
    return f"{'overflow' if found.overflow else f'{max(found.per_output):.1e}':>9}"


def certificate(network: Network, result: Network, most: int) -> str:
    """Cells, at most so many, the checker's verdict, and its CPU-seconds."""
    assert network.domain is not None
    if not most:
        return f"{'not made':>8}"
    none = [Fraction(0)] * network.output_size
    made = certify_by_cells(network, result, network.domain, none, most)
    if made is None:
        return f"{f'>{most:,}':>8}"
    started = time.process_time()
    texts = canonical_text(network), domain_text(network.domain), canonical_text(result)
    verdict = rectifold_check.check(texts[0], texts[1], made.lines, texts[2])
    count = int(made.lines[-2].split(",")[1].rstrip("]"))
    return f"{count:8,} {verdict.status:>7} {time.process_time() - started:6.1f}"


@click.command()
@click.option(
    "--degenerate", "count", default=500, show_default=True, help="random small-integer networks"
)
@click.option(
    "--four", default=300, show_default=True, help="random small-integer networks of four inputs"
)
@click.option("--inputs", default=0, help="only the rows of so many inputs")
@click.option("--cells", default=MOST_CELLS, show_default=True, help="of a certificate, at most")
@click.option("--processes", default=1, show_default=True, help="of the random networks")
@click.argument("arguments", metavar="[NETWORK[@DOMAIN]]...", nargs=-1)
def main(
    count: int, four: int, inputs: int, cells: int, processes: int, arguments: tuple[str, ...]
) -> None:
    print(
        f"{'network':26} {'regions':>7} {'classic':>8} {'exact':>10} {'units':>7} {'mismatch':>9} "
        f"{'float64':>9} {'float32<=':>9} {'CPU s':>7} "
        f"{'cells':>8} {'checker':>7} {'CPU s':>6}"
    )
    for name, network in chosen(arguments):
        if inputs in (0, network.input_size):
            print(row(name, network, cells), flush=True)
    if not arguments and not inputs:
        print(degenerate(count, processes))
        print(of_four(four, processes))


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
