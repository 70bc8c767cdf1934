"""Curves of a training run: accuracy and zeros; units; linear regions, where they were counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rectifold.effort.training import TrainingEffort
from rectifold.reports.pictures.canvas import STYLE, new_panels, save_figure
from rectifold.training.history import Epoch
from rectifold.training.watch import Watched

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_training(history: Sequence[Epoch], watched: Sequence[Watched], path: Path) -> None:
    """Panels side by side, an epoch along each; a line where fine-tuning begins."""
    panels = 3 if watched else 2
    width, height = STYLE.size
    figure, axes = new_panels(path, panels, (0.75 * width * panels, 0.75 * height))
    _draw_parts(axes[0], history)
    _draw_units(axes[1], history, watched)
    if watched:
        _draw_regions(axes[2], watched)
    for one in axes:
        _mark_finetuning(one, history)
        one.set_xlabel("epoch")
        one.legend(loc="best", frameon=False, fontsize=8)
    save_figure(figure, path)


def _draw_parts(axes: Axes, history: Sequence[Epoch]) -> None:
    numbers = [epoch.number for epoch in history]
    axes.plot(numbers, [100 * epoch.right for epoch in history], label="right, as learned")
    measured = [epoch for epoch in history if epoch.validation is not None]
    if measured:
        values = [100 * (epoch.validation or 0.0) for epoch in measured]
        axes.plot([epoch.number for epoch in measured], values, label="right, validation")
    axes.plot(numbers, [100 * epoch.zeros for epoch in history], label="weights that are 0")
    axes.set_ylim(0, 101)
    axes.set_title("per cent", fontsize=10)


def _draw_units(axes: Axes, history: Sequence[Epoch], watched: Sequence[Watched]) -> None:
    axes.plot([one.number for one in history], [one.dead for one in history], label="cut off")
    numbers = [one.epoch for one in watched]
    if watched:
        axes.plot(numbers, [one.active for one in watched], label="proved active")
        axes.plot(numbers, [one.inactive for one in watched], label="proved inactive")
        axes.plot(numbers, [one.unstable for one in watched], label="unstable")
    if any(one.open for one in watched):
        axes.plot(numbers, [one.open for one in watched], label="undecided")
    axes.set_ylim(bottom=0)
    axes.set_title("units", fontsize=10)


def _draw_regions(axes: Axes, watched: Sequence[Watched]) -> None:
    numbers = [one.epoch for one in watched]
    axes.plot(numbers, [one.regions for one in watched], label="linear regions")
    bounds = [one for one in watched if not one.complete]
    if bounds:
        marks = [one.epoch for one in bounds], [one.regions for one in bounds]
        axes.plot(*marks, "^", label="at least so many")
    counts = [one.regions for one in watched]
    if max(counts) >= TrainingEffort.readable_ratio * max(1, min(counts)):
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, 1.1 * max(counts))
    axes.set_title(f"linear regions of the {watched[0].place}", fontsize=10)


def _mark_finetuning(axes: Axes, history: Sequence[Epoch]) -> None:
    first = next((epoch.number for epoch in history if epoch.is_finetuning), None)
    if first is not None:
        axes.axvline(first - 0.5, color="#9aa5b1", linewidth=0.8, linestyle="--")
