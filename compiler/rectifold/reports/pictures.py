"""Pictures of regions, sheets and phases, as PNG or SVG. Needs matplotlib (the extra `plot`), the one place that does."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float, readable
from rectifold.facts.facts import Facts, Phase
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import Region
from rectifold.linear_regions.summary import Regions, linear_regions
from rectifold.runtime.files import write_whole
from rectifold.two_layers.gates import Gates
from rectifold.two_layers.plane.construct import sheets_of
from rectifold.two_layers.shallow import shallow_network

Colour = Literal["gradient", "pattern", "output"]
_SUFFIXES = (".png", ".svg")
_SIZE = (6.0, 6.0)
_TICKS = 401  # per side of a grid
_POINTS = 10_000
_EDGE = {"edgecolor": "white", "linewidth": 0.25}


def draw_regions(regions: Regions, path: Path, colour: Colour = "gradient") -> None:
    """One free input: the outputs with their breakpoints. Two: the map of regions, coloured by gradient, pattern or output.

    Raises InputError for other numbers of free inputs, another suffix, or without matplotlib.
    """
    figure, axes = _figure(path)
    if len(regions.free) == 1:
        _draw_line(axes, regions)
    elif len(regions.free) == 2:
        _draw_map(figure, axes, regions, colour)
    else:
        raise InputError(
            f"a picture shows one or two free inputs, and {len(regions.free)} are free; choose two with --slice, for example --slice 0,1"
        )
    state = "" if regions.complete else "at least "
    axes.set_title(f"{regions.network.name}: {state}{len(regions):,} linear regions", fontsize=10)
    _save(figure, path)


def draw_sheets(network: Network, domain: Domain, path: Path) -> None:
    """The map of regions in grey, and each second-layer unit's zero set (its sheet) of the exact shallow network in a colour.

    Raises InputError for other than two free inputs.
    """
    figure, axes = _figure(path)
    regions = linear_regions(network, domain)
    if len(regions.free) != 2:
        raise InputError(f"sheets are drawn for two free inputs, and {len(regions.free)} are free")
    for region in regions.with_vertices:
        axes.fill(*_corners(region), facecolor="#f2f2f2", edgecolor="#bbbbbb", linewidth=0.4)
    colours = _colours("hsv")
    sheets = sheets_of(domain, tuple(regions.free), regions.with_vertices)
    for k, sheet in enumerate(sheets):
        shade = colours((0.61803 * k) % 1.0)
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
    _frame(axes, regions)
    _save(figure, path)


def draw_strips(
    network: Network, domain: Domain, path: Path, gain: Fraction = Fraction(1000)
) -> None:
    """Where the classic and the centred gate are wrong, and by how much, on a grid, both with M = `gain`.

    Raises InputError for other than two free inputs.
    """
    regions = linear_regions(network, domain)
    if len(regions.free) != 2:
        raise InputError(f"strips are drawn for two free inputs, and {len(regions.free)} are free")
    figure, axes = _figure(path, 2, (10.0, 5.2))
    from matplotlib.colors import LogNorm

    gates = Gates(regions)
    grid, ticks = _grid(domain, regions.free)
    exact = evaluate_float(network, grid)
    largest = float(np.abs(exact).max()) or 1.0
    shades = LogNorm(1e-4 * largest, largest, clip=True)
    mesh = None
    for axis, kind in zip(axes, ("classic", "centred"), strict=True):
        gated = gates.with_gain(kind, gain)
        error = (
            np.abs(evaluate_float(gated.network, grid) - exact)
            .max(axis=1)
            .reshape(len(ticks[0]), len(ticks[1]))
        )
        mesh = axis.pcolormesh(
            ticks[0],
            ticks[1],
            np.maximum(error, 1e-9 * largest).T,
            norm=shades,
            cmap="magma_r",
            shading="nearest",
        )
        wrong = float((error > 0.01 * largest).mean())
        axis.set_title(
            f"{kind}, M = {readable(gain)}: off by more than 1 % at {100 * wrong:.2g} % of the points",
            fontsize=9,
        )
        _frame(axis, regions)
        axis.locator_params(axis="x", nbins=5)
        axis.set_box_aspect(1)
    figure.colorbar(mesh, ax=axes, shrink=0.8, label="|gated - exact|", extend="both")
    _save(figure, path)


def draw_errors(network: Network, domain: Domain, path: Path) -> None:
    """Mean error of the gates at random points, and largest error there and at vertices of regions, against M; the exact form where there is one."""
    regions = linear_regions(network, domain)
    figure, axes = _figure(path)
    gates = Gates(regions)
    points = _points_in(domain)
    corners = _corner_points(regions)
    at_points, at_corners = (evaluate_float(network, some) for some in (points, corners))
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1e-16)
    gains = [10**k for k in range(1, 6)]
    for kind in ("classic", "core", "centred"):
        built = [gates.with_gain(kind, Fraction(gain)).network for gain in gains]
        errors = [np.abs(evaluate_float(gated, points) - at_points) for gated in built]
        worst = [
            max(
                float(error.max()),
                float(np.abs(evaluate_float(gated, corners) - at_corners).max(initial=0.0)),
            )
            for gated, error in zip(built, errors, strict=True)
        ]
        (line,) = axes.plot(
            gains,
            [float(error.mean()) for error in errors],
            ".-",
            label=f"{kind}: mean",
            linewidth=1.0,
        )
        axes.plot(
            gains,
            worst,
            "--",
            color=line.get_color(),
            label=f"{kind}: largest, vertices included",
            linewidth=1.0,
        )
    if len(regions.free) <= 3:
        shallow = shallow_network(network, domain, kind="exact").network
        everywhere, known = np.vstack([points, corners]), np.vstack([at_points, at_corners])
        error = float(np.abs(evaluate_float(shallow, everywhere) - known).max())
        axes.axhline(0.0, color="black", linewidth=2.5, label="exact form: 0")
        axes.axhline(
            error, color="black", linestyle=":", label=f"exact form in float64: largest {error:.1g}"
        )
    axes.set_ylim(bottom=-1e-17)
    axes.set_xlabel("M")
    axes.set_ylabel(f"|shallow - exact|, in float64, at {len(points):,} random points")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(0.02, 0.42))
    axes.set_title(f"{network.name}: error of the shallow forms", fontsize=10)
    _save(figure, path)


def _points_in(domain: Domain) -> Floats:
    """Random points of the box that lie in the domain."""
    random = np.random.default_rng(0)
    low, high = domain.float_box
    points = low + (high - low) * random.random((_POINTS, domain.size))
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


def draw_phases(network: Network, facts: Facts, path: Path) -> None:
    """A bar per relu layer: how many units are active, inactive, unstable and open."""
    figure, axes = _figure(path)
    shades = {
        Phase.ACTIVE: "#4c9f70",
        Phase.INACTIVE: "#9aa5b1",
        Phase.UNSTABLE: "#e0a458",
        Phase.OPEN: "#c1443c",
    }
    names = [layer.name for layer in network.relu_layers]
    left = np.zeros(len(names))
    for phase, shade in shades.items():
        counts = np.array([facts.of(name, phase) for name in names], dtype=np.float64)
        bars = axes.barh(
            names, counts, left=left, color=shade, label=f"{phase.value} ({int(counts.sum()):,})"
        )
        axes.bar_label(
            bars, labels=[f"{int(c)}" if c else "" for c in counts], label_type="center", fontsize=8
        )
        left += counts
    axes.invert_yaxis()
    axes.set_xlabel("units")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, frameon=False, fontsize=8)
    axes.set_title(f"{network.name} on {facts.domain.describe()}", fontsize=10)
    _save(figure, path)


# ---- parts ------------------------------------------------------------------------------------------


def _draw_line(axes: Any, regions: Regions) -> None:
    pieces = sorted(regions.with_vertices, key=lambda region: min(region.vertices))
    colours = _colours("tab10")
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


def _draw_map(figure: Any, axes: Any, regions: Regions, colour: Colour) -> None:
    if colour == "output":
        _draw_output(figure, axes, regions)
    else:
        shade = _by_gradient(regions) if colour == "gradient" else _by_pattern(regions)
        for region, own in zip(regions.with_vertices, shade, strict=True):
            axes.fill(*_corners(region), facecolor=own, **_EDGE)
    _frame(axes, regions)


def _draw_output(figure: Any, axes: Any, regions: Regions) -> None:
    values = [nearest_float(v) for region in regions.with_vertices for v in _values(region)]
    low, high = min(values), max(values)
    scale = _colours("viridis")
    for region in regions.with_vertices:
        mean = sum(_values(region)) / len(region.vertices)
        axes.fill(
            *_corners(region),
            facecolor=scale((nearest_float(mean) - low) / (high - low or 1.0)),
            **_EDGE,
        )
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    bar = figure.colorbar(ScalarMappable(Normalize(low, high), scale), ax=axes, shrink=0.75)
    bar.set_label(f"{regions.network.output}[0], mean over the corners", fontsize=8)


def _values(region: Region) -> list[Any]:
    a, b, c = region.affine[0]
    return [a * x + b * y + c for x, y in region.vertices]


def _by_gradient(regions: Regions) -> list[Any]:
    """Hue by the direction of the first output's gradient, lightness by its size."""
    from matplotlib.colors import hsv_to_rgb

    gradients = np.array([[nearest_float(v) for v in region.affine[0][:2]] for region in regions])
    size = np.hypot(gradients[:, 0], gradients[:, 1])
    share = size / (size.max() or 1.0)
    hue = (np.arctan2(gradients[:, 1], gradients[:, 0]) / (2 * np.pi)) % 1.0
    return list(hsv_to_rgb(np.stack([hue, 0.25 + 0.7 * share, 0.95 - 0.25 * share], axis=1)))


def _by_pattern(regions: Regions) -> list[Any]:
    """One colour per region, from its phases: neighbours differ."""
    colours = _colours("hsv")
    keys = [b"".join(region.phases.values()) for region in regions]
    return [
        colours((sum(byte * (k + 1) * 0.61803 for k, byte in enumerate(key))) % 1.0, alpha=0.75)
        for key in keys
    ]


def _corners(region: Region) -> tuple[list[float], list[float]]:
    """The polygon's corners in order around its middle."""
    points = np.array([[nearest_float(v) for v in vertex] for vertex in region.vertices])
    middle = points.mean(axis=0)
    order = np.argsort(np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0]))
    return points[order, 0].tolist(), points[order, 1].tolist()


def _frame(axes: Any, regions: Regions) -> None:
    low, high = regions.domain.float_box
    i, j = regions.free
    axes.set_xlim(low[i], high[i])
    axes.set_ylim(low[j], high[j])
    axes.set_xlabel(f"{regions.network.input_name}[{i}]")
    axes.set_ylabel(f"{regions.network.input_name}[{j}]")


def _grid(domain: Domain, free: Sequence[int]) -> tuple[Floats, list[Floats]]:
    """Points of a plane of two inputs (the others are fixed), row by row, and their coordinates."""
    low, high = domain.float_box
    ticks = [np.linspace(low[k], high[k], _TICKS) for k in free]
    points = np.repeat(low[None, :], _TICKS**2, axis=0)
    points[:, free[0]] = np.repeat(ticks[0], _TICKS)
    points[:, free[1]] = np.tile(ticks[1], _TICKS)
    return points, ticks


def _figure(path: Path, panels: int = 1, size: tuple[float, float] = _SIZE) -> tuple[Any, Any]:
    if path.suffix not in _SUFFIXES:
        raise InputError(f"{path} should end in .png or .svg")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError(
            'pictures need matplotlib; install it with: pip install "rectifold[plot]"'
        ) from None
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot() if panels == 1 else figure.subplots(1, panels)


def _colours(name: str) -> Any:
    from matplotlib import colormaps

    return colormaps[name]


def _save(figure: Any, path: Path) -> None:
    buffer = io.BytesIO()
    if path.suffix == ".svg":
        from matplotlib import rc_context

        with rc_context({"svg.hashsalt": "rectifold"}):  # the same picture is the same file
            figure.savefig(buffer, format="svg", metadata={"Date": None})
    else:
        figure.savefig(buffer, format="png", dpi=150)
    write_whole(path, buffer.getvalue())


__all__: Sequence[str] = [
    "draw_errors",
    "draw_phases",
    "draw_regions",
    "draw_sheets",
    "draw_strips",
]
