"""Train for compressibility, and say what is removed: python benchmarks/training.py --data DIR

    [--seeds 1,2,3] [--only NAME] [--processes 2] [--json FILE] [--quick]

Trains the recipes of `rectifold train --recipe` on MNIST (DIR has its idx files) for each seed:
without penalties, the recipe, and a control, which is a dense network of the sizes that are left of
the recipe's, trained with the same schedule and shifts. Every network is written, compiled on
[0, 1] and certified; the table has the accuracy before and after, and what structure (exact
zeros), proof and carriers leave. Recipes were chosen by the samples held out for validation;
those for testing are only evaluated. NAME picks rows by a part of their name. `--quick` trains
small networks on scikit-learn's digits in less than a minute. Ends with status 1 where a
certificate does not hold, a unit is open, or compiling changed the class of a test sample.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean
from typing import TypeAlias

from rectifold.facts.facts import Phase
from rectifold.training import TrainingConfig, train
from rectifold.training.config import Architecture, Schedule, Sparsity, Stability
from rectifold.training.parts import read_parts
from rectifold.training.recipes import recipe
from rectifold.training.removed import removed
from rectifold.training.run import classes_of

Widths: TypeAlias = tuple[int, ...]
KINDS = ("trained", "structure", "proof", "carriers")


@dataclass(frozen=True)
class Case:
    """A network to train: the name of its recipe, and the widths of its hidden layers.

    `control`: then a dense network of what is left is trained as well. `group`: in place of the
    recipe's. `shift`: by how many pixels images of MNIST are shifted at most.
    """

    recipe: str
    widths: tuple[int, ...]
    control: bool = False
    group: tuple[float, ...] = ()
    shift: int = 1

    @property
    def name(self) -> str:
        still = "" if self.shift else " unshifted"
        return f"{'-'.join(map(str, self.widths))} {self.recipe}{still}"


CASES = (
    Case("compressible", (400, 400), control=True),
    Case("compressible", (100, 100), control=True, group=(2e-3,)),
    Case("stable", (100, 100)),
    Case("collapsing", (100, 100)),
    Case("plain", (100, 100)),
    Case("plain", (400, 400)),
    Case("plain", (100, 100), shift=0),
    Case("plain", (400, 400), shift=0),
)
QUICK_CASES = (
    Case("compressible", (40, 40), control=True),
    Case("stable", (40, 40)),
    Case("collapsing", (40, 40)),
)


@dataclass(frozen=True)
class Row:
    """What came of one training run. Accuracies are percentages of samples, sizes are `Size`s."""

    name: str
    seed: int
    validation: float
    before: float
    after: float
    changed: int
    sizes: dict[str, dict[str, int]]
    shape: str
    open_units: int
    certificate: str
    training: float
    compiling: float

    @property
    def units(self) -> list[int]:
        """After each of KINDS."""
        return [self.sizes[kind]["units"] for kind in KINDS]

    @property
    def weights(self) -> int:
        """Of the network before anything is zero."""
        return self.sizes[KINDS[0]]["dense"]

    @property
    def connections(self) -> int:
        """Weights that are not zero in the end."""
        return self.sizes[KINDS[-1]]["connections"]


def row_of(case: Case, seed: int, data: str, quick: bool, left: Widths = ()) -> tuple[Row, Widths]:
    """The row of this case, and the widths that its hidden layers have in the end.

    With the widths that are `left` of it, that of its control.
    """
    config = _config(case, seed, quick)
    if not left:
        return _row(case.name, config, data)
    dense = replace(
        config, architecture=Architecture(left), sparsity=Sparsity(), stability=Stability()
    )
    return _row(f"control of {case.name}", dense, data)


def _config(case: Case, seed: int, quick: bool) -> TrainingConfig:
    config = recipe(case.recipe, case.widths, seed)
    if case.group:
        config = replace(config, sparsity=replace(config.sparsity, group=case.group))
    if quick:
        return replace(config, schedule=_quicker(config))
    return replace(config, shift=case.shift)


def _quicker(config: TrainingConfig) -> Schedule:
    finetune = 3 if config.schedule.finetune else 0
    return replace(config.schedule, epochs=8, finetune=finetune, epoch_samples=4_000)


def _row(name: str, config: TrainingConfig, data: str) -> tuple[Row, Widths]:
    learned, tested, _ = read_parts(data)
    started = time.monotonic()
    run = train(config, learned)
    trained = time.monotonic()
    compiled = removed(run.network)
    ended = time.monotonic()
    first = classes_of(run.network, tested)
    second = classes_of(compiled.compiled.network, tested)
    layers = compiled.compiled.network.relu_layers
    row = Row(
        name=name,
        seed=config.schedule.seed,
        validation=100 * (run.history[run.kept - 1].validation or 0.0),
        before=100 * float((first == tested.labels).mean()),
        after=100 * float((second == tested.labels).mean()),
        changed=int((first != second).sum()),
        sizes={kind: asdict(size) for kind, size in compiled.sizes.items()},
        shape=compiled.compiled.network.shape_text(),
        open_units=compiled.compiled.facts.count(Phase.OPEN),
        certificate=compiled.verdict or "not made",
        training=trained - started,
        compiling=ended - trained,
    )
    return row, tuple(layer.size for layer in layers)


# ---- the table ----------------------------------------------------------------------------------

HEADINGS = (
    "network",
    "seed",
    "validation",
    "test before",
    "after",
    "units: " + " → ".join(KINDS),
    "gone",
    "connections",
    "gone",
    "shape",
    "open",
    "certificate",
    "train s",
    "compile s",
)


def line_of(row: Row) -> str:
    units, first, last = row.units, row.weights, row.connections
    entries = (
        row.name,
        str(row.seed),
        f"{row.validation:.2f}",
        f"{row.before:.2f}",
        f"{row.after:.2f}",
        " → ".join(map(str, units)),
        f"{100 * (1 - units[-1] / units[0]):.1f} %",
        f"{first:,} → {last:,}",
        f"{100 * (1 - last / first):.1f} %",
        row.shape,
        str(row.open_units),
        row.certificate,
        f"{row.training:.0f}",
        f"{row.compiling:.0f}",
    )
    return f"| {' | '.join(entries)} |"


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """For each network: mean and least of what its seeds reached."""
    for name in dict.fromkeys(row.name for row in rows):
        own = [row for row in rows if row.name == name]
        tests = [row.after for row in own]
        units = [100 * (1 - row.units[-1] / row.units[0]) for row in own]
        weights = [100 * (1 - row.connections / row.weights) for row in own]
        yield (
            f"| {name} | {len(own)} | {mean(row.validation for row in own):.2f} | {_told(tests)} "
            f"| {_told(units)} | {_told(weights)} |"
        )


def _told(values: Sequence[float]) -> str:
    return f"{mean(values):.2f} (least {min(values):.2f})"


def faults(rows: Sequence[Row]) -> list[str]:
    """What must not be."""
    return [
        f"{row.name}, seed {row.seed}: {row.changed} classes changed, {row.open_units} units open, "
        f"certificate {row.certificate}"
        for row in rows
        if row.changed or row.open_units or row.certificate != "holds"
    ]


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", default="digits", help="a folder of idx files, .npz, or digits")
    parser.add_argument("--seeds", default="1,2,3", help="comma-separated")
    parser.add_argument("--only", default="", help="rows with this in their name")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--quick", action="store_true", help="small networks on digits")
    return parser.parse_args()


def trained(
    cases: Sequence[Case], seeds: Sequence[int], data: str, asked: argparse.Namespace
) -> Iterator[Row]:
    """The rows as they are done, controls last."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(asked.processes, mp_context=context) as pool:
        waiting = {
            pool.submit(row_of, case, seed, data, asked.quick): (case, seed)
            for case in cases
            for seed in seeds
        }
        controls = []
        for done in as_completed(waiting):
            (case, seed), (row, left) = waiting[done], done.result()
            if case.control:
                controls.append(pool.submit(row_of, case, seed, data, asked.quick, left))
            yield row
        for done in as_completed(controls):
            yield done.result()[0]


def main() -> int:
    asked = _asked()
    seeds = [1] if asked.quick else [int(word) for word in asked.seeds.split(",")]
    data = "digits" if asked.quick else asked.data
    cases = [case for case in (QUICK_CASES if asked.quick else CASES) if asked.only in case.name]
    print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}", flush=True)
    rows: list[Row] = []
    for row in trained(cases, seeds, data, asked):
        print(line_of(row), flush=True)
        rows.append(row)
        if asked.json is not None:
            text = json.dumps([asdict(row) for row in rows], indent=1)
            asked.json.write_text(text + "\n", encoding="utf-8")
    print("\n| network | seeds | validation | test | units gone, % | connections gone, % |")
    print("|---|---|---|---|---|---|")
    print(*summary(sorted(rows, key=lambda row: (row.name, row.seed))), sep="\n")
    wrong = faults(rows)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
