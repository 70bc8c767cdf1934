"""Split boxes until every query is proved or some point refutes one; attack in between.

    box search for a while → attack → box search → longer attack → box search, in several processes

Sound because only the box search proves: its tree is the evidence, and a certificate replays it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.effort.effort import Effort
from rectifold.effort.equivalence import AttackSize
from rectifold.equivalence.question import no_points
from rectifold.exact.conversion import Floats
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.facts import Facts
from rectifold.facts.side import Side
from rectifold.facts.trees import BoxProof
from rectifold.ir.joint import LAST
from rectifold.ir.unit_pairing import Pairing
from rectifold.runtime.deadline import time_left
from rectifold.runtime.run import Run
from rectifold.runtime.workers import Workers
from rectifold.search.boxes.again import prove_again
from rectifold.search.boxes.argmax import ArgmaxRefuter
from rectifold.search.boxes.signs import BoxSearch, Query
from rectifold.search.log import ProofLog
from rectifold.search.tasks import Snapshot, SplitTask, go_on_splitting
from rectifold.search.witnesses import Witnesses


@dataclass(frozen=True, eq=False)
class Agreement:
    """`proved`: they agree. `points` (k×n) are where they seem not to.

    `share` is settled, after `boxes` sub-boxes or nodes: of the domain's box, or with `facts` of
    the comparisons of single outputs on all of it. The evidence is `signs` about the gap network of
    the arranged networks (ir/joint), or `facts` about the plain one.
    """

    proved: bool
    points: Floats
    boxes: int = 0
    share: float = 0.0
    signs: BoxTreeSigns | None = None
    pairing: Pairing = ()
    facts: Facts | None = None


class Attack(Protocol):
    """What can be split: rows that must be ≤ 0 on a domain, and a way to look for a refutation."""

    @property
    def bounds(self) -> Bounds: ...
    @property
    def witnesses(self) -> Witnesses: ...
    @property
    def pairing(self) -> Pairing: ...
    @property
    def deadline(self) -> float: ...
    @property
    def refuter(self) -> ArgmaxRefuter | None: ...
    def attack(self, size: AttackSize, kept: int) -> Floats | None: ...


def proof_in_log(
    log: ProofLog, bounds: Bounds, queries: Sequence[Sequence[Query]]
) -> BoxTreeSigns | None:
    """A tree of the log that proves every query again.

    Its claims are the queries' first alternatives.
    """
    wanted = tuple((query[0][0], Side.UPPER) for query in queries)
    for entry in log.entries():
        if not isinstance(entry, BoxTreeSigns) or entry.layer != LAST:
            continue
        if entry.proof.claims == wanted and all(prove_again(bounds, LAST, entry.proof, queries)):
            return entry
    return None


def prove_by_boxes(search: BoxSearch, asked: Attack, run: Run) -> Agreement:
    """Split for a while, attack longer, then split until the end."""
    effort, done = run.effort.equivalence, False
    for attack, seconds in zip(effort.attacks[1:], effort.seconds_before_attacks, strict=False):
        done = done or search.go_on(min(asked.deadline, time.monotonic() + seconds))
        if not done and (points := asked.attack(attack, effort.kept_points)) is not None:
            return Agreement(False, points, search.found.boxes, search.found.settled_fraction)
    if not done:
        _split_until_the_end(search, asked, run)
    return agreement_of(search, asked)


def agreement_of(search: BoxSearch, asked: Attack) -> Agreement:
    """What the boxes of a search say by now."""
    found = search.outcome()
    if found.points:
        return Agreement(False, np.array(found.points), found.boxes, found.settled_fraction)
    proved = len(found.proved) == len(search.queries)
    claims = tuple((unit, Side.UPPER) for unit, _ in found.proved)
    signs = BoxTreeSigns(LAST, BoxProof(claims, found.tree)) if proved else None
    nothing = no_points(asked.bounds)
    return Agreement(proved, nothing, found.boxes, found.settled_fraction, signs, asked.pairing)


def _split_until_the_end(search: BoxSearch, asked: Attack, run: Run) -> None:
    """In several processes, if there are some."""
    done, alone = False, run.effort.equivalence.alone_seconds
    with run.workers() as workers:
        while not done and time.monotonic() < asked.deadline:
            share = round(100 * search.found.settled_fraction)
            run.tell(f"{search.found.boxes:,} boxes", share, 100)
            if workers.executor is None:
                done = search.go_on(min(asked.deadline, time.monotonic() + alone))
            else:
                done = _split_in_turn(search, asked, workers, run.effort)


def _split_in_turn(search: BoxSearch, asked: Attack, workers: Workers, effort: Effort) -> bool:
    """One turn of every worker on a part of the waiting boxes; True when nothing waits."""
    if len(search.waiting) < 2 * workers.count:
        few = effort.equivalence.few_boxes_seconds
        return search.go_on(min(asked.deadline, time.monotonic() + few))
    known = Snapshot.take(asked.bounds, asked.witnesses, effort)
    seconds = min(effort.equivalence.turn_seconds, time_left(asked.deadline))
    tasks = [
        SplitTask(
            known, LAST, tuple(search.queries), work, seconds, asked.refuter, search.with_slopes
        )
        for work in search.split_work(workers.count)
    ]
    for work, part in workers.each(go_on_splitting, tasks):
        search.merge(work, part)
    return not search.waiting or bool(search.refuted.any())
