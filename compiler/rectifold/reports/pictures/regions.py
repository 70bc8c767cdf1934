"""The linear regions of one or two free inputs: outputs over a line, or a map in colours."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.numerals import nearest_float
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import ColorType

Colour = Literal["gradient", "pattern", "output"]
_EDGE: dict[str, Any] = {"edgecolor": "white", "linewidth": 0.25}


def draw_regions(regions: Regions, path: Path, colour: Colour = "gradient") -> None:
    """One free input: the outputs with their breakpoints. Two: the map of regions, in colours.

    Raises InputError for other numbers of free inputs, another suffix, or without matplotlib.
    """
    save_figure(_picture(regions, path, colour), path)


def regions_svg(regions: Regions) -> bytes:
    """The same as an SVG file, to stand on a page."""
    return figure_bytes(_picture(regions, Path("regions.svg"), "gradient"), ".svg")


def _picture(regions: Regions, path: Path, colour: Colour) -> Figure:
    figure, axes = new_figure(path)
    if len(regions.free) == 1:
        _draw_line(axes, regions)
    elif len(regions.free) == 2:
        _draw_map(figure, axes, regions, colour)
    else:
        raise InputError(
            f"a picture shows one or two free inputs, and {len(regions.free)} are free; "
            "choose two with --slice, for example --slice 0,1"
        )
    state = "" if regions.complete else "at least "
    axes.set_title(f"{regions.network.name}: {state}{len(regions):,} linear regions", fontsize=10)
    return figure


def _draw_line(axes: Axes, regions: Regions) -> None:
    pieces = sorted(regions.with_vertices, key=lambda region: min(region.vertices))
    colours = colour_map("tab10")
    for o in range(regions.network.output_size):
        points: list[tuple[float, float]] = []
        for region in pieces:
            for (x,) in sorted(region.vertices):
                a, b = region.affine[o]
                points.append((nearest_float(x), nearest_float(a * x + b)))
        axes.plot(
            *zip(*points, strict=True),
            color=colours(o % 10),
            label=f"{regions.network.output}[{o}]",
        )
        axes.plot(*zip(*points, strict=True), ".", color=colours(o % 10), markersize=4)
    axes.set_xlabel(f"{regions.network.input_name}[{regions.free[0]}]")
    axes.legend(frameon=False, fontsize=8)


def _draw_map(figure: Figure, axes: Axes, regions: Regions, colour: Colour) -> None:
    if colour == "output":
        _draw_output(figure, axes, regions)
    else:
        shade = _by_gradient(regions) if colour == "gradient" else _by_pattern(regions)
        for region, own in zip(regions.with_vertices, shade, strict=True):
            axes.fill(*polygon(region), facecolor=own, **_EDGE)
    frame_plane(axes, regions)


def _draw_output(figure: Figure, axes: Axes, regions: Regions) -> None:
    values = [nearest_float(v) for region in regions.with_vertices for v in _values(region)]
    low, high = min(values), max(values)
    scale = colour_map("viridis")
    for region in regions.with_vertices:
        mean = sum(_values(region), Fraction(0)) / len(region.vertices)
        axes.fill(
            *polygon(region),
            facecolor=scale((nearest_float(mean) - low) / (high - low or 1.0)),
            **_EDGE,
        )
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    bar = figure.colorbar(ScalarMappable(Normalize(low, high), scale), ax=axes, shrink=0.75)
    bar.set_label(f"{regions.network.output}[0], mean over the corners", fontsize=8)


def _values(region: Region) -> list[Fraction]:
    a, b, c = region.affine[0]
    return [a * x + b * y + c for x, y in region.vertices]


def _by_gradient(regions: Regions) -> list[ColorType]:
    """Hue by the direction of the first output's gradient, lightness by its size."""
    from matplotlib.colors import hsv_to_rgb

    gradients = np.array([[nearest_float(v) for v in region.affine[0][:2]] for region in regions])
    size = np.hypot(gradients[:, 0], gradients[:, 1])
    share = size / (size.max() or 1.0)
    hue = (np.arctan2(gradients[:, 1], gradients[:, 0]) / (2 * np.pi)) % 1.0
    return list(hsv_to_rgb(np.stack([hue, 0.25 + 0.7 * share, 0.95 - 0.25 * share], axis=1)))


def _by_pattern(regions: Regions) -> list[ColorType]:
    """One colour per region, from its phases: neighbours differ."""
    colours = colour_map("hsv")
    keys = [b"".join(region.phases.values()) for region in regions]
    return [
        colours(
            (sum(byte * (k + 1) * STYLE.hue_step for k, byte in enumerate(key))) % 1.0, alpha=0.75
        )
        for key in keys
    ]
