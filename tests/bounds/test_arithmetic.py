"""What the arithmetics of emitted code store and compute in."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.bounds.arithmetic import ARITHMETICS
from rectifold.bounds.code_error import code_error, rounding_error
from support import net


def bound_of(text: str, precision: str) -> float:
    network = net(f"input x[1] in [0, 1]\n{text}\noutput y")
    assert network.domain is not None
    return float(code_error(network, network.domain, None, precision)[0])


def test_mixed_rounds_a_weight_to_float32_and_nothing_else() -> None:
    third = bound_of("y = 1/3*x[0]", "mixed")
    lost = abs(Fraction(float(np.float32(1 / 3))) - Fraction(1, 3))
    assert lost <= Fraction(third)
    assert bound_of("y = 1/3*x[0]", "float64") < 1e-14 < third < bound_of("y = 1/3*x[0]", "float32")


def test_values_of_mixed_have_the_range_of_doubles_and_weights_that_of_float32() -> None:
    assert np.isfinite(bound_of("h = relu(3e38*x)\ny = 3e38*h[0]", "mixed"))
    assert bound_of("y = 1e39*x[0]", "mixed") == np.inf
    network = net("input x[1] in [0, 1]\ny = 1e39*x[0]\noutput y")
    assert network.domain is not None
    assert rounding_error(network, network.domain, None, "mixed").overflow == "y"
    assert rounding_error(network, network.domain, None, "float64").overflow is None


@pytest.mark.parametrize(("precision", "kind"), [("mixed", np.float64), ("float32", np.float32)])
def test_ends_of_ranges_are_rounded_as_inputs_are(precision: str, kind: type[np.floating]) -> None:
    near = ARITHMETICS[precision].nearest(Fraction(1, 10))
    assert near == Fraction(float(kind(0.1)))
    assert ARITHMETICS["float32"].nearest(Fraction(10) ** 39) is None
    assert ARITHMETICS[precision].nearest(Fraction(10) ** 400) is None


def test_what_storing_loses_is_what_is_lost() -> None:
    weights = np.array([1e-39, 1.0, 1 / 3, 3.5e38])
    lost = ARITHMETICS["mixed"].storing(weights, None)
    assert lost[0] == 1e-39  # it may count as 0
    assert lost[1] == 0.0
    assert lost[2] == abs(float(np.float32(1 / 3)) - 1 / 3)
    assert lost[3] == np.inf
    assert ARITHMETICS["float64"].storing(weights, np.full(4, 0.5)).tolist() == [0.5] * 4


def test_a_sum_too_long_for_the_format_has_no_rate() -> None:
    short, long = ARITHMETICS["float32"].rates(np.array([1.0, 2.0**24]))
    assert 2.0**-24 <= short < 2.0**-23
    assert long == np.inf
    assert ARITHMETICS["float64"].rates(np.array([1000.0]))[0] >= 1000 * 2.0**-53
