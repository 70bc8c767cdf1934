"""Pairs of units: their bounds hold, and relatives are found by simulation."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest

from network_pairs import (
    F,
    accepted,
    certificate_of,
    domain_of,
    largest_difference,
    names_of_shape,
    shaken,
)
from rectifold.bounds.pairs import PairBoxes
from rectifold.bounds.substitution import backward, bounded
from rectifold.certificate.within import certify_within
from rectifold.equivalence.pairing import guess_pairing
from rectifold.equivalence.question import Question
from rectifold.equivalence.within import agree_within
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate, trace
from rectifold.ir.joint import LAST, gap, output_names
from rectifold.ir.network import Layer, Network
from rectifold.ir.unit_pairing import Pair, arrange
from rectifold.operations.compiling import compile_network
from rectifold.runtime.run import Limits, Run
from rectifold.search.boxes.bounds_on_boxes import BoundsOnBoxes
from rectifold.search.boxes.tree import Box
from support import float_network, points_of


def test_only_chains_of_one_shape_are_paired() -> None:
    a = float_network(0, 2, 4, 4, 1)
    assert next(iter(names_of_shape(a, shaken(a, 0, 0.1)).items())) == ("a000", "b000")
    assert not names_of_shape(a, float_network(0, 2, 4, 5, 1))
    assert output_names(a, a) == ("a002", "b002")


@pytest.mark.parametrize("size", [1e-3, 0.1, 1.0])
@pytest.mark.parametrize("seed", range(12))
def test_bounds_of_pairs_contain_exact_values_on_every_box(seed: int, size: float) -> None:
    """Pre-activations, their differences and the outputs of the gap lie within the ends found on
    a box, at points of the box.
    """
    a = float_network(seed, 2, 5, 5, 5, 2)
    b = shaken(a, seed, size)
    network, domain = gap(a, b, [F(1, 7)] * 2), domain_of(a)
    bounds = bounded(network, domain, names_of_shape(a, b))
    on_boxes = BoundsOnBoxes(bounds, LAST)
    random = np.random.default_rng(seed)
    low, high = domain.float_box
    cuts = np.sort(random.random((6, 2, len(low))), axis=1)
    lows, highs = low + (high - low) * cuts[:, 0], low + (high - low) * cuts[:, 1]
    known = on_boxes.domain_box().bounds
    boxes = on_boxes.tightened([Box(*v, known) for v in zip(lows, highs, strict=True)])
    assert isinstance(boxes, PairBoxes)
    units = np.arange(4)
    for k in range(6):
        upper = backward(bounds, LAST, units, 1.0, cases=boxes.of(np.full(4, k))).upper
        points = [
            domain.clamp((lows[k] + (highs[k] - lows[k]) * random.random(len(low))).tolist())
            for _ in range(20)
        ]
        values = trace(network, Matrix.from_fractions(points).T, with_activations=False)
        for name in boxes.lower:
            for unit, row in enumerate(values[name].fractions()):
                assert F(float(boxes.lower[name][k, unit])) <= min(row)
                assert max(row) <= F(float(boxes.upper[name][k, unit]))
        for first, second in boxes.pairs.items():
            apart = (values[first] - values[second]).fractions()
            for unit, row in enumerate(apart):
                assert F(float(boxes.difference_lower[first][k, unit])) <= min(row)
                assert max(row) <= F(float(boxes.difference_upper[first][k, unit]))
        for unit, row in enumerate(values[LAST].fractions()):
            assert max(row) <= F(float(upper[unit]))


def test_pairs_are_much_closer_than_two_networks_by_themselves() -> None:
    a = float_network(4, 3, 12, 12, 12, 1)
    b = shaken(a, 4, 1e-4)
    network, domain = gap(a, b, [F(0)]), domain_of(a)
    widths = []
    for pairs in ({}, names_of_shape(a, b)):
        bounds = bounded(network, domain, pairs)
        on_boxes = BoundsOnBoxes(bounds, LAST)
        boxes = on_boxes.tightened([on_boxes.domain_box()])
        widths.append(
            backward(
                bounds, LAST, np.arange(2), 1.0, cases=boxes.of(np.zeros(2, dtype=np.int64))
            ).upper.max()
        )
    assert widths[1] < widths[0] / 20


def test_unequal_shapes_are_split_without_pairs() -> None:
    a, b = float_network(1, 2, 6, 6, 1), float_network(1, 2, 9, 1)
    seen = largest_difference(a, b, domain_of(a), 2000)
    assert accepted(a, b, certificate_of(a, b, seen * 2).lines)


def test_arranged_networks_are_the_same_functions() -> None:
    a, b = float_network(3, 2, 5, 4, 2), float_network(4, 2, 6, 2)
    pairing = (Pair(0, 0, (4, 0, -1, 1, 2, 3, -1), (2, -1, 0, 1, 3, 5, 4)),)
    first, second = arrange(a, b, pairing)
    assert [v.size for v in first.layers] == [7, 4, 2]
    assert [v.size for v in second.layers] == [7, 2]
    for point in points_of(domain_of(a), 10, 1):
        assert evaluate(first, point) == evaluate(a, point)
        assert evaluate(second, point) == evaluate(b, point)


@pytest.mark.parametrize("seed", range(6))
def test_a_permuted_and_shaken_copy_is_paired_unit_by_unit(seed: int) -> None:
    a = float_network(seed, 3, 8, 7, 2)
    order = Random(seed).sample(range(8), 8)
    draft = Draft(a)
    names = [v.name for v in a.layers]
    draft.keep_units(names[0], order)
    b = shaken(draft.freeze(), seed, 1e-4)
    pairing = guess_pairing(a, b, domain_of(a), Run(seed=seed))
    assert [(p.first, p.second) for p in pairing] == [(0, 0), (1, 1)]
    if order != sorted(order):
        placed = dict(zip(pairing[0].of_second, pairing[0].of_first, strict=True))
        assert [placed[k] for k in range(8)] == order
    eps = largest_difference(a, b, domain_of(a), 1000) * 2
    found = agree_within(Question.of(a, b, domain_of(a), [eps] * 2), Run(Limits(30)))
    assert found.proved
    assert found.boxes < 200
    assert found.signs is not None
    assert accepted(
        a, b, certify_within(a, b, domain_of(a), [eps] * 2, found.signs, found.pairing).lines
    )


def test_a_compiled_network_in_single_precision_is_compared_with_its_source() -> None:
    a = float_network(2, 3, 16, 12, 1)
    small = compile_network(a, domain_of(a), prover="bounds").network
    layers = [
        Layer(
            v.name, v.activation, Matrix.from_floats(v.bias.approximation[0].astype(np.float32)),
            {
                u: Matrix.from_floats(w.approximation[0].astype(np.float32))
                for u, w in v.weights.items()
            },
        )
        for v in small.layers
    ]  # fmt: skip
    b = Network(small.input_name, 3, layers, small.output, a.domain, "single")
    found = agree_within(Question.of(a, b, domain_of(a), [F(1, 10**4)]), Run(Limits(30)))
    assert found.proved
    assert found.boxes < 1000
    assert found.signs is not None
    assert accepted(
        a, b, certify_within(a, b, domain_of(a), [F(1, 10**4)], found.signs, found.pairing).lines
    )


def test_networks_without_relatives_are_not_paired() -> None:
    assert not guess_pairing(
        float_network(1, 2, 6, 1), float_network(9, 2, 3, 1), Domain.cube(-1, 1, 2), Run()
    )


def test_a_unit_that_never_varies_is_paired_without_an_overflow() -> None:
    """Distances to it are in units of a spread of 0; a warning would fail this test."""
    still = chain_of([[0, 0], [1, 1]])
    large = chain_of([[10**10, 0], [0, 10**10], [0, 0]])
    pairing = guess_pairing(still, large, domain_of(float_network(0, 2, 1)), Run())
    assert len(pairing) <= 1
    assert all(set(pair.of_first) >= {0, 1} for pair in pairing)


def chain_of(rows: Sequence[Sequence[int]]) -> Network:
    """relu of these rows, with bias 0, and the sum of the units."""
    table = [[F(v) for v in row] for row in rows]
    zeros = Matrix.zeros(len(rows), 1)
    hidden = Layer("h", "relu", zeros, {"x": Matrix.from_fractions(table, columns=2)})
    ones = Matrix.from_fractions([[F(1)] * len(rows)], columns=len(rows))
    last = Layer("y", "linear", Matrix.zeros(1, 1), {"h": ones})
    return Network("x", 2, [hidden, last], "y", None, "chain")
