"""Bounds by substitution against the same ones in fractions, and against exact values."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.evaluate import trace
from rectifold_check.agreed import BITS, STEEP_LOWER, STEEP_UPPER, UPPER_SLOPE_BITS
from rectifold_check.integers.substitution import Box, Substitution
from rectifold_check.networks import Network, read_domain, read_network
from support import BOX, canonical_chain, points_of, random_network

UNIT = Fraction(1, 1 << BITS)


def plain_bound(network: Network, layer: int, unit: int, sign: int, box: Box) -> Fraction:
    """The same substitution in fractions, without packing or rounding: the reference."""
    total = Fraction(0)
    values: dict[int, dict[int, Fraction]] = {}
    at, on_z = layer, {unit: Fraction(sign)}
    while at:
        own = network.layers[at - 1]
        for i, c in on_z.items():
            total += c * Fraction(own.bias[i], own.den)
            for row in own.rows[i]:
                into = values.setdefault(row.source, {})
                for j, w in row.entries:
                    into[j] = into.get(j, Fraction(0)) + c * Fraction(w, own.den)
        at = max(values, default=0)
        read = values.pop(at, {})
        if at and network.layers[at - 1].is_relu:
            on_z, constant = plainly_relaxed(read, box.bounds[at])
            total += constant
        else:
            on_z = read
    ends = (c * (box.high[j] if c > 0 else box.low[j]) * UNIT for j, c in on_z.items())
    return total + sum(ends, Fraction(0))


def plainly_relaxed(
    c: dict[int, Fraction], bounds: list[tuple[int, int]]
) -> tuple[dict[int, Fraction], Fraction]:
    """Coefficients on relu(z) to coefficients on z, and a constant."""
    on_z: dict[int, Fraction] = {}
    constant = Fraction(0)
    for j, value in c.items():
        low, high = (Fraction(v) * UNIT for v in bounds[j])
        if high <= 0 or value == 0:
            continue
        if low >= 0 or (value < 0 and STEEP_UPPER * high > -STEEP_LOWER * low):
            on_z[j] = value
        elif value > 0:
            a, b = bounds[j]
            slope = Fraction((b << UPPER_SLOPE_BITS) // (b - a), 1 << UPPER_SLOPE_BITS)
            on_z[j] = value * slope
            constant += value * max(-slope * low, (1 - slope) * high)
    return on_z, constant


@pytest.mark.parametrize("seed", range(120))
def test_a_bound_lies_above_the_exact_one_by_rounding_only_and_above_every_value(
    seed: int,
) -> None:
    network = random_network(seed)
    assert network.domain is not None
    form = read_network(canonical_text(network), "network")
    rule = Substitution(form, read_domain(domain_text(network.domain)))
    points = Matrix.from_fractions(
        points_of(network.domain, 20, seed), columns=network.input_size
    ).T
    values = trace(network, points, with_activations=False)
    for number, layer in enumerate(network.layers, start=1):
        exact = values[layer.name].fractions()
        box = rule.box_below(number)
        for unit in range(layer.size):
            for sign in (1, -1):
                bound = rule.bound([(number, unit, sign)], box) * UNIT
                plain = plain_bound(form, number, unit, sign, box)
                assert plain <= bound <= plain + 10**6 * UNIT
                assert max(sign * v for v in exact[unit]) <= bound


def test_coefficients_too_large_for_packed_rows_take_the_plain_way() -> None:
    large = str(10**40)
    network = read_network(
        canonical_chain(
            ("R", "", ["0:1"]),
            ("R", "", [f"0:{large}"]),
            ("R", "", [f"0:-{large}"]),
            ("L", "", ["0:1"]),
        ),
        "n",
    )
    rule = Substitution(network, read_domain(BOX))
    box = rule.box_below(3)
    for sign in (1, -1):
        bound = rule.bound([(3, 0, sign)], box) * UNIT
        assert plain_bound(network, 3, 0, sign, box) <= bound
