"""The linear regions of one or two free inputs: outputs over a line, or a map in colours.

gradient    colour: size of the output's gradient, with a bar; arrows: where it points
pattern     no two regions that touch have one colour; what each is switched on by
output      colour: the mean of the output over the region's corners, with a bar
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import counted, nearest_float
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.summary import Regions
from rectifold.reports.pictures.canvas import (
    STYLE,
    colour_map,
    figure_bytes,
    frame_plane,
    new_figure,
    polygon,
    save_figure,
)
from rectifold.reports.pictures.palette import (
    AMOUNTS,
    BORDER,
    COLOURS,
    HALO,
    line_looks,
    neighbours_apart,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Colour = Literal["gradient", "pattern", "output"]


def draw_regions(regions: Regions, path: Path, colour: Colour = "gradient") -> None:
    """One free input: the outputs with their breakpoints. Two: the map of regions, in colours.

    Raises InputError for other numbers of free inputs, another suffix, or without matplotlib.
    """
    save_figure(_picture(regions, path, colour), path)


def regions_svg(regions: Regions) -> bytes:
    """The same as an SVG file, to stand on a page."""
    return figure_bytes(_picture(regions, Path("regions.svg"), "gradient"), ".svg")


def require_few(free: int) -> None:
    """Raises InputError where so many free inputs have no picture."""
    if free not in (1, 2):
        raise InputError(
            f"a picture shows one or two free inputs, and {free} are free; "
            "choose two with --slice, for example --slice 0,1"
        )


def plot_regions(axes: Axes, regions: Regions, colour: Colour = "gradient") -> None:
    """The same on axes of another figure."""
    require_few(len(regions.free))
    if len(regions.free) == 1:
        _draw_line(axes, regions)
    else:
        _draw_map(axes, regions, colour)
    state = "" if regions.complete else "at least "
    where = regions.domain.describe()
    axes.set_title(
        f"{regions.network.name}: {state}{counted(len(regions), 'linear region')}\non {where}",
        fontsize=10,
    )


def _picture(regions: Regions, path: Path, colour: Colour) -> Figure:
    figure, axes = new_figure(path)
    plot_regions(axes, regions, colour)
    return figure


def _draw_line(axes: Axes, regions: Regions) -> None:
    pieces = sorted(regions.with_vertices, key=lambda region: min(region.vertices))
    looks = line_looks(regions.network.output_size)
    for o, (colour, dash) in enumerate(looks):
        points: list[tuple[float, float]] = []
        for region in pieces:
            for (x,) in sorted(region.vertices):
                a, b = region.affine[o]
                points.append((nearest_float(x), nearest_float(a * x + b)))
        name = f"{regions.network.output}[{o}]"
        axes.plot(*zip(*points, strict=True), color=colour, linestyle=dash, label=name)
        axes.plot(*zip(*points, strict=True), ".", color=colour, markersize=5)
    axes.set_xlabel(f"{regions.network.input_name}[{regions.free[0]}]")
    axes.set_ylabel("output (dots: breakpoints)")
    axes.legend(frameon=False, fontsize=8)


def _draw_map(axes: Axes, regions: Regions, colour: Colour) -> None:
    drawn = regions.with_vertices
    if colour == "pattern":
        _draw_patterns(axes, drawn)
    else:
        output = f"{regions.network.output}[0]"
        amounts = _gradients(drawn) if colour == "gradient" else _means(drawn)
        sizes = np.hypot(*amounts.T) if colour == "gradient" else amounts
        text = (
            f"|gradient of {output}|; arrows: where it points"
            if colour == "gradient"
            else (f"{output}, mean over the corners of a region")
        )
        _draw_amounts(axes, drawn, sizes, text)
        if colour == "gradient":
            _draw_arrows(axes, regions, amounts)
    frame_plane(axes, regions)


def _draw_amounts(axes: Axes, drawn: Sequence[Region], amounts: Floats, text: str) -> None:
    """Each region in the colour of its amount, and the bar that says which is which."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    low, high = float(amounts.min(initial=np.inf)), float(amounts.max(initial=-np.inf))
    norm, scale = Normalize(low, high if high > low else low + 1.0), colour_map(AMOUNTS)
    for region, amount in zip(drawn, amounts, strict=True):
        axes.fill(*polygon(region), facecolor=scale(norm(amount)), **HALO)
    for region in drawn:
        axes.fill(*polygon(region), fill=False, **BORDER)
    bar = axes.figure.colorbar(ScalarMappable(norm, scale), ax=axes, shrink=0.75)
    bar.set_label(text, fontsize=8)


def _draw_arrows(axes: Axes, regions: Regions, gradients: Floats) -> None:
    """Where the output grows, in regions that are large enough for an arrow to be seen."""
    low, high = regions.domain.float_box
    sides = np.array([high[k] - low[k] for k in regions.free])
    lengths = np.hypot(*(gradients * sides).T)
    least = STYLE.arrow_least * lengths.max(initial=0.0)
    for region, gradient, length in zip(regions.with_vertices, gradients, lengths, strict=True):
        corners = np.array([[nearest_float(v) for v in vertex] for vertex in region.vertices])
        room = np.ptp(corners, axis=0) / sides
        if room.min() < STYLE.arrow_room or length <= least:
            continue
        step = STYLE.arrow * sides * (gradient * sides) / length
        middle = corners.mean(axis=0)
        for colour, width in (("white", 2.2), ("black", 0.9)):
            axes.annotate(
                "", xy=tuple(middle + step), xytext=tuple(middle - step),
                arrowprops={"arrowstyle": "->", "color": colour, "linewidth": width},
            )  # fmt: skip


def _draw_patterns(axes: Axes, drawn: Sequence[Region]) -> None:
    """Colours that tell neighbours apart; past the eighth they come again with hatches."""
    numbers = neighbours_apart(_touching(drawn))
    for region, number in zip(drawn, numbers, strict=True):
        hatch = "" if number < len(COLOURS) else "//"
        axes.fill(*polygon(region), facecolor=COLOURS[number % len(COLOURS)], hatch=hatch, **BORDER)
    axes.text(
        0.5, -0.16, "regions that share a side have different phases, and different colours",
        transform=axes.transAxes, ha="center", fontsize=8,
    )  # fmt: skip


def _touching(drawn: Sequence[Region]) -> list[list[int]]:
    """Regions that share a piece of a side: they lie on the two sides of one line, and overlap."""
    on: defaultdict[tuple[int, ...], list[tuple[int, int, Fraction, Fraction]]] = defaultdict(list)
    for k, region in enumerate(drawn):
        for form, side in region.walls:
            axis = 0 if form[1] else 1
            ends = [
                v[axis] for v in region.vertices if form[0] * v[0] + form[1] * v[1] + form[2] == 0
            ]
            on[form].append((k, side, min(ends), max(ends)))
    found: list[set[int]] = [set() for _ in drawn]
    for sides in on.values():
        for j, side, low, high in sides:
            for k, other, below, above in sides:
                if side != other and max(low, below) < min(high, above):
                    found[j].add(k)
    return [sorted(ones) for ones in found]


def _gradients(drawn: Sequence[Region]) -> Floats:
    """k×2: of the first output."""
    rows = [[nearest_float(v) for v in region.affine[0][:2]] for region in drawn]
    return np.array(rows).reshape(-1, 2)


def _means(drawn: Sequence[Region]) -> Floats:
    means = []
    for region in drawn:
        a, b, c = region.affine[0]
        values = [a * x + b * y + c for x, y in region.vertices]
        means.append(nearest_float(sum(values, Fraction(0)) / len(values)))
    return np.array(means)
