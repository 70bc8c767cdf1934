"""Rewrites that make numbers which are no floats of a type are left out where that is asked for."""

from __future__ import annotations

import pytest

from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.sampling import sample_points
from rectifold.ir.stored_floats import not_stored
from rectifold.operations.compiling import compile_network
from rectifold.passes.result import Options
from support import net, random_network

TWINS = "input x[1] in [-1, 1]\noutput [[1, 1]] @ relu([[3], [1]] @ x)"
KEPT = Options(stored="float32")


def test_twins_are_merged_only_where_the_ratio_is_a_float() -> None:
    merged = compile_network(net(TWINS)).network
    assert merged.sizes.units == 1
    assert not_stored(merged, "float32") == 1  # 1 + 1/3
    assert compile_network(net(TWINS), options=KEPT).network.sizes.units == 2
    doubled = TWINS.replace("[3]", "[2]")
    assert compile_network(net(doubled), options=KEPT).network.sizes.units == 1


def test_an_inactive_unit_is_dropped_and_a_rounded_constant_is_not_folded() -> None:
    text = (
        "input x[2] in [[0.1, 0.1], [-1, 1]]\n"
        "output [[1, 1, 1]] @ relu([[1, 1], [1/4, -1], [1, 0]] @ x - [0, 4, 1])"
    )
    found = compile_network(net(text), options=KEPT).network
    assert not_stored(found, "float32") == 0
    assert found.sizes.units < net(text).sizes.units
    assert not_stored(compile_network(net(text)).network, "float32") > 0


@pytest.mark.parametrize("seed", range(8))
def test_no_step_needs_more_numbers_and_the_function_stays(seed: int) -> None:
    source = random_network(seed)
    found = compile_network(source, options=KEPT).network
    assert not_stored(found, "float32") <= not_stored(source, "float32")
    assert source.domain is not None
    points = sample_points(source.domain, 10, seed)
    assert evaluate_points(found, points) == evaluate_points(source, points)
