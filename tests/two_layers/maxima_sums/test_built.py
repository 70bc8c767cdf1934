"""Exact forms from sums of maxima: named maxima up to twelve numbers, random networks, refusals."""

from __future__ import annotations

import pytest

from rectifold.errors import InputError
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.hyper.watch import NO_WATCH
from rectifold.two_layers.maxima_sums.built import form_by_maxima
from support import float_network, maximum_chain, net, points_of, random_network


def agree(a: Network, b: Network, seed: int) -> bool:
    """At points, many of them with equal coordinates."""
    assert a.domain is not None
    points = points_of(a.domain, 60, seed)
    return evaluate_points(a, points) == evaluate_points(b, points)


def form_of(network: Network, layers: int) -> Network:
    assert network.domain is not None
    return form_by_maxima(Restriction(network, network.domain), NO_WATCH, layers).network()


def tournament(inputs: int) -> Network:
    """The maximum of 0 and of all inputs, in pairs of pairs."""
    forms = [f"x[{k}]" for k in range(inputs)] + ["0*x[0]"]
    while len(forms) > 1:
        pairs = zip(forms[::2], forms[1::2], strict=False)
        rest = forms[-1:] if len(forms) % 2 else []
        forms = [f"max({a}, {b})" for a, b in pairs] + rest
    return net(f"network most\ninput x[{inputs}] in [-1, 1]\ny = {forms[0]}\noutput y")


@pytest.mark.parametrize(
    ("inputs", "layers", "hidden"),
    [
        (3, 2, [3, 2]),
        (4, 2, [10, 8]),
        (5, 2, [19, 97]),
        (5, 3, [5, 3, 2]),
        (7, 3, [7, 4, 2]),
        (9, 3, [21, 16, 2]),
        (10, 3, [30, 105, 2]),
        (11, 3, [39, 194, 2]),
    ],
)
def test_maxima_have_the_units_of_their_identities(
    inputs: int, layers: int, hidden: list[int]
) -> None:
    network = tournament(inputs)
    form = form_of(network, layers)
    assert form.hidden_sizes() == hidden
    assert agree(network, form, inputs)


def test_a_chain_of_eleven_units_has_three_layers() -> None:
    network = maximum_chain(11)
    form = form_of(network, 3)
    assert form.hidden_sizes() == [39, 194, 2]
    assert agree(network, form, 0)


def test_sums_of_maxima_and_several_outputs_share_what_they_have_in_common() -> None:
    network = net(
        """
        network sums
        input x[9] in [-1, 1]
        a = max(max(x[0], x[1]), max(x[2], x[3]))
        b = max(max(x[4], x[5]), max(x[6], x[7]))
        c = max(a, b)
        y = [2*a - 3*c + relu(x[8] - a), c + b]
        output y
        """
    )
    form = form_of(network, 3)
    assert len(form.hidden_sizes()) == 3
    assert sum(form.hidden_sizes()) <= 25
    assert agree(network, form, 1)


def test_units_that_are_stable_on_the_box_are_seen() -> None:
    network = net(
        """
        network stable
        input x[3] in [0, 1]
        a = relu([x[0] + x[1] - 3, x[0] + x[2] + 1, x[1] - x[2]])
        b = relu([a[0] + a[1] - a[2], a[2] - a[1] - 2])
        c = relu(b[0] - b[1] - 4)
        output relu(b[0] + c + a[2] - 3/2)
        """
    )
    form = form_of(network, 2)
    assert len(form.hidden_sizes()) <= 2
    assert agree(network, form, 2)


def test_small_networks_are_exact_where_there_is_a_form() -> None:
    found = 0
    for seed in range(60):
        network = random_network(seed)
        try:
            form = form_of(network, 3)
        except InputError:
            continue
        found += 1
        assert len(form.hidden_sizes()) <= 3
        assert agree(network, form, seed)
    assert found >= 40


@pytest.mark.parametrize(
    ("network", "layers", "said"),
    [
        (tournament(6), 2, "the maximum of 7 affine forms, and 2 hidden layers"),
        (tournament(12), 3, "the maximum of 13 affine forms, and 3 hidden layers .* up to 12"),
        (
            float_network(0, 6, 8, 8, 8, 8, 1),
            3,
            "a unit above 3 hidden layers is the maximum of more than 64 affine forms",
        ),
    ],
)
def test_what_is_too_deep_is_named(network: Network, layers: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        form_of(network, layers)
