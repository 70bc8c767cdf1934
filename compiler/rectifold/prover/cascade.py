"""The cascade: every unit of every layer, by the cheapest stage that settles it.

    witnesses → interval (exact near zero) → linear bounds → their corners → exact linear bounds → gradient search → optimised slopes → box splitting or branch and bound → Z3

Layer by layer, so bounds proven in one layer feed the next. Each stage sees only what is still open. While units are open and there is
time, rounds follow: branch and bound tightens the ends of the layers below the open ones, then the questions are asked again with
more nodes. A unit that nothing settles stays open, which only means that it is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np

from rectifold.bounds.exactly import exact_backward
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import Backward, backward
from rectifold.bounds.threads import on_few_threads
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import nearest_float, round_up
from rectifold.facts.entries import Ends, Entry, Intervals, Signs
from rectifold.facts.facts import Claim, Facts, LayerFacts, Mask, Phase, Proved, Refuted, Undecided, Verdict
from rectifold.facts.methods import Method
from rectifold.facts.trees import BoxProof, CaseProof
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Network
from rectifold.runtime.workers import Workers, opened_workers
from rectifold.search.boxes.tree import BoxOutcome
from rectifold.search.phases.branch_and_bound import EXACT_LEAF_WEIGHTS, BranchAndBound
from rectifold.search.replay import ProofLog, repeated
from rectifold.search.tasks import BoxTask, EndTask, Known, SignTask, answer_signs, shares, split_boxes, tighten_ends
from rectifold.search.witnesses import Witnesses
from rectifold.smt.process import Answer, Sat, Solver, Unknown, Unsat
from rectifold.smt.stability import ask_sign, difficulty, find_point, is_exact_point

Prover = Literal["auto", "bounds", "z3"]
Progress = Callable[[str, int, int], None]

POINTS = 256  # random points and corners tried on every layer
_KEPT = 256  # corner points of one layer that later layers try too
_ASCENT_STEPS = 24
_Z3_GIVE_UP = 2  # questions of one layer without an answer, after which it is left alone by default
_Z3_UNITS = 60  # unstable units in the cone, and
_Z3_WEIGHTS = 20_000  # nonzero weights in it, up to which Z3 is asked by default
_Z3_SECONDS = 2.0  # per question, by default
_Z3_TOTAL = 30.0  # for all questions, by default
_BRANCH_SECONDS = 10.0  # for branch and bound in all, by default; with a time limit it is the limit that ends it
_QUERY_NODES = 1_000  # of branch and bound: per question at first, four times as many in each round,
_HULL_NODES = 250  # with planes above the first layer, where nodes are dearer and far fewer,
_HULL_FEW = 4  # and for how many questions of a layer at once
_BRANCH_NODES = (60_000, 10_000_000)  # per layer and sign (by default, with a time limit that ends it), and
_BRANCH_WORK = (20_000_000_000, 10**16)  # nodes times weights in the cone
_BRANCH_UNITS = 4_000  # unstable units below a layer up to which phases are split: the search keeps a square of them
_BRANCH_SHARE = (0.5, 1.0)  # of the time left: for one layer and sign, and for the last
_ROUNDS = 12
_END_NODES = 48  # per end in the first round, four times as many in each one after
_END_SHARE = 0.15  # of the time left, for the ends of one layer and side
_BOX_INPUTS = 10  # free inputs up to which boxes are split, and
_BOX_UNITS = 12  # unstable units below the layer from which on that beats phases
_BOX_FIRST = 2_000  # boxes per question before the hard ones are done by themselves; splitting that could not afford these is not begun
_BOX_WORK = (
    15_000_000_000,
    300_000_000_000,
)  # boxes times unstable units times weights below: the checker bounds each box again
_OPTIMISED_WORK = 400_000_000  # units times weights in the cone up to which slopes are optimised for all of them
_EXACT_WEIGHTS = 3_000_000  # weights in the cone up to which one row is worth exact arithmetic


@dataclass(frozen=True)
class Limits:
    """What a proof may cost. `seconds` None: no limit but the defaults of each stage.

    `jobs` processes share branch and bound, or the workers of the Dask cluster at `scheduler`. What is proved is appended to the file
    `log`, and what it says about this network and domain already is checked and used.
    """

    seconds: float | None = None
    z3_seconds: float = _Z3_SECONDS
    jobs: int = 1
    scheduler: str | None = None
    log: Path | None = None


def require_domain(network: Network, domain: Domain | None) -> Domain:
    """The domain to prove on. Raises InputError if there is none."""
    chosen = domain if domain is not None else network.domain
    if chosen is None:
        raise InputError(
            f"{network.name} states no domain, and most facts hold on a domain only; give one, for example "
            '--domain "[0,1]" (each input), --domain "[[0,1],[-1,1]]", --domain box.vnnlib, or --domain all'
        )
    return chosen


@on_few_threads
def prove(
    network: Network,
    domain: Domain | None = None,
    *,
    prover: Prover = "auto",
    limits: Limits = Limits(),  # an immutable value
    seed: int = 0,
    progress: Progress | None = None,
    asked: Collection[str] | None = None,
) -> Facts:
    """Facts about every relu unit of `network` on `domain` (default: the network's own).

    `asked`: the layers whose phases matter; the others are only bounded as far as that needs it.

    `prover`: "bounds" uses no solver, "z3" uses Z3 alone behind exact intervals, "auto" all stages. An interrupt
    (Ctrl-C) or the time limit ends with what is proved so far and `complete` False.

    Raises InputError when there is no domain, or when it is proved empty.
    """
    domain = require_domain(network, domain)
    log = None if limits.log is None else ProofLog(limits.log, network, domain)
    with Solver() as solver, opened_workers(limits.jobs, limits.scheduler) as workers:
        return _Cascade(network, domain, prover, limits, seed, solver, workers, log, progress, asked).run()


def verdict(network: Network, facts: Facts, claim: Claim) -> Verdict:
    """The verdict on one claim, with a point where it is refuted."""
    layer, k = facts.layers[claim.layer], claim.unit
    holds = layer.upper[k] <= 0 if claim.phase is Phase.INACTIVE else layer.lower[k] >= 0
    if holds:
        return Proved(claim, layer.upper_method[k] if claim.phase is Phase.INACTIVE else layer.lower_method[k])
    seen = layer.seen_positive[k] if claim.phase is Phase.INACTIVE else layer.seen_negative[k]
    if seen and (point := _witness(network, facts, claim)) is not None:
        return Refuted(claim, point)
    return Undecided(claim, "no stage of the cascade settled it")


def _witness(network: Network, facts: Facts, claim: Claim) -> tuple[Fraction, ...] | None:
    sign = 1 if claim.phase is Phase.INACTIVE else -1
    for point in facts.points:
        exact = facts.domain.clamp(point.tolist())
        value = trace(network, Matrix.column(exact), with_activations=False)[claim.layer].entry(claim.unit, 0)
        if sign * value > 0:
            return tuple(exact)
    return None


@dataclass(eq=False)
class _Working:
    """The facts of one layer while its stages run, and the record that all layers share."""

    name: str
    lower: Floats
    upper: Floats
    positive: Mask
    negative: Mask
    lower_method: list[Method]
    upper_method: list[Method]
    stage: list[str]
    record: Callable[[Entry], None]

    @staticmethod
    def started(name: str, lower: Floats, upper: Floats, record: Callable[[Entry], None]) -> _Working:
        size = len(lower)
        methods = [Method.INTERVAL] * size
        unseen = np.zeros(size, dtype=bool)
        return _Working(name, lower, upper, unseen, unseen.copy(), methods, list(methods), [""] * size, record)

    def settled(self) -> Mask:
        return np.asarray((self.lower >= 0) | (self.upper <= 0) | (self.positive & self.negative))

    def open(self) -> Indices:
        return np.nonzero(~self.settled())[0]

    def straddling(self) -> Indices:
        """Units whose proven ends have both signs."""
        return np.nonzero((self.lower < 0) & (self.upper > 0))[0]

    def label(self, stage: str) -> None:
        """Name the stage for the units that have been settled since the last call."""
        for k in np.nonzero(self.settled())[0]:
            if not self.stage[k]:
                self.stage[k] = stage

    def see(self, positive: Mask, negative: Mask) -> None:
        self.positive |= positive
        self.negative |= negative

    def intervals(self, lower: Floats, upper: Floats) -> None:
        """The ends of all units by intervals."""
        self.lower, self.upper = np.maximum(self.lower, lower), np.minimum(self.upper, upper)
        self.record(Intervals(self.name, lower, upper))

    def tighten(
        self, sign: int, units: Indices, bounds: Floats, method: Method, proofs: Sequence[CaseProof] = ()
    ) -> None:
        """sign·z ≤ bounds: kept where it is better than what is known."""
        ends, methods = (self.upper, self.upper_method) if sign > 0 else (self.lower, self.lower_method)
        better = [k for k, (u, v) in enumerate(zip(units.tolist(), bounds.tolist(), strict=True)) if v < sign * ends[u]]
        if not better:
            return
        chosen, values = units[better], sign * bounds[better]
        ends[chosen] = values
        for unit in chosen.tolist():
            methods[unit] = method
        if method is not Method.BOXES:
            side = "up" if sign > 0 else "lo"
            kept = tuple(proofs[k] for k in better) if proofs else ()
            self.record(Ends(self.name, side, chosen, values, method, kept))

    def facts(self) -> LayerFacts:
        return LayerFacts(
            self.lower,
            self.upper,
            tuple(self.lower_method),
            tuple(self.upper_method),
            self.positive,
            self.negative,
            tuple(stage or "open" for stage in self.stage),
            np.arange(len(self.lower)),
        )


class _OutOfTime(Exception):
    """The time limit is reached; caught in `run`."""


class _Cascade:
    def __init__(
        self, network: Network, domain: Domain, prover: Prover, limits: Limits, seed: int, solver: Solver,
        workers: Workers, log: ProofLog | None, progress: Progress | None, asked: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        self.network = network
        self.prover = prover
        self.limits = limits
        self.solver = solver
        self.workers = workers
        self.log = log
        self.progress = progress
        self.asked = {v.name for v in network.relu_layers} if asked is None else set(asked)
        self.started = time.monotonic()
        self.z3_left = _Z3_TOTAL if prover == "auto" else float("inf")
        self.seconds: dict[str, float] = {}
        self.bounds = Bounds(network, domain)
        self.witnesses = Witnesses(self.bounds, seed, self._feasible(domain))
        self.work: dict[str, _Working] = {}
        self.record: list[Entry] = []
        self.is_resuming = False
        self.branch_left = _BRANCH_SECONDS if limits.seconds is None else limits.seconds

    def run(self) -> Facts:
        complete = True
        try:
            self._start_points()
            self._resume()
            for k, layer in enumerate(self.network.layers):
                self._tell(f"proving layer {layer.name}", k)
                self._layer(layer.name, layer.is_relu)
            self._rounds()
        except (KeyboardInterrupt, _OutOfTime):
            complete = False
            self._finish_cheaply()
        facts = {v.name: self.work[v.name].facts() for v in self.network.relu_layers}
        domain = self.bounds.domain
        return Facts(domain, facts, self.witnesses.points, self.seconds, tuple(self.record), complete)

    def _tell(self, what: str, done: int) -> None:
        if self.progress is not None:
            self.progress(what, done, len(self.network.layers))

    def _note(self, entry: Entry) -> None:
        self.record.append(entry)
        if self.log is not None and not self.is_resuming:
            self.log.append(entry)

    def _resume(self) -> None:
        """Go through the log: every entry is bounded again with its slopes, boxes or intervals, and only what comes out counts."""
        if self.log is None or not self.bounds.domain.is_bounded:
            return
        with self._timed("log"):
            self.is_resuming = True
            points = self.witnesses.admitted(self.log.points())
            self.witnesses.add(points, len(points))
            for entry in self.log.entries():
                self._check_time()
                if entry.layer not in self.work and not isinstance(entry, Intervals):
                    continue
                self._repeat(entry)
            self.is_resuming = False
            for work in self.work.values():
                work.label("log")

    def _repeat(self, entry: Entry) -> None:
        if any(v not in self.bounds.lower for v in self._layers_below(entry.layer)):
            return
        if isinstance(entry, Intervals):
            work = self._started(entry.layer)
        else:
            work = self.work[entry.layer]
            for claim in repeated(self.bounds, entry):
                work.tighten(claim.sign, claim.units, claim.bounds, claim.method, claim.proofs)
                if isinstance(claim.signs, Signs):
                    self._note(claim.signs)
        self.bounds.set(work.name, work.lower, work.upper)

    def _layers_below(self, name: str) -> list[str]:
        """With the ends of linear layers filled in."""
        cone = self.network.cone(name)
        below = [v for v in self.network.layers if v.name in cone]
        for layer in below:
            if not layer.is_relu and all(u in self.bounds.lower or u == self.network.input_name for u in layer.weights):
                self.bounds.set(layer.name, *self.bounds.interval(layer.name))
        return [v.name for v in below]

    def _started(self, name: str) -> _Working:
        """The working facts of a layer with its intervals taken."""
        lower, upper = self.bounds.interval(name)
        if name not in self.work:
            self.work[name] = _Working.started(name, lower.copy(), upper.copy(), self._note)
        work = self.work[name]
        work.intervals(lower, upper)
        self.bounds.set(name, work.lower, work.upper)
        return work

    def _feasible(self, domain: Domain) -> list[Floats]:
        """A first point when the domain has linear constraints; refuses a domain that is empty."""
        if not domain.constraints:
            return []
        answer = find_point(self.solver, domain, 30.0)
        if isinstance(answer, Unsat):
            raise InputError("the domain is empty: no point of the box satisfies the linear constraints")
        return [np.array([nearest_float(v) for v in answer.point])] if isinstance(answer, Sat) else []

    def _start_points(self) -> None:
        with self._timed("witnesses"):
            count = POINTS if self.prover != "z3" else 16
            self.witnesses.add(self.witnesses.fresh(count), count)

    # ---- one layer ------------------------------------------------------------------------------

    def _layer(self, name: str, is_relu: bool) -> None:
        with self._timed("interval"):
            if not is_relu:
                self.bounds.set(name, *self.bounds.interval(name))
                return
            work = self._started(name)
        try:
            work.label("interval")
            self._try_points(work, self.witnesses.points, "witnesses")
            if self.prover != "z3" and self.bounds.domain.is_bounded:
                self._linear(work)
                self._exact_linear(work)
                if name in self.asked:
                    self._ascend(work)
                self._optimise(work)
            if self.prover != "z3" and self.bounds.domain.is_bounded and name in self.asked:
                if not self._prefers_boxes(work):
                    self._branch(work, _QUERY_NODES)
                    if len(work.open()) <= _HULL_FEW:  # many of them rather wait for tighter ends
                        self._branch(work, _HULL_NODES, with_hull=True)
                self._boxes(work)
            if self.prover != "bounds" and name in self.asked:
                self._z3(work)
        finally:
            self.bounds.set(name, work.lower, work.upper)

    # ---- rounds ---------------------------------------------------------------------------------

    def _rounds(self) -> None:
        """While units are open: tighter ends below them, then the same questions with more nodes."""
        if self.prover == "z3" or not self.bounds.domain.is_bounded:
            return
        for number in range(1, _ROUNDS + 1):
            asked = [v.name for v in self.network.relu_layers if self._is_worth_a_round(v.name)]
            if not asked or min(self.branch_left, self._time_left()) <= 0.05:
                return
            below = set().union(*(self.network.cone(name) for name in asked))
            for k, layer in enumerate(self.network.relu_layers):
                self._tell(f"round {number}, layer {layer.name}", k)
                if layer.name in below or layer.name in asked:
                    self._again(
                        self.work[layer.name], number, is_below=layer.name in below, is_asked=layer.name in asked
                    )

    def _is_worth_a_round(self, name: str) -> bool:
        work = self.work[name]
        return (
            name in self.asked and bool(len(work.open())) and self._can_branch(work) and not self._prefers_boxes(work)
        )

    def _again(self, work: _Working, number: int, *, is_below: bool, is_asked: bool) -> None:
        try:
            if not self._reads_input_only(work.name):
                self._linear(work)
                self._optimise(work)
            if is_below and self._can_branch(work):
                self._tighten_ends(work, _END_NODES * 4 ** (number - 1))
            self.bounds.set(work.name, work.lower, work.upper)
            if is_asked:
                self._branch(work, _QUERY_NODES * 4**number, with_hull=True)
                if difficulty(self.bounds, work.name)[1] <= EXACT_LEAF_WEIGHTS:
                    self._branch(work, _QUERY_NODES * 4**number)  # a maximum of 0 is proved without planes only
        finally:
            self.bounds.set(work.name, work.lower, work.upper)

    def _tighten_ends(self, work: _Working, nodes: int) -> None:
        """Branch and bound on the ends of unstable units: what the layers above build on."""
        units = work.straddling()
        values = self.witnesses.trace(self.witnesses.points, work.name).values[work.name]
        for sign in (1, -1):
            with self._timed("tighter ends"):
                started = time.monotonic()
                seconds = min(_END_SHARE * self.branch_left, self._time_left())
                reached = dict(zip(units.tolist(), (sign * values[:, units]).max(axis=0, initial=-np.inf), strict=True))
                known = Known.of(self.bounds, self.witnesses)
                tasks = [
                    EndTask(known, work.name, sign, part, np.array([reached[k] for k in part.tolist()]), seconds, nodes)
                    for part in shares(units, self.workers.count)
                ]
                for answered, found, proofs in self.workers.each(tighten_ends, tasks):
                    work.tighten(sign, answered, found, Method.CASES, proofs)
                self.branch_left -= time.monotonic() - started
                work.label("tighter ends")

    # ---- stages ---------------------------------------------------------------------------------

    def _try_points(self, work: _Working, points: Floats, stage: str) -> None:
        with self._timed(stage):
            if len(points):
                positive, negative = self.witnesses.trace(points, work.name).signs(work.name)
                work.see(np.asarray(positive.any(axis=0)), np.asarray(negative.any(axis=0)))
            work.label(stage)

    def _linear(self, work: _Working) -> None:
        """Both linear bounds of every unit whose interval straddles zero, and the corners they point at."""
        rows = work.straddling()
        if not len(rows) or self._reads_input_only(work.name):
            return
        with self._timed("linear bounds"):
            up = backward(self.bounds, work.name, rows, 1.0)
            self._check_time()
            down = backward(self.bounds, work.name, rows, -1.0)
            work.tighten(1, rows, up.upper, Method.LINEAR)
            work.tighten(-1, rows, down.upper, Method.LINEAR)
            work.label("linear bounds")
        self._corners(work, rows, up, down)

    def _reads_input_only(self, name: str) -> bool:
        return set(self.network.layer(name).weights) <= {self.network.input_name}

    def _corners(self, work: _Working, rows: Indices, up: Backward, down: Backward) -> None:
        unsettled = ~work.settled()[rows]
        wanted = [
            c
            for b, c in ((~work.positive, up.coefficients), (~work.negative, down.coefficients))
            for c in c[unsettled & b[rows]]
        ]
        if wanted:
            points = self.witnesses.corners(np.array(wanted))
            self._try_points(work, points, "corners")
            self.witnesses.add(points, _KEPT)

    def _exact_linear(self, work: _Working) -> None:
        """Rows whose bound misses zero by no more than the rounding: again, without rounding."""
        _, weights = difficulty(self.bounds, work.name)
        if weights > _EXACT_WEIGHTS:
            return
        with self._timed("exact linear bounds"):
            for sign in (1, -1):
                rows = work.open()
                result = backward(self.bounds, work.name, rows, float(sign))
                for k in rows[result.ambiguous]:
                    end = round_up(exact_backward(self.bounds, work.name, int(k), sign))
                    work.tighten(sign, np.array([k]), np.array([end]), Method.EXACT_LINEAR)
            work.label("exact linear bounds")

    def _ascend(self, work: _Working) -> None:
        """Climb towards the sign that has not been seen, from the best point so far (there may be none)."""
        if not len(self.witnesses.points):
            return
        with self._timed("gradient search"):
            for sign, seen in ((1.0, work.positive), (-1.0, work.negative)):
                units = np.array([k for k in work.open() if not seen[k]], dtype=np.int64)
                for start in range(0, len(units), _KEPT):
                    self._check_time()
                    batch = units[start : start + _KEPT]
                    points = self.witnesses.ascend(
                        work.name, batch, sign, self._best_points(work, batch, sign), _ASCENT_STEPS
                    )
                    self._try_points(work, points, "gradient search")
                    self.witnesses.add(points, 32)

    def _best_points(self, work: _Working, units: Indices, sign: float) -> Floats:
        values = self.witnesses.trace(self.witnesses.points, work.name).values[work.name]
        return np.asarray(self.witnesses.points[np.argmax(sign * values[:, units], axis=0)])

    def _optimise(self, work: _Working) -> None:
        """Slopes optimised for each end of the unstable units: what later layers, and the branches here, build on."""
        units = work.straddling()
        last = not any(work.name in self.network.cone(v.name) for v in self.network.relu_layers)
        if not len(units) or not self._can_branch(work) or (last and not len(work.open())) or self._prefers_boxes(work):
            return
        _, weights = difficulty(self.bounds, work.name)
        if len(units) * weights > _OPTIMISED_WORK:
            return
        with self._timed("optimised slopes"):
            for sign in (1, -1):
                found, proofs = BranchAndBound(self.bounds, self.witnesses, work.name, sign).optimised(units)
                work.tighten(sign, units, found, Method.CASES, proofs)
            work.label("optimised slopes")

    def _can_branch(self, work: _Working) -> bool:
        """There are cases to distinguish, or constraints to weigh, and all ends below are finite."""
        if self._reads_input_only(work.name) and not self.bounds.domain.constraints:
            return False
        units, _ = difficulty(self.bounds, work.name)
        return units <= _BRANCH_UNITS and bool(np.isfinite(work.upper - work.lower).all())

    def _prefers_boxes(self, work: _Working) -> bool:
        """Few inputs and many unstable units below: halving an input then fixes many phases at once."""
        return self._box_limit(work) > 0 and difficulty(self.bounds, work.name)[0] > _BOX_UNITS

    def _box_limit(self, work: _Working) -> int:
        """Boxes per question that proving and checking can afford; 0 for many inputs, or a network too wide for enough of them."""
        low, high = self.bounds.domain.float_box
        units, weights = difficulty(self.bounds, work.name)
        limit = _BOX_WORK[self.limits.seconds is not None] // (units * weights + 1)
        return limit if 0 < int(np.count_nonzero(high > low)) <= _BOX_INPUTS and limit >= _BOX_FIRST else 0

    def _boxes(self, work: _Working) -> None:
        """Cases by sub-box, for all open units of the layer together."""
        limit = self._box_limit(work)
        if not limit or not len(work.open()) or self._reads_input_only(work.name):
            return
        with self._timed("box splitting"):
            for boxes in (_BOX_FIRST, limit):
                self._boxes_round(work, boxes)
            work.label("box splitting")

    def _boxes_round(self, work: _Working, limit: int) -> None:
        queries = [(int(k), -1 if work.positive[k] else 1) for k in work.open()]
        if not queries:
            return
        started = time.monotonic()
        seconds = min(0.7 * self.branch_left, self._time_left())
        known = Known.of(self.bounds, self.witnesses)
        tasks = [
            BoxTask(known, work.name, tuple(queries[k] for k in part.tolist()), seconds, limit)
            for part in shares(np.arange(len(queries)), self.workers.count)
        ]
        for outcome in self.workers.each(split_boxes, tasks):
            self._take_boxes(work, outcome)
        self.branch_left -= time.monotonic() - started

    def _take_boxes(self, work: _Working, outcome: BoxOutcome) -> None:
        for sign in (1, -1):
            units = np.array([k for k, s in outcome.proved if s == sign], dtype=np.int64)
            work.tighten(sign, units, np.zeros(len(units)), Method.BOXES)
        if outcome.proved:
            claims = tuple((k, "up" if s > 0 else "lo") for k, s in outcome.proved)
            self._note(Signs(work.name, BoxProof(claims, outcome.tree)))
        if outcome.points:
            points = np.array(outcome.points)
            positive, negative = self.witnesses.trace(points, work.name).signs(work.name)
            work.see(np.asarray(positive.any(axis=0)), np.asarray(negative.any(axis=0)))
            self._keep_points(points)

    def _keep_points(self, points: Floats) -> None:
        """Witnesses that took a search: later layers try them, and a later run."""
        self.witnesses.add(points, _KEPT)
        if self.log is not None:
            self.log.append_points(points)

    def _branch(self, work: _Working, query_nodes: int, *, with_hull: bool = False) -> None:
        """Cases by phase, until the sign is proved or a point shows the other one; `query_nodes` per question."""
        if not self._can_branch(work):
            return
        _, weights = difficulty(self.bounds, work.name)
        sides = [(s, seen) for s, seen in ((1, work.positive), (-1, work.negative)) if not seen[work.open()].all()]
        for number, (sign, seen) in enumerate(sides):
            units = np.array([k for k in work.open() if not seen[k]], dtype=np.int64)
            if not len(units):
                continue
            with self._timed("branch and bound"):
                started = time.monotonic()
                left = min(self.branch_left, self._time_left())
                seconds = left * _BRANCH_SHARE[self._is_last(work.name) and number == len(sides) - 1]
                timed = self.limits.seconds is not None
                nodes = max(64, min(_BRANCH_NODES[timed], _BRANCH_WORK[timed] // (weights + 1)))
                known = Known.of(self.bounds, self.witnesses)
                tasks = [
                    SignTask(known, work.name, sign, part, seconds, nodes, query_nodes, with_hull)
                    for part in shares(units, self.workers.count)
                ]
                points: list[Floats] = []
                for outcome in self.workers.each(answer_signs, tasks):
                    proved = np.array(sorted(outcome.trees), dtype=np.int64)
                    trees = [outcome.trees[k] for k in proved.tolist()]
                    work.tighten(sign, proved, np.zeros(len(proved)), Method.CASES, trees)
                    points += outcome.points
                self.branch_left -= time.monotonic() - started
                work.label("branch and bound")
            if points:
                self._try_points(work, np.array(points), "branch and bound")
                self._keep_points(np.array(points))

    def _is_last(self, name: str) -> bool:
        """No layer with open units, and none that was not reached, comes after it."""
        later = [v.name for v in self.network.relu_layers]
        later = later[later.index(name) + 1 :]
        return all(v not in self.asked or (v in self.work and not len(self.work[v].open())) for v in later)

    # ---- Z3 -------------------------------------------------------------------------------------

    def _z3(self, work: _Working) -> None:
        units, weights = difficulty(self.bounds, work.name)
        if self.prover == "auto" and (units > _Z3_UNITS or weights > _Z3_WEIGHTS):
            return
        failures = 0
        with self._timed("z3"):
            for k in work.open():
                for sign in (1, -1):
                    if work.settled()[k] or (work.positive if sign > 0 else work.negative)[k]:
                        continue
                    failures += isinstance(self._ask(work, int(k), sign), Unknown)
                    if self.prover == "auto" and failures >= _Z3_GIVE_UP:
                        return
            work.label("z3")

    def _ask(self, work: _Working, unit: int, sign: int) -> Answer:
        self._check_time()
        seconds = min(self.limits.z3_seconds, self.z3_left, self._time_left())
        if seconds <= 0:
            return Unknown("the time for Z3 is spent")
        started = time.monotonic()
        answer = ask_sign(self.solver, self.bounds, work.name, unit, sign, seconds)
        self.z3_left -= time.monotonic() - started
        if isinstance(answer, Unsat):
            work.tighten(sign, np.array([unit]), np.zeros(1), Method.Z3)
        elif isinstance(answer, Sat) and is_exact_point(answer.point, self.bounds.domain):
            self._confirm(work, unit, sign, answer.point)
        return answer

    def _confirm(self, work: _Working, unit: int, sign: int, point: tuple[Fraction, ...]) -> None:
        """Z3's point counts only after exact evaluation."""
        value = trace(self.network, Matrix.column(point), with_activations=False)[work.name].entry(unit, 0)
        if sign * value > 0:
            (work.positive if sign > 0 else work.negative)[unit] = True
            self.witnesses.add(self.witnesses.admitted(np.array([[nearest_float(v) for v in point]])), 1)

    # ---- time -----------------------------------------------------------------------------------

    def _finish_cheaply(self) -> None:
        """Interval bounds for the layers that were not reached: everything there is undecided, and kept."""
        for layer in self.network.layers:
            if layer.name in self.bounds.lower:
                continue
            if layer.is_relu:
                self._started(layer.name).label("interval")
            else:
                self.bounds.set(layer.name, *self.bounds.interval(layer.name))

    def _time_left(self) -> float:
        if self.limits.seconds is None:
            return float("inf")
        return self.limits.seconds - (time.monotonic() - self.started)

    def _check_time(self) -> None:
        if self._time_left() <= 0:
            raise _OutOfTime

    def _timed(self, stage: str) -> _Timer:
        self._check_time()
        return _Timer(self.seconds, stage)


class _Timer:
    """Adds the seconds inside a `with` block to seconds[stage]."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self.seconds, self.stage = seconds, stage

    def __enter__(self) -> None:
        self.started = time.monotonic()

    def __exit__(self, *ignored: object) -> None:
        self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + time.monotonic() - self.started
