"""Spans of integer rows."""

from __future__ import annotations

from rectifold.two_layers.classes.vectors import dot, echelon, normal_to, rank


def test_spans_have_one_basis_and_normals_are_orthogonal() -> None:
    rows = [(2, 4, 0, 2), (0, 3, 3, 0)]
    mixed = [tuple(a - 2 * b for a, b in zip(*rows, strict=True)), rows[1], rows[0]]
    assert echelon(rows) == echelon(mixed)
    assert rank(mixed) == 2
    normal = normal_to([*rows, (1, 0, 0, 5)])
    assert normal is not None
    assert all(dot(normal, row) == 0 for row in [*rows, (1, 0, 0, 5)])
    assert normal_to([*rows, rows[0]]) is None
