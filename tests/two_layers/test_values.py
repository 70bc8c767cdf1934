"""Values of forms beside those of their networks; the statement for four inputs says they agree."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.runtime.run import Run
from rectifold.two_layers.exact_search import all_regions, exact_network
from rectifold.two_layers.hyper.hyper_form import hyper_form
from rectifold.two_layers.hyper.watch import NO_WATCH, Watch
from rectifold.two_layers.values import difference_at, require_values
from support import four_inputs, net

ONE_LAYER = "relu(x[0] + x[1]) + relu(x[2] - x[3]) + relu(x[0] + 1)"


def test_a_form_with_another_value_is_no_form() -> None:
    network = four_inputs(1)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    form = hyper_form(enumeration.restriction, regions)
    require_values(enumeration.restriction, form, regions, NO_WATCH)
    off = tuple((*affine[:-1], affine[-1] + Fraction(1, 7)) for affine in form.affine)
    other = replace(form, affine=off)
    point = regions[0].interior_point
    found = difference_at(enumeration.restriction, other, point, NO_WATCH)
    assert found == [Fraction(-1, 7)] * network.output_size
    with pytest.raises(AssertionError, match="differs from the network"):
        require_values(enumeration.restriction, other, regions, NO_WATCH)


def hinges_alone() -> Network:
    lines = ["network m", "input x[4] in [-1, 1]", f"y = {ONE_LAYER}", "output y"]
    return net("\n".join(lines))


@pytest.mark.parametrize("network", [four_inputs(1), hinges_alone()], ids=["four", "one layer"])
def test_forms_of_four_inputs_are_compared_at_points(network: Network) -> None:
    """By the method for four inputs, and where one hidden layer is enough."""
    told: list[str] = []
    watch = Watch(Run(progress=lambda what, done, total: told.append(what)))
    assert network.domain is not None
    exact_network(*all_regions(network, network.domain, watch), watch)
    assert "exact form: values of the form at points" in told
