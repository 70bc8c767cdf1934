"""Do two networks agree in their argmax?

Wherever output i of A is above all others by more than a margin, B_i must be among the largest of
B. For i ≠ j that is a *contest*: A_i − A_j ≥ margin must imply B_i ≥ B_j. It follows from
B_i − B_j ≥ t (A_i − A_j − margin) for some t ≥ 0, or from A_i − A_k ≤ margin for some k, because
then i does not win. Each of these is a row that must be ≤ 0, and one of them is enough.
"""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.effort.equivalence import AttackSize, EquivalenceEffort
from rectifold.equivalence.question import Excess, Question, no_points, with_few_threads
from rectifold.equivalence.splitting import Agreement, proof_in_log, prove_by_boxes
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import nearest_float
from rectifold.facts.facts import Mask
from rectifold.ir.joint import LAST, join, output_names
from rectifold.ir.network import Network
from rectifold.ir.unit_pairing import Pairing, arrange
from rectifold.prover.cascade import prove_layers
from rectifold.prover.state import Settings
from rectifold.runtime.deadline import time_left
from rectifold.runtime.run import Run
from rectifold.search.boxes.argmax import ArgmaxRefuter, contests
from rectifold.search.boxes.signs import BoxSearch, Query
from rectifold.search.log import ProofLog
from rectifold.search.witnesses import Witnesses


@with_few_threads
def agree_in_argmax(question: Question, margin: Fraction, run: Run) -> Agreement:
    """Wherever one output of A is above the others by more than `margin` ≥ 0, is it B's largest?"""
    deadline = run.deadline(run.effort.equivalence.within_seconds)
    a, b, domain = question.a, question.b, question.domain
    pairing = question.pairing(run)
    network, queries = _argmax_network(*arrange(a, b, pairing), margin)
    excess = Excess(network, domain, pairing, run, deadline)
    asked = ArgmaxAttack(excess, ArgmaxRefuter(output_names(a, b), nearest_float(margin)))
    has_many_inputs = question.varying_inputs > run.effort.equivalence.few_inputs
    for attack in run.effort.equivalence.attacks[: 2 if has_many_inputs else 1]:
        if (points := asked.attack(attack, run.effort.equivalence.kept_points)) is not None:
            return Agreement(False, points)
    if has_many_inputs:
        return _argmax_by_phases(question, margin, asked, run.with_seconds(time_left(deadline)))
    log = None if run.limits.log is None else ProofLog(run.limits.log, network, domain)
    if log is not None and (signs := proof_in_log(log, excess.bounds, queries)) is not None:
        return Agreement(True, no_points(excess.bounds), 0, 1.0, signs, pairing)
    search = BoxSearch(excess.bounds, excess.witnesses, LAST, run.effort.boxes)
    search.begin(queries, limit=excess.effort.most_boxes, until_refuted=True, refutes=asked.refutes)
    found = prove_by_boxes(search, asked, run)
    if log is not None and found.signs is not None:
        log.append(found.signs)
    return found


class ArgmaxAttack:
    """Looks for points at which another class than A's wins in B."""

    def __init__(self, excess: Excess, refuter: ArgmaxRefuter) -> None:
        self.excess = excess
        self.refuter = refuter

    @property
    def bounds(self) -> Bounds:
        return self.excess.bounds

    @property
    def witnesses(self) -> Witnesses:
        return self.excess.witnesses

    @property
    def pairing(self) -> Pairing:
        return self.excess.pairing

    @property
    def deadline(self) -> float:
        return self.excess.deadline

    def refutes(self, points: Floats) -> Mask:
        """k×contests: the winner of A loses to the rival in B."""
        return self.refuter.lost(self.witnesses, points, LAST)

    def refuting(self, points: Floats, kept: int) -> Floats | None:
        """Those of the points, `kept` at most, that refute some contest."""
        hits = self.refutes(points).any(axis=1) if len(points) else np.zeros(0, dtype=bool)
        return points[hits][:kept] if hits.any() else None

    def attack(self, size: AttackSize, kept: int) -> Floats | None:
        """Random points, then ascent of B_j − B_i from points where i wins A.

        The rival j is the one that is closest to winning B.
        """
        points = self.witnesses.fresh(size.samples)
        if not len(points):
            return None
        if (found := self.refuting(points, kept)) is not None:
            return found
        starts = self.excess.effort.climbs_per_start * size.starts
        chosen, units = self._closest_contests(points, starts)
        for factor in (
            (0, 2) if len(chosen) else ()
        ):  # B_j − B_i alone (t = 0), and with A's lead kept (t = 1)
            climbed = self.witnesses.ascend(LAST, units + factor, 1.0, points[chosen], size.steps)
            if (found := self.refuting(climbed, kept)) is not None:
                return found
        return None

    def _closest_contests(self, points: Floats, most: int) -> tuple[Indices, Indices]:
        """The points where B comes closest to another winner, and the row for t = 0 of each."""
        traced = self.witnesses.trace(points, LAST)
        of_a, of_b = (traced.values[v] for v in self.refuter.outputs)
        rows, top = np.arange(len(points)), np.argmax(of_a, axis=1)
        others = of_b.copy()
        others[rows, top] = -np.inf
        rival = np.argmax(others, axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            lead = of_b[rows, top] - of_b[rows, rival]
        order = np.argsort(lead)
        is_known = np.isfinite(lead) & (rival != top)  # not where B overflows
        chosen = order[is_known[order]][:most]
        number = {pair: k for k, pair in enumerate(contests(of_a.shape[1]))}
        per = 1 + len(EquivalenceEffort.argmax_factors)
        pairs = [number[int(top[k]), int(rival[k])] * per + 1 for k in chosen]
        units = np.array(pairs, dtype=np.int64)
        return chosen, units


def _argmax_network(a: Network, b: Network, margin: Fraction) -> tuple[Network, list[list[Query]]]:
    """Rows that must be ≤ 0, and per contest its alternatives.

    For each i ≠ j the rows are A_i − A_j − margin, then one per factor t.
    """
    m, per = a.output_size, 1 + len(EquivalenceEffort.argmax_factors)
    on_a: list[list[Fraction]] = []
    on_b: list[list[Fraction]] = []
    bias: list[Fraction] = []
    loses: dict[tuple[int, int], int] = {}
    for i, j in contests(m):
        loses[i, j] = len(bias)
        on_a.append(_between(m, i, j, Fraction(1)))
        on_b.append(_between(m, i, j, Fraction(0)))
        bias.append(-margin)
        for t in EquivalenceEffort.argmax_factors:
            on_a.append(_between(m, i, j, t))
            on_b.append(_between(m, i, j, Fraction(-1)))
            bias.append(-t * margin)
    weights = Matrix.from_fractions(on_a, m), Matrix.from_fractions(on_b, m)
    queries = [
        [
            *((loses[i, j] + k, 1) for k in range(1, per)),
            *((loses[i, k], 1) for k in range(m) if k != i),
        ]
        for i, j in contests(m)
    ]
    return join(a, b, *weights, Matrix.column(bias)), queries


def _between(size: int, i: int, j: int, factor: Fraction) -> list[Fraction]:
    row = [Fraction(0)] * size
    row[i], row[j] = factor, -factor
    return row


def _argmax_by_phases(
    question: Question, margin: Fraction, asked: ArgmaxAttack, run: Run
) -> Agreement:
    """Many inputs: every row as a relu unit; a contest is settled when one alternative is inactive.

    The others may be hard and do not matter then, so the proofs are asked for a part of the time
    first.
    """
    network, queries = _argmax_network(question.a, question.b, margin)
    layers = [replace(v, activation="relu") if v.name == LAST else v for v in network.layers]
    rows = Network(network.input_name, network.input_size, layers, LAST, None, network.name)
    deadline = run.deadline(run.effort.equivalence.within_seconds)
    nothing = no_points(asked.bounds)
    best = Agreement(False, nothing)
    for share in run.effort.equivalence.argmax_shares:
        seconds, started = share * time_left(deadline), time.monotonic()
        settings = Settings("bounds", run.with_seconds(seconds), [LAST])
        facts = prove_layers(rows, question.domain, settings)
        inactive = facts.layers[LAST].inactive
        settled = [any(inactive[unit] for unit, _ in query) for query in queries]
        if (found := asked.refuting(facts.points, run.effort.equivalence.kept_points)) is not None:
            return Agreement(False, found)
        part = sum(settled) / max(1, len(settled))
        best = Agreement(all(settled), nothing, 0, part, facts=facts)
        is_interrupted = not facts.complete and time.monotonic() - started < seconds
        if all(settled) or is_interrupted:
            break
    return best
