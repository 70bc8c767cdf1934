"""A tree of boxes is bounded again: what it claims and does not prove is found out."""

from __future__ import annotations

from math import inf

import pytest

from rectifold.bounds.substitution import bounded
from rectifold.facts.side import Side
from rectifold.facts.trees import BoxProof, BoxSplit, BoxTree, UnitSplit
from rectifold.search.boxes.again import prove_again
from rectifold.search.boxes.signs import BoxSearch
from rectifold.search.witnesses import Witnesses
from support import float_network, net

ROOF = net(
    """
    network roof
    input x[1] in [-1, 1]
    h = relu(x[0])
    k = relu(-x[0])
    y = relu(h + k - 5/4)
    output y
    """
)


def again(tree: BoxTree, *claims: tuple[int, Side]) -> list[bool]:
    assert ROOF.domain is not None
    return prove_again(bounded(ROOF, ROOF.domain, {}), "y", BoxProof(claims, tree))


def split(low: BoxTree, high: BoxTree, at: float = 0.0) -> BoxTree:
    return BoxTree((), BoxSplit(0, at, low, high))


PROVED, NOT_PROVED = BoxTree((0,)), BoxTree(())
INACTIVE, ACTIVE = (0, Side.UPPER), (0, Side.LOWER)

TREES = {
    "both halves": (split(PROVED, PROVED), True),
    "no claim on one half": (split(PROVED, NOT_PROVED), False),
    "a cut beside the box": (split(split(PROVED, PROVED), PROVED, 7.0), True),
    "both phases of a unit": (BoxTree((), UnitSplit("h", 0, PROVED, PROVED)), True),
    "one phase of a unit": (BoxTree((), UnitSplit("h", 0, PROVED, NOT_PROVED)), False),
    "no box at all": (NOT_PROVED, False),
}


@pytest.mark.parametrize("title", TREES)
def test_a_claim_holds_if_it_is_proved_on_every_path(title: str) -> None:
    tree, holds = TREES[title]
    assert again(tree, INACTIVE) == [holds]


def test_what_is_false_is_proved_by_no_tree() -> None:
    assert again(split(PROVED, PROVED), ACTIVE) == [False]


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_what_a_search_proves_is_proved_again(seed: int) -> None:
    network = float_network(seed, 3, 10, 10, 8, 1)
    assert network.domain is not None
    layer = network.relu_layers[-1]
    bounds = bounded(network, network.domain, {})
    search = BoxSearch(bounds, Witnesses(bounds, seed, []), layer.name)
    queries = [(unit, sign) for unit in range(layer.size) for sign in (1, -1)]
    outcome = search.run(queries, deadline=inf, limit=80)
    assert outcome.proved
    claims = tuple((unit, Side.of_sign(sign)) for unit, sign in outcome.proved)
    assert all(prove_again(bounds, layer.name, BoxProof(claims, outcome.tree)))
