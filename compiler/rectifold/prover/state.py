"""What all stages of one run share: bounds, witnesses, workers, the record, and the time.

    stages read bounds and witnesses  →  store better bounds, and note the evidence in the record

Sound because bounds are stored from a layer only after its evidence is in the record.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, assert_never

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.effort.effort import Effort
from rectifold.effort.prover import ProverEffort
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import counted, nearest_float
from rectifold.facts.entries import Entry
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.prover.layer import LayerState
from rectifold.runtime.run import Run
from rectifold.runtime.workers import Workers
from rectifold.search.log import ProofLog
from rectifold.search.tasks import Snapshot
from rectifold.search.witnesses import Witnesses
from rectifold.smt.process import NoAnswer, Sat, Solver, Unsat
from rectifold.smt.stability import cone_cost, find_point

Prover = Literal["auto", "bounds", "z3"]


class OutOfTimeError(Exception):
    """The time limit is reached; the cascade ends with what is proved."""


@dataclass(frozen=True)
class Settings:
    """What a caller chooses: provers, the run, and the layers whose phases matter (None: all)."""

    prover: Prover = "auto"
    run: Run = Run()
    asked: Collection[str] | None = None


class ProofState:
    """The state of one run over all layers."""

    def __init__(
        self, network: Network, domain: Domain, settings: Settings, solver: Solver, workers: Workers
    ) -> None:
        limits, asked = settings.run.limits, settings.asked
        self.network = network
        self.settings = settings
        self.effort: ProverEffort = limits.chosen_effort.prover
        self.solver = solver
        self.workers = workers
        self.log = None if limits.log is None else ProofLog(limits.log, network, domain)
        self.asked = {v.name for v in network.relu_layers} if asked is None else set(asked)
        self.started = time.monotonic()
        self.z3_left = self.effort.z3_total_seconds if settings.prover == "auto" else float("inf")
        self.search_left = self.effort.search_seconds
        self.seconds: dict[str, float] = {}
        self.bounds = Bounds(network, domain)
        self.witnesses = Witnesses(
            self.bounds, settings.run.seed, _feasible(solver, domain, self.effort)
        )
        self.layers: dict[str, LayerState] = {}
        self.record: list[Entry] = []
        self.is_resuming = False

    @property
    def domain(self) -> Domain:
        return self.bounds.domain

    @property
    def is_bounding(self) -> bool:
        """Are float bounds of use: allowed, and finite at the inputs?"""
        return self.settings.prover != "z3" and self.domain.is_bounded

    @property
    def search_effort(self) -> Effort:
        """How hard the searches try."""
        return self.settings.run.effort

    def snapshot(self) -> Snapshot:
        """What is known now, for a task."""
        return Snapshot.take(self.bounds, self.witnesses, self.search_effort)

    def is_asked(self, layer: LayerState) -> bool:
        """Do the phases of this layer matter to the caller?"""
        return layer.name in self.asked

    def reads_input_only(self, name: str) -> bool:
        """Has the layer no other layer below? Its intervals are exact then."""
        return set(self.network.layer(name).weights) <= {self.network.input_name}

    def cone_cost(self, name: str) -> tuple[int, int]:
        """(unstable or open units, weights) in the cone of a layer: what a question costs."""
        return cone_cost(self.bounds, name)

    def tell(self, what: str, done: int) -> None:
        """Tell the caller that so many of the layers are done."""
        self.settings.run.tell(what, done, len(self.network.layers))

    def tell_stage(self, stage: str, layer: LayerState) -> None:
        """Tell the caller which stage works on which layer, and how many units wait for it."""
        waiting = counted(len(layer.open()), "unit")
        names = [one.name for one in self.network.layers]
        self.tell(f"{stage} on layer {layer.name}, {waiting} open", names.index(layer.name))

    def note(self, entry: Entry) -> None:
        """Put an entry into the record, and into the log unless it comes from there."""
        self.record.append(entry)
        if self.log is not None and not self.is_resuming:
            self.log.append(entry)

    def start(self, name: str) -> LayerState:
        """The state of a relu layer with its intervals taken."""
        lower, upper = self.bounds.interval(name)
        if name not in self.layers:
            self.layers[name] = LayerState.started(name, lower.copy(), upper.copy(), self.note)
        layer = self.layers[name]
        layer.intervals(lower, upper)
        self.store(layer)
        return layer

    def store(self, layer: LayerState) -> None:
        """Let the layers above build on what is proved of this one."""
        self.bounds.set(layer.name, layer.lower, layer.upper)

    def set_linear(self, name: str) -> None:
        """The bounds of a linear layer, by intervals."""
        self.bounds.set(name, *self.bounds.interval(name))

    def try_points(self, layer: LayerState, points: Floats, stage: str) -> None:
        """Take the signs of the units at these points, where rounding cannot change them."""
        with self.timed(stage):
            self.see_at(layer, points)
            layer.label(stage)

    def see_at(self, layer: LayerState, points: Floats) -> None:
        """As `try_points`, without a stage of its own."""
        if len(points):
            positive, negative = self.witnesses.trace(points, layer.name).signs(layer.name)
            layer.see(np.asarray(positive.any(axis=0)), np.asarray(negative.any(axis=0)))

    def keep_points(self, points: Floats) -> None:
        """Witnesses that took a search: later layers try them, and a later run."""
        self.witnesses.add(points, self.effort.kept_points)
        if self.log is not None:
            self.log.append_points(points)

    # ---- time -----------------------------------------------------------------------------------

    def time_left(self) -> float:
        """Seconds until the limit, which may be over; infinity without one."""
        seconds = self.settings.run.limits.seconds
        return float("inf") if seconds is None else seconds - (time.monotonic() - self.started)

    def check_time(self) -> None:
        """Raises OutOfTimeError when the limit is over."""
        if self.time_left() <= 0:
            raise OutOfTimeError

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds the seconds inside to the stage's. Raises OutOfTimeError if none is left."""
        self.check_time()
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.monotonic() - started

    @contextmanager
    def searching(self, stage: str) -> Iterator[None]:
        """As `timed`, and the seconds come out of what branch and bound may take in all."""
        with self.timed(stage), self.spending():
            yield

    @contextmanager
    def spending(self) -> Iterator[None]:
        """The seconds inside come out of what branch and bound may take in all."""
        started = time.monotonic()
        yield
        self.search_left -= time.monotonic() - started


def _feasible(solver: Solver, domain: Domain, effort: ProverEffort) -> list[Floats]:
    """A first point when the domain has linear constraints; refuses a domain that is empty."""
    if not domain.constraints:
        return []
    answer = find_point(solver, domain, effort.feasible_seconds)
    match answer:
        case Unsat():
            raise InputError(
                "the domain is empty: no point of the box satisfies the linear constraints"
            )
        case Sat(point):
            return [np.array([nearest_float(v) for v in point])]
        case NoAnswer():
            return []
        case _:
            assert_never(answer)
