"""The rule `bends`: numbers of cells that are accepted, that are refused, and random pairs of
networks judged as by the rule `cells`, which cuts by every unit.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from random import Random
from typing import Any

import pytest

from certificate_lines import box
from certificate_steps import Group, Trial, accepted_of, refused_of
from rectifold_check.bends import BendingCells
from rectifold_check.cells import Cells
from rectifold_check.gap import Arrangement, Gap
from rectifold_check.networks import read_domain, read_network
from rectifold_check.ways import bits
from support import BOX, canonical_chain

# 2 relu(x0), and the same otherwise; OFF is 1/1000 more
TWICE = canonical_chain(("R", "", ["0:1"]), ("L", "", ["0:2"]))
PARTS = canonical_chain(("R", "", ["0:1", "0:3", "0:1/2"]), ("L", "", ["0:1 1:1/6 2:1"]))
MIRROR = canonical_chain(("R", "2:1", ["0:1", "0:-1", "0:1"]), ("L", "0:-1", ["0:1 1:1 2:1"]))
DEEPER = canonical_chain(("R", "", ["0:2", "1:1"]), ("R", "0:1", ["0:1"]), ("L", "0:-1", ["0:1"]))
OFF = canonical_chain(("R", "", ["0:1"]), ("L", "0:1/1000", ["0:2"]))
# one that differs from 2 relu(x0) only where x1 > 9/10
CORNER = canonical_chain(("R", "1:-9/10", ["0:1", "1:1"]), ("L", "", ["0:2 1:1/100"]))
# 0 at the corners of the square, and more within: relu(1 − |x0|), relu(|x1| − |x0|)
FOUR = ("R", "", ["0:1", "0:-1", "1:1", "1:-1"])
TENT = canonical_chain(FOUR, ("R", "0:1", ["0:-1 1:-1"]), ("L", "", ["0:1"]))
SADDLE = canonical_chain(FOUR, ("R", "", ["0:-1 1:-1 2:1 3:1"]), ("L", "", ["0:1"]))
NOTHING = canonical_chain(("L", "", [""]))
SQUARE = box(["-1", "-1"], ["1", "1"])
EMPTY = box(["-1", "-1"], ["1", "1"], ("0:1", "-2"))


def bends(b: str, count: Any, domain: str = BOX, eps: str = "0", a: str = TWICE) -> Trial:
    """That a (by default 2 relu(x0)) is b up to eps, on so many cells."""
    return Trial(a, (["bends", count],), b, domain, (eps,))


GROUPS = (
    Group(
        "bends that cancel",
        accepted={
            "a copy": bends(TWICE, 1),
            "three multiples": bends(PARTS, 1),
            "a second layer that is never open": bends(DEEPER, 1),
            "within eps, with nothing to spare": bends(OFF, 1, eps="1/1000"),
            "a bend from the other side": bends(MIRROR, 1),
        },
        refused={
            "another function": bends(OFF, 1),
            "a little less than eps": bends(OFF, 1, eps="1/1001"),
            "another function in a corner": bends(CORNER, 2),
            "the same, seen on one cell": bends(CORNER, 1),
        },
    ),
    Group(
        "signs at vertices that are not signs on the cell",
        accepted={
            "a tent is at most 1": bends(NOTHING, 2, SQUARE, "1", TENT),
            "so is a saddle": bends(NOTHING, 8, SQUARE, "1", SADDLE),
        },
        refused={
            f"{name} is not 0, on {count} cells": bends(NOTHING, count, SQUARE, "0", network)
            for name, network in (("a tent", TENT), ("a saddle", SADDLE))
            for count in (1, 2, 4, 6, 8)
        },
    ),
    Group(
        "domains",
        accepted={
            "with a row that leaves nothing": bends(OFF, 0, EMPTY),
            "with an input that does not vary": bends(PARTS, 1, box(["-1", "0"], ["1", "0"])),
            "of one point": bends(PARTS, 1, box(["1", "0"], ["1", "0"])),
        },
        refused={"without an end": bends(TWICE, 1, box(["-1", None], ["1", "1"]))},
    ),
    Group(
        "counts",
        refused={
            "one too few": bends(TWICE, 0),
            "one too many": bends(TWICE, 2),
            "as a text": bends(TWICE, "1"),
            "as a truth value": bends(TWICE, True),
            "below 0": bends(TWICE, -1),
        },
    ),
)


@pytest.mark.parametrize("trial", accepted_of(GROUPS))
def test_accepted(trial: Trial) -> None:
    assert trial.show_equality()


@pytest.mark.parametrize("trial", refused_of(GROUPS))
def test_refused(trial: Trial) -> None:
    assert not trial.show_equality()


# ---- at random ----------------------------------------------------------------------------------


def layers(random: Random, inputs: int, depth: int) -> list[tuple[str, str, list[str]]]:
    """Small whole weights, so that many bends coincide; one output."""
    made, width = [], inputs
    for _ in range(depth):
        size = random.randint(2, 4)
        rows = [row(random, width) for _ in range(size)]
        made.append(("R", row(random, size) if random.random() < 0.5 else "", rows))
        width = size
    return [*made, ("L", "", [row(random, width)])]


def row(random: Random, width: int) -> str:
    entries = [(k, random.randint(-2, 2)) for k in range(width)]
    return " ".join(f"{k}:{v}" for k, v in entries if v)


def rearranged(given: list[tuple[str, str, list[str]]], inputs: int) -> str:
    """The same function: each unit of the first layer is there twice, with half of the weight."""
    (kind, bias, rows), (next_kind, next_bias, reading), *rest = given
    size = len(rows)
    twice = [_halves(text, size) for text in reading]
    both = " ".join([bias, *(f"{int(k) + size}:{v}" for k, v in map(_pair, bias.split()))])
    return canonical_chain(
        (kind, both.strip(), rows + rows), (next_kind, next_bias, twice), *rest, inputs=inputs
    )


def _pair(word: str) -> list[str]:
    return word.split(":")


def _halves(text: str, size: int) -> str:
    entries = [(int(k), Fraction(v) / 2) for k, v in map(_pair, text.split())]
    return " ".join(f"{k + more}:{v}" for more in (0, size) for k, v in entries)


def gap_cells(kind: type[Cells], a: str, b: str, domain: str) -> Cells:
    networks = read_network(a, "A"), read_network(b, "B")
    gap = Gap(networks, [Fraction(0)], Arrangement())
    return kind(gap.network, read_domain(domain))


def largest_seen(cells: Cells) -> tuple[int, bool]:
    """How many cells, and whether an output is above 0 at a vertex of one."""
    found = list(cells.affine(10**5))
    outputs = cells.corners.outputs
    return len(found), any(c.positive & outputs for corners in found for c in corners)


@pytest.mark.parametrize("seed", range(60))
def test_random_pairs_are_judged_as_by_the_cells_of_all_units(seed: int) -> None:
    random = Random(seed)
    inputs, depth = random.choice([(1, 2), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2)])
    given = layers(random, inputs, depth)
    a, domain = canonical_chain(*given, inputs=inputs), box(["-1"] * inputs, ["1"] * inputs)
    other = given if random.random() < 0.6 else layers(random, inputs, depth)
    b = rearranged(other, inputs)
    fewer, differ = largest_seen(gap_cells(BendingCells, a, b, domain))
    all_cells, differ_there = largest_seen(gap_cells(Cells, a, b, domain))
    assert differ == differ_there
    assert fewer <= all_cells or differ


@pytest.mark.parametrize("seed", range(30))
def test_signs_and_outputs_hold_at_random_points_of_the_cells(seed: int) -> None:
    """What is said to be zero or through is so at means of vertices; outputs are their means."""
    random = Random(seed)
    inputs, depth = random.choice([(2, 2), (2, 3), (3, 2)])
    given = layers(random, inputs, depth)
    a = canonical_chain(*given, inputs=inputs)
    b, domain = rearranged(given, inputs), box(["-1"] * inputs, ["1"] * inputs)
    cells = gap_cells(BendingCells, a, b, domain)
    waiting = [cells.whole()]
    while waiting:
        cell = waiting.pop()
        parts = cells.parts(cell)
        for part in parts or [cell]:
            at = cells.corners.at(_mean(random, [corner.point for corner in part.corners]))
            assert not any(at.positive >> u & 1 for u in bits(part.zero))
            assert not any(at.negative >> u & 1 for u in bits(part.through))
        waiting += parts or []


def _mean(random: Random, points: list[tuple[int, ...]]) -> tuple[int, ...]:
    """A random mean of points, as numerators and a denominator."""
    parts = [random.randint(1, 5) for _ in points]
    den = sum(parts) * lcm(*(p[-1] for p in points))
    weights = [den // sum(parts) * part for part in parts]
    whole = [
        sum(p[k] * weight // p[-1] for p, weight in zip(points, weights, strict=True))
        for k in range(len(points[0]) - 1)
    ]
    return (*whole, den)
