"""A network as a diagram: columns of units, and the weights between them.

    x ●──●──● y       a dot per unit, a line per weight        (small layers)
    ▮   ▮▮   ▮        a bar in parts, a band with the number   (large ones)

Geometry alone, in units of a screen's pixels: pages and pictures draw it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rectifold.exact.numerals import counted
from rectifold.ir.network import Layer, Network

Looks = Mapping[str, Sequence[str]]  # a look for each unit of a layer: "kept", "removed", ...


@dataclass(frozen=True)
class Size:
    """Of a diagram's parts, in pixels (`inch`: pixels to an inch of a picture), and up to how many
    units and weights it goes into detail.
    """

    column: float = 132.0
    row: float = 13.0
    radius: float = 4.5
    margin: float = 46.0
    head: float = 30.0
    bar: float = 150.0
    title: float = 22.0
    inch: float = 75.0
    dots: int = 40
    lines: int = 500


SIZE = Size()


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    look: str
    text: str


@dataclass(frozen=True)
class Bar:
    """Units of one look, stacked on the others of their layer."""

    x: float
    y: float
    height: float
    look: str
    text: str


@dataclass(frozen=True)
class Link:
    """A weight ("plus", "minus"), or all weights between two layers ("band")."""

    x1: float
    y1: float
    x2: float
    y2: float
    look: str
    strength: float


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Diagram:
    title: str
    width: float
    height: float
    dots: tuple[Dot, ...] = ()
    bars: tuple[Bar, ...] = ()
    links: tuple[Link, ...] = ()
    labels: tuple[Label, ...] = ()


def diagram(network: Network, title: str, looks: Looks) -> Diagram:
    """The network from left to right: input, layers in their order.

    `looks`: by layer, one for each unit; a layer without is drawn as "linear".
    """
    sizes = [network.input_size, *(layer.size for layer in network.layers)]
    names = [network.input_name, *(layer.name for layer in network.layers)]
    height = SIZE.head + max(_height(size) for size in sizes) + SIZE.margin
    found = Diagram(title, 2 * SIZE.margin + SIZE.column * (len(sizes) - 1), height)
    places = [_heights(size, height) for size in sizes]
    for k, (name, size) in enumerate(zip(names, sizes, strict=True)):
        kinds = ["input"] * size if k == 0 else list(looks.get(name, ["linear"] * size))
        found = _with_column(found, k, name, kinds, places[k])
    return _with_links(found, network, dict(zip(names, places, strict=True)), names)


def _height(size: int) -> float:
    return SIZE.row * (size - 1) if size <= SIZE.dots else SIZE.bar


def _heights(size: int, height: float) -> list[float]:
    """Where the units of a layer lie; one place where they are drawn as a bar."""
    middle = SIZE.head + (height - SIZE.head - SIZE.margin) / 2 + SIZE.margin / 2
    if size > SIZE.dots:
        return [middle]
    return [middle + SIZE.row * (k - (size - 1) / 2) for k in range(size)]


def _with_column(
    found: Diagram, place: int, name: str, kinds: Sequence[str], heights: Sequence[float]
) -> Diagram:
    x = SIZE.margin + SIZE.column * place
    units = counted(len(kinds), "input" if place == 0 else "unit")
    label = Label(x, SIZE.head / 2 - 4, f"{name}")
    count = Label(x, SIZE.head / 2 + 9, units)
    found = replace(found, labels=(*found.labels, label, count))
    if len(kinds) <= SIZE.dots:
        dots = (
            Dot(x, y, kind, f"{name}[{k}]: {kind}")
            for k, (y, kind) in enumerate(zip(heights, kinds, strict=True))
        )
        return replace(found, dots=(*found.dots, *dots))
    return replace(found, bars=(*found.bars, *_bars(x, heights[0], name, kinds)))


def _bars(x: float, middle: float, name: str, kinds: Sequence[str]) -> list[Bar]:
    """The parts of a large layer, in the order in which looks first come."""
    top, bars = middle - SIZE.bar / 2, []
    for look in dict.fromkeys(kinds):
        count = list(kinds).count(look)
        height = SIZE.bar * count / len(kinds)
        bars.append(Bar(x, top, height, look, f"{name}: {count:,} {look}"))
        top += height
    return bars


def _with_links(
    found: Diagram, network: Network, places: Mapping[str, list[float]], names: Sequence[str]
) -> Diagram:
    links: list[Link] = []
    for layer in network.layers:
        for source in layer.weights:
            ends = (names.index(source), names.index(layer.name))
            links += _links(layer, source, ends, places)
    return replace(found, links=tuple(links))


def _links(
    layer: Layer, source: str, ends: tuple[int, int], places: Mapping[str, list[float]]
) -> list[Link]:
    """A line for each weight that is not 0, or one band."""
    matrix = layer.weights[source]
    x1, x2 = (SIZE.margin + SIZE.column * k for k in ends)
    rows, columns = matrix.shape
    small = max(rows, columns) <= SIZE.dots and matrix.nonzero_count <= SIZE.lines
    if not small:
        density = matrix.nonzero_count / max(1, rows * columns)
        y1, y2 = (sum(places[n]) / len(places[n]) for n in (source, layer.name))
        return [Link(x1, y1, x2, y2, "band", density)]
    values, _ = matrix.approximation
    largest = float(np.abs(values).max(initial=0.0)) or 1.0
    return [
        Link(
            x1, places[source][j], x2, places[layer.name][i],
            "plus" if values[i, j] > 0 else "minus", float(abs(values[i, j]) / largest),
        )
        for i, j in zip(*np.nonzero(values), strict=True)
    ]  # fmt: skip
