"""Shallow networks: exact up to five inputs, checked at points and by regions; refusals."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

import numpy as np
import pytest

from agreement import agree
from rectifold.errors import InputError, Unfinished
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.runtime.run import Limits, Run
from rectifold.two_layers.shallow import Kind, WantedForm, shallow_form, shallow_network
from rectifold.two_layers.space.sheets import NotGenericError
from support import float_network, net, random_network


@pytest.mark.parametrize("seed", range(170))
def test_degenerate_networks_of_up_to_two_inputs_are_exact_and_never_refused(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    if network.input_size - len(network.domain.fixed) > 2:
        return
    result = shallow_network(network, network.domain, kind="exact")
    assert result.exact
    assert len(result.hidden) <= 2
    assert agree(network, result.network, seed)
    assert compare_by_regions(network, result.network, network.domain).complete


@pytest.mark.parametrize("seed", range(120))
def test_degenerate_networks_of_three_inputs_are_exact_or_refused_by_name(seed: int) -> None:
    network = random_network(seed)
    assert network.domain is not None
    if network.input_size - len(network.domain.fixed) != 3:
        return
    try:
        result = shallow_network(network, network.domain, kind="exact")
    except NotGenericError:
        return
    assert agree(network, result.network, seed)


@pytest.mark.parametrize(
    ("sizes", "seed"),
    [
        ((1, 8, 8, 1), 0),
        ((2, 8, 8, 1), 0),
        ((2, 6, 6, 6, 2), 1),
        ((2, 5, 5, 5, 5, 1), 2),
        ((3, 4, 4, 1), 3),
        ((3, 3, 3, 3, 2), 4),
    ],
)
def test_networks_in_general_position(sizes: tuple[int, ...], seed: int) -> None:
    network = float_network(seed, *sizes)
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    assert result.exact
    assert agree(network, result.network, seed)
    assert compare_by_regions(network, result.network, network.domain).complete
    points = np.random.default_rng(seed).uniform(-1, 1, (200, sizes[0]))
    assert (
        np.abs(evaluate_float(result.network, points) - evaluate_float(network, points)).max()
        < 1e-9
    )


def test_one_hidden_layer_is_found_where_one_is_enough() -> None:
    network = net(
        """
        network hidden
        input x[2] in [-1, 1]
        h = relu([x[0] + x[1], x[0] - x[1] + 1/3])
        k = relu([h[0] + 1, h[1] + 2])
        m = relu(k[0] + 2*k[1])
        output m
        """
    )
    assert network.domain is not None
    result = shallow_network(network, network.domain)
    assert (result.kind, len(result.hidden)) == ("exact", 1)


def test_an_affine_network_needs_no_hidden_unit_of_its_own() -> None:
    network = net(
        "network n\ninput x[2] in [0, 1]\nh = relu(x[0] + x[1])\nk = relu(h + 1)\nm = relu(k + 1)\n"
        "output m"
    )
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    assert sum(result.hidden) <= 2
    assert agree(network, result.network, 0)


def test_a_network_that_is_shallow_already_returns_itself_when_that_is_smaller() -> None:
    network = float_network(0, 2, 6, 6, 1)
    assert network.domain is not None
    result = shallow_network(network, network.domain)
    assert (result.kind, result.network.hidden_sizes(), result.exact) == ("source", [6, 6], True)


def test_all_inputs_fixed_is_a_constant() -> None:
    network = net("network n\ninput x[2] in [[1, 1], [2, 2]]\nh = relu(x[0] + x[1])\noutput h")
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    assert agree(network, result.network, 0)


@pytest.mark.parametrize("kind", ["exact", "classic", "core", "centred"])
@pytest.mark.parametrize("name", ["y", "hinges", "sheets", "gates"])
def test_an_input_may_be_called_like_a_layer_of_a_form(name: str, kind: Kind) -> None:
    network = net(
        f"network n\ninput {name}[2] in [-1, 1]\nh = relu([[1, 1], [1, -2]] @ {name})\n"
        "k = relu([[1, -1], [-2, 1]] @ h)\nm = relu(k[0] - 2*k[1])\noutput m"
    )
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind=kind)
    assert len(result.hidden) == 2
    if result.exact:
        assert agree(network, result.network, 0)


@pytest.mark.parametrize(
    ("network", "kind", "message"),
    [
        (float_network(0, 2, 3, 3, 3, 1), "source", "more than two hidden layers"),
        (float_network(0, 2, 3, 1).with_domain(Domain.everywhere(2)), "exact", "bounded domain"),
    ],
)
def test_forms_that_do_not_exist_are_refused(network: Network, kind: Kind, message: str) -> None:
    assert network.domain is not None
    with pytest.raises(InputError, match=message):
        shallow_network(network, network.domain, kind=kind)


def test_an_accuracy_of_zero_and_a_short_time_are_refused() -> None:
    network = float_network(0, 2, 8, 8, 8, 1)
    assert network.domain is not None
    with pytest.raises(InputError, match="not positive"):
        shallow_network(network, network.domain, kind="classic", accuracy=Fraction(0))
    with pytest.raises(Unfinished, match="time limit ended the search"):
        shallow_network(network, network.domain, seconds=0.0)


@pytest.mark.parametrize(("inputs", "said"), [(3, "every jump checked"), (4, "by construction")])
def test_the_statement_claims_the_checks_that_were_made(inputs: int, said: str) -> None:
    network = float_network(2, inputs, inputs, 2, 2, 1)
    assert network.domain is not None
    assert said in shallow_network(network, network.domain, kind="exact").statement


def test_a_form_with_a_certificate_is_not_compared_twice() -> None:
    network = float_network(0, 2, 3, 2, 2, 1)
    assert network.domain is not None
    compared = shallow_form(network, network.domain)
    left = shallow_form(network, network.domain, certified_regions=compared.regions)
    assert "common regions" in compared.statement
    assert "common regions" not in left.statement
    assert left.statement.startswith("equal to the source: ")


def test_an_asked_form_has_a_time_limit_of_its_own() -> None:
    """Of a clock that is a minute ahead at each look, five minutes are soon over."""
    network = float_network(0, 4, 4, 4, 4, 1)
    assert network.domain is not None
    minutes = count(0, 60)
    run = Run(clock=lambda: float(next(minutes)))
    with pytest.raises(Unfinished, match="the time limit ended"):
        shallow_form(network, network.domain, WantedForm("exact"), run)


def test_an_exact_form_that_is_not_asked_for_leaves_time_for_gates() -> None:
    """Of a clock that is a second ahead at each look, it has half of the limit."""
    network = float_network(0, 4, 4, 4, 4, 1)
    assert network.domain is not None
    ticks = count()
    run = Run(Limits(100), clock=lambda: float(next(ticks)))
    result = shallow_form(network, network.domain, run=run)
    assert result.kind == "centred"
    assert "no exact form: the time limit ended the exact form" in result.statement
    assert 50 <= next(ticks) <= 60
