"""Layers of units that are given by rational numbers: integers over their common denominator."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from rectifold_check.networks import Layer, Row

Part = tuple[int, Sequence[tuple[int, Fraction]]]
"""A source, and the entries of a unit's weights on it."""


def layer_of(is_relu: bool, bias: Sequence[Fraction], rows: Sequence[Sequence[Part]]) -> Layer:
    """Per unit a bias and, per source, its weights, over their common denominator."""
    weights = (c for unit in rows for _, entries in unit for _, c in entries)
    den = lcm(*{v.denominator for v in bias}, *{c.denominator for c in weights})

    def scaled(value: Fraction) -> int:
        return value.numerator * (den // value.denominator)

    return Layer(
        is_relu,
        den,
        tuple(map(scaled, bias)),
        tuple(
            tuple(
                Row(s, tuple((j, scaled(c)) for j, c in entries)) for s, entries in unit if entries
            )
            for unit in rows
        ),
    )
