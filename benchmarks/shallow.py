"""Build exact shallow networks: python benchmarks/shallow.py [--degenerate N] [--four N]
[NETWORK[@DOMAIN]...]

Hidden units of the exact form beside the paper's gated form, the time, mismatches at random
rational points and at every vertex (300 of them for the largest; exact), the largest error of its
float64 evaluation, a bound of that in float32, and the certificate: cells, and the checker's
CPU-seconds. Without networks: random float32 networks made here, small-integer ones without biases,
the seeded ones beside the checkout if they are there, and N random small-integer networks, most of
them degenerate: of one to three inputs, and of four.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from fractions import Fraction
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import click
import numpy as np

import rectifold_check
from rectifold.bounds.code_error import rounding_error
from rectifold.certificate.within import certify_by_cells
from rectifold.errors import InputError
from rectifold.formats.load import load, read_domain
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float, evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.summary import Regions
from rectifold.runtime.run import Run
from rectifold.two_layers.exact_search import exact_network
from rectifold.two_layers.gates import Gates
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.shallow import shallow_network
from support import central_network, float_network, four_inputs, points_of, random_network

OWN = [
    (1, 16, 16, 1),
    (2, 16, 16, 1),
    (2, 8, 8, 8, 1),
    (2, 16, 16, 16, 1),
    (3, 4, 4, 4, 1),
    (3, 6, 6, 6, 1),
    (4, 3, 3, 3, 1),
    (4, 4, 4, 4, 1),
    (4, 6, 6, 6, 1),
    (5, 3, 3, 3, 1),
    (5, 4, 4, 4, 1),
    (2, 64, 64, 64, 1),
]
CENTRAL = [(3, 3, 3, 3, 1), (3, 4, 4, 4, 1), (3, 5, 5, 5, 1), (3, 8, 8, 1), (4, 4, 4, 4, 1)]
SEEDED = [
    "2-16-16-1_trained_0",
    "2-32-32-1_random_0",
    "2-16-16-16-1_trained_0",
    "2-32-32-32-1_random_0",
    "3-8-8-8-1_random_0",
    "3-8-8-8-1_trained_0",
]
POINTS = 200
CERTIFIED = 1_000_000  # cells up to which a certificate is made
FEW_CELLS = 2_000  # as many, for networks of which there are many
MOST_WORK = (
    5_000_000  # vertices times hidden units up to which every vertex is evaluated, else 300 of them
)
TRIED = 1_500  # regions up to which one is tried
BESIDE = Path(__file__).resolve().parents[2] / "shared" / "networks" / "regions"


def row(name: str, network: Network) -> str:
    domain = network.domain
    assert domain is not None
    started = time.process_time()
    enumeration = vertex_enumeration(network, domain)
    restriction = enumeration.restriction
    regions = Regions(network, domain, restriction.free, list(enumeration.regions()), True)
    free, found = regions.free, regions.with_vertices
    result, _ = exact_network(restriction, regions, Watch(Run()), is_required=True)
    assert result is not None
    seconds = time.process_time() - started
    gated = sum(Gates(regions).sizes()["classic"])
    random = Random(0)
    points = [
        [Fraction(random.randint(-(10**6), 10**6), 10**6) for _ in free] for _ in range(POINTS)
    ]
    vertices = sorted({v for region in found for v in region.vertices})
    if len(vertices) * sum(result.hidden_sizes()) > MOST_WORK:
        vertices = random.sample(vertices, 300)
    points += [list(v) for v in vertices]
    ours, exact = evaluate_points(result, points), evaluate_points(network, points)
    wrong = sum(a != b for a, b in zip(ours, exact, strict=True))
    sample = np.array([[float(v) for v in p] for p in points])
    error = np.abs(
        evaluate_float(result, sample) - np.array([[float(v) for v in p] for p in exact])
    ).max()
    hidden = "-".join(map(str, result.hidden_sizes()))
    return (
        f"{name:26} {len(regions):7,} {gated:8,} {hidden:>10} {sum(result.hidden_sizes()):7,} "
        f"{f'{wrong}/{len(points)}':>9} {error:9.1e} {float32_bound(result, domain)} "
        f"{seconds:7.2f} {certificate(network, result, len(regions))}"
    )


def float32_bound(result: Network, domain: Domain) -> str:
    """What the outputs of the form are off by in float32, at most; or that they may overflow."""
    found = rounding_error(result, domain, None, "float32")
    return f"{'overflow' if found.overflow else f'{max(found.per_output):.1e}':>9}"


def certificate(network: Network, result: Network, regions: int) -> str:
    """Cells, the checker's verdict, and its CPU-seconds."""
    assert network.domain is not None
    if regions > TRIED:
        return f"{'not made':>8}"
    made = certify_by_cells(
        network, result, network.domain, [Fraction(0)] * network.output_size, CERTIFIED
    )
    if made is None:
        return f"{f'>{CERTIFIED:,}':>8}"
    started = time.process_time()
    texts = canonical_text(network), domain_text(network.domain), canonical_text(result)
    verdict = rectifold_check.check(texts[0], texts[1], made.lines, texts[2])
    count = int(made.lines[1].split(",")[1].rstrip("]"))
    return f"{count:8,} {verdict.status:>7} {time.process_time() - started:6.1f}"


def degenerate(count: int) -> str:
    """Random small-integer networks of one to three inputs: mismatches, certificates that do not
    hold, and refusals.
    """
    asked: Counter[int] = Counter()
    refused: Counter[int] = Counter()
    mismatches = unproved = 0
    seed = 0
    while asked.total() < count:
        seed += 1
        network = random_network(seed)
        domain = network.domain
        assert domain is not None
        inputs = domain.size - len(domain.fixed)
        if inputs not in (1, 2, 3):
            continue
        asked[inputs] += 1
        try:
            result = shallow_network(network, domain, kind="exact").network
        except InputError:
            refused[inputs] += 1
            continue
        points = points_of(domain, 40, seed)
        mismatches += evaluate_points(network, points) != evaluate_points(result, points)
        made = certify_by_cells(network, result, domain, [Fraction(0)] * network.output_size)
        texts = canonical_text(network), domain_text(domain), canonical_text(result)
        unproved += (
            made is None
            or not rectifold_check.check(texts[0], texts[1], made.lines, texts[2]).holds
        )
    inputs_text = ", ".join(
        f"{asked[k]} of {k} input{'s' if k > 1 else ''} ({refused[k]} refused)" for k in (1, 2, 3)
    )
    return (
        f"{count} small-integer networks: {inputs_text}; {mismatches} mismatches, "
        f"{unproved} without a certificate"
    )


def of_four(count: int) -> str:
    """Random small-integer networks of four inputs: mismatches at every vertex of a region and at
    200 points, certificates of at most so many cells that do not hold, and refusals.
    """
    refused = mismatches = points_tried = proved = unproved = deep = 0
    started = time.process_time()
    for seed in range(count):
        network = four_inputs(seed)
        domain = network.domain
        assert domain is not None
        enumeration = vertex_enumeration(network, domain)
        restriction, found = enumeration.restriction, list(enumeration.regions())
        vertices = {v for region in found for v in region.vertices}
        regions = Regions(network, domain, restriction.free, [*found], True)
        try:
            result, _ = exact_network(restriction, regions, Watch(), is_required=True)
        except InputError:
            refused += 1
            continue
        assert result is not None
        deep += len(result.hidden_sizes()) == 2
        points = points_of(domain, POINTS, seed) + [list(v) for v in sorted(vertices)]
        points_tried += len(points)
        pairs = zip(evaluate_points(network, points), evaluate_points(result, points), strict=True)
        mismatches += sum(a != b for a, b in pairs)
        made = certify_by_cells(
            network, result, domain, [Fraction(0)] * network.output_size, FEW_CELLS
        )
        if made is not None:
            texts = canonical_text(network), domain_text(domain), canonical_text(result)
            holds = rectifold_check.check(texts[0], texts[1], made.lines, texts[2]).holds
            proved, unproved = proved + holds, unproved + (not holds)
    return (
        f"{count} small-integer networks of 4 inputs: {deep} need two layers, {refused} refused, "
        f"{mismatches} mismatches at {points_tried:,} points; {proved} certificates hold, "
        f"{unproved} do not, {count - refused - proved - unproved} have more than {FEW_CELLS:,} "
        f"cells; {time.process_time() - started:.0f} CPU s"
    )


@click.command()
@click.option(
    "--degenerate", "count", default=500, show_default=True, help="random small-integer networks"
)
@click.option(
    "--four", default=300, show_default=True, help="random small-integer networks of four inputs"
)
@click.argument("arguments", metavar="[NETWORK[@DOMAIN]]...", nargs=-1)
def main(count: int, four: int, arguments: tuple[str, ...]) -> None:
    print(
        f"{'network':26} {'regions':>7} {'classic':>8} {'exact':>10} {'units':>7} {'mismatch':>9} "
        f"{'float64':>9} {'float32<=':>9} {'CPU s':>7} "
        f"{'cells':>8} {'checker':>7} {'CPU s':>6}"
    )
    chosen: list[tuple[str, Network]] = []
    for argument in arguments:
        name, _, domain = argument.partition("@")
        network = load(name).network
        chosen.append(
            (name, network.with_domain(read_domain(domain, network) if domain else network.domain))
        )
    if not chosen:
        chosen = [
            ("-".join(map(str, sizes)) + " (seed 0)", float_network(0, *sizes)) for sizes in OWN
        ]
        for sizes in CENTRAL:
            network = central_network(0, *sizes)
            chosen.append(("-".join(map(str, sizes)) + " no biases", network))
        for name in SEEDED:
            if (BESIDE / f"{name}.npz").is_file():
                network = load(str(BESIDE / f"{name}.npz")).network
                chosen.append((name, network.with_domain(read_domain("[-1,1]", network))))
    for name, network in chosen:
        print(row(name, network), flush=True)
    if not arguments:
        print(degenerate(count))
        print(of_four(four))


if __name__ == "__main__":
    main()
