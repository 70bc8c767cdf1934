"""Shallow forms of two free inputs: the sheets of the exact form, and where gates are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float, readable
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network
from rectifold.linear_regions.restriction import Restriction
from rectifold.linear_regions.summary import linear_regions
from rectifold.reports.pictures.canvas import (
    STYLE,
    frame_plane,
    new_figure,
    new_panels,
    polygon,
    save_figure,
)
from rectifold.reports.pictures.palette import GREEN, GREY, line_looks
from rectifold.reports.tables import count_text
from rectifold.two_layers.gates import GateKind, Gates
from rectifold.two_layers.plane.plane_form import sheet_segments
from rectifold.two_layers.shallow import Shallow

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_sheets(network: Network, domain: Domain, path: Path) -> None:
    """The map of regions in grey, and each sheet of the exact shallow network in a colour.

    A sheet is the zero set of a unit of the second layer.

    Raises InputError for other than two free inputs.
    """
    figure, axes = new_figure(path)
    regions = linear_regions(network, domain)
    if len(regions.free) != 2:
        raise InputError(f"sheets are drawn for two free inputs, and {len(regions.free)} are free")
    for region in regions.with_vertices:
        axes.fill(*polygon(region), facecolor="#f2f2f2", edgecolor="#bbbbbb", linewidth=0.4)
    sheets = sheet_segments(Restriction(network, domain), regions.with_vertices)
    for k, (sheet, (shade, dash)) in enumerate(zip(sheets, line_looks(len(sheets)), strict=True)):
        for part, (a, b) in enumerate(sheet):
            axes.plot(
                [nearest_float(a[0]), nearest_float(b[0])],
                [nearest_float(a[1]), nearest_float(b[1])],
                color=shade,
                linestyle=dash,
                linewidth=1.6,
                label=f"unit {k}" if part == 0 and len(sheets) <= STYLE.named_lines else None,
            )
    if 0 < len(sheets) <= STYLE.named_lines:
        axes.legend(
            title="zero sets of units", fontsize=7, title_fontsize=8, frameon=False,
            loc="center left", bbox_to_anchor=(1.01, 0.5),
        )  # fmt: skip
    axes.set_title(
        f"{network.name}: {len(regions):,} regions, {len(sheets)} second-layer units\n"
        f"on {domain.describe()}",
        fontsize=10,
    )
    frame_plane(axes, regions)
    save_figure(figure, path)


def plot_forms(axes: Axes, shallow: Shallow) -> None:
    """A bar for each form: its hidden units, on a logarithmic scale."""
    names = list(shallow.alternatives)
    counts = [sum(sizes) for sizes in shallow.alternatives.values()]
    bars = axes.barh(names, counts, color=[GREEN if n == shallow.kind else GREY for n in names])
    axes.bar_label(bars, labels=[count_text(count) for count in counts], padding=3, fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("hidden units (the chosen form in green)")
    axes.invert_yaxis()
    axes.set_title(f"{shallow.source.name}: forms of at most two hidden layers", fontsize=10)


def draw_strips(
    network: Network, domain: Domain, path: Path, gain: Fraction = Fraction(1000)
) -> None:
    """Where the classic and the centred gate with M = `gain` are wrong, and by how much.

    Raises InputError for other than two free inputs.
    """
    regions = linear_regions(network, domain)
    if len(regions.free) != 2:
        raise InputError(f"strips are drawn for two free inputs, and {len(regions.free)} are free")
    figure, axes = new_panels(path, 2, (10.0, 4.5))
    from matplotlib.colors import LogNorm

    gates = Gates(regions)
    grid, ticks = _grid(domain, regions.free)
    exact = evaluate_float(network, grid)
    largest = float(np.abs(exact).max()) or 1.0
    shades = LogNorm(1e-4 * largest, largest, clip=True)
    kinds: tuple[GateKind, ...] = ("classic", "centred")
    for axis, kind in zip(axes, kinds, strict=True):
        gated = gates.with_gain(kind, gain).network
        error = np.abs(evaluate_float(gated, grid) - exact).max(axis=1)
        shown = np.maximum(error, 1e-9 * largest)  # no zeros on a logarithmic scale
        table = shown.reshape(len(ticks[0]), len(ticks[1])).T
        mesh = axis.pcolormesh(*ticks, table, norm=shades, cmap="magma_r", shading="nearest")
        _title(axis, kind, gain, float((error > STYLE.visible_error * largest).mean()))
        frame_plane(axis, regions)
        axis.locator_params(axis="x", nbins=5)
        axis.set_box_aspect(1)
    label = "|gated - exact|, largest of the outputs"
    figure.colorbar(mesh, ax=axes, shrink=0.8, label=label, extend="both")
    figure.suptitle(f"{network.name} on {domain.describe()}", fontsize=10)
    save_figure(figure, path)


def _title(axis: Axes, kind: str, gain: Fraction, wrong: float) -> None:
    """`wrong`: the part of the points that are off by more than STYLE.visible_error."""
    where = f"off by more than 1 % at {100 * wrong:.2g} % of the points"
    axis.set_title(f"{kind}, M = {readable(gain)}: {where}", fontsize=9)


def _grid(domain: Domain, free: Sequence[int]) -> tuple[Floats, list[Floats]]:
    """Points of a plane of two inputs (the others are fixed), row by row, and their coordinates."""
    low, high = domain.float_box
    ticks = [np.linspace(low[k], high[k], STYLE.ticks) for k in free]
    points = np.repeat(low[None, :], STYLE.ticks**2, axis=0)
    points[:, free[0]] = np.repeat(ticks[0], STYLE.ticks)
    points[:, free[1]] = np.tile(ticks[1], STYLE.ticks)
    return points, ticks
