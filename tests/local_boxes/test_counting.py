"""What is counted is what `compile` leaves, without being rewritten."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from local_networks import dense, samples
from rectifold.facts.facts import Phase
from rectifold.ir.domain import Domain
from rectifold.ir.network import Sizes
from rectifold.local_boxes.boxes import boxes_around
from rectifold.local_boxes.look import look_around
from rectifold.operations.compiling import compile_network
from support import net

WIDTHS = [(4, 7, 6, 3), (5, 12, 9, 4), (3, 8, 8, 8, 2), (2, 6, 1)]


@pytest.mark.parametrize("seed", range(16))
def test_the_sizes_are_those_of_the_compiled_network(seed: int) -> None:
    widths = WIDTHS[seed % 4]
    network = dense(seed, *widths)
    clip = Domain.cube(0, 1, widths[0]) if seed % 2 else None
    compared = 0
    for radius in ("1/100", "1/20", "1/4", "0"):
        boxes = boxes_around(samples(2, seed, widths[0]), Fraction(radius), clip)
        for k, one in enumerate(look_around(network, boxes, None)):
            compiled = compile_network(network, boxes.exact(k))
            if one.open == 0 == compiled.facts.count(Phase.OPEN):
                assert one.left == compiled.network.sizes, (radius, k)
                compared += 1
    assert compared >= 2


def test_inputs_that_the_domain_fixes_are_folded() -> None:
    network = net("""
        input x[2] in [[1/2, 1/2], [0, 1]]
        h = relu([[1, 1], [2, 0], [3, -4]] @ x + [-1, 1, 0])
        output [[1, 1, 1]] @ h
    """)
    assert network.domain is not None
    boxes = boxes_around(np.array([[0.5, 0.5]]), Fraction(1, 4), network.domain)
    (one,) = look_around(network, boxes, None)
    compiled = compile_network(network, boxes.exact(0)).network
    assert one.left == compiled.sizes
    assert one.left == Sizes(units=2, weights=7, macs=6, layers=2)


def test_a_network_that_is_constant_on_the_box_is_its_last_bias() -> None:
    network = net("""
        input x[1] in [0, 1]
        h = relu([[-1], [-2]] @ x - [1, 1])
        k = relu([[1, 1]] @ h + [3])
        output [[2]] @ k
    """)
    boxes = boxes_around(np.array([[0.5]]), Fraction(1, 4), network.domain)
    (one,) = look_around(network, boxes, None)
    assert one.left == Sizes(units=0, weights=1, macs=0, layers=1)
    assert one.left == compile_network(network, boxes.exact(0)).network.sizes


def test_a_network_with_skip_edges_is_not_counted() -> None:
    network = net("input x[1] in [0, 1]\noutput x + relu(x)\n")
    boxes = boxes_around(np.array([[0.5]]), Fraction(1, 4), network.domain)
    (one,) = look_around(network, boxes, None)
    assert one.left is None
