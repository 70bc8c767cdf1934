"""Carriers that cost accuracy are taken for exact formats only; leaky units count as one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import inf

import numpy as np
import pytest

from conftest import OnnxRun
from rectifold.exact.conversion import Floats
from rectifold.formats.onnx_writer import onnx_bytes
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.leaky import leaky_form
from rectifold.ir.network import Network
from rectifold.ir.sampling import sample_points
from rectifold.ir.spread import rounding_spread
from rectifold.operations.compiling import Compiled, compile_network, proved, rewrite
from rectifold.passes.accuracy import Accuracy
from rectifold.passes.result import Options
from support import net, random_network

STEEP = """
    input x[4] in [0, 1]
    h = relu([[1, 1025/1024, 1, 2], [1, 1, 1/2, -1], [2, 2049/1024, 3/2, 1], [0, 1/1024, 1/2, 3],
              [3, 3073/1024, 2, 0], [1, -1, 1, -1]] @ x + [1, 2, 1, 1, 1, 0])
    k = relu([[1, 0, 1, 0, 2, 1], [0, 1, -1, 1, 0, -1], [1, 1, -1, 0, 1, 1], [2, -1, 0, 1, -1, 1]]
             @ h - [8, -2, 3, 0])
    output [[1, -1, 0.5, 2]] @ k
"""  # the linear part of h has rank 2, and entries of thousands in its reduced row echelon form
FLOAT32 = Options(precision="float32")


def observed(network: Network, source: Network, run: OnnxRun) -> float:
    """The largest error of the float32 model at points, against the source exactly."""
    points = np.random.default_rng(3).uniform(0, 1, (60, source.input_size)).astype(np.float32)
    exact = evaluate_points(source, [[Fraction(float(v)) for v in x] for x in points])
    got = run(onnx_bytes(network), points)
    return max(
        abs(float(Fraction(float(a)) - b))
        for row, values in zip(got, exact, strict=True)
        for a, b in zip(row, values, strict=True)
    )


def test_a_carrier_of_huge_entries_is_taken_exactly_and_not_in_floats(onnx_run: OnnxRun) -> None:
    source = net(STEEP)
    exact, floats = compile_network(source), compile_network(source, options=FLOAT32)
    assert (exact.network.sizes.units, exact.declined) == (6, ())
    assert floats.network.sizes.units == 7
    (declined,) = floats.declined
    assert (declined.layer, declined.units) == ("h", 1)
    assert declined.growth > 100
    own, now, worse = (
        observed(network, source, onnx_run) for network in (source, floats.network, exact.network)
    )
    assert now <= FLOAT32.most_error_growth * own
    assert worse > 50 * own
    points = sample_points(Domain.cube(0, 1, 4), 20, 5)
    assert evaluate_points(floats.network, points) == evaluate_points(source, points)


@pytest.mark.parametrize(
    ("most", "units"), [pytest.param(inf, 6, id="no limit"), pytest.param(1e4, 6, id="a high one")]
)
def test_the_limit_is_the_users(most: float, units: int) -> None:
    compiled = compile_network(net(STEEP), options=replace(FLOAT32, most_error_growth=most))
    assert compiled.network.sizes.units == units
    assert not compiled.declined


def test_a_second_run_takes_what_the_first_declined_no_more() -> None:
    once = compile_network(net(STEEP), options=FLOAT32)
    again = compile_network(once.network, options=FLOAT32)
    assert again.network.sizes.units == once.network.sizes.units


@pytest.mark.parametrize("seed", range(25))
def test_what_is_taken_stays_within_the_factor_of_the_source(seed: int) -> None:
    source = random_network(seed)
    assert source.domain is not None
    options = replace(FLOAT32, most_error_growth=1.5)
    compiled = compile_network(source, options=options)
    accuracy = Accuracy.of(source, source.domain, "float32", 1.5)
    if any(step.rule == "carry the linear part" for step in compiled.steps):
        last = compiled.steps[-1].rule
        grown = accuracy.growth(compiled.network)
        assert last != "carry the linear part" or accuracy.allows(grown)
    assert all(not accuracy.allows(one.growth) for one in compiled.declined)


def test_the_spread_of_a_sum_that_cancels_is_that_of_its_products() -> None:
    plain = net("input x[1] in [0, 1]\noutput relu(3*x)")
    shifted = net("input x[1] in [0, 1]\ny = relu(3*x + 1000)\noutput y - 1000")
    points: Floats = np.array([[0.25], [0.5]])
    own = rounding_spread(plain, points, "float32")
    assert 100 < rounding_spread(shifted, points, "float32") / own < 10_000
    assert rounding_spread(plain, points, "float64") == pytest.approx(own * 2.0**-29)


def test_a_constant_source_allows_no_rounding_at_all() -> None:
    zero = net("input x[1] in [0, 1]\noutput 0*x")
    accuracy = Accuracy.of(zero, Domain.cube(0, 1, 1), "float32", 4.0)
    assert accuracy.growth(zero) == 1.0
    other = net("input x[1] in [0, 1]\ny = relu(x + 1)\noutput y[0] - x[0] - 1")
    assert accuracy.growth(other) == inf


# ---- leaky units count as one --------------------------------------------------------------------


def leaky(width: int, *, stable: int) -> Network:
    """A leaky layer over four inputs and before four units; the stable units are parallel."""
    random = np.random.default_rng(width)
    rows = random.integers(-3, 4, (width, 4)) * 2 + 1
    rows[:stable] = rows[0]
    bias = [40 + 10 * k for k in range(stable)] + [0] * (width - stable)
    columns = random.integers(-3, 4, (4, width)) * 2 + 1
    shift = (columns @ bias).tolist()  # so that k is unstable
    return net(f"""
        input x[4] in [-1, 1]
        k = relu({columns.tolist()} @ leaky_relu({rows.tolist()} @ x + {bias}, 0.25) - {shift})
        output [[1, 2, 3, 4]] @ k
    """)


def compiled_as_leaky(network: Network) -> Compiled:
    return compile_network(network, options=Options(leaky=True))


def test_pairs_that_are_written_as_one_are_not_taken_apart() -> None:
    source = leaky(5, stable=0)
    assert compile_network(source).network.sizes.units < source.sizes.units
    compiled = compiled_as_leaky(source)
    assert compiled.network == source
    assert leaky_form(source).sizes.units == 5 + 4


def test_stable_units_of_a_leaky_layer_are_carried_and_its_pairs_stay() -> None:
    source = leaky(8, stable=3)
    compiled = compiled_as_leaky(source)
    before, after = leaky_form(source).sizes, leaky_form(compiled.network).sizes
    assert after.units == before.units - 3 + 1
    assert after.macs < before.macs
    (slopes,) = leaky_form(compiled.network).slopes.values()
    assert sorted(slopes) == [Fraction(0)] + [Fraction(1, 4)] * 5
    points = sample_points(Domain.cube(-1, 1, 4), 20, 1)
    assert evaluate_points(compiled.network, points) == evaluate_points(source, points)
    assert not compiled_as_leaky(compiled.network).steps


@pytest.mark.parametrize("width", [3, 6, 9, 12])
def test_a_result_is_never_larger_as_it_is_written(width: int) -> None:
    for stable in (0, width // 2, width):
        source = leaky(width, stable=stable)
        before = leaky_form(source).sizes
        after = leaky_form(compiled_as_leaky(source).network).sizes
        assert after.units <= before.units
        assert after.macs <= before.macs


def test_a_stable_unit_whose_mirrored_one_is_undecided_is_carried_once() -> None:
    """Facts may be one-sided where the time ended: the unit is active, its mirror open."""
    source = net("""
        input x[2] in [-1, 1]
        h = relu([[3, 1], [-3, -1], [1, 2], [-1, -2], [2, -1], [-2, 1], [1, 1], [-1, -1],
                  [3, 1], [3, 1], [3, 1], [3, 1]] @ x + [5, -5, 0, 0, 0, 0, 0, 0, 6, 7, 8, 9])
        k = relu([[4, -1, 8, -2, 12, -3, 4, -1, 2, 1, 3, -2],
                  [8, -2, -4, 1, 4, -1, 12, -3, 2, 1, 3, -2]] @ h - 70)
        output [[1, 2]] @ k
    """)
    facts = proved(source)
    known = facts.layers["h"]
    assert (known.active[0], known.inactive[1]) == (True, True)
    open_above = replace(known, upper=np.where(known.inactive, np.inf, known.upper))
    compiled = rewrite(
        source, facts.replaced({**facts.layers, "h": open_above}), Options(leaky=True)
    )
    assert any(step.rule == "carry the linear part" for step in compiled.steps)
    points = sample_points(Domain.cube(-1, 1, 2), 20, 1)
    assert evaluate_points(compiled.network, points) == evaluate_points(source, points)
