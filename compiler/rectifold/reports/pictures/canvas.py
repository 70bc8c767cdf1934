"""Figures, axes and files: what all pictures share. Matplotlib is the extra `plot`, used here alone
and in the pictures beside.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.numerals import nearest_float
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.summary import Regions
from rectifold.reports.pictures.palette import COLOURS
from rectifold.runtime.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

_SUFFIXES = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Style:
    """How pictures are drawn, and how closely they look."""

    size: tuple[float, float] = (6.0, 6.0)
    """Inches of a picture with one panel."""
    dots_per_inch: int = 150
    """Of a .png."""
    arrow: float = 0.018
    """Half the length of an arrow, as a part of the box's sides."""
    arrow_room: float = 0.06
    """The least part of each side that a region with an arrow spans."""
    arrow_least: float = 0.01
    """Part of the largest gradient from which on one has an arrow."""
    named_lines: int = 20
    """Lines up to which each has an entry in the legend."""
    ticks: int = 401
    """Points per side of the grid on which errors are shown."""
    visible_error: float = 0.01
    """Part of the largest output: from here on a gate counts as wrong in the title."""
    error_points: int = 10_000
    """Random points of the box at which errors are measured."""
    exact_inputs: int = 3
    """Inputs that vary, up to which the exact form is drawn."""


STYLE = Style()


def new_figure(path: Path) -> tuple[Figure, Axes]:
    """A figure with one panel. Raises InputError if it cannot be drawn or stored there."""
    figure, (axes,) = new_panels(path, 1, STYLE.size)
    return figure, axes


def new_panels(
    path: Path, panels: int, size: tuple[float, float]
) -> tuple[Figure, tuple[Axes, ...]]:
    """A figure with panels side by side, as `new_figure`."""
    require_drawable(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = tuple(figure.subplots(1, panels, squeeze=False)[0])
    for one in axes:
        one.set_prop_cycle(color=COLOURS)
    return figure, axes


def require_drawable(path: Path) -> None:
    """Raises InputError where no picture can be drawn, or none of that suffix."""
    if path.suffix not in _SUFFIXES:
        raise InputError(f"{path} should end in .png, .svg or .pdf")
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise InputError(
            'pictures need matplotlib; install it with: pip install "rectifold[plot]"'
        ) from None


def colour_map(name: str) -> Colormap:
    from matplotlib import colormaps

    return colormaps[name]


def save_figure(figure: Figure, path: Path) -> None:
    write_whole(path, figure_bytes(figure, path.suffix))


def figure_bytes(figure: Figure, suffix: str) -> bytes:
    """The file of a figure: the same picture is the same bytes."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
    with rc_context({"svg.hashsalt": "rectifold"}):
        figure.savefig(buffer, format=suffix[1:], dpi=STYLE.dots_per_inch, metadata=undated)
    return buffer.getvalue()


def polygon(region: Region) -> tuple[list[float], list[float]]:
    """The polygon's corners in their order around it."""
    points = np.array([[nearest_float(v) for v in vertex] for vertex in region.vertices])
    return points[:, 0].tolist(), points[:, 1].tolist()


def frame_plane(axes: Axes, regions: Regions) -> None:
    low, high = regions.domain.float_box
    i, j = regions.free
    axes.set_xlim(low[i], high[i])
    axes.set_ylim(low[j], high[j])
    axes.set_xlabel(f"{regions.network.input_name}[{i}]")
    axes.set_ylabel(f"{regions.network.input_name}[{j}]")
