"""A bar per relu layer: how many units are active, inactive, unstable and open."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rectifold.facts.facts import Facts, Phase
from rectifold.ir.network import Network
from rectifold.reports.pictures.canvas import new_figure, save_figure


def draw_phases(network: Network, facts: Facts, path: Path) -> None:
    """A bar per relu layer: how many units are active, inactive, unstable and open."""
    figure, axes = new_figure(path)
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
    save_figure(figure, path)
