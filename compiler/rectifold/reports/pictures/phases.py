"""A bar per relu layer: how many units are active, inactive, unstable and open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rectifold.facts.facts import Facts, Phase
from rectifold.ir.network import Network
from rectifold.reports.pictures.canvas import new_figure, save_figure
from rectifold.reports.pictures.palette import GREEN, ORANGE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_LOOKS = {
    Phase.ACTIVE: (GREEN, ""),
    Phase.INACTIVE: ("#d9d9d9", ""),
    Phase.UNSTABLE: (ORANGE, "///"),
    Phase.OPEN: (VERMILION, "xxx"),
}


def draw_phases(network: Network, facts: Facts, path: Path) -> None:
    """A bar per relu layer: how many units are active, inactive, unstable and open."""
    figure, axes = new_figure(path)
    plot_phases(axes, facts, network.name)
    save_figure(figure, path)


def plot_phases(axes: Axes, facts: Facts, name: str = "") -> None:
    """The same on axes of another figure."""
    names = list(facts.layers)
    left = np.zeros(len(names))
    for phase, (shade, hatch) in _LOOKS.items():
        counts = np.array([facts.of(one, phase) for one in names], dtype=np.float64)
        label = f"{phase.value} ({int(counts.sum()):,})"
        bars = axes.barh(
            names, counts, left=left, color=shade, hatch=hatch, edgecolor="#222222",
            linewidth=0.6, label=label,
        )  # fmt: skip
        axes.bar_label(
            bars,
            labels=[f"{int(c)}" if c else "" for c in counts],
            label_type="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
        )
        left += counts
    axes.invert_yaxis()
    axes.set_xlabel("units")
    axes.set_ylabel("relu layer")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, frameon=False, fontsize=8)
    where = f"on {facts.domain.describe()}"
    axes.set_title(f"{name}: phases of units\n{where}" if name else where, fontsize=10)
