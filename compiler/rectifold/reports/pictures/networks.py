"""Networks drawn as diagrams, one above the other: before and after.

reports/diagram.py makes the geometry, which pages draw too
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled
from rectifold.reports.diagram import SIZE, Diagram, diagram
from rectifold.reports.pages.parts import drawing_of
from rectifold.reports.pictures.canvas import new_figure, save_figure
from rectifold.reports.pictures.palette import BLUE, GREEN, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FACES = {
    "kept": GREEN, "unit": GREEN, "carrier": BLUE, "input": "#555555", "linear": "#555555",
    "removed": "none", "merged": "none", "carried": "none",
}  # fmt: skip
_EDGES = {"removed": GREY, "merged": BLUE, "carried": BLUE}


def draw_networks(networks: Sequence[Network], path: Path) -> None:
    """The networks, the first above. Raises InputError as `new_figure` does."""
    looks = [{v.name: ["unit"] * v.size for v in n.relu_layers} for n in networks]
    titles = [f"{n.name}: {n.shape_text()}" for n in networks]
    found = [diagram(n, t, k) for n, t, k in zip(networks, titles, looks, strict=True)]
    figure, axes = new_figure(path)
    figure.set_size_inches(_inches(found))
    _plot(axes, found)
    save_figure(figure, path)


def plot_compiled(axes: Axes, compiled: Compiled) -> None:
    """The source, coloured by what becomes of its units, above the result."""
    _plot(axes, drawing_of(compiled, compiled.network).diagrams)


def inches_of_compiled(compiled: Compiled) -> tuple[float, float]:
    """Width and height of a figure on which that drawing's words do not meet."""
    return _inches(drawing_of(compiled, compiled.network).diagrams)


def _inches(diagrams: Sequence[Diagram]) -> tuple[float, float]:
    width = max(one.width for one in diagrams)
    height = sum(one.height + SIZE.title for one in diagrams)
    return max(4.0, width / SIZE.inch), max(2.0, height / SIZE.inch)


def _plot(axes: Axes, diagrams: Sequence[Diagram]) -> None:
    top = 0.0
    for one in diagrams:
        axes.text(SIZE.margin / 4, top + SIZE.title / 2, one.title, fontsize=9, va="center")
        _plot_one(axes, one, top + SIZE.title)
        top += one.height + SIZE.title
    axes.set_xlim(0, max(one.width for one in diagrams))
    axes.set_ylim(top, 0)
    axes.set_aspect("equal")
    axes.set_axis_off()
    _legend(axes, diagrams)


def _plot_one(axes: Axes, one: Diagram, top: float) -> None:
    from matplotlib.patches import Circle, Rectangle

    for link in one.links:
        band = link.look == "band"
        axes.plot(
            [link.x1, link.x2], [top + link.y1, top + link.y2], zorder=1,
            color="#cccccc" if band else BLUE if link.look == "plus" else ORANGE,
            linestyle="--" if link.look == "minus" else "-",
            linewidth=2 + 10 * link.strength if band else 0.3 + 1.3 * link.strength,
        )  # fmt: skip
    for bar in one.bars:
        face, edge = _FACES[bar.look], _EDGES.get(bar.look, "black")
        place = (bar.x - 9, top + bar.y)
        axes.add_patch(Rectangle(place, 18, bar.height, facecolor=face, edgecolor=edge, zorder=2))
    for dot in one.dots:
        place, edge = (dot.x, top + dot.y), _EDGES.get(dot.look, "black")
        axes.add_patch(
            Circle(
                place, SIZE.radius, facecolor=_FACES[dot.look], edgecolor=edge,
                linewidth=0.8, zorder=3,
            )
        )  # fmt: skip
    for label in one.labels:
        axes.text(label.x, top + label.y, label.text, ha="center", va="center", fontsize=7)


def _legend(axes: Axes, diagrams: Sequence[Diagram]) -> None:
    from matplotlib.lines import Line2D

    dots = [dot.look for one in diagrams for dot in one.dots]
    looks = dict.fromkeys([*dots, *(bar.look for one in diagrams for bar in one.bars)])
    units = [
        Line2D(
            [], [], marker="o", linestyle="", label=look, markersize=6,
            markerfacecolor=_FACES[look], markeredgecolor=_EDGES.get(look, "black"),
        )
        for look in looks if look not in ("input", "linear")
    ]  # fmt: skip
    lines = [
        Line2D([], [], color=BLUE, label="positive weight"),
        Line2D([], [], color=ORANGE, linestyle="--", label="negative weight"),
    ]
    axes.legend(
        handles=[*units, *lines], loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=4,
        frameon=False, fontsize=7,
    )  # fmt: skip
