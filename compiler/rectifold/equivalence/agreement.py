"""Do two networks agree within a tolerance, or in their argmax? Search for a point where they do not, and prove that there is none.

The question is about one network, the gap [A − B − ε; B − A − ε] (ir/difference): is it nonpositive on the domain? For few inputs the box is split,
with relaxations of paired units (bounds/pairs) where A and B have one shape; for many, the phases. Points are found by sampling and gradient ascent
on the gap, at the corners that linear bounds point at, and in the middle of sub-boxes. They are floats here; who asked evaluates them exactly.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import bounded
from rectifold.bounds.threads import on_few_threads
from rectifold.equivalence.pairing import guessed_pairing
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import nearest_float
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.facts import Facts, Mask
from rectifold.facts.trees import BoxProof
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.joint import LAST, Pairing, arranged, gap, joined, names_of, output_names
from rectifold.ir.network import Network
from rectifold.prover.cascade import prove_layers
from rectifold.prover.effort import Limits, Progress
from rectifold.prover.state import Settings
from rectifold.runtime.interrupts import noticed_interrupts
from rectifold.runtime.workers import Workers, opened_workers
from rectifold.search.boxes.argmax import Contest, contests
from rectifold.search.boxes.largest import TightestSearch
from rectifold.search.boxes.tree import BoxSearch, Query, clearance, proved_again
from rectifold.search.boxes.unit_splits import PhaseSearch
from rectifold.search.replay import ProofLog
from rectifold.search.tasks import Known, SplitTask, TightestTask, go_on_splitting, go_on_tightening
from rectifold.search.witnesses import Witnesses

FEW_INPUTS = 12  # that vary: up to here the box is split, beyond it the phases
_ATTACKS = (
    (2_000, 8, 25),
    (2_000, 200, 25),
    (20_000, 400, 50),
)  # (samples, climbs per output and sign, steps): many starts beat good ones
_FIRST_SECONDS = (
    0.6,
    5.0,
)  # of box splitting before each of the longer attacks, which take about 0.7 and 3 s
_PAIRED_SHARE = 0.4  # of the time, for phases of many inputs with paired units
_ARGMAX_SHARES = (
    0.05,
    0.2,
    1.0,
)  # of the time left, for one round of proofs about the argmax of many inputs
_TURN_SECONDS = 3.0  # of each process, after which the waiting boxes are dealt out again
_KEPT = 8  # points that are handed on to be confirmed
_LEAST = 1e-3  # of what a sign must clear 0 by: no smaller difference is claimed, the checker rounds otherwise
_SHARES = (
    Fraction(0),
    Fraction(1, 2),
    Fraction(1),
    Fraction(2),
)  # t: B_i − B_j ≥ t (A_i − A_j) is tried for each


@dataclass(frozen=True, eq=False)
class Agreement:
    """`proved`: they agree. `points` (k×n) are where they seem not to. `share` of the domain's box is settled, after `boxes` sub-boxes or nodes.

    `signs` about the gap network of the arranged networks (see ir/difference), or `facts` about the plain one, are the evidence.
    """

    proved: bool
    points: Floats
    boxes: int = 0
    share: float = 0.0
    signs: BoxTreeSigns | None = None
    pairing: Pairing = ()
    facts: Facts | None = None


@on_few_threads
def agree_within(
    a: Network,
    b: Network,
    domain: Domain,
    tolerance: Sequence[Fraction],
    *,
    limits: Limits,
    seed: int = 0,
    progress: Progress | None = None,
) -> Agreement:
    """Is |A_j − B_j| ≤ tolerance_j for every output j on a bounded domain? `limits.seconds` None: two minutes."""
    deadline = time.monotonic() + _seconds(limits)
    pairing = guessed_pairing(a, b, domain, seed)
    network = gap(*arranged(a, b, pairing), tolerance)
    question = _Question(network, domain, pairing, seed, deadline)
    if (points := question.attack(*_ATTACKS[0])) is not None:
        return Agreement(False, points)
    log = None if limits.log is None else ProofLog(limits.log, network, domain)
    queries: list[list[Query]] = [[(unit, 1)] for unit in range(2 * a.output_size)]
    if log is not None and (signs := _logged(log, question.bounds, queries)) is not None:
        return Agreement(True, _none(question.bounds), 0, 1.0, signs, pairing)
    if _free(domain) > FEW_INPUTS:
        found = _by_phases(a, b, domain, tolerance, question, limits, seed, progress)
        if log is not None and found.signs is not None:
            log.append(found.signs)
        return found
    search = BoxSearch(question.bounds, question.witnesses, LAST)
    search.begin(queries, limit=10**12, until_refuted=True)
    found = _split(search, question, limits, progress)
    if log is not None and found.signs is not None:
        log.append(found.signs)
    return found


def _logged(
    log: ProofLog, bounds: Bounds, queries: Sequence[Sequence[Query]]
) -> BoxTreeSigns | None:
    """A tree of the log that proves every query again. Its claims are the queries' first alternatives."""
    wanted = tuple((query[0][0], "up") for query in queries)
    for entry in log.entries():
        if (
            not isinstance(entry, BoxTreeSigns)
            or entry.layer != LAST
            or entry.proof.claims != wanted
        ):
            continue
        if all(proved_again(bounds, LAST, entry.proof, queries)):
            return entry
    return None


def _seconds(limits: Limits) -> float:
    return 120.0 if limits.seconds is None else limits.seconds


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _free(domain: Domain) -> int:
    return domain.size - len(domain.fixed)


def _split(
    search: BoxSearch,
    question: _Question | _Contest,
    limits: Limits,
    progress: Progress | None,
) -> Agreement:
    """Split boxes for a while, attack longer, then split until the end, in several processes if there are some."""
    done = False
    for attack, seconds in zip(_ATTACKS[1:], _FIRST_SECONDS, strict=True):
        done = done or search.go_on(min(question.deadline, time.monotonic() + seconds))
        if not done and (points := question.attack(*attack)) is not None:
            return Agreement(False, points, search.found.boxes, search.found.share)
    with opened_workers(limits.jobs, limits.scheduler) as workers:
        while not done and time.monotonic() < question.deadline:
            if progress is not None:
                progress(f"{search.found.boxes:,} boxes", round(100 * search.found.share), 100)
            if workers.executor is None:
                done = search.go_on(min(question.deadline, time.monotonic() + 1.0))
            else:
                done = _shared_out(search, question, workers)
    found = search.outcome()
    if found.points:
        return Agreement(False, np.array(found.points), found.boxes, found.share)
    proved = len(found.proved) == len(search.queries)
    claims = tuple((unit, "up") for unit, _ in found.proved)
    signs = BoxTreeSigns(LAST, BoxProof(claims, found.tree)) if proved else None
    return Agreement(
        proved, _none(question.bounds), found.boxes, found.share, signs, question.pairing
    )


def _shared_out(search: BoxSearch, question: _Question | _Contest, workers: Workers) -> bool:
    """One turn of every worker on a part of the waiting boxes; True when nothing waits."""
    if len(search.waiting) < 2 * workers.count:
        return search.go_on(min(question.deadline, time.monotonic() + 0.1))
    known = Known.of(question.bounds, question.witnesses)
    seconds = min(_TURN_SECONDS, _left(question.deadline))
    parts = search.handed_out(workers.count)
    contest = question.contest
    tasks = [
        SplitTask(known, LAST, tuple(search.queries), part, seconds, contest) for part in parts
    ]
    for handed, other in workers.each(go_on_splitting, tasks):
        search.take_back(handed, other)
    return not search.waiting or bool(search.refuted.any())


def _none(bounds: Bounds) -> Floats:
    return np.zeros((0, bounds.network.input_size))


def _by_phases(
    a: Network,
    b: Network,
    domain: Domain,
    tolerance: Sequence[Fraction],
    question: _Question,
    limits: Limits,
    seed: int,
    progress: Progress | None,
) -> Agreement:
    """Many inputs: phases with paired units, then the cascade on the gap's signs (its last layer as relu units that must be inactive)."""
    goal = -clearance(question.bounds, LAST)
    search = PhaseSearch(question.bounds, question.witnesses, LAST, _none(question.bounds), goal)
    search.begin()
    search.go_on(time.monotonic() + _PAIRED_SHARE * _left(question.deadline))
    if search.reached > -goal:
        return Agreement(False, search.point[None, :], search.boxes)
    if search.is_complete:
        claims = tuple((unit, "up") for unit in range(2 * a.output_size))
        signs = BoxTreeSigns(LAST, BoxProof(claims, search.proved_tree()))
        return Agreement(True, _none(question.bounds), search.boxes, 1.0, signs, question.pairing)
    limits = replace(limits, seconds=_left(question.deadline))
    network = gap(a, b, tolerance, "relu")
    facts = prove_layers(network, domain, Settings("bounds", limits, seed, progress, [LAST]))
    known = facts.layers[LAST]
    if known.seen_positive.any():
        return Agreement(False, facts.points)
    share = float(known.inactive.mean())
    return Agreement(
        bool(known.inactive.all()), _none(question.bounds), search.boxes, share, facts=facts
    )


class _Question:
    """A joined network on a domain with root bounds, and attacks on its last layer."""

    def __init__(
        self, network: Network, domain: Domain, pairing: Pairing, seed: int, deadline: float
    ) -> None:
        self.pairing = pairing
        self.bounds = bounded(network, domain, names_of(pairing))
        self.witnesses = Witnesses(self.bounds, seed, [])
        self.deadline = deadline

    @property
    def contest(self) -> Contest | None:
        """What refutes a query, where it is not a sign."""
        return None

    def attack(self, samples: int, starts: int, steps: int) -> Floats | None:
        """Points at which some unit of the last layer is certainly positive."""
        points = self.sampled(samples, starts)
        if points is None:
            return None
        if self.witnesses.trace(points, LAST).signs(LAST)[0].any():
            return self._positive(points)
        return self._positive(self._climb(points, starts, steps))

    def climbed(self, samples: int, starts: int, steps: int) -> Floats:
        """Random points and climbs from the best of them (none in a domain that is hard to meet)."""
        points = self.sampled(samples, starts)
        return (
            _none(self.bounds)
            if points is None
            else np.vstack([points, self._climb(points, starts, steps)])
        )

    def _climb(self, points: Floats, starts: int, steps: int) -> Floats:
        values = self.witnesses.trace(points, LAST).values[LAST]
        best = np.argsort(-values, axis=0)[:starts]
        rows = np.repeat(np.arange(values.shape[1])[None, :], len(best), axis=0).ravel()
        return self.witnesses.ascend(LAST, rows, 1.0, points[best.ravel()], steps)

    def sampled(self, samples: int, starts: int) -> Floats | None:
        """Half uniform, half corners; in portions, so that the time limit is kept. None when there are none."""
        parts: list[Floats] = []
        for start in range(0, samples, 5_000):
            if parts and time.monotonic() > self.deadline:
                break
            fresh = self.witnesses.fresh(min(5_000, samples - start))
            if not len(fresh):
                continue
            values = self.witnesses.trace(fresh, LAST).values[LAST]
            parts.append(fresh[np.unique(np.argsort(-values, axis=0)[: 2 * starts])])
        return np.vstack(parts) if parts else None

    def _positive(self, points: Floats) -> Floats | None:
        if not len(points):
            return None
        traced = self.witnesses.trace(points, LAST)
        value = np.where(traced.signs(LAST)[0], traced.values[LAST], -np.inf).max(axis=1)
        order = np.argsort(-value)[:_KEPT]
        return points[order] if value[order[0]] > 0 else None


# ---- argmax ---------------------------------------------------------------------------------------


@on_few_threads
def agree_in_argmax(
    a: Network,
    b: Network,
    domain: Domain,
    *,
    margin: Fraction,
    limits: Limits,
    seed: int = 0,
    progress: Progress | None = None,
) -> Agreement:
    """Wherever one output of A is above all others by more than `margin` ≥ 0, is it among the largest of B?

    For i ≠ j: A_i − A_j ≥ margin must imply B_i ≥ B_j, and that follows from B_i − B_j ≥ t (A_i − A_j − margin) for some t ≥ 0, or from
    A_i − A_k ≤ margin for some k: then i does not win.
    """
    deadline = time.monotonic() + _seconds(limits)
    pairing = guessed_pairing(a, b, domain, seed)
    network, queries = _argmax_network(*arranged(a, b, pairing), margin)
    question = _Question(network, domain, pairing, seed, deadline)
    contest = _Contest(question, output_names(a, b), nearest_float(margin), queries)
    for samples, starts, steps in _ATTACKS[:2] if _free(domain) > FEW_INPUTS else _ATTACKS[:1]:
        if (points := contest.attack(samples, starts, steps)) is not None:
            return Agreement(False, points)
    if _free(domain) > FEW_INPUTS:
        return _argmax_by_phases(
            a, b, domain, margin, contest, replace(limits, seconds=_left(deadline)), seed, progress
        )
    log = None if limits.log is None else ProofLog(limits.log, network, domain)
    if log is not None and (signs := _logged(log, question.bounds, queries)) is not None:
        return Agreement(True, _none(question.bounds), 0, 1.0, signs, pairing)
    search = BoxSearch(question.bounds, question.witnesses, LAST)
    search.begin(queries, limit=10**12, until_refuted=True, refutes=contest.refutes)
    found = _split(search, contest, limits, progress)
    if log is not None and found.signs is not None:
        log.append(found.signs)
    return found


def _argmax_network(a: Network, b: Network, margin: Fraction) -> tuple[Network, list[list[Query]]]:
    """Rows that must be ≤ 0: for each i ≠ j one per t, and A_i − A_j − margin; per contest the alternatives."""
    m = a.output_size
    on_a: list[list[Fraction]] = []
    on_b: list[list[Fraction]] = []
    bias: list[Fraction] = []
    own: dict[tuple[int, int], list[int]] = {}
    loses: dict[tuple[int, int], int] = {}
    for i, j in contests(m):
        loses[i, j] = len(bias)
        on_a.append(_between(m, i, j, Fraction(1)))
        on_b.append(_between(m, i, j, Fraction(0)))
        bias.append(-margin)
        own[i, j] = list(range(len(bias), len(bias) + len(_SHARES)))
        for t in _SHARES:
            on_a.append(_between(m, i, j, t))
            on_b.append(_between(m, i, j, Fraction(-1)))
            bias.append(-t * margin)
    network = joined(
        a, b, Matrix.from_fractions(on_a, m), Matrix.from_fractions(on_b, m), Matrix.column(bias)
    )
    queries = [
        [*((row, 1) for row in own[i, j]), *((loses[i, k], 1) for k in range(m) if k != i)]
        for i, j in contests(m)
    ]
    return network, queries


def _between(size: int, i: int, j: int, factor: Fraction) -> list[Fraction]:
    row = [Fraction(0)] * size
    row[i], row[j] = factor, -factor
    return row


class _Contest:
    """Points at which another class than A's wins in B."""

    def __init__(
        self,
        question: _Question,
        outputs: tuple[str, str],
        margin: float,
        queries: list[list[Query]],
    ) -> None:
        self.question = question
        self.deadline = question.deadline
        self.bounds, self.witnesses, self.pairing = (
            question.bounds,
            question.witnesses,
            question.pairing,
        )
        self.outputs = outputs
        self.margin = margin
        self.queries = queries

    @property
    def contest(self) -> Contest:
        return Contest(self.outputs, self.margin)

    def refutes(self, points: Floats) -> Mask:
        return self.contest.lost(self.witnesses, points, LAST)

    def attack(self, samples: int, starts: int, steps: int) -> Floats | None:
        """Random points, then ascent of B_j − B_i from points where i wins A, for the j that is closest to winning B."""
        witnesses = self.question.witnesses
        points = witnesses.fresh(samples)
        if not len(points):
            return None
        if (found := self._refuting(points)) is not None:
            return found
        traced = witnesses.trace(points, LAST)
        of_a, of_b = (traced.values[v] for v in self.outputs)
        rows, top = np.arange(len(points)), np.argmax(of_a, axis=1)
        others = of_b.copy()
        others[rows, top] = -np.inf
        rival = np.argmax(others, axis=1)
        lead = of_b[rows, top] - of_b[rows, rival]
        chosen = np.argsort(lead)[: 32 * starts]
        number = {pair: k for k, pair in enumerate(contests(of_a.shape[1]))}
        per = 1 + len(_SHARES)
        units = np.array([number[int(top[k]), int(rival[k])] * per + 1 for k in chosen])
        for share in (0, 2):  # B_j − B_i alone, and with A's lead kept
            climbed = witnesses.ascend(LAST, units + share, 1.0, points[chosen], steps)
            if (found := self._refuting(climbed)) is not None:
                return found
        return None

    def _refuting(self, points: Floats) -> Floats | None:
        hits = self.refutes(points).any(axis=1) if len(points) else np.zeros(0, dtype=bool)
        return points[hits][:_KEPT] if hits.any() else None


def _argmax_by_phases(
    a: Network,
    b: Network,
    domain: Domain,
    margin: Fraction,
    contest: _Contest,
    limits: Limits,
    seed: int,
    progress: Progress | None,
) -> Agreement:
    """Many inputs: every row as a relu unit; a contest is settled when one of its alternatives is inactive.

    The others may be hard and do not matter then, so the proofs are asked for a part of the time first.
    """
    network, queries = _argmax_network(a, b, margin)
    layers = [replace(v, activation="relu") if v.name == LAST else v for v in network.layers]
    asked = Network(network.input_name, network.input_size, layers, LAST, None, network.name)
    deadline = time.monotonic() + _seconds(limits)
    for share in _ARGMAX_SHARES:
        own, started = share * _left(deadline), time.monotonic()
        facts = prove_layers(
            asked, domain, Settings("bounds", replace(limits, seconds=own), seed, progress, [LAST])
        )
        inactive = facts.layers[LAST].inactive
        settled = [any(inactive[unit] for unit, _ in query) for query in queries]
        if (found := contest._refuting(facts.points)) is not None:
            return Agreement(False, found)
        is_interrupted = not facts.complete and time.monotonic() - started < own
        if all(settled) or is_interrupted:
            break
    return Agreement(
        all(settled), _none(contest.bounds), 0, sum(settled) / max(1, len(settled)), facts=facts
    )


# ---- the tightest tolerance -----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Tightest:
    """|A_j − B_j| ≤ upper_j on the domain, proved; at `point` some difference is `reached`, exactly. `complete`: the two have met.

    Without a point of the domain (one with constraints that are hard to meet), `point` is None and `reached` is 0.
    """

    upper: tuple[Fraction, ...]  # per output
    point: tuple[Fraction, ...] | None
    reached: Fraction
    boxes: int
    complete: bool
    signs: BoxTreeSigns
    pairing: Pairing
    history: tuple[tuple[float, float, float], ...]  # (seconds, reached, worst upper)


@on_few_threads
def tightest(a: Network, b: Network, domain: Domain, *, limits: Limits, seed: int = 0) -> Tightest:
    """Bounds on max |A_j − B_j|, improving until the time limit (60 s by default). For many inputs phases are split instead of the box.

    From a log the best points are taken, and no point that is exactly worse than one of them is answered. The boxes are found again: that takes
    no longer than to check those of an earlier run would.
    """
    deadline = time.monotonic() + (60.0 if limits.seconds is None else limits.seconds)
    zero = [Fraction(0)] * a.output_size
    pairing = guessed_pairing(a, b, domain, seed)
    network = gap(*arranged(a, b, pairing), zero)
    question = _Question(network, domain, pairing, seed, deadline)
    log = None if limits.log is None else ProofLog(limits.log, network, domain)
    logged = _none(question.bounds) if log is None else question.witnesses.admitted(log.points())
    start = np.vstack([question.climbed(*_ATTACKS[0]), logged])
    kind = TightestSearch if _free(domain) <= FEW_INPUTS else PhaseSearch
    search = kind(question.bounds, question.witnesses, LAST, start)
    search.begin()
    with (
        noticed_interrupts() as interrupted,
        opened_workers(limits.jobs, limits.scheduler) as workers,
    ):
        shared = kind is TightestSearch and workers.executor is not None
        while not (interrupted.is_set() or search.is_complete):
            before = search.boxes
            if shared:
                _tightened_by_all(search, question, workers)
            else:
                search.go_on(deadline, before + 1)
            if time.monotonic() >= deadline or search.boxes == before:
                break
    found = search.outcome()
    best, point, reached = _exactly_best(question, np.vstack([found.point[None, :], logged]))
    if log is not None:
        log.append_points(best)
    both = found.upper.reshape(2, a.output_size).max(axis=0)
    least = _LEAST * clearance(question.bounds, LAST)
    upper = tuple(_with_room(max(least, float(v))) for v in both)
    claims = tuple((unit, "up") for unit in range(2 * a.output_size))
    signs = BoxTreeSigns(LAST, BoxProof(claims, found.tree))
    return Tightest(
        upper, point, reached, found.boxes, found.complete, signs, pairing, tuple(found.history)
    )


def _exactly_best(
    question: _Question, points: Floats
) -> tuple[Floats, tuple[Fraction, ...] | None, Fraction]:
    """Of float points the one (1×n; 0×n if none lies in the domain) with the largest exact difference, that exact point, and the difference.

    Floats only tell which cannot be the best: what a sum of floats comes to depends on the processor and on the other points of the batch.
    """
    network, domain = question.bounds.network, question.bounds.domain
    points = points[[domain.contains(domain.clamp(point.tolist())) for point in points]]
    best: tuple[Floats, tuple[Fraction, ...] | None, Fraction] = (
        _none(question.bounds),
        None,
        Fraction(0),
    )
    for k in _possibly_best(question.witnesses, points):
        point = tuple(domain.clamp(points[k].tolist()))
        reached = max(evaluate(network, point), default=Fraction(0))
        if best[1] is None or reached > best[2]:
            best = points[k : k + 1], point, reached
    return best


def _possibly_best(witnesses: Witnesses, points: Floats) -> list[int]:
    """Which points may have the largest value of any output, for all that floats can tell."""
    traced = witnesses.trace(points, LAST)
    values, errors = traced.values[LAST], traced.errors[LAST]
    with np.errstate(
        invalid="ignore"
    ):  # where numbers are too large nothing is told, and all are kept
        least = (values - errors).max(axis=1, initial=-np.inf).max(initial=-np.inf)
        most = (values + errors).max(axis=1, initial=-np.inf)
    return [int(k) for k in np.nonzero(~(most < least))[0]]


def _tightened_by_all(search: TightestSearch, question: _Question, workers: Workers) -> None:
    """One turn of every worker on a part of the waiting boxes."""
    if len(search.waiting) < 2 * workers.count:
        search.go_on(min(question.deadline, time.monotonic() + 0.1))
        return
    known = Known.of(question.bounds, question.witnesses)
    seconds = min(_TURN_SECONDS, _left(question.deadline))
    tasks = [
        TightestTask(known, LAST, shares, search.point, seconds)
        for shares in search.handed_out(workers.count)
    ]
    for shares, part in workers.each(go_on_tightening, tasks):
        search.take_back(shares, part)


def _with_room(value: float) -> Fraction:
    """A short number above `value`, by at least a billionth part: the checker rounds otherwise."""
    if not np.isfinite(value):
        raise InputError(
            "there is no bound on the difference: the domain is unbounded, or the numbers are too large"
        )
    scale = (
        Fraction(10) ** (7 - int(np.floor(np.log10(value)))) if value > 0 else Fraction(10) ** 12
    )
    return Fraction(int(Fraction(value) * (1 + Fraction(1, 10**8)) * scale) + 1) / scale
