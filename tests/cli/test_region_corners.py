"""Corners of two-dimensional regions go round each polygon, wherever they are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import rectifold
from rectifold.cli.main import main

KINKED = """network kinked
input x[3] in [[-1, 1], [1/3, 1/3], [-2, 3/2]]
h = relu([x[0] + x[2]/3, x[0] - x[2] + x[1], x[2] + 1/7, x[0] + 1/2])
k = relu([h[0] - h[1] + 1/8, h[1] + h[2] - 3/5, 2*h[3] - h[2]])
y = k[0] - 2*k[1] + k[2]
output y
"""
BOX = Fraction(7)  # 2 times 7/2


def area(corners: Sequence[Sequence[Fraction]]) -> Fraction:
    """By the shoelace formula: positive where they go round counterclockwise."""
    around = [*corners, corners[0]]
    return sum((a[0] * b[1] - a[1] * b[0] for a, b in pairwise(around)), Fraction(0)) / 2


def test_areas_from_json_npz_and_python_sum_to_the_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("kinked.relu").write_text(KINKED)
    command = ["regions", "kinked.relu", "--json", "r.json", "--npz", "r.npz"]
    assert CliRunner().invoke(main, command).exit_code == 0
    regions = json.loads(Path("r.json").read_text())["regions"]
    told = [[[Fraction(v) for v in corner] for corner in r["vertices"]] for r in regions]
    assert len(told) > 12
    assert min(map(area, told)) > 0
    assert sum(map(area, told)) == BOX
    network = rectifold.load("kinked.relu").network
    assert network.domain is not None
    listed = [r.vertices for r in rectifold.regions(network, network.domain).with_vertices]
    assert [[list(corner) for corner in r] for r in listed] == told
    with np.load("r.npz") as arrays:
        bounds, corners = arrays["first_vertex"].tolist(), arrays["vertices"].tolist()
    stored = [corners[a:b] for a, b in pairwise(bounds)]
    assert stored == [[[float(v) for v in corner] for corner in r] for r in told]
