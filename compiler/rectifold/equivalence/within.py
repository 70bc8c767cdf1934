"""Do two networks agree within a tolerance?

Search for a point where they do not, and prove none.

    gap [A − B − ε; B − A − ε]:   few inputs  →  the box is split, relaxing pairs of units
                                  many        →  the phases

Sound because every row of the gap is proved to be ≤ 0 on the domain; the evidence is returned.
"""

from __future__ import annotations

import time

from rectifold.equivalence.question import Excess, Question, no_points, with_few_threads
from rectifold.equivalence.splitting import Agreement, proof_in_log, prove_by_boxes
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.side import Side
from rectifold.facts.trees import BoxProof
from rectifold.ir.joint import LAST, gap
from rectifold.ir.unit_pairing import arrange
from rectifold.prover.cascade import prove_layers
from rectifold.prover.state import Settings
from rectifold.runtime.deadline import time_left
from rectifold.runtime.run import Run
from rectifold.search.boxes.bounds_on_boxes import clearance
from rectifold.search.boxes.signs import BoxSearch, Query
from rectifold.search.boxes.unit_splits import PhaseSearch
from rectifold.search.log import ProofLog


@with_few_threads
def agree_within(question: Question, run: Run) -> Agreement:
    """Is |A_j − B_j| ≤ tolerance_j for every output j on a bounded domain?"""
    deadline = run.deadline(run.effort.equivalence.within_seconds)
    a, b, domain = question.a, question.b, question.domain
    pairing = question.pairing(run)
    network = gap(*arrange(a, b, pairing), question.tolerance)
    excess = Excess(network, domain, pairing, run, deadline)
    for attack in run.effort.equivalence.attacks[:1]:
        if (points := excess.attack(attack, run.effort.equivalence.kept_points)) is not None:
            return Agreement(False, points)
    log = None if run.limits.log is None else ProofLog(run.limits.log, network, domain)
    queries: list[list[Query]] = [[(unit, 1)] for unit in range(2 * a.output_size)]
    if log is not None and (signs := proof_in_log(log, excess.bounds, queries)) is not None:
        return Agreement(True, no_points(excess.bounds), 0, 1.0, signs, pairing)
    if question.varying_inputs > run.effort.equivalence.few_inputs:
        found = _within_by_phases(question, excess, run)
    else:
        search = BoxSearch(excess.bounds, excess.witnesses, LAST, run.effort.boxes)
        search.begin(queries, limit=excess.effort.most_boxes, until_refuted=True)
        found = prove_by_boxes(search, excess, run)
    if log is not None and found.signs is not None:
        log.append(found.signs)
    return found


def _within_by_phases(question: Question, excess: Excess, run: Run) -> Agreement:
    """Many inputs: phases with paired units, then the cascade on the gap's signs."""
    target = -clearance(excess.bounds, LAST)
    nothing, effort = no_points(excess.bounds), run.effort.boxes
    search = PhaseSearch(excess.bounds, excess.witnesses, LAST, nothing, target, effort)
    search.begin()
    search.go_on(
        time.monotonic() + run.effort.equivalence.share_of_pairs * time_left(excess.deadline)
    )
    if search.reached > -target:
        return Agreement(False, search.point[None, :], search.boxes)
    if search.is_complete:
        claims = tuple((unit, Side.UPPER) for unit in range(2 * question.a.output_size))
        signs = BoxTreeSigns(LAST, BoxProof(claims, search.proved_tree()))
        return Agreement(True, nothing, search.boxes, 1.0, signs, excess.pairing)
    return _by_cascade(question, run.with_seconds(time_left(excess.deadline)), search.boxes)


def _by_cascade(question: Question, run: Run, boxes: int) -> Agreement:
    """The gap's last layer as relu units that must be inactive, after so many nodes of a search."""
    network = gap(question.a, question.b, question.tolerance, "relu")
    settings = Settings("bounds", run, [LAST])
    facts = prove_layers(network, question.domain, settings)
    known = facts.layers[LAST]
    if known.seen_positive.any():
        return Agreement(False, facts.points)
    share, proved = float(known.inactive.mean()), bool(known.inactive.all())
    return Agreement(proved, facts.points[:0], boxes, share, facts=facts)
