"""What `train` says: a line for each epoch, then what exact compression removes, and accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from rectifold.cli.output import console
from rectifold.data.samples import Samples
from rectifold.exact.numerals import counted
from rectifold.facts.facts import Phase
from rectifold.runtime.json import JsonObject
from rectifold.training.history import Epoch
from rectifold.training.removed import Removed
from rectifold.training.run import TrainedRun, classes_of
from rectifold.training.watch import Watched


@dataclass(frozen=True, eq=False)
class Outcome:
    """A run and its compression, measured on test samples.

    `before`, `after`: how many of `tested` samples have their class right, None without labels.
    `changed`: how many get another class from the compiled network, and `outside`: how many are no
    points of the domain, where nothing is claimed. `watched`: what was seen along the training.
    """

    run: TrainedRun
    removed: Removed
    tested: int
    before: int | None
    after: int | None
    changed: int
    outside: int
    watched: tuple[Watched, ...] = ()

    @staticmethod
    def of(
        run: TrainedRun, removed: Removed, samples: Samples, watched: Sequence[Watched] = ()
    ) -> Outcome:
        first = classes_of(run.network, samples)
        second = classes_of(removed.compiled.network, samples)
        low, high = run.domain.float_box
        inside = ((samples.inputs >= low) & (samples.inputs <= high)).all(axis=1)
        before = after = None
        if samples.labels is not None:
            before = int((first == samples.labels).sum())
            after = int((second == samples.labels).sum())
        changed, outside = int(np.sum(first != second)), int(np.sum(~inside))
        counts = before, after, changed, outside
        return Outcome(run, removed, len(samples), *counts, tuple(watched))


def trained_json(outcome: Outcome, file: str) -> JsonObject:
    """The documented result of `train`, without the seconds of the command."""
    run = outcome.run
    return {
        "file": file,
        "data": run.data,
        "domain": run.domain.describe(),
        "shape": run.network.shape_text(),
        "config": run.config.told(),
        "epochs": [epoch.told() for epoch in run.history],
        "watched": [one.told() for one in outcome.watched],
        "kept": run.kept,
        "ended_early": run.ended_early,
        "compressed": outcome.removed.told(),
        "test": {
            "samples": outcome.tested,
            "right_before": outcome.before,
            "right_after": outcome.after,
            "classes_changed": outcome.changed,
            "outside": outcome.outside,
        },
    }


def epoch_line(epoch: Epoch, total: int) -> str:
    """One line for people."""
    kind = " (fine-tuning)" if epoch.is_finetuning else ""
    validation = "" if epoch.validation is None else f", validation {epoch.validation:.2%}"
    return (
        f"epoch {epoch.number}/{total}{kind}, {epoch.seconds:.1f} s: loss {epoch.loss:.4f}, "
        f"right {epoch.right:.2%}{validation}; zeros {epoch.zeros:.1%}, "
        f"dead units {epoch.dead}"
    )


def print_outcome(outcome: Outcome, files: Sequence[str]) -> None:
    """The same for people."""
    out, run = console(), outcome.run
    if run.ended_early is not None:
        done = counted(len(run.history), "epoch")
        out.print(f"training was ended early by {run.ended_early}, in epoch {done.split()[0]}")
    out.print(_table(outcome.removed))
    for line in _lines(outcome, files):
        out.print(line, markup=False, soft_wrap=True)


def _table(removed: Removed) -> Table:
    """Sizes after each kind of rewrite."""
    table = Table(title="what exact compression removes", title_justify="left")
    table.add_column("after")
    for heading in ("units", "connections", "dense weights"):
        table.add_column(heading, justify="right")
    for name, size in removed.sizes.items():
        row = (size.units, size.connections, size.dense)
        table.add_row(name, *(f"{value:,}" for value in row))
    return table


def _lines(outcome: Outcome, files: Sequence[str]) -> list[str]:
    run, compiled = outcome.run, outcome.removed.compiled
    facts = compiled.facts
    phases = ", ".join(f"{facts.count(phase)} {phase.value}" for phase in Phase)
    lines = [
        f"{run.network.shape_text()} → {compiled.network.shape_text()} on {run.domain.describe()}"
        f" ({phases})",
        f"certificate: {outcome.removed.verdict or 'not made (the time was up)'}",
    ]
    if run.kept != len(run.history):
        lines.append(f"kept: epoch {run.kept}, the best on the validation samples")
    return [*lines, *_accuracy_lines(outcome), "wrote " + ", ".join(files)]


def _accuracy_lines(outcome: Outcome) -> list[str]:
    tested = counted(outcome.tested, "test sample")
    lines = []
    if outcome.before is not None and outcome.after is not None:
        before, after = outcome.before / outcome.tested, outcome.after / outcome.tested
        lines.append(f"accuracy on {tested}: {before:.2%} before compression, {after:.2%} after")
    lines.append(f"classes that changed: {outcome.changed} of {outcome.tested:,}")
    if outcome.outside:
        lines.append(
            f"{outcome.outside:,} of them lie outside the domain, where nothing is claimed"
        )
    return lines
