"""Pairs of layers in the gap network: arrangements accepted and refused, and true statements."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import pytest

from certificate_steps import Group, Trial, accepted_of, refused_of
from rectifold_check import Replay
from rectifold_check.networks import Network, read_network
from support import BOX, canonical_chain

# On [-1, 1]^2: A = relu(x0 + 1/8) - relu(x1), B = relu(x0) - relu(x1) differ by at most 1/8
A = canonical_chain(("R", "0:1/8", ["0:1", "1:1"]), ("L", "", ["0:1 1:-1"]))
B = canonical_chain(("R", "", ["0:1", "1:1"]), ("L", "", ["0:1 1:-1"]))
OTHER = canonical_chain(("R", "", ["0:1", "1:1"]), ("L", "", ["0:1"]))
CLAIMS: list[Any] = [[0, "up", "0"], [1, "up", "0"]]
LEAF: list[Any] = ["", [], []]
WHOLE: list[Any] = ["boxes", 2, 5, CLAIMS, [[0, 1]]]
PAIRS: list[Any] = ["pairs", [[1, 1]]]
AT_MOST_9_8: list[Any] = ["bound", [0, 1, 0], "up", "9/8", {"l": []}]


def gap(eps: str, *steps: list[Any], b: str = B) -> Trial:
    """Steps after which the gap between A and B is to be closed."""
    return Trial(A, steps, b, BOX, (eps,))


def arranged(*arrangements: Any) -> list[Any]:
    """The pair of the two first layers, their units in these orders."""
    return ["pairs", [[1, 1, *arrangements]]]


GROUPS = (
    Group(
        "the gap",
        accepted={
            "on one box with pairs": gap("1/7", PAIRS, WHOLE),
            "so large that no pair is needed": gap("5", WHOLE),
            "by cases of phases": gap(
                "5", *(["cases", [2, 5, j], "up", "0", [], LEAF] for j in (0, 1))
            ),
            "by intervals": gap("5", *(["intervals", 2, k] for k in (1, 3, 5))),
            "by what is known about A": gap("5", AT_MOST_9_8, ["intervals", 2, 5]),
        },
        refused={
            "a tolerance that is too small": gap("1/9", PAIRS, WHOLE),
            "the same without pairs": gap("1/7", WHOLE),
            "one side of it only": gap("1/7", PAIRS, ["boxes", 2, 5, CLAIMS[:1], [[0]]]),
            "no step about it": gap("1/7", PAIRS),
            "of other networks": gap("1/7", PAIRS, WHOLE, b=OTHER),
            "a layer that there is not": gap("5", ["boxes", 2, 6, CLAIMS, [[0, 1]]]),
            "a unit that there is not": gap(
                "5", ["boxes", 2, 5, [*CLAIMS, [2, "up", "0"]], [[0, 1, 2]]]
            ),
            "a bound by facts, which is for A and B": gap(
                "5", ["bound", [2, 5, 0], "up", "0", {"l": []}]
            ),
            "a tie": gap("5", ["alias", [2, 3, 0], [2, 1, 0], "1"], WHOLE),
            "a trusted claim": gap("5", ["trusted", [2, 5, 0], "up", "0", "z3"], WHOLE),
        },
    ),
    Group(
        "arrangements",
        accepted={
            "in another order": gap("1/7", arranged([1, 0], [1, 0]), WHOLE),
            "that pair other units, with room": gap("5", arranged([0, 1], [1, 0]), WHOLE),
            "with places without a unit": gap("1/7", arranged([-1, 0, 1], [-1, 0, 1]), WHOLE),
            "keep what is known about a unit": gap(
                "5", arranged([1, 0], [0, 1]), AT_MOST_9_8, ["intervals", 2, 5]
            ),
        },
        refused={
            "that pair other units, without room": gap("1/7", arranged([0, 1], [1, 0]), WHOLE),
            "that forget a unit": gap("5", arranged([0, -1], [0, 1]), WHOLE),
            "that name one twice": gap("5", arranged([0, 0], [0, 1]), WHOLE),
            "of other units": gap("5", arranged([0, 2], [0, 1]), WHOLE),
            "of two lengths": gap("5", arranged([0, 1, -1], [0, 1]), WHOLE),
            "of one layer only": gap("5", arranged([0, 1]), WHOLE),
            "that are no list": gap("5", arranged("01", [0, 1]), WHOLE),
        },
    ),
    Group(
        "pairs",
        refused={
            "of layers of other sizes": gap("5", ["pairs", [[1, 2]]], WHOLE),
            "of linear layers": gap("5", ["pairs", [[2, 2]]], WHOLE),
            "that share a layer": gap("5", ["pairs", [[1, 1], [1, 1]]], WHOLE),
            "of one": gap("5", ["pairs", [[1]]], WHOLE),
            "that are no list": gap("5", ["pairs", [1]], WHOLE),
        },
    ),
)


@pytest.mark.parametrize("trial", accepted_of(GROUPS))
def test_accepted(trial: Trial) -> None:
    assert trial.show_equality()


@pytest.mark.parametrize("trial", refused_of(GROUPS))
def test_refused(trial: Trial) -> None:
    assert not trial.show_equality()


def test_pairs_that_cross_are_refused() -> None:
    deep = canonical_chain(("R", "", ["0:1"]), ("R", "", ["0:1"]), ("L", "", ["0:1"]))
    replay = Replay(deep, deep, BOX, ["1"])
    assert replay.accepts(["pairs", [[1, 1], [2, 2]]])
    assert not replay.accepts(["pairs", [[1, 2], [2, 1]]])


@pytest.mark.parametrize("seed", range(40))
def test_pairs_on_boxes_never_prove_what_a_point_refutes(seed: int) -> None:
    """Layers that have nothing to do with each other are declared pairs: what holds is true."""
    random = Random(seed)
    a, b = chosen_chain(random), chosen_chain(random)
    worst = largest_difference(a, b)
    tree: list[Any] = [[0, 1]]
    for _ in range(2):
        tree = [[], 0, "0", [[], 1, "0", tree, tree], [[], 1, "0", tree, tree]]
    steps: tuple[list[Any], ...] = ["pairs", [[1, 1], [2, 2]]], ["boxes", 2, 7, CLAIMS, tree]
    for factor in (Fraction(1, 2), Fraction(99, 100), Fraction(3, 2), Fraction(4), Fraction(30)):
        eps = worst * factor + Fraction(1, 100) * (factor > 1)
        closed = Trial(a, steps, b, BOX, (str(eps),)).show_equality()
        assert not closed or eps >= worst
        assert closed or factor < 30


def chosen_chain(random: Random) -> str:
    """Two relu layers of two units, their weights by chance, and the difference of the last two."""
    rows = [
        [f"0:{random.randint(-3, 3)} 1:{random.randint(1, 3)}" for _ in range(2)] for _ in range(2)
    ]
    bias = [f"0:{random.randint(-2, 2)} 1:{random.randint(1, 2)}/2" for _ in range(2)]
    first, second = ([without_zeros(row) for row in layer] for layer in rows)
    return canonical_chain(
        ("R", without_zeros(bias[0]), first),
        ("R", without_zeros(bias[1]), second),
        ("L", "", ["0:1 1:-1"]),
    )


def without_zeros(vector: str) -> str:
    return " ".join(entry for entry in vector.split() if not entry.endswith(":0"))


def largest_difference(a: str, b: str) -> Fraction:
    """Of the only outputs of two networks, over a grid of 81 points."""
    points = [[Fraction(i, 4), Fraction(j, 4)] for i in range(-4, 5) for j in range(-4, 5)]
    networks = read_network(a, "a"), read_network(b, "b")
    values = [[output_at(network, point) for point in points] for network in networks]
    return max((abs(p - q) for p, q in zip(*values, strict=True)), default=Fraction(0))


def output_at(network: Network, point: list[Fraction]) -> Fraction:
    values: list[list[Fraction]] = [point]
    for layer in network.layers:
        z = [Fraction(bias, layer.den) for bias in layer.bias]
        for i, rows in enumerate(layer.rows):
            for row in rows:
                for j, w in row.entries:
                    z[i] += Fraction(w, layer.den) * values[row.source][j]
        values.append([max(v, Fraction(0)) for v in z] if layer.is_relu else z)
    return values[network.output][0]
