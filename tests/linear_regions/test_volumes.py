"""Exact volumes: of known polytopes, and of regions, which sum to that of the domain."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main
from rectifold.ir.domain import Constraint, Domain
from rectifold.language.printer import print_network
from rectifold.linear_regions.polytope import Polytope, scaled
from rectifold.linear_regions.restriction import Restriction
from rectifold.linear_regions.summary import linear_regions
from rectifold.linear_regions.volumes import volume
from support import float_network, random_network

ONE = Fraction(1)


def part(polytope: Polytope, *forms: list[int]) -> Polytope:
    """The part where these forms are at least 0; each cuts what is there."""
    for form in forms:
        signs = polytope.signs([form], scaled([form]))[0].tolist()
        polytope = polytope.split(form, signs).above
    return polytope


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5])
def test_volumes_of_boxes_and_simplices(n: int) -> None:
    box = Polytope.box([(-1, 2)] * n, [(1, 3)] * n)
    assert volume(box) == Fraction(5, 6) ** n
    if n > 1:
        simplex = part(Polytope.box([(0, 1)] * n, [(1, 1)] * n), [-1] * n + [1])
        assert volume(simplex) == ONE / [1, 1, 2, 6, 24, 120][n]


def test_volumes_where_constraints_are_tight_on_less_than_a_facet() -> None:
    """The octahedron, four facets at each corner; and a cube that planes touch in corners."""
    cube = Polytope.box([(-1, 1)] * 3, [(1, 1)] * 3)
    signs = [[a, b, c, 1] for a in (1, -1) for b in (1, -1) for c in (1, -1)]
    assert volume(part(cube, *signs)) == Fraction(4, 3)
    chain = [[1, -1, 0, 0], [0, 1, -1, 0]]  # x ≥ y ≥ z: a sixth, whose corners have many planes
    assert volume(part(cube, *chain)) == Fraction(8, 6)
    orders = [
        [[int(k == a) - int(k == b) for k in range(3)] + [0] for a, b in pairwise(order)]
        for order in permutations(range(3))
    ]
    assert sum(volume(part(cube, *order)) for order in orders) == 8


@pytest.mark.parametrize("seed", range(25))
def test_volumes_of_regions_sum_to_the_domains(seed: int) -> None:
    network = random_network(seed)
    domain = network.domain
    assert domain is not None
    whole = volume(Restriction(network, domain).polytope())
    found = linear_regions(network, domain)
    assert min(region.volume for region in found.with_vertices) > 0
    assert sum(region.volume for region in found.with_vertices) == whole


@pytest.mark.parametrize("sizes", [(3, 5, 4, 1), (4, 4, 3, 1)])
def test_so_they_do_with_constraints(sizes: tuple[int, ...]) -> None:
    network = float_network(3, *sizes)
    n = sizes[0]
    rows = tuple(Constraint((ONE, *(ONE * k for k in range(1, n))), ONE * b) for b in (1, 2))
    domain = Domain((-ONE,) * n, (ONE / 3,) * n, rows)
    whole = volume(Restriction(network, domain).polytope())
    assert whole < Fraction(4, 3) ** n
    found = linear_regions(network, domain)
    assert sum(region.volume for region in found.with_vertices) == whole


def test_corners_go_round_what_constraints_leave_of_a_slice() -> None:
    """Two inputs of four vary; the shoelace of the corners in their order is the volume."""
    network = float_network(5, 4, 6, 5, 1)
    fixed = (ONE / 7, ONE / 7)
    rows = (
        Constraint((ONE, ONE, 2 * ONE, ONE), ONE),
        Constraint((-ONE, ONE, ONE, -ONE), ONE / 3),
    )
    domain = Domain((fixed[0], -ONE, fixed[1], -ONE), (fixed[0], ONE, fixed[1], ONE), rows)
    found = linear_regions(network, domain)
    assert len(found) > 8
    areas = []
    for region in found.with_vertices:
        around = [*region.vertices, region.vertices[0]]
        turns = [a[0] * b[1] - a[1] * b[0] for a, b in pairwise(around)]
        areas.append(sum(turns, Fraction(0)) / 2)
        assert areas[-1] == region.volume > 0
    assert sum(areas) == volume(Restriction(network, domain).polytope()) < 4


# ---- the command ---------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.relu").write_text(print_network(float_network(1, 4, 5, 4, 1)))
    (tmp_path / "six.relu").write_text(print_network(float_network(1, 6, 2, 1)))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["regions", *arguments])


def test_areas_of_a_slice_go_into_both_files(folder: Path) -> None:
    files = ["--json", "r.json", "--npz", "r.npz"]
    assert run("n.relu", "--slice", "1,3", "--volumes", *files).exit_code == 0
    regions = json.loads((folder / "r.json").read_text())["regions"]
    areas = [Fraction(region["volume"]) for region in regions]
    assert len(areas) > 5
    assert sum(areas) == 4
    with np.load("r.npz") as arrays:
        assert arrays["volumes"].tolist() == [float(area) for area in areas]
    assert run("n.relu", "--slice", "1,3", *files, "--force").exit_code == 0
    assert "volume" not in json.loads((folder / "r.json").read_text())["regions"][0]
    with np.load("r.npz") as arrays:
        assert not arrays["volumes"].size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["n.relu", "--volumes"], "none is to be written: give --json FILE or --npz FILE too"),
        (["n.relu", "--volumes", "--count"], "--count keeps no regions"),
        (
            ["six.relu", "--volumes", "--json", "r.json"],
            "for at most 5 inputs that vary, and 6 vary here",
        ),
    ],
)
def test_volumes_that_cannot_be_are_refused(
    folder: Path, arguments: list[str], message: str
) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert message in " ".join(refused.output.split())
    assert not (folder / "r.json").exists()
