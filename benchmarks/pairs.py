"""Random pairs compared on cells: python benchmarks/pairs.py [--count N] [--seed S] [--processes P]

Networks of 2 to 5 inputs, small integers or floats, against equal copies (permuted and scaled,
mirrored, split, with dead units, shallow) and against copies with one weight that is 2^-k off.
Brute force: exact values at all vertices of the common regions, found by another program, and at 30
rational points. An equality that a point denies, a counterexample that is none, a certificate that
the checker refuses and one that it accepts with another count, or for the wrong copy, are failures.
With --rates: how fast larger networks are compared with a copy, in one process.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from itertools import islice
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import click

import rectifold_check
from equivalence import equal_copies, permuted
from rectifold.certificate.cells import PairText, compare_on_cells
from rectifold.certificate.file import Certificate
from rectifold.equivalence.question import Question
from rectifold.equivalence.region_stage import Apart, Begun, Covered, by_regions
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, digest, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.joint import difference
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.runtime.run import Limits, Run
from support import float_network, points_of

SIZES = [(2, 5, 4, 1), (2, 4, 3, 3, 1), (3, 4, 3, 2), (3, 3, 3, 2, 1), (4, 4, 3, 1), (5, 4, 2, 1)]
RATED = [(2, 16, 16, 16, 1), (2, 64, 64, 1), (3, 12, 12, 12, 1), (4, 12, 12, 1), (5, 8, 8, 1)]
VERTICES = 400
Point = tuple[Fraction, ...]


def network_of(random: Random, sizes: tuple[int, ...]) -> Network:
    """Floats, or small integers, most of them degenerate: many units through one point."""
    network = float_network(random.randrange(10**6), *sizes)
    if random.random() < 0.4:
        return network
    has_bias = random.random() < 0.5
    layers = [
        Layer(v.name, v.activation, _integers(random, v.size, 1, 2 if has_bias else 0),
              {u: _integers(random, *w.shape, 2) for u, w in v.weights.items()})
        for v in network.layers
    ]  # fmt: skip
    return Network("x", sizes[0], layers, network.output, network.domain, "integers")


def _integers(random: Random, rows: int, columns: int, largest: int) -> Matrix:
    table = [
        [Fraction(random.randint(-largest, largest)) for _ in range(columns)] for _ in range(rows)
    ]
    return Matrix.from_fractions(table, columns=columns)


def one_weight_off(network: Network, random: Random) -> Network:
    """Some weight of some layer, moved by 2^-k up or down."""
    draft = Draft(network)
    layer = random.choice(network.layers)
    source, weight = random.choice(sorted(layer.weights.items()))
    rows, columns = weight.shape
    table = [[weight.entry(i, j) for j in range(columns)] for i in range(rows)]
    off = random.choice((-1, 1)) * Fraction(1, 1 << random.randrange(4, 60))
    table[random.randrange(rows)][random.randrange(columns)] += off
    weights = dict(layer.weights) | {source: Matrix.from_fractions(table, columns=columns)}
    draft.put(Layer(layer.name, layer.activation, layer.bias, weights))
    return draft.freeze()


def copies_of(network: Network, random: Random) -> Iterator[tuple[str, Network]]:
    """Copies with names; those called "off" may differ."""
    yield from equal_copies(network, random)
    for _ in range(4):
        yield "off", one_weight_off(network, random)


def differing_point(a: Network, b: Network, domain: Domain, seed: int) -> Point | None:
    """By brute force."""
    regions = vertex_enumeration(difference(a, b), domain).regions()
    vertices = {v for region in islice(regions, VERTICES) for v in region.vertices}
    points = [list(v) for v in sorted(vertices)] + points_of(domain, 30, seed)
    values = zip(points, evaluate_points(a, points), evaluate_points(b, points), strict=True)
    return next((tuple(point) for point, va, vb in values if va != vb), None)


def with_count(certificate: Certificate, more: int) -> list[str]:
    """The lines with another number of cells."""
    lines = list(certificate.lines)
    (place,) = (k for k, line in enumerate(lines) if line.startswith('["bends"'))
    lines[place] = json.dumps(["bends", json.loads(lines[place])[1] + more])
    return lines


def bound_to(certificate: Certificate, b: Network) -> list[str]:
    """The lines as if they were about another copy."""
    head = json.loads(certificate.lines[0]) | {"b": digest(b), "result": None}
    return [json.dumps(head), *certificate.lines[1:]]


def problems(a: Network, b: Network, wrong: Network | None, name: str, seed: int) -> list[str]:
    """What is not as it must be, about one pair; `wrong` differs from `a`."""
    domain = a.domain
    assert domain is not None
    found = by_regions(Question.of(a, b, domain), Run(Limits(60)))
    at = differing_point(a, b, domain, seed)
    if isinstance(found, Apart):
        (va,), (vb,) = (evaluate_points(n, [list(found.point)]) for n in (a, b))
        return [] if va != vb and name == "off" else ["a counterexample that is none"]
    if not isinstance(found, Covered):
        return [f"not decided: {found.reason if isinstance(found, Begun) else found}"]
    if at is not None:
        return ["equal, but for a point"]
    if found.certificate is None:
        return ["no certificate"]
    text, on = canonical_text(a), domain_text(domain)

    def holds(lines: list[str], other: Network) -> bool:
        return rectifold_check.check(text, on, lines, canonical_text(other)).holds

    told = []
    if not holds(list(found.certificate.lines), b):
        told.append("the certificate is refused")
    if any(holds(with_count(found.certificate, more), b) for more in (-1, 1)):
        told.append("another count is accepted")
    if wrong is not None and holds(bound_to(found.certificate, wrong), wrong):
        told.append("the certificate holds of a wrong copy")
    return told


def tried(seed: int) -> Counter[str]:
    """How many pairs of one network were equal and different, and failures with their seed."""
    random = Random(seed)
    network = network_of(random, SIZES[seed % len(SIZES)])
    assert network.domain is not None
    counts: Counter[str] = Counter()
    copies = list(copies_of(network, random))
    differ = [b for name, b in copies if name == "off"
              and differing_point(network, b, network.domain, seed) is not None]  # fmt: skip
    wrong = differ[0] if differ else None
    for name, other in copies:
        is_wrong = any(other is b for b in differ)
        counts["different" if is_wrong else "equal"] += 1
        for problem in problems(network, other, wrong, name, seed):
            counts[f"seed {seed}, {name}: {problem}"] += 1
    return counts


def rate(sizes: tuple[int, ...]) -> str:
    """A row about a random network and a permuted and scaled copy."""
    network = float_network(0, *sizes)
    assert network.domain is not None
    copy = permuted(network, Random(0))
    pair = PairText.of(network, copy, network.domain, [Fraction(0)] * network.output_size)
    started = time.process_time()
    found = compare_on_cells(pair, 10**9, None, Run())
    spent = time.process_time() - started
    name = "-".join(map(str, sizes))
    return f"{name:16} {found.count:>8,} {spent:>7.2f} {found.count / spent:>12,.0f}"


@click.command(help=__doc__)
@click.option("--count", default=12, show_default=True, help="networks")
@click.option("--seed", default=0, show_default=True, help="the first one")
@click.option("--processes", default=1, show_default=True)
@click.option("--rates", is_flag=True, help="cells a CPU-second instead")
def main(count: int, seed: int, processes: int, rates: bool) -> None:
    if rates:
        print(f"{'network':16} {'cells':>8} {'CPU s':>7} {'cells/CPU s':>12}")
        print("\n".join(map(rate, RATED)))
        return
    counts: Counter[str] = Counter()
    with ProcessPoolExecutor(processes) as pool:
        for one in pool.map(tried, range(seed, seed + count)):
            counts += one
    failures = [name for name in counts if name.startswith("seed ")]
    print(f"{counts['equal']} equal and {counts['different']} different pairs, "
          f"{len(failures)} failures")  # fmt: skip
    print("\n".join(failures), end="\n" if failures else "")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
