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
    colour_map,
    frame_plane,
    new_figure,
    new_panels,
    polygon,
    save_figure,
)
from rectifold.two_layers.gates import GateKind, Gates
from rectifold.two_layers.plane.plane_form import sheet_segments

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
    colours = colour_map("hsv")
    sheets = sheet_segments(Restriction(network, domain), regions.with_vertices)
    for k, sheet in enumerate(sheets):
        shade = colours((STYLE.hue_step * k) % 1.0)
        for a, b in sheet:
            axes.plot(
                [nearest_float(a[0]), nearest_float(b[0])],
                [nearest_float(a[1]), nearest_float(b[1])],
                color=shade,
                linewidth=1.1,
            )
    axes.set_title(
        f"{network.name}: {len(regions):,} regions, {len(sheets)} second-layer units", fontsize=10
    )
    frame_plane(axes, regions)
    save_figure(figure, path)


def draw_strips(
    network: Network, domain: Domain, path: Path, gain: Fraction = Fraction(1000)
) -> None:
    """Where the classic and the centred gate with M = `gain` are wrong, and by how much.

    Raises InputError for other than two free inputs.
    """
    regions = linear_regions(network, domain)
    if len(regions.free) != 2:
        raise InputError(f"strips are drawn for two free inputs, and {len(regions.free)} are free")
    figure, axes = new_panels(path, 2, (10.0, 5.2))
    from matplotlib.colors import LogNorm

    gates = Gates(regions)
    grid, ticks = _grid(domain, regions.free)
    exact = evaluate_float(network, grid)
    largest = float(np.abs(exact).max()) or 1.0
    shades = LogNorm(1e-4 * largest, largest, clip=True)
    meshes = []
    kinds: tuple[GateKind, ...] = ("classic", "centred")
    for axis, kind in zip(axes, kinds, strict=True):
        gated = gates.with_gain(kind, gain).network
        error = np.abs(evaluate_float(gated, grid) - exact).max(axis=1)
        error = error.reshape(len(ticks[0]), len(ticks[1]))
        shown = np.maximum(error, 1e-9 * largest).T  # no zeros on a logarithmic scale
        meshes.append(
            axis.pcolormesh(
                ticks[0], ticks[1], shown, norm=shades, cmap="magma_r", shading="nearest"
            )
        )
        _title(axis, kind, gain, float((error > STYLE.visible_error * largest).mean()))
        frame_plane(axis, regions)
        axis.locator_params(axis="x", nbins=5)
        axis.set_box_aspect(1)
    figure.colorbar(meshes[-1], ax=axes, shrink=0.8, label="|gated - exact|", extend="both")
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
