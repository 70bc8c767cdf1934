"""The cascade: every unit of every layer, by the cheapest stage that settles it.

    witnesses → interval (exact near zero) → linear bounds → their corners → exact linear bounds → gradient search → optimised slopes → box splitting or branch and bound → Z3

Layer by layer, so bounds proven in one layer feed the next. Each stage sees only what is still open. A unit that no stage
settles stays open, which only means that it is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np

from rectifold.bounds.linear import Backward, Bounds, exact_backward
from rectifold.errors import InputError
from rectifold.exact import Floats, Indices, Matrix, round_up
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Network
from rectifold.proof.facts import Claim, Facts, LayerFacts, Mask, Method, Phase, Proved, Refuted, Undecided, Verdict
from rectifold.proof.trees import BoxProof, Tree
from rectifold.search.boxes import BoxSearch
from rectifold.search.branch import BranchAndBound
from rectifold.search.witness import Witnesses
from rectifold.smt.solver import Answer, Sat, Solver, Unknown, Unsat
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
_QUERY_NODES = (2_000, 12_000)  # of branch and bound: per question (by default, with a time limit that ends it),
_BRANCH_NODES = (20_000, 1_000_000)  # per layer and sign, and
_BRANCH_WORK = (6_000_000_000, 10**15)  # nodes times weights in the cone
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
    """What a proof may cost. `seconds` None: no limit but the defaults of each stage."""

    seconds: float | None = None
    z3_seconds: float = _Z3_SECONDS


def require_domain(network: Network, domain: Domain | None) -> Domain:
    """The domain to prove on. Raises InputError if there is none."""
    chosen = domain if domain is not None else network.domain
    if chosen is None:
        raise InputError(
            f"{network.name} states no domain, and most facts hold on a domain only; give one, for example "
            '--domain "[0,1]" (each input), --domain "[[0,1],[-1,1]]", --domain box.vnnlib, or --domain all'
        )
    return chosen


def prove(
    network: Network,
    domain: Domain | None = None,
    *,
    prover: Prover = "auto",
    limits: Limits = Limits(),  # an immutable value
    seed: int = 0,
    progress: Progress | None = None,
) -> Facts:
    """Facts about every relu unit of `network` on `domain` (default: the network's own).

    `prover`: "bounds" uses no solver, "z3" uses Z3 alone behind exact intervals, "auto" all stages. An interrupt
    (Ctrl-C) or the time limit ends with what is proved so far and `complete` False.

    Raises InputError when there is no domain, or when it is proved empty.
    """
    domain = require_domain(network, domain)
    with Solver() as solver:
        return _Cascade(network, domain, prover, limits, seed, solver, progress).run()


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
    """The facts of one layer while its stages run."""

    name: str
    lower: Floats
    upper: Floats
    positive: Mask
    negative: Mask
    lower_method: list[Method]
    upper_method: list[Method]
    stage: list[str] = field(default_factory=list)

    def settled(self) -> Mask:
        return np.asarray((self.lower >= 0) | (self.upper <= 0) | (self.positive & self.negative))

    def open(self) -> Indices:
        return np.nonzero(~self.settled())[0]

    def label(self, stage: str) -> None:
        """Name the stage for the units that have been settled since the last call."""
        for k in np.nonzero(self.settled())[0]:
            if not self.stage[k]:
                self.stage[k] = stage

    def see(self, positive: Mask, negative: Mask) -> None:
        self.positive |= positive
        self.negative |= negative

    def tighten_upper(self, units: Indices, values: Floats, method: Method) -> None:
        for k, value in zip(units.tolist(), values.tolist(), strict=True):
            if value < self.upper[k]:
                self.upper[k], self.upper_method[k] = value, method

    def tighten_lower(self, units: Indices, values: Floats, method: Method) -> None:
        for k, value in zip(units.tolist(), values.tolist(), strict=True):
            if value > self.lower[k]:
                self.lower[k], self.lower_method[k] = value, method

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
        progress: Progress | None,
    ) -> None:  # fmt: skip
        self.network = network
        self.prover = prover
        self.limits = limits
        self.solver = solver
        self.progress = progress
        self.started = time.monotonic()
        self.z3_left = _Z3_TOTAL if prover == "auto" else float("inf")
        self.seconds: dict[str, float] = {}
        self.bounds = Bounds(network, domain)
        self.witnesses = Witnesses(self.bounds, seed, self._feasible(domain))
        self.done: dict[str, LayerFacts] = {}
        self.trees: dict[tuple[str, int, str], Tree] = {}
        self.boxes: dict[str, tuple[BoxProof, ...]] = {}
        self.branch_left = _BRANCH_SECONDS if limits.seconds is None else limits.seconds

    def run(self) -> Facts:
        complete = True
        try:
            self._start_points()
            for k, layer in enumerate(self.network.layers):
                if self.progress is not None:
                    self.progress(f"proving layer {layer.name}", k, len(self.network.layers))
                self._layer(layer.name, layer.is_relu)
        except (KeyboardInterrupt, _OutOfTime):
            complete = False
            self._finish_cheaply()
        domain = self.bounds.domain
        return Facts(domain, self.done, self.witnesses.points, self.seconds, self.trees, self.boxes, complete)

    def _feasible(self, domain: Domain) -> list[Floats]:
        """A first point when the domain has linear constraints; refuses a domain that is empty."""
        if not domain.constraints:
            return []
        answer = find_point(self.solver, domain, 30.0)
        if isinstance(answer, Unsat):
            raise InputError("the domain is empty: no point of the box satisfies the linear constraints")
        return [np.array([float(v) for v in answer.point])] if isinstance(answer, Sat) else []

    def _start_points(self) -> None:
        with self._timed("witnesses"):
            count = POINTS if self.prover != "z3" else 16
            self.witnesses.add(self.witnesses.fresh(count), count)

    # ---- one layer ------------------------------------------------------------------------------

    def _layer(self, name: str, is_relu: bool) -> None:
        with self._timed("interval"):
            lower, upper = self.bounds.interval(name)
            self.bounds.set(name, lower, upper)
        if not is_relu:
            return
        size = len(lower)
        work = _Working(
            name, lower, upper, np.zeros(size, dtype=bool), np.zeros(size, dtype=bool),
            [Method.INTERVAL] * size, [Method.INTERVAL] * size, [""] * size,
        )  # fmt: skip
        try:
            work.label("interval")
            self._try_points(work, self.witnesses.points, "witnesses")
            if self.prover != "z3" and self.bounds.domain.is_bounded:
                self._linear(work)
                self._exact_linear(work)
                self._ascend(work)
                self._optimise(work)
                if not self._prefers_boxes(work):
                    self._branch(work)
                self._boxes(work)
            if self.prover != "bounds":
                self._z3(work)
        finally:
            self.bounds.set(name, work.lower, work.upper)
            self.done[name] = work.facts()

    def _try_points(self, work: _Working, points: Floats, stage: str) -> None:
        with self._timed(stage):
            if len(points):
                positive, negative = self.witnesses.trace(points, work.name).signs(work.name)
                work.see(np.asarray(positive.any(axis=0)), np.asarray(negative.any(axis=0)))
            work.label(stage)

    def _linear(self, work: _Working) -> None:
        """Both linear bounds of every unit whose interval straddles zero, and the corners they point at."""
        rows = np.nonzero((work.lower < 0) & (work.upper > 0))[0]
        if not len(rows) or self._reads_input_only(work.name):
            return
        with self._timed("linear bounds"):
            up = self.bounds.backward(work.name, rows, 1.0)
            self._check_time()
            down = self.bounds.backward(work.name, rows, -1.0)
            work.tighten_upper(rows, up.upper, Method.LINEAR)
            work.tighten_lower(rows, -down.upper, Method.LINEAR)
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
                result = self.bounds.backward(work.name, rows, float(sign))
                for k in rows[result.ambiguous]:
                    end = round_up(exact_backward(self.bounds, work.name, int(k), sign))
                    one = np.array([k])
                    if sign > 0:
                        work.tighten_upper(one, np.array([end]), Method.EXACT_LINEAR)
                    else:
                        work.tighten_lower(one, np.array([-end]), Method.EXACT_LINEAR)
            work.label("exact linear bounds")

    def _ascend(self, work: _Working) -> None:
        """Climb towards the sign that has not been seen, from the best point so far."""
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
        units = np.nonzero((work.lower < 0) & (work.upper > 0))[0]
        last = not any(work.name in self.network.cone(v.name) for v in self.network.relu_layers)
        if not len(units) or self._reads_input_only(work.name) or (last and not len(work.open())):
            return
        if self._prefers_boxes(work) or not np.isfinite(work.upper - work.lower).all():
            return
        _, weights = difficulty(self.bounds, work.name)
        if len(units) * weights > _OPTIMISED_WORK:
            return
        with self._timed("optimised slopes"):
            for sign, side, tighten in ((1, "up", work.tighten_upper), (-1, "lo", work.tighten_lower)):
                before = work.upper if sign > 0 else -work.lower
                found, leaves = BranchAndBound(self.bounds, self.witnesses, work.name, sign).optimised(units)
                better = np.nonzero(found < before[units])[0]
                for k in better:
                    self.trees[work.name, int(units[k]), side] = leaves[k]
                tighten(units[better], sign * found[better], Method.CASES)
            work.label("optimised slopes")

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
        search = BoxSearch(self.bounds, self.witnesses, work.name)
        outcome = search.run(queries, deadline=started + seconds, limit=limit)
        self.branch_left -= time.monotonic() - started
        for sign, tighten in ((1, work.tighten_upper), (-1, work.tighten_lower)):
            units = np.array([k for k, s in outcome.proved if s == sign], dtype=np.int64)
            tighten(units, np.zeros(len(units)), Method.BOXES)
        if outcome.proved:
            claims = tuple((k, "up" if s > 0 else "lo") for k, s in outcome.proved)
            self.boxes[work.name] = (*self.boxes.get(work.name, ()), BoxProof(claims, outcome.tree))
        if outcome.points:
            points = np.array(outcome.points)
            positive, negative = self.witnesses.trace(points, work.name).signs(work.name)
            work.see(np.asarray(positive.any(axis=0)), np.asarray(negative.any(axis=0)))
            self.witnesses.add(points, _KEPT)

    def _branch(self, work: _Working) -> None:
        """Cases by phase, until the sign is proved or a point shows the other one."""
        _, weights = difficulty(self.bounds, work.name)
        for sign, seen, side in ((1, work.positive, "up"), (-1, work.negative, "lo")):
            units = np.array([k for k in work.open() if not seen[k]], dtype=np.int64)
            if not len(units) or self._reads_input_only(work.name) or not np.isfinite(work.upper - work.lower).all():
                continue
            with self._timed("branch and bound"):
                started = time.monotonic()
                seconds = min(0.5 * self.branch_left, self._time_left())  # a hard layer leaves half to the others
                timed = self.limits.seconds is not None
                nodes = max(64, min(_BRANCH_NODES[timed], _BRANCH_WORK[timed] // (weights + 1)))
                search = BranchAndBound(self.bounds, self.witnesses, work.name, sign)
                outcome = search.run(
                    units, deadline=started + seconds, node_limit=nodes, query_limit=_QUERY_NODES[timed]
                )
                self.branch_left -= time.monotonic() - started
                for k, tree in outcome.trees.items():
                    self.trees[work.name, k, side] = tree
                proved = np.array(sorted(outcome.trees), dtype=np.int64)
                tighten = work.tighten_upper if sign > 0 else work.tighten_lower
                tighten(proved, np.zeros(len(proved)), Method.CASES)
                work.label("branch and bound")
            if outcome.points:
                points = np.array(outcome.points)
                self._try_points(work, points, "branch and bound")
                self.witnesses.add(points, _KEPT)

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
            one, zero = np.array([unit]), np.zeros(1)
            if sign > 0:
                work.tighten_upper(one, zero, Method.Z3)
            else:
                work.tighten_lower(one, zero, Method.Z3)
        elif isinstance(answer, Sat) and is_exact_point(answer.point, self.bounds.domain):
            self._confirm(work, unit, sign, answer.point)
        return answer

    def _confirm(self, work: _Working, unit: int, sign: int, point: tuple[Fraction, ...]) -> None:
        """Z3's point counts only after exact evaluation."""
        value = trace(self.network, Matrix.column(point), with_activations=False)[work.name].entry(unit, 0)
        if sign * value > 0:
            (work.positive if sign > 0 else work.negative)[unit] = True
            self.witnesses.add(self.witnesses.admitted(np.array([[float(v) for v in point]])), 1)

    # ---- time -----------------------------------------------------------------------------------

    def _finish_cheaply(self) -> None:
        """Interval bounds for the layers that were not reached: everything there is undecided, and kept."""
        for layer in self.network.layers:
            if layer.name not in self.bounds.lower:
                lower, upper = self.bounds.interval(layer.name)
                self.bounds.set(layer.name, lower, upper)
            if layer.is_relu and layer.name not in self.done:
                size = layer.size
                none = np.zeros(size, dtype=bool)
                methods = (Method.INTERVAL,) * size
                lower, upper = self.bounds.lower[layer.name], self.bounds.upper[layer.name]
                settled = (lower >= 0) | (upper <= 0)
                stages = tuple("interval" if s else "open" for s in settled)
                self.done[layer.name] = LayerFacts(lower, upper, methods, methods, none, none, stages, np.arange(size))

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
