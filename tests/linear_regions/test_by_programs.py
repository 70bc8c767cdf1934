"""Regions by linear programs: as by vertex lists, certified, and nothing claimed without proof."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate, trace
from rectifold.ir.network import Network
from rectifold.linear_regions.by_programs import ProgramCell, program_enumeration
from rectifold.linear_regions.by_vertices import vertex_enumeration
from rectifold.linear_regions.cells import Enumeration
from rectifold.linear_regions.implications import Implications
from rectifold.linear_regions.region import PointRegion
from rectifold.linear_regions.summary import linear_regions
from support import float_network, net, random_network

Phases = tuple[bytes, ...]


Programs = Enumeration[ProgramCell, PointRegion]


def by_vertices(network: Network) -> set[Phases] | None:
    assert network.domain is not None
    try:
        return {
            tuple(r.phases.values()) for r in vertex_enumeration(network, network.domain).regions()
        }
    except InputError:  # empty or flat
        return None


def by_programs(network: Network) -> tuple[list[PointRegion], Programs]:
    assert network.domain is not None
    enumeration = program_enumeration(network, network.domain)
    return list(enumeration.regions()), enumeration


@pytest.mark.parametrize(
    "sizes", [(1, 9, 9, 1), (2, 8, 8, 1), (3, 7, 7, 1), (4, 6, 6, 2), (5, 5, 5, 1)]
)
def test_the_same_regions_as_by_vertices(sizes: tuple[int, ...]) -> None:
    network = float_network(2, *sizes)
    regions, enumeration = by_programs(network)
    phases = [tuple(r.phases.values()) for r in regions]
    assert enumeration.tally.complete
    assert len(set(phases)) == len(phases)
    assert set(phases) == by_vertices(network)


@pytest.mark.parametrize("seed", range(120))
def test_the_same_regions_of_degenerate_networks(seed: int) -> None:
    network = random_network(seed)
    expected = by_vertices(network)
    assert network.domain is not None
    if expected is None:
        with pytest.raises(InputError, match="empty or flat"):
            by_programs(network)
        return
    regions, enumeration = by_programs(network)
    assert enumeration.tally.complete
    assert sorted(tuple(r.phases.values()) for r in regions) == sorted(expected)


@pytest.mark.parametrize("sizes", [(6, 6, 5, 1), (8, 6, 6, 2), (10, 5, 5, 1)])
def test_points_have_the_phases_and_the_maps_the_values(sizes: tuple[int, ...]) -> None:
    network = float_network(4, *sizes)
    assert network.domain is not None
    found = linear_regions(network, network.domain)
    assert found.complete
    assert found.undecided == 0
    for region in found.found[:200]:
        assert region.vertices is None
        point = region.interior_point
        values = trace(
            network, Matrix.from_fractions([[x] for x in point], columns=1), with_activations=False
        )
        for layer in network.relu_layers:
            z = [row[0] for row in values[layer.name].fractions()]
            assert all(z)
            assert [int(v > 0) for v in z] == list(region.phases[layer.name])
        assert evaluate(network, list(point)) == [
            sum((a * x for a, x in zip(form, point, strict=False)), form[-1])
            for form in region.affine
        ]
        assert all(
            side * (sum(a * x for a, x in zip(wall, point, strict=False)) + wall[-1]) > 0
            for wall, side in region.walls
        )


def test_constraints_cut_the_domain_and_fixed_inputs_are_values() -> None:
    network = float_network(3, 7, 6, 4, 1)
    half = tuple(Fraction(1, 2) for _ in range(7))
    ends = [tuple(Fraction(s) if k else Fraction(1, 3) for k in range(7)) for s in (-1, 1)]
    domain = Domain(ends[0], ends[1], (Constraint(half, Fraction(-1)),))
    found = linear_regions(network, domain)
    assert (found.free, found.complete) == (tuple(range(1, 7)), True)
    for region in found:
        assert domain.contains([Fraction(1, 3), *region.interior_point])
    sampled = np.random.default_rng(0).integers(-1000, 1001, (4000, 7))
    seen = set()
    points = [[Fraction(1, 3), *(Fraction(int(v), 1000) for v in row[1:])] for row in sampled]
    points = [p for p in points if domain.contains(p)]
    values = trace(network, Matrix.from_fractions(points, columns=7).T, with_activations=False)
    for k in range(len(points)):
        phases = []
        for layer in network.relu_layers:
            phases.append(bytes(row[k] > 0 for row in values[layer.name].fractions()))
        seen.add(tuple(phases))
    assert len(points) > 50
    assert seen <= {tuple(r.phases.values()) for r in found}


@pytest.mark.parametrize("bound", [-8, -7])
def test_an_empty_or_flat_domain_is_refused(bound: int) -> None:
    network = float_network(3, 7, 4, 1)
    ones = tuple(Fraction(1) for _ in range(7))
    domain = Domain(tuple(-v for v in ones), ones, (Constraint(ones, Fraction(bound)),))
    with pytest.raises(InputError, match="empty or flat"):
        linear_regions(network, domain)


def test_a_unit_whose_maximum_is_zero_is_inactive_by_exact_multipliers() -> None:
    """h2 = -(h0 + h1) where both are active, so it is never positive, and 0 on the border only."""
    network = net(
        "input x[6] in [-1, 1]\ng = relu([x[0] + x[1]/3, x[2] - x[3]/7])\n"
        "h = relu([-g[0]/3 - g[1]/7, g[0] + g[1] - x[4] - 2])\noutput h"
    )
    assert network.domain is not None
    found = linear_regions(network, network.domain)
    assert found.complete
    assert all(region.phases["h"][0] == 0 for region in found)


def test_what_is_not_proved_makes_the_list_partial(monkeypatch: pytest.MonkeyPatch) -> None:
    network = float_network(4, 6, 6, 5, 1)
    assert network.domain is not None
    monkeypatch.setattr(Implications, "is_nonpositive", lambda *_: False)
    found = linear_regions(network, network.domain)
    assert not found.complete
    assert found.undecided > 0


def test_a_region_without_a_certified_point_is_left_out_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = float_network(4, 6, 4, 1)
    assert network.domain is not None
    everything = linear_regions(network, network.domain)
    original = Implications.contains
    asked: list[object] = []

    def never_again(self: Any, point: Any, rows: Any) -> bool:
        asked.append(point)
        return original(self, point, rows) and len(asked) < 4

    monkeypatch.setattr(Implications, "contains", never_again)
    found = linear_regions(network, network.domain)
    assert len(found) + found.undecided == len(everything)
    assert 0 < len(found) < len(everything)
    assert not found.complete


@pytest.mark.parametrize(("bound", "is_empty"), [("1/2", True), ("1", False), ("2", False)])
def test_a_constraint_of_fixed_inputs_alone_can_leave_no_point(bound: str, is_empty: bool) -> None:
    network = net(
        f"input x[7] in [[0,1],[0,1],[0,1],[0,1],[0,1],[0,1],[1,1]]\nassume x[6] <= {bound}\n"
        "y = relu(x[0] - x[1])\noutput y"
    )
    if not is_empty:
        assert len(by_programs(network)[0]) == 2
        return
    with pytest.raises(InputError, match="empty or flat"):
        by_programs(network)
