"""Random small-integer networks, most of them degenerate, as exact shallow networks: counted.

a seed → a network → its exact form → mismatches at points, and the checker's verdict
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from itertools import count as numbers
from itertools import islice
from time import process_time

from shallow_points import mismatches

import rectifold_check
from rectifold.certificate.within import certify_by_cells
from rectifold.errors import InputError
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.summary import Regions
from rectifold.two_layers.exact_search import exact_network
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.shallow import shallow_network
from support import four_inputs, points_of, random_network

POINTS = 200
MOST_CELLS = 1_000_000


def certified(network: Network, result: Network) -> str:
    """What came of the certificate that both are equal."""
    assert network.domain is not None
    none = [Fraction(0)] * network.output_size
    made = certify_by_cells(network, result, network.domain, none, MOST_CELLS)
    if made is None:
        return "not made"
    texts = canonical_text(network), domain_text(network.domain), canonical_text(result)
    holds = rectifold_check.check(texts[0], texts[1], made.lines, texts[2]).holds
    return "holds" if holds else "not accepted"


def tried(seed: int) -> Counter[str]:
    """A network of one to three inputs: what happened."""
    network = random_network(seed)
    domain = network.domain
    assert domain is not None
    inputs = domain.size - len(domain.fixed)
    try:
        result = shallow_network(network, domain, kind="exact").network
    except InputError:
        return Counter([f"asked {inputs}", f"refused {inputs}"])
    points = points_of(domain, 40, seed)
    differs = evaluate_points(network, points) != evaluate_points(result, points)
    return Counter({f"asked {inputs}": 1, "mismatches": differs, certified(network, result): 1})


def varying(seed: int) -> bool:
    """Do one to three inputs vary in the network of this seed?"""
    domain = random_network(seed).domain
    assert domain is not None
    return domain.size - len(domain.fixed) in (1, 2, 3)


def tried_four(seed: int) -> Counter[str]:
    """A network of four inputs: what happened, at every vertex of a region and at 200 points."""
    started = process_time()
    network = four_inputs(seed)
    domain = network.domain
    assert domain is not None
    enumeration = vertex_enumeration(network, domain)
    restriction, found = enumeration.restriction, list(enumeration.regions())
    regions = Regions(network, domain, restriction.free, [*found], True)
    try:
        result = exact_network(restriction, regions, Watch())
    except InputError:
        return Counter(["refused"])
    vertices = {v for region in found for v in region.vertices}
    points = points_of(domain, POINTS, seed) + [list(v) for v in sorted(vertices)]
    counts = Counter(
        {
            "deep": len(result.hidden_sizes()) == 2,
            "units": sum(result.hidden_sizes()),
            "points": len(points),
            "mismatches": mismatches(network, result, points),
            certified(network, result): 1,
        }
    )
    counts["milliseconds"] = round(1000 * (process_time() - started))
    return counts


def total(one: Callable[[int], Counter[str]], seeds: list[int], processes: int) -> Counter[str]:
    """What happened to the networks of these seeds, by so many processes."""
    counts: Counter[str] = Counter()
    with ProcessPoolExecutor(processes) as pool:
        for own in pool.map(one, seeds, chunksize=4):
            counts.update(own)
    return counts


def degenerate(count: int, processes: int) -> str:
    """Random networks of one to three inputs: mismatches, certificates, and refusals."""
    seeds = list(islice((seed for seed in numbers(1) if varying(seed)), count))
    counts = total(tried, seeds, processes)
    of_each = ", ".join(
        f"{counts[f'asked {k}']} of {k} input{'s' if k > 1 else ''} "
        f"({counts[f'refused {k}']} refused)"
        for k in (1, 2, 3)
    )
    return (
        f"{count} small-integer networks: {of_each}; {counts['mismatches']} mismatches, "
        f"{counts['not made'] + counts['not accepted']} without a certificate"
    )


def of_four(count: int, processes: int) -> str:
    """Random networks of four inputs: mismatches, certificates, and refusals."""
    counts = total(tried_four, list(range(count)), processes)
    return (
        f"{count} small-integer networks of 4 inputs: {counts['deep']} need two layers, "
        f"{counts['units']:,} units in all, {counts['refused']} refused, "
        f"{counts['mismatches']} mismatches at {counts['points']:,} points; "
        f"{counts['holds']} certificates hold, {counts['not accepted']} do not, "
        f"{counts['not made']} were not made; "
        f"{counts['milliseconds'] / 1000:.0f} CPU s"
    )
