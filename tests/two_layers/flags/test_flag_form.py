"""Two hidden layers for four and five inputs: exact at every vertex and at random points."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from agreement import agree
from rectifold.errors import InputError, Unfinished
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.runtime.run import Run
from rectifold.two_layers.assemble import network_of
from rectifold.two_layers.flags.flag_form import flag_form
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.shallow import shallow_network
from support import float_network, net


def form_of(network: Network) -> Network:
    """The form, asserted to be equal at vertices of the regions and at random points."""
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    result = network_of(flag_form(enumeration.restriction, regions))
    assert len(result.hidden_sizes()) <= 2
    random = Random(0)
    corners = sorted({vertex for region in regions for vertex in region.vertices})
    points = random.sample(corners, min(len(corners), 150))
    for _ in range(20):
        ends = (enumeration.restriction.ends(k) for k in range(network.input_size))
        points.append(tuple(a + (b - a) * Fraction(random.randint(0, 64), 64) for a, b in ends))
    whole = [list(point) for point in points]
    assert evaluate_points(result, whole) == evaluate_points(network, whole)
    return result


def integers(seed: int, inputs: int, *sizes: int) -> Network:
    """Small integers, many of them 0: most such networks are degenerate."""
    random = Random(seed)
    lines = [f"network small\ninput x[{inputs}] in [-2, 2]"]
    before, width = "x", inputs
    for k, size in enumerate(sizes):
        rows = [[random.randint(-2, 2) for _ in range(width)] for _ in range(size)]
        bias = [random.choice([0, 0, 1, -1]) for _ in range(size)]
        text = f"{rows} @ {before} + {bias}"
        lines.append(f"h{k} = {text if k == len(sizes) - 1 else f'relu({text})'}")
        before, width = f"h{k}", size
    return net("\n".join([*lines, f"output {before}"]))


def test_the_maximum_of_five_numbers_from_its_tournament_has_at_most_19_units() -> None:
    network = net(
        "network top\ninput x[4] in [-1, 1]\n"
        "y = max(max(max(x[0], x[1]), max(x[2], x[3])), 0*x[0])\noutput y"
    )
    assert sum(form_of(network).hidden_sizes()) <= 19


@pytest.mark.parametrize(
    ("seed", "sizes"), [(0, (4, 3, 3, 3, 1)), (2, (4, 4, 4, 3, 1)), (0, (5, 3, 3, 3, 2))]
)
def test_networks_in_general_position(seed: int, sizes: tuple[int, ...]) -> None:
    form_of(float_network(seed, *sizes))


@pytest.mark.parametrize("seed", range(6))
def test_degenerate_networks_of_four_inputs(seed: int) -> None:
    form_of(integers(seed, 4, 4, 3, 2, 1))


@pytest.mark.parametrize("seed", range(4))
def test_degenerate_networks_of_five_inputs(seed: int) -> None:
    form_of(integers(seed, 5, 3, 3, 2, 1))


def test_a_vertex_of_one_unit_over_three_costs_that_unit() -> None:
    network = float_network(0, 5, 4, 4, 1)
    assert len(network.relu_layers) == 2
    assert sum(form_of(network).hidden_sizes()) <= 20


@pytest.mark.parametrize("inputs", [2, 3])
def test_fewer_inputs_work_as_well(inputs: int) -> None:
    form_of(float_network(1, inputs, 4, 4, 3, 2))


def test_the_clock_ends_the_search() -> None:
    network = float_network(0, 4, 3, 3, 3, 1)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    watch = Watch(Run(clock=lambda: 2.0), deadline=1.0)
    with pytest.raises(Unfinished, match="0 units so far, at flats of dimension 2, 0 of"):
        flag_form(enumeration.restriction, regions, watch)


def test_shallow_gives_the_exact_form_of_five_inputs_that_vary() -> None:
    network = net(
        """
        network fixed
        input x[6] in [[-1, 1], [-1, 1], [1/2, 1/2], [-1, 1], [-1, 1], [0, 1]]
        a = relu([x[0] + x[1], x[1] - x[3] + x[2]])
        b = relu(x[4] - a[0] + 2*a[1] - x[5])
        c = relu(x[3] - b)
        output c
        """
    )
    assert network.domain is not None
    result = shallow_network(network, network.domain)
    assert (result.kind, result.exact) == ("exact", True)
    assert "equal on each of" in result.statement
    assert agree(network, result.network, 3)


def test_six_inputs_have_two_layers_where_fewer_of_them_meet() -> None:
    pytest.importorskip("highspy")
    network = net(
        "network six\ninput x[6] in [-1, 1]\na = relu([x[0] + x[1], x[2] - x[3]])\n"
        "b = relu(x[4] - a[0] + a[1])\ny = relu(x[5] + b - 1)\noutput y"
    )
    assert network.domain is not None
    result = shallow_network(network, network.domain)
    assert (result.kind, result.exact, len(result.hidden)) == ("exact", True, 2)
    assert agree(network, result.network, 0)


SEVEN = (
    "network seven\ninput x[6] in [-1, 1]\n"
    "y = max(x[0], max(x[1], max(x[2], max(x[3], max(x[4], max(x[5], 0*x[0]))))))\noutput y"
)


def test_seven_numbers_are_an_open_question_for_two_layers_and_have_three() -> None:
    pytest.importorskip("highspy")
    network = net(SEVEN)
    assert network.domain is not None
    with pytest.raises(InputError, match=r"depends on 6 inputs.*open question.*kind=\"three\""):
        shallow_network(network, network.domain, kind="exact")
    result = shallow_network(network, network.domain, kind="three")
    assert (result.kind, result.exact, len(result.hidden)) == ("three", True, 3)
    assert sum(result.hidden) <= 20
    assert agree(network, result.network, 1)


def test_six_numbers_have_the_units_of_their_identity() -> None:
    network = net(SEVEN.replace("x[6]", "x[5]").replace("max(x[5], 0*x[0])", "0*x[0]"))
    assert form_of(network).hidden_sizes() == [19, 97]


NINE = (
    "network nine\ninput x[9] in [-1, 1]\n"
    "a = max(max(x[0], x[1]), max(x[2], x[3]))\nb = max(max(x[4], x[5]), max(x[6], x[7]))\n"
    "output max(max(a, b), x[8])"
)


def test_many_inputs_are_said_to_be_an_open_question() -> None:
    pytest.importorskip("highspy")
    network = net(NINE)
    assert network.domain is not None
    said = "9 inputs are free here, with .* the maximum of 9 affine forms.* open question .three"
    with pytest.raises(InputError, match=said):
        shallow_network(network, network.domain, kind="exact")
    result = shallow_network(network, network.domain)
    assert result.kind == "centred"
    assert "no exact form: 9 inputs are free here" in result.statement
    result = shallow_network(network, network.domain, kind="three")
    assert (result.kind, len(result.hidden)) == ("three", 3)
    assert "at a point inside each of 256 linear regions" in result.statement


def test_a_network_of_three_layers_is_its_own_answer_for_three() -> None:
    network = float_network(0, 2, 3, 3, 3, 1)
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="three")
    assert (result.kind, result.exact, result.hidden) == ("three", True, [3, 3, 3])
    assert "at most three hidden layers" in result.statement
