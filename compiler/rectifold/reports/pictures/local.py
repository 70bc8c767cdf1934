"""Histograms over samples: kinks, and the units that are left, on the box around each."""

from __future__ import annotations

from pathlib import Path

from rectifold.local_boxes.found import LocalResult
from rectifold.reports.local import histogram
from rectifold.reports.pictures.canvas import new_panels, save_figure
from rectifold.reports.pictures.palette import BORDER, COLOURS


def draw_local(found: LocalResult, title: str, path: Path) -> None:
    """One panel per relu layer and one of all layers: how many samples have how many kinks."""
    layers = found.network.relu_layers
    counts = [[one.layers[k].kinks for one in found] for k in range(len(layers))]
    named = [(layer.name, layer.size, c) for layer, c in zip(layers, counts, strict=True)]
    if len(layers) > 1:
        named.append(("all layers", found.network.sizes.units, [one.kinks for one in found]))
    figure, panels = new_panels(path, len(named), (4.0 * len(named), 4.0))
    for k, (axes, (name, size, values)) in enumerate(zip(panels, named, strict=True)):
        bars = histogram(values)
        axes.bar(
            [bar.least - 0.5 for bar in bars],
            [bar.samples for bar in bars],
            width=[bar.most - bar.least + 1 for bar in bars],
            align="edge",
            color=COLOURS[k % len(COLOURS)],
            **BORDER,
        )
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel(f"kinks of {name} (of {size:,} units)")
    panels[0].set_ylabel("samples")
    figure.suptitle(title, fontsize=10)
    save_figure(figure, path)
