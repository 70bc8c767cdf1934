"""Edits of numbers: layers and sizes stay, entries change, and no two edits meet."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rectifold.approximate.edits import BiasShift, Edit, Entries, Rows, Touched, apply
from rectifold.approximate.known import Known
from rectifold.approximate.moves.tiny_weights import tiny_weights
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network


def small(third: Fraction | int = 1) -> Network:
    """2-2-1: h = relu([[1, 1/1024], [third, 2]] x + [0, 1]), y = h0 − 3 h1."""
    hidden = Matrix.from_fractions([[1, Fraction(1, 1024)], [third, 2]])
    return Network(
        "x",
        2,
        [
            Layer("h", "relu", Matrix.column([0, 1]), {"x": hidden}),
            Layer("y", "linear", Matrix.column([0]), {"h": Matrix.from_fractions([[1, -3]])}),
        ],
        "y",
    )


def known_of(network: Network) -> Known:
    return Known.of(network, Domain.cube(0, 1, 2), np.array([1.0]), 8, 0)


def entries(row: int, column: int) -> Edit:
    return Edit("e", 1, (), (Entries("h", "x", np.array([row]), np.array([column])),))


def whole_row(unit: int) -> Edit:
    rows = Rows("h", np.array([unit]), Matrix.column([Fraction(1, 3)]), {})
    return Edit("r", 2, (), rows=(rows,))


def allowed(*edits: Edit) -> list[Edit]:
    """Each that touches nothing that one before it changed."""
    touched, chosen = Touched(small()), []
    for edit in edits:
        if touched.allows(edit):
            touched.add(edit)
            chosen.append(edit)
    return chosen


def test_entries_become_zero_and_biases_grow() -> None:
    moved = (BiasShift("h", np.array([0]), np.array([0.5])),)
    edit = Edit("e", 1, (), entries(0, 1).entries, moved)
    edited = apply(small(), [edit])
    assert edited.layer("h").weights["x"] == Matrix.from_fractions([[1, 0], [1, 2]])
    assert edited.layer("h").bias == Matrix.column([Fraction(1, 2), 1])
    assert edited.shape_text() == small().shape_text()


def test_entries_of_matrices_that_are_no_floats() -> None:
    edited = apply(small(Fraction(1, 3)), [entries(0, 1)])
    assert edited.layer("h").weights["x"] == Matrix.from_fractions([[1, 0], [Fraction(1, 3), 2]])


def test_a_row_is_replaced_exactly() -> None:
    edited = apply(small(), [whole_row(1)])
    assert edited.layer("h").bias == Matrix.column([0, Fraction(1, 3)])
    assert edited.layer("h").weights["x"].row(1) == [0, 0]


def test_edits_that_meet_are_left_out() -> None:
    first, again, row, other = entries(0, 1), entries(0, 1), whole_row(0), whole_row(1)
    assert allowed(first, again, row, other) == [first, other]
    assert allowed(row, first) == [row]


def test_tiny_weights_cost_half_of_their_range() -> None:
    network = small()
    known = known_of(network)
    edits = [e for e in tiny_weights(network, known) if e.entries[0].target == "h"]
    tiny = min(edits, key=lambda e: float(known.costs(e)[0]))
    assert tiny.entries[0].columns.tolist() == [1]
    assert known.costs(tiny).tolist() == [1 / 2048]
    assert tiny.biases[0].added.tolist() == [1 / 2048]


def test_influence_is_the_largest_slope() -> None:
    known = known_of(small())
    assert known.influence["h"].tolist() == [[1.0, 3.0]]
    assert known.influence["y"].tolist() == [[1.0]]
