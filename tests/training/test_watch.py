"""What is seen along a training run: phases, exact regions, and the picture of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rectifold.data.samples import Samples, samples_of
from rectifold.exact.matrix import Matrix
from rectifold.ir.evaluate import evaluate
from rectifold.language.elaborate import parse
from rectifold.training.history import Epoch
from rectifold.training.watch import Watched, Watcher, on_triangle

BENT = parse("""network bent
input x[3] in [0, 1]
h = relu([[1, 1, -1], [-1, 2, 0], [1, 1, 1], [-1, -1, -1]] @ x + [0, -1/2, 1, 0])
output [[1, 1, 0, 1], [0, 1, 1, 2]] @ h + x[0]
""")
EPOCH = Epoch(1, False, 0.5, 0.5, 0.75, 0.25, 1, 2.0)


def samples(points: list[list[float]], labels: list[int]) -> Samples:
    return samples_of(np.array(points), np.array(labels), "points")


def test_on_a_triangle_the_network_is_the_same() -> None:
    corners = Matrix.from_floats([[0.0, 0.5, 1.0], [1.0, 0.25, 0.0], [0.5, 0.5, 0.125]])
    shown = on_triangle(BENT, corners)
    a, b, c = corners.fractions()
    for u, v in ((0, 0), (1, 0), (0, 1), (Fraction(1, 3), Fraction(1, 7))):
        point = [p + u * (q - p) + v * (r - p) for p, q, r in zip(a, b, c, strict=True)]
        assert evaluate(shown, [Fraction(u), Fraction(v)]) == evaluate(BENT, point)
    assert shown.domain is not None
    assert shown.domain.contains([Fraction(1, 2), Fraction(1, 2)])
    assert not shown.domain.contains([Fraction(2, 3), Fraction(1, 2)])


def test_phases_are_those_of_the_domain_and_regions_those_of_the_triangle() -> None:
    corners = [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    watcher = Watcher.of(samples(corners, [0, 1, 2]), 1)
    text = watcher.look(EPOCH, lambda: BENT)
    (seen,) = watcher.seen
    assert (seen.active, seen.inactive, seen.unstable, seen.open) == (1, 1, 2, 0)
    assert (seen.place, seen.regions, seen.complete) == ("triangle", 2, True)
    assert text == ("  proved: 1 active, 1 inactive, 2 unstable; 2 linear regions of the triangle")


def test_of_two_inputs_all_regions_are_counted() -> None:
    network = parse("input x[2] in [0, 1]\noutput relu(x - 1/2)\n", "net.relu")
    watcher = Watcher.of(samples([[0.0, 0.0], [1.0, 1.0]], [0, 1]), 1)
    watcher.look(EPOCH, lambda: network)
    assert (watcher.seen[0].place, watcher.seen[0].regions) == ("domain", 4)


def test_nothing_is_looked_at_between() -> None:
    watcher = Watcher.of(samples([[0.0, 0.0], [1.0, 1.0]], [0, 1]), 2)

    def never() -> None:
        raise AssertionError("a network was made")

    assert watcher.look(EPOCH, never) is None  # type: ignore[arg-type]
    assert watcher.seen == []


def test_corners_are_of_different_classes_where_there_are_so_many() -> None:
    points = [[float(k), 0.0, 0.0] for k in range(5)]
    three = Watcher.of(samples(points, [0, 0, 1, 1, 2]), 1).plane
    two = Watcher.of(samples(points, [0, 0, 0, 1, 1]), 1).plane
    one = Watcher.of(samples(points[:1], [0]), 1).plane
    for found, first in ((three, [0, 2, 4]), (two, [0, 3, 1]), (one, [0, 0, 0])):
        assert found is not None
        assert [row[0] for row in found.fractions()] == first


def test_a_count_that_is_not_done_says_at_least() -> None:
    watched = Watched(1, 0, 0, 1, 2, "triangle", 7, False)
    assert watched.text.endswith("1 unstable, 2 open; at least 7 linear regions of the triangle")


def test_the_axis_of_regions_is_logarithmic_only_where_they_differ_by_much(
    tmp_path: Path,
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from rectifold.reports.pictures.training import draw_training

    def drawn(last: int) -> str:
        seen = [Watched(k, 0, 0, 1, 2, "triangle", n, True) for k, n in ((1, 209), (2, last))]
        draw_training([EPOCH], seen, tmp_path / f"{last}.svg")
        return (tmp_path / f"{last}.svg").read_text(encoding="utf-8")

    assert "mathdefault" in drawn(20_000)
    assert "mathdefault" not in drawn(210)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_curves_are_drawn(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from rectifold.reports.pictures.training import draw_training

    path = tmp_path / f"run.{suffix}"
    history = [EPOCH, Epoch(2, True, 0.4, 0.6, None, 0.5, 2, 4.0)]
    draw_training(history, [Watched(1, 0, 0, 1, 2, "triangle", 7, False)], path)
    drawn = path.read_bytes()
    draw_training(history, [], path)
    assert len(drawn) > len(path.read_bytes()) > 1000
