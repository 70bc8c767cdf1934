"""Edits of whole units: what a unit gives changes by no more than its shift, and it then goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import numpy as np
import pytest

from rectifold.approximate.edits import Edit, apply, compatible, tied
from rectifold.approximate.known import Known
from rectifold.approximate.moves.constant_units import constant_units
from rectifold.approximate.moves.parallel_units import parallel_units
from rectifold.approximate.moves.straight_units import straight_units
from rectifold.approximate.moves.table import UNIT_MOVES
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Layer, Network
from rectifold.ir.sampling import sample_points
from rectifold.operations.compiling import compile_network

Row = Sequence[float | Fraction]


def chain(hidden: Sequence[Row], bias: Row, out: Sequence[Row], high: int = 1) -> Network:
    """inputs in [0, high] → h = relu(hidden x + bias) → y = out h."""
    weights = Matrix.from_fractions([[Fraction(v) for v in row] for row in hidden])
    last = Matrix.from_fractions([[Fraction(v) for v in row] for row in out])
    column = Matrix.column([Fraction(v) for v in bias])
    layers = [
        Layer("h", "relu", column, {"x": weights}),
        Layer("y", "linear", Matrix.zeros(len(out), 1), {"h": last}),
    ]
    size = len(hidden[0])
    return Network("x", size, layers, "y", Domain.cube(0, high, size))


def known_of(network: Network) -> Known:
    assert network.domain is not None
    tolerance = np.ones(network.output_size)
    return Known.of(network, network.domain, tolerance, 4, 0)


def edits_of(
    move: Callable[[Network, Known, str], Iterable[Edit]], network: Network, layer: str = "h"
) -> list[Edit]:
    return list(move(network, known_of(network), layer))


def random_network(seed: int, size: int = 6) -> Network:
    """3-size-2 with float32 weights; unit 1 is nearly a multiple of unit 0."""
    random = np.random.default_rng(seed)
    hidden = random.standard_normal((size, 3)).astype(np.float32)
    bias = random.standard_normal(size).astype(np.float32) / 2
    hidden[1] = 1.5 * hidden[0] + 0.01 * hidden[2]
    bias[1] = 1.5 * bias[0] + 0.01
    out = random.standard_normal((2, size)).astype(np.float32)
    rows = [[float(v) for v in row] for row in hidden]
    return chain(rows, [float(v) for v in bias], [[float(v) for v in row] for row in out])


@pytest.mark.parametrize("kind", list(UNIT_MOVES))
@pytest.mark.parametrize("seed", range(4))
def test_outputs_change_by_no_more_than_the_shifts_say(kind: str, seed: int) -> None:
    network = random_network(seed)
    known = known_of(network)
    points = sample_points(Domain.cube(0, 1, 3), 12, seed)
    points += [[Fraction(k >> j & 1) for j in range(3)] for k in range(8)]
    before = evaluate_points(network, points)
    for edit in UNIT_MOVES[kind](network, known, "h"):
        after = evaluate_points(apply(network, [edit]), points)
        room = Fraction(1, 10**12)  # biases are sums in floats
        most = [Fraction(float(cost)) + room for cost in known.costs(edit)]
        for u, v in zip(before, after, strict=True):
            assert all(abs(p - q) <= m for p, q, m in zip(u, v, most, strict=True))


@pytest.mark.parametrize("kind", list(UNIT_MOVES))
def test_an_exact_compile_takes_out_what_a_move_says(kind: str) -> None:
    network = chain(
        [[1, 2], [2, 4.01], [1, -1], [3, 1]],
        [1, 2, Fraction(-1, 8), 2],
        [[1, 1, 1, 1]],
    )
    edits = edits_of(UNIT_MOVES[kind], network)
    assert edits
    units = compile_network(network).network.sizes.units
    for edit in edits:
        edited = apply(network, [edit])
        assert compile_network(edited, check=True).network.sizes.units <= units
        assert [v.size for v in edited.layers] == [v.size for v in network.layers]


def test_a_constant_is_near_the_middle_of_the_range() -> None:
    network = chain([[1, 0], [0, -2]], [2, 1], [[3, 5]])
    first, second = edits_of(constant_units, network)
    edited = apply(network, [first])
    assert edited.layer("y").weights["h"] == Matrix.from_fractions([[0, 5]])
    assert edited.layer("y").bias == Matrix.column([Fraction(15, 2)])  # 3 · 2.5
    assert edited.layer("h").weights["x"] == Matrix.from_fractions([[0, 0], [0, -2]])
    assert (first.saves, first.units) == (3, 1)
    assert second.shifts[0].upper.tolist() == [0.5]  # relu(1 - 2 x) is in [0, 1]


def test_units_that_are_constant_or_not_read_are_left_alone() -> None:
    network = chain([[0, 0], [1, 1], [-1, -1]], [1, 1, 0], [[1, 0, 1]])
    for move in UNIT_MOVES.values():
        assert edits_of(move, network) == []


def test_a_constant_is_proposed_once() -> None:
    network = chain([[1, 2]], [1], [[1]])
    (edit,) = edits_of(constant_units, network)
    assert edits_of(constant_units, apply(network, [edit])) == []


def test_a_line_is_active_and_off_by_half_of_its_triangle() -> None:
    network = chain([[2, 0]], [-1], [[1]])  # z = 2 x − 1 in [−1, 1], and no other unit
    known = known_of(network)
    active = Layer(
        "h", "relu", Matrix.column([-1, 1]), {"x": Matrix.from_fractions([[2, 0], [1, 0]])}
    )
    last = Layer("y", "linear", Matrix.zeros(1, 1), {"h": Matrix.from_fractions([[1, 1]])})
    both = Network("x", 2, [active, last], "y", known.domain)
    (edit,) = edits_of(straight_units, both)
    assert 0.25 <= edit.shifts[0].upper[0] <= 0.25 + 2.0**-40
    edited = apply(both, [edit])
    assert known_of(edited).pre_activations("h").lower[0] > 0
    assert edited.layer("y").weights["h"] == Matrix.from_fractions([[Fraction(1, 2), 1]])
    assert compile_network(edited).network.sizes.units <= 1
    assert edits_of(straight_units, edited) == []


def test_lines_that_save_nothing_are_not_proposed() -> None:
    """Two unstable units, no active one: made lines they would need two carriers."""
    network = chain([[2, 0], [0, 2]], [-1, -1], [[1, 0], [0, 1]])
    assert edits_of(straight_units, network) == []


def test_enough_units_become_lines_together() -> None:
    random = np.random.default_rng(1)
    rows = [[1 + 0.1 * float(v) for v in random.random(4)] for _ in range(6)]
    network = chain(rows, [-0.25] * 6, [[1, -1, 2, 1, 1, 1]])
    edits = edits_of(straight_units, network)
    assert [e.units for e in edits] == [1, 2, 4]  # one carrier is enough for all
    last = apply(network, [edits[-1]])
    assert compile_network(last).network.sizes.units < 6 - 3


def test_a_parallel_unit_follows_the_other_one() -> None:
    network = chain([[1, 2], [3, 6.0625]], [-1, -3], [[1, 1]])
    edits = edits_of(parallel_units, network)
    into_first = next(e for e in edits if e.ties[0].unit == 1)
    edited = apply(network, [into_first])
    scale = Fraction(97, 32)
    assert edited.layer("h").weights["x"] == Matrix.from_fractions([[1, 2], [scale, 2 * scale]])
    assert into_first.shifts[0].upper.tolist() == [1 / 64]
    assert (
        compile_network(edited).network.sizes.units < compile_network(network).network.sizes.units
    )
    assert edits_of(parallel_units, edited) == []


def test_units_of_opposite_directions_do_not_follow() -> None:
    assert edits_of(parallel_units, chain([[1, 2], [-1, -2]], [-1, 1], [[1, 1]])) == []


def test_a_unit_that_is_followed_is_not_replaced() -> None:
    network = random_network(0)
    follows = next(e for e in edits_of(parallel_units, network) if e.ties[0].other == 0)
    constants = {int(e.shifts[0].units[0]): e for e in edits_of(constant_units, network)}
    unit = follows.ties[0].unit
    assert compatible(network, [follows, constants[0], constants[unit]]) == [follows]
    assert compatible(network, [constants[0], follows]) == [constants[0]]


def test_a_tie_holds_after_the_other_unit_has_changed() -> None:
    network = chain([[1, 2], [3, 6.0625]], [1, 0], [[1, 1]])
    edit = next(e for e in edits_of(parallel_units, network) if e.ties[0].unit == 1)
    changed = apply(network, [edit])
    rows = Matrix.from_fractions([[1, 0], [3, 6]])
    layer = changed.layer("h")
    later = Network(
        "x", 2, [Layer("h", "relu", layer.bias, {"x": rows}), changed.layer("y")], "y", None
    )
    assert tied(later, edit.ties).layer("h").weights["x"] == Matrix.from_fractions(
        [[1, 0], [Fraction(97, 32), 0]]
    )
