"""Shallow networks: exact for up to three inputs (proved by regions and checked at points), gated
with their statements, refusals.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from rectifold.errors import InputError, Unfinished
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float, evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.compare import compare_by_regions
from rectifold.linear_regions.summary import linear_regions
from rectifold.two_layers.form import AffineForm, Unit, hinge_of, value_at
from rectifold.two_layers.plane.plane_form import plane_form, sheet_segments
from rectifold.two_layers.shallow import Kind, shallow_network
from rectifold.two_layers.space.chains import pairings, three_chain
from rectifold.two_layers.space.sheets import NotGenericError
from rectifold.two_layers.space.space_form import space_form
from support import float_network, net, points_of, random_network


def agree(a: Network, b: Network, seed: int) -> bool:
    """At random points and at every vertex of a's regions."""
    assert a.domain is not None
    enumeration = vertex_enumeration(a, a.domain)
    points = points_of(a.domain, 30, seed)
    for region in enumeration.regions():
        for vertex in region.vertices:
            full = [a.domain.fixed.get(k, Fraction(0)) for k in range(a.input_size)]
            for k, v in zip(enumeration.restriction.free, vertex, strict=True):
                full[k] = v
            points.append(full)
    return evaluate_points(a, points) == evaluate_points(b, points)


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


def test_a_deep_network_of_three_inputs_needs_three_chains() -> None:
    network = float_network(11, 3, 5, 5, 5, 1)
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    form = space_form(enumeration.restriction, list(enumeration.regions()))
    assert any(len(unit.bends) == 2 for unit in form.units)
    for point in points_of(network.domain, 30, 0):
        assert form.evaluate(point) == evaluate_points(network, [point])[0]


def test_a_whole_sheet_is_one_unit() -> None:
    # the second-layer unit bends at three lines; its zero set is one sheet that a single unit
    # reproduces
    network = net(
        """
        network sheet
        input x[2] in [-1, 1]
        h = relu([x[0] + 1/2, x[0], x[0] - 1/2])
        k = relu(x[1] + h[0]/4 - h[1]/2 + h[2]/3 - 1/10)
        y = k - x[1] + h[0] + 2*h[1] - h[2]
        output y
        """
    )
    assert network.domain is not None
    enumeration = vertex_enumeration(network, network.domain)
    regions = list(enumeration.regions())
    form = plane_form(enumeration.restriction, regions)
    assert [len(unit.bends) for unit in form.units] == [3]
    (sheet,) = sheet_segments(enumeration.restriction, regions)
    assert len(sheet) == 4


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


# ---- the 3-chain identity
# ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signs", [(s, t, r) for s in (1, -1) for t in (1, 0, -1) for r in (1, 0, -1)]
)
def test_three_chains_differ_from_their_units_by_functions_of_two_forms(
    signs: tuple[int, int, int],
) -> None:
    """What relu(z + a relu(u) + b relu(w + c relu(u))) leaves after its two-bend units has a
    two-layer form: it is built and compared.
    """
    random = Random(7 * signs[0] + 3 * signs[1] + signs[2])
    b, a, c = (sign * Fraction(random.randint(1, 9), random.randint(1, 5)) for sign in signs)
    network = net(
        f"""
        network chain
        input x[3] in [-1, 1]
        u = relu(x[0])
        w = relu(x[1] + ({c})*u)
        z = relu(x[2] + ({a})*u + ({b})*w)
        output z
        """
    )
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind="exact")
    assert agree(network, result.network, 0)
    assert compare_by_regions(network, result.network, network.domain).complete


def test_a_maximum_of_four_is_a_maximum_of_two_and_one_unit_for_every_pairing() -> None:
    random = Random(0)
    forms = [tuple(Fraction(random.randint(-5, 5)) for _ in range(4)) for _ in range(4)]
    for base, bends in pairings((forms[0], forms[1], forms[2], forms[3])):
        for _ in range(30):
            point = [Fraction(random.randint(-9, 9), 3) for _ in range(3)]
            inner = value_at(base, point) + sum(
                c * max(value_at(f, point), Fraction(0)) for c, f in bends
            )
            values = [value_at(f, point) for f in forms]
            pairs = [max(values[i], values[j]) for i in range(4) for j in range(i)]
            assert max(values) - max(inner, Fraction(0)) in pairs


def test_triangulations_of_a_chain_have_two_maxima_of_four() -> None:
    u, w, z = (tuple(Fraction(int(i == j)) for j in range(4)) for i in range(3))
    for b in (Fraction(2), Fraction(-2)):
        for a in (Fraction(3), Fraction(-3)):
            for c in (Fraction(1), Fraction(-1)):
                assert [len(t) for t in three_chain(u, w, z, a, b, c)] == [2, 2]


# ---- gates -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["classic", "centred", "core"])
@pytest.mark.parametrize("inputs", [1, 2, 4])
def test_gated_forms_are_exact_away_from_walls_and_wrong_on_no_more_than_they_say(
    kind: Kind, inputs: int
) -> None:
    network = float_network(inputs, inputs, 4, 3, 2)
    assert network.domain is not None
    result = shallow_network(network, network.domain, kind=kind, accuracy=Fraction(1, 20))
    assert not result.exact
    assert "of the box's volume" in result.statement
    walls = {wall for region in linear_regions(network, network.domain) for wall, _ in region.walls}
    walls -= {
        (*(int(j == k) for j in range(inputs)), end) for k in range(inputs) for end in (-1, 1)
    }  # the border
    strip = Fraction(1, 2)
    while 2 * strip * len(walls) > Fraction(1, 20):
        strip /= 2
    wrong = 0
    points = points_of(network.domain, 120, 5)[::2]
    for point in points:
        (ours,), (exact,) = (
            evaluate_points(result.network, [point]),
            evaluate_points(network, [point]),
        )
        distance = min(
            (abs(value_at(w, point)) / max(2 * abs(v) for v in w[:-1]) for w in walls),
            default=Fraction(1),
        )
        wrong += ours != exact
        assert ours == exact or distance < strip
        if kind == "core":
            assert all(a <= b for a, b in zip(ours, exact, strict=True))
    assert wrong <= len(points) // 2


def test_four_inputs_get_the_centred_gate_and_every_count() -> None:
    network = float_network(1, 4, 3, 3, 3, 1)
    assert network.domain is not None
    result = shallow_network(network, network.domain)
    assert (result.kind, result.exact) == ("centred", False)
    assert set(result.alternatives) == {"classic, all patterns", "classic", "core", "centred"}
    assert result.alternatives["classic, all patterns"][1] == 2 * 2**9
    assert result.alternatives["centred"] == result.hidden


def test_the_closed_corner_of_the_classic_gate_returns_multiples() -> None:
    """Where m closed regions meet, all their gates are open and the classic network gives m·f for
    every M.
    """
    network = net(
        "network n\ninput x[2] in [-1, 1]\nh = relu([x[0], x[1]])\nk = relu(h[0] + h[1] + 1)\n"
        "m = relu(k)\noutput m"
    )
    assert network.domain is not None
    for accuracy in (Fraction(1, 10), Fraction(1, 1000)):
        result = shallow_network(network, network.domain, kind="classic", accuracy=accuracy)
        assert evaluate_points(result.network, [[Fraction(0), Fraction(0)]]) == [[Fraction(4)]]


@pytest.mark.parametrize(
    ("network", "kind", "message"),
    [
        (float_network(0, 4, 3, 3, 1), "exact", "at most three free inputs, and 4 are free"),
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


def test_more_than_three_units_in_a_vertex_are_refused_with_the_vertex_named() -> None:
    network = net(
        """
        network knot
        input x[3] in [-1, 1]
        u = relu([x[0], x[1], x[2], x[0] + x[1] + x[2]])
        w = relu([u[0] - u[1] + x[2], u[2] + u[3] - x[0]])
        z = relu(w[0] - 2*w[1] + x[1])
        output z
        """
    )
    assert network.domain is not None
    with pytest.raises(NotGenericError, match=r"units meet in .* at \(0, 0, 0\)"):
        shallow_network(network, network.domain, kind="exact")


def test_hinges_are_primitive_with_a_positive_first_coefficient() -> None:
    form: AffineForm = (Fraction(-2, 3), Fraction(4, 3), Fraction(2))
    hinge, scale = hinge_of(form)
    assert (hinge, scale) == ((1, -2, -3), Fraction(-2, 3))
    assert Unit((Fraction(1),), form, ((hinge, Fraction(2)),)).value(
        [Fraction(4), Fraction(0)]
    ) == Fraction(4, 3)
