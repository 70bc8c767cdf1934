"""Looks at the boxes around samples, a batch of them at a time, in one process or several.

    network, boxes  →  bounds on the hull  →  batches: phases, kinks, classes  →  LocalResult

The bounds on the hull of all boxes serve every batch, and batches do not depend on how many
processes there are: the same samples give the same answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import bounded
from rectifold.bounds.threads import on_few_threads, threads_for
from rectifold.effort.local import LocalEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.local_boxes.boxes import SampleBoxes
from rectifold.local_boxes.chains import ChainsOnBoxes
from rectifold.local_boxes.deciding import decide
from rectifold.local_boxes.found import LayerAround, LocalResult, SampleAround
from rectifold.local_boxes.kinks import kinks_of
from rectifold.local_boxes.margins import has_margins, proved_margins, with_margins
from rectifold.local_boxes.phases import LayerPhases, PhasesOnBoxes
from rectifold.runtime.interrupts import notice_interrupts
from rectifold.runtime.run import Run
from rectifold.runtime.workers import Workers


@on_few_threads
def look_around(
    network: Network,
    boxes: SampleBoxes,
    labels: Sequence[int] | None,
    run: Run = Run(),
    *,
    complete: bool = False,
) -> LocalResult:
    """What the network is on each of the boxes, in their order.

    `labels`: the class of each sample, where that is known. `complete`: decide what the quick
    bounds leave open with all stages of the prover but Z3. Of the run, the time limit and Ctrl-C
    end with the samples that are done.
    """
    started = time.monotonic()
    deadline = run.deadline(float("inf"))
    known = _Hull.of(network, boxes.hull)
    batch = LocalEffort.complete_batch if complete else _batch(network)
    tasks = [
        _Batch(known, boxes.part(slice(k, k + batch)), k, complete)
        for k in range(0, len(boxes), batch)
    ]
    done: dict[int, list[SampleAround]] = {}
    count = 0
    with notice_interrupts() as interrupted, run.workers() as workers:
        run.tell("bounds around samples", 0, len(boxes))
        for start, found in _answers(workers, tasks):
            done[start] = found
            count += len(found)
            run.tell("bounds around samples", count - 1, len(boxes))
            if interrupted.is_set() or run.clock() >= deadline:
                break
    samples = [one for start in sorted(done) for one in done[start]]
    if labels is not None:
        samples = [one.labelled(int(labels[one.sample])) for one in samples]
    seconds = time.monotonic() - started
    return LocalResult(network, boxes.radius, tuple(samples), len(boxes), seconds)


def _batch(network: Network) -> int:
    """How many boxes are looked at together."""
    units = max(1, network.sizes.units)
    return max(1, min(LocalEffort.most_batch, LocalEffort.batch_entries // units))


def _answers(workers: Workers, tasks: Sequence[_Batch]) -> Iterator[tuple[int, list[SampleAround]]]:
    """The answers as they are finished; few tasks wait at a time, as each has the network."""
    ahead = workers.count * LocalEffort.tasks_ahead
    for start in range(0, len(tasks), ahead):
        yield from workers.each(_look, tasks[start : start + ahead])


@dataclass(frozen=True, eq=False)
class _Hull:
    """A network, with margins where it has classes, and proved bounds on a box around all boxes."""

    network: Network
    output: str  # of the network without margins
    is_chain: bool  # is that one?
    domain: Domain
    lower: Mapping[str, Floats]
    upper: Mapping[str, Floats]

    @staticmethod
    def of(network: Network, hull: Domain) -> _Hull:
        longer = with_margins(network) if has_margins(network) else network
        bounds = bounded(longer, hull, {})
        is_chain = network.is_chain
        return _Hull(longer, network.output, is_chain, hull, bounds.lower, bounds.upper)

    @property
    def has_margins(self) -> bool:
        return self.network.output != self.output

    def bounds(self) -> Bounds:
        bounds = Bounds(self.network, self.domain)
        for name, lower in self.lower.items():
            bounds.set(name, lower, self.upper[name])
        return bounds


@dataclass(frozen=True, eq=False)
class _Batch:
    """Boxes that are looked at together; the first of them is number `start`."""

    known: _Hull
    boxes: SampleBoxes
    start: int
    is_complete: bool


def _look(task: _Batch) -> tuple[int, list[SampleAround]]:
    with threads_for(task.known.network):
        return task.start, list(_samples(task))


def _samples(task: _Batch) -> Iterator[SampleAround]:
    known, boxes = task.known, task.boxes
    bounds = known.bounds()
    work = PhasesOnBoxes(bounds, boxes.outer, boxes.inner)
    phases = work.run()
    if task.is_complete:
        for k in range(len(boxes)):
            decide(known.network, boxes.exact(k), phases, k)
    kinks = kinks_of(bounds, phases)
    counts = [_layer(name, phases[name], kinks[name]) for name in phases]
    classes, margins = _classes(known, work, boxes) if known.has_margins else (None, None)
    chains = ChainsOnBoxes(bounds, known.output, work.boxes, phases) if known.is_chain else None
    for k in range(len(boxes)):
        yield SampleAround(
            sample=task.start + k,
            label=None,
            predicted=None if classes is None else int(classes[k]),
            margin=None if margins is None else float(margins[k]),
            layers=tuple(layer[k] for layer in counts),
            left=None if chains is None else chains.sizes(k, boxes.fixed),
        )


def _classes(known: _Hull, work: PhasesOnBoxes, boxes: SampleBoxes) -> tuple[Indices, Floats]:
    """The greatest output at each sample, and by how much it is above all others on the box."""
    outputs = work.values(known.output, boxes.points)
    if known.network.layer(known.output).is_relu:
        outputs = np.maximum(outputs, 0.0)
    classes = outputs.argmax(axis=1)
    return classes, proved_margins(work.bounds, work.boxes, classes, outputs.shape[1])


def _layer(name: str, known: LayerPhases, kinks: np.ndarray) -> list[LayerAround]:
    """The counts of one layer on each box."""
    stable = known.active | known.inactive
    masks = (known.active, known.inactive, known.unstable & ~stable, known.open, kinks)
    counts = [mask.sum(axis=1).tolist() for mask in masks]
    return [LayerAround(name, *numbers) for numbers in zip(*counts, strict=True)]
