"""The error of every shallow form against the gain M."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network
from rectifold.linear_regions.summary import Regions, linear_regions
from rectifold.reports.pictures.canvas import STYLE, new_figure, save_figure
from rectifold.two_layers.gates import GATE_KINDS, GateKind, Gates
from rectifold.two_layers.shallow import shallow_network

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GAINS = tuple(10**k for k in range(1, 6))


def draw_errors(network: Network, domain: Domain, path: Path) -> None:
    """Errors of the gates against M, and of the exact form where there is one.

    The mean at random points, and the largest there and at vertices of regions.
    """
    regions = linear_regions(network, domain)
    figure, axes = new_figure(path)
    points, corners = _points_in(domain), _corner_points(regions)
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1e-16)
    gates = Gates(regions)
    for kind in GATE_KINDS:
        _draw_gates(axes, network, gates, kind, points, corners)
    if len(regions.free) <= STYLE.exact_inputs:
        _draw_exact(axes, network, domain, np.vstack([points, corners]))
    axes.set_ylim(bottom=-1e-17)
    axes.set_xlabel("M, the gain of the gates")
    axes.set_ylabel(f"|shallow - exact|, in float64, at {len(points):,} random points")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(0.02, 0.42))
    axes.set_title(
        f"{network.name}: error of the shallow forms\non {domain.describe()}", fontsize=10
    )
    save_figure(figure, path)


def _draw_gates(
    axes: Axes, network: Network, gates: Gates, kind: GateKind, points: Floats, corners: Floats
) -> None:
    """Two lines: the mean error, and the largest one with that of the corners."""
    mean, worst = [], []
    for gain in _GAINS:
        gated = gates.with_gain(kind, Fraction(gain)).network
        error = _errors(network, gated, points)
        mean.append(float(error.mean()))
        at_corners = _errors(network, gated, corners).max(initial=0.0)
        worst.append(max(float(error.max()), float(at_corners)))
    (line,) = axes.plot(_GAINS, mean, ".-", label=f"{kind}: mean", linewidth=1.0)
    colour, label = line.get_color(), f"{kind}: largest, vertices included"
    axes.plot(_GAINS, worst, "--", color=colour, label=label, linewidth=1.0)


def _draw_exact(axes: Axes, network: Network, domain: Domain, points: Floats) -> None:
    shallow = shallow_network(network, domain, kind="exact").network
    error = float(_errors(network, shallow, points).max())
    axes.axhline(0.0, color="black", linewidth=2.5, label="exact form: 0")
    label = f"exact form in float64: largest {error:.1g}"
    axes.axhline(error, color="black", linestyle=":", label=label)


def _errors(network: Network, other: Network, points: Floats) -> Floats:
    return np.abs(evaluate_float(other, points) - evaluate_float(network, points))


def _points_in(domain: Domain) -> Floats:
    """Random points of the box that lie in the domain."""
    random = np.random.default_rng(0)
    low, high = domain.float_box
    points = low + (high - low) * random.random((STYLE.error_points, domain.size))
    if not domain.constraints:
        return points
    return points[[domain.contains([Fraction(v) for v in point]) for point in points.tolist()]]


def _corner_points(regions: Regions) -> Floats:
    """The vertices of the regions, as floats of all inputs."""
    low, _ = regions.domain.float_box
    vertices = sorted({vertex for region in regions.with_vertices for vertex in region.vertices})
    points = np.repeat(low[None, :], len(vertices), axis=0)
    for place, k in enumerate(regions.free):
        points[:, k] = [nearest_float(vertex[place]) for vertex in vertices]
    return points
