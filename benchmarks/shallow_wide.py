"""Exact forms of six inputs and more: shallow_wide.py [--cells N] [--seconds S] [NAME...]

Maxima of 0 and all inputs, as tournaments and as chains, sums of maxima, and networks whose first
layer has fewer units than inputs: directions in which inputs are read, regions, hidden units,
CPU-seconds with the search for all regions, mismatches at a point inside every region and at 500
more of which many are ties (exact), and the certificate by at most N cells with the checker's
CPU-seconds, or how far the comparison came. NAME: only rows that contain one of these texts.
"""

from __future__ import annotations

import sys
import time
from fractions import Fraction
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import click
from shallow_cells import Limit, compared

from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.summary import linear_regions
from rectifold.two_layers.directions import directions_of
from rectifold.two_layers.shallow import Kind, shallow_network
from support import float_network, net

Row = tuple[str, Network, Kind]
TIES = 500


def tournament(inputs: int) -> str:
    """The maximum of 0 and all inputs, in pairs of pairs."""
    forms = [f"x[{k}]" for k in range(inputs)] + ["0*x[0]"]
    while len(forms) > 1:
        rest = forms[-1:] if len(forms) % 2 else []
        pairs = zip(forms[::2], forms[1::2], strict=False)
        forms = [f"max({a}, {b})" for a, b in pairs] + rest
    return forms[0]


def chain(inputs: int) -> str:
    """The same, one after the other."""
    form = "0*x[0]"
    for k in reversed(range(inputs)):
        form = f"max(x[{k}], {form})"
    return form


def sums(inputs: int) -> str:
    """One maximum of four neighbours less all the others."""
    terms = []
    for start in range(inputs):
        names = [f"x[{(start + j) % inputs}]" for j in range(4)]
        terms.append(f"max(max({names[0]}, {names[1]}), max({names[2]}, {names[3]}))")
    return " - ".join(terms)


def written(inputs: int, form: str) -> Network:
    return net(f"network n\ninput x[{inputs}] in [-1, 1]\ny = {form}\noutput y")


def rows() -> list[Row]:
    found: list[Row] = []
    for n in range(6, 12):
        found.append((f"tournament {n} inputs", written(n, tournament(n)), "three"))
        found.append((f"chain {n} inputs", written(n, chain(n)), "three"))
    for n in (6, 8):
        found.append((f"sum of maxima {n} inputs", written(n, sums(n)), "exact"))
    for sizes in (
        (9, 3, 3, 3, 1),
        (11, 3, 3, 3, 1),
        (20, 3, 3, 3, 1),
        (20, 4, 3, 2, 1),
        (20, 4, 4, 4, 1),
    ):
        name = "-".join(map(str, sizes))
        found.append((name, float_network(0, *sizes), "exact"))
    found.append(("9-9-3-2-2-1", float_network(0, 9, 9, 3, 2, 2, 1), "three"))
    return found


def row(name: str, network: Network, kind: Kind, limit: Limit) -> str:
    domain = network.domain
    assert domain is not None
    reduced = directions_of(network)
    directions = domain.size if reduced is None else reduced.network.input_size
    started = time.process_time()
    try:
        form = shallow_network(network, domain, kind=kind)
    except InputError as problem:
        return f"{name:22} {directions:4} no form: {problem}"
    seconds = time.process_time() - started
    points = [list(region.interior_point) for region in linear_regions(network, domain)]
    points += ties(domain)
    pairs = zip(
        evaluate_points(network, points), evaluate_points(form.network, points), strict=True
    )
    wrong = sum(a != b for a, b in pairs)
    hidden = "-".join(map(str, form.hidden))
    return (
        f"{name:22} {directions:4} {form.regions:7,} {hidden:>11} {sum(form.hidden):6,} "
        f"{seconds:7.2f} {f'{wrong} of {len(points)}':>11} "
        f"{compared(network, form.network, limit)}"
    )


def ties(domain: Domain) -> list[list[Fraction]]:
    """Points with coordinates among seven values."""
    random = Random(0)
    values = [Fraction(k, 3) for k in range(-3, 4)]
    return [[random.choice(values) for _ in domain.lower] for _ in range(TIES)]


@click.command()
@click.option("--cells", default=20_000, show_default=True, help="of a certificate, at most")
@click.option("--seconds", type=float, help="CPU-seconds of a comparison on cells, at most")
@click.argument("names", metavar="[NAME]...", nargs=-1)
def main(cells: int, seconds: float | None, names: tuple[str, ...]) -> None:
    print(
        f"{'network':22} {'dirs':>4} {'regions':>7} {'exact':>11} {'units':>6} {'CPU s':>7} "
        f"{'mismatches':>11} {'cells':>8}"
    )
    for name, network, kind in rows():
        if not names or any(text in name for text in names):
            print(row(name, network, kind, Limit(cells, seconds)), flush=True)


if __name__ == "__main__":
    main()
