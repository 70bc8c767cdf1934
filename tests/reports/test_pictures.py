"""Pictures can be read by everybody: legends, bars, borders, colours that are told apart."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from rectifold.language.elaborate import parse
from rectifold.linear_regions.summary import linear_regions
from rectifold.operations.compiling import compile_network
from rectifold.reports.pictures.palette import COLOURS, line_looks, neighbours_apart
from rectifold.reports.pictures.regions import draw_regions, plot_regions

pytest.importorskip("matplotlib")

PLANE = """network plane
input x[2] in [-1, 1]
h = relu([[1, 1], [1, -1], [1, 2]] @ x + [1/2, 0, 0])
k = relu([[1, -2, 1]] @ h)
output k
"""
# Machado, Oliveira, Fernandes, A Physiologically-based Model for Simulation of Color Vision
# Deficiency, 2009: deuteranopia, of linear RGB.
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
)


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def seen(colour: str) -> np.ndarray:
    """L*a*b* of the colour as it is seen with deuteranopia."""
    red_green_blue = np.clip(DEUTERANOPIA @ linear(colour), 0, 1)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x, y, z = np.cbrt(np.maximum(to_xyz @ red_green_blue / [0.9505, 1.0, 1.089], 0.0089))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_colours_are_told_apart_with_deuteranopia() -> None:
    """A difference of 2.3 is just seen side by side (Mahy 1994); ours are four times that."""
    for a, b in combinations(COLOURS, 2):
        assert np.linalg.norm(seen(a) - seen(b)) > 9, (a, b)


def test_no_two_lines_of_a_picture_look_alike() -> None:
    looks = line_looks(40)
    assert len({(colour, str(dash)) for colour, dash in looks}) == 40


def test_areas_that_touch_have_different_colours() -> None:
    wheel = [[1, 2, 3, 4], [0, 2, 4], [0, 1, 3], [0, 2, 4], [0, 1, 3]]
    found = neighbours_apart(wheel)
    assert all(found[k] != found[j] for k, ones in enumerate(wheel) for j in ones)
    assert max(found) == 2


@pytest.mark.parametrize("colour", ["gradient", "pattern", "output"])
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_map_is_the_same_file(colour: str, suffix: str, tmp_path: Path) -> None:
    network = parse(PLANE, "plane.relu")
    assert network.domain is not None
    regions = linear_regions(network, network.domain)
    files = [tmp_path / f"{k}{suffix}" for k in range(2)]
    for file in files:
        draw_regions(regions, file, colour)  # type: ignore[arg-type]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].stat().st_size > 3000


@pytest.mark.parametrize(
    ("colour", "told"),
    [
        ("gradient", "|gradient of k[0]|; arrows: where it points"),
        ("output", "k[0], mean over the corners of a region"),
        ("pattern", "regions that share a side have different phases, and different colours"),
    ],
)
def test_a_map_says_what_its_colours_mean(colour: str, told: str) -> None:
    from matplotlib.figure import Figure

    network = parse(PLANE, "plane.relu")
    assert network.domain is not None
    figure = Figure()
    axes = figure.subplots()
    plot_regions(axes, linear_regions(network, network.domain), colour)  # type: ignore[arg-type]
    texts = [text.get_text() for one in figure.axes for text in one.texts]
    texts += [one.get_ylabel() for one in figure.axes]
    assert told in texts
    assert axes.get_title() == "plane: 8 linear regions\non [-1, 1]^2"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x[0]", "x[1]")


def test_regions_that_share_a_side_have_different_colours() -> None:
    from matplotlib.figure import Figure

    network = parse(PLANE, "plane.relu")
    assert network.domain is not None
    found = linear_regions(network, network.domain)
    axes = Figure().subplots()
    plot_regions(axes, found, "pattern")
    colours = [patch.get_facecolor() for patch in axes.patches]
    for (a, one), (b, two) in combinations(enumerate(found.with_vertices), 2):
        shared = set(one.vertices) & set(two.vertices)
        if len(shared) == 2:
            assert colours[a] != colours[b]


def test_phases_have_a_legend_and_hatches() -> None:
    from matplotlib.figure import Figure

    from rectifold.reports.pictures.phases import plot_phases

    compiled = compile_network(parse(PLANE, "plane.relu"))
    axes = Figure().subplots()
    plot_phases(axes, compiled.facts, "plane")
    legend = axes.get_legend()
    assert legend is not None
    words = [text.get_text().split()[0] for text in legend.get_texts()]
    assert words == ["active", "inactive", "unstable", "open"]
    assert len({patch.get_hatch() for patch in axes.patches}) >= 3
