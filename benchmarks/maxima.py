"""Prove the maxima of five and six numbers: python benchmarks/maxima.py [COUNT …]

For each count: joins (units of the second layer), hyperplanes of the fan on whose cones both sides
are linear, its rays, and those on which the sides differ, all in integers. Six numbers take about
half a minute. Exit status 1 where a ray is wrong.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import click

from maximum_rays import hyperplanes_of, is_shifted_with_its_numbers, rays_of, terms_of, wrong_rays
from rectifold.two_layers.maxima import joins_of


def row(count: int) -> tuple[str, bool]:
    """The line of one identity, and whether it is proved."""
    started = time.process_time()
    joins = joins_of(count)
    normals = hyperplanes_of(terms_of(joins, count)[1], count)
    rays = rays_of(normals)
    wrong = wrong_rays(joins, count, rays)
    holds = wrong == 0 and is_shifted_with_its_numbers(joins)
    verdict = "proved" if holds else "WRONG"
    seconds = time.process_time() - started
    text = f"{count:7} {len(joins):5} {len(normals):11} {len(rays):9,} {wrong:5} {verdict:>8}"
    return f"{text} {seconds:6.1f}", holds


@click.command()
@click.argument("counts", metavar="[COUNT]...", nargs=-1, type=click.IntRange(3, 6))
def main(counts: tuple[int, ...]) -> None:
    print(
        f"{'numbers':7} {'joins':>5} {'hyperplanes':>11} {'rays':>9} {'wrong':>5} "
        f"{'verdict':>8} {'CPU s':>6}"
    )
    proved = True
    for count in counts or (3, 4, 5, 6):
        text, holds = row(count)
        proved &= holds
        print(text, flush=True)
    sys.exit(0 if proved else 1)


if __name__ == "__main__":
    main()
