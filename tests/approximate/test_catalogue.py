"""What is chosen at a price: single edits that are worth it, whole ones that are worth more."""

from __future__ import annotations

import numpy as np

from rectifold.approximate.catalogue import Catalogue
from rectifold.approximate.edits import Edit, Entries, Rows, Shift
from rectifold.approximate.known import Known
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network

HIDDEN = Matrix.from_fractions([[1, 2], [3, 4]])
NET = Network(
    "x",
    2,
    [
        Layer("h", "relu", Matrix.column([1, 1]), {"x": HIDDEN}),
        Layer("y", "linear", Matrix.column([0]), {"h": Matrix.from_fractions([[1, 1]])}),
    ],
    "y",
)
ONE = np.array([1.0])


def shift(unit: int, cost: float) -> tuple[Shift, ...]:
    return (Shift("h", np.array([unit]), np.array([-cost]), np.array([cost])),)


def weight(unit: int, column: int, cost: float) -> Edit:
    entries = Entries("h", "x", np.array([unit]), np.array([column]))
    return Edit("weight", 1, shift(unit, cost), (entries,))


def row(unit: int, saves: int, cost: float) -> Edit:
    rows = Rows("h", np.array([unit]), Matrix.column([1]), {})
    return Edit("row", saves, shift(unit, cost), rows=(rows,))


def chosen(price: float, *edits: Edit) -> list[int]:
    known = Known.of(NET, Domain.cube(0, 1, 2), ONE, 4, 0)
    return Catalogue.of(NET, known, edits).at_price(price, ONE)


def test_single_edits_are_chosen_by_their_cost() -> None:
    edits = weight(0, 0, 0.5), weight(0, 1, 2.0)
    assert chosen(0.4, *edits) == []
    assert chosen(1.0, *edits) == [0]
    assert chosen(2.0, *edits) == [0, 1]


def test_a_row_stands_for_its_weights_where_it_gains_more() -> None:
    edits = weight(0, 0, 0.5), weight(0, 1, 2.0), row(0, 3, 1.5)
    assert chosen(0.55, *edits) == [2]
    dear = weight(0, 0, 0.1), weight(0, 1, 0.1), row(0, 3, 2.5)
    assert chosen(1.0, *dear) == [0, 1]
    assert chosen(3.0, *dear) == [2]


def test_of_two_edits_of_one_row_the_better_is_chosen() -> None:
    assert chosen(1.0, row(0, 2, 1.5), row(0, 2, 0.5), row(1, 2, 0.5)) == [1, 2]


def test_weights_that_another_edit_changes_are_whole_edits() -> None:
    assert chosen(1.0, weight(0, 0, 0.5), weight(0, 0, 0.1)) == [1]
