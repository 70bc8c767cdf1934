"""Do two networks agree on a domain: exactly, within a tolerance per output, or in their argmax?

Samples and corners are compared in floats; the most suspicious points are evaluated exactly, and only exact values count. If nothing is
found: networks with one canonical form are equal; units of both are tied layer by layer, which proves equal networks equal up to order, scale,
removed, merged and carried units, with a certificate; with few inputs the affine maps are compared region by region; small ones go to Z3
over exact rationals. A tolerance and the argmax are the business of `agreement`: splitting of boxes or phases, with a certificate for the tolerance.
Anything else is undecided, which is an answer.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np

from rectifold.bounds.threads import on_few_threads
from rectifold.certificate.accepted import ClaimRefused, accepted
from rectifold.certificate.file import Certificate
from rectifold.certificate.pair import certify_pair, certify_same
from rectifold.certificate.within import certify_within
from rectifold.equivalence.agreement import (
    Agreement,
    Tightest,
    agree_in_argmax,
    agree_within,
    tightest,
)
from rectifold.equivalence.region_stage import Apart, Begun, Covered, by_regions, has_regions
from rectifold.equivalence.ties import Tie, seen_tie
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import at_least, counted
from rectifold.facts.entries import BoxTreeSigns
from rectifold.facts.facts import Facts
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float, evaluate_points
from rectifold.ir.joint import difference, relative
from rectifold.ir.network import Network
from rectifold.linear_regions.climb import highest_near
from rectifold.linear_regions.compare import Effort
from rectifold.operations.compiling import sample_points
from rectifold.prover.cascade import prove
from rectifold.prover.effort import Limits, Progress
from rectifold.search.witnesses import sampling_box
from rectifold.smt.differ import ask_difference
from rectifold.smt.process import Sat, Solver, Unsat

_SAMPLES = 2000
_CONFIRMED = 8  # suspicious points that are evaluated exactly
_EXACT_SAMPLES = 12
_Z3_UNITS = 80  # relu units of both networks up to which Z3 is asked
_Z3_WEIGHTS = 30_000
_Z3_SECONDS = 30.0
_REGION_SECONDS = 60.0  # of regions, without a time limit
_REGION_SHARE = 0.5  # of the time left, where Z3 can be asked afterwards
_SMALL_UNITS = 80  # relu units of both networks up to which boxes get
_SMALL_SECONDS = 5.0  # before regions and Z3, which also see a difference of exactly the tolerance
_ROOMS = (
    Fraction(0),
    *(Fraction(1, 2**k) for k in (64, 56, 48, 40, 32)),
)  # by which a refused bound is raised
_CLIMBS = 3  # from the points where the networks differ most
_CLIMB_SECONDS = 2.0
_REPLAYED = 4_000_000  # boxes times weights up to which a certificate is checked before anything is claimed: some 15 s
_BOX_WORK = 500  # weights that a box costs beside those of the networks
_REPLAYED_CELLS = 5_000  # the same, at a millisecond for each

Verdict = Literal["equal", "within", "argmax"]


@dataclass(frozen=True)
class Different:
    """An exact point of the domain at which output `output` differs by more than allowed, or where another output wins."""

    point: tuple[Fraction, ...]
    a: tuple[Fraction, ...]
    b: tuple[Fraction, ...]
    output: int

    @property
    def difference(self) -> Fraction:
        return self.a[self.output] - self.b[self.output]


@dataclass(frozen=True)
class Equal:
    """They agree, in the sense of `verdict`; `trusted` counts claims that rest on Z3's word.

    `replayed` is the checker's verdict on the certificate, or None where that would take long and was left to the reader.
    For the argmax, `tie` is a point where outputs of B are equal, if one was seen; `with_ties`: B ties where A does.
    """

    reason: str
    trusted: int = 0
    certificate: Certificate | None = None
    verdict: Verdict = "equal"
    replayed: str | None = None
    tie: Tie | None = None
    with_ties: bool = False


@dataclass(frozen=True)
class Unknown:
    """Neither a proof nor a counterexample; `largest` is the largest difference seen, `share` the part of the domain where they do agree."""

    reason: str
    largest: Fraction
    share: float = 0.0


Comparison = Different | Equal | Unknown


@dataclass(frozen=True)
class Closest:
    """lower ≤ max_j |A_j − B_j| ≤ upper on the domain: lower attained exactly at `point`, `per_output` proved for each output."""

    lower: Fraction
    upper: Fraction
    per_output: tuple[Fraction, ...]
    point: tuple[Fraction, ...]
    a: tuple[Fraction, ...]
    b: tuple[Fraction, ...]
    boxes: int
    complete: bool
    certificate: Certificate
    replayed: str | None
    history: tuple[tuple[float, float, float], ...]


@on_few_threads
def compare(
    a: Network,
    b: Network,
    domain: Domain,
    *,
    within: Fraction | Sequence[Fraction] = Fraction(0),
    seed: int = 0,
    limits: Limits = Limits(),  # noqa: B008  # an immutable value
    progress: Progress | None = None,
    replay: bool = True,
) -> Comparison:
    """Compare on `domain`: equal, or every output within `within` (one number, or one per output).

    `replay`: run the checker on a certificate of a tolerance where that takes seconds, before the claim is made.

    Raises InputError if the networks have different numbers of inputs or outputs, or `within` is negative or of another length.
    """
    try:
        return _compared(a, b, domain, within, seed, limits, progress, replay=replay)
    except ClaimRefused as refused:
        return Unknown(str(refused), Fraction(0))


def _compared(
    a: Network,
    b: Network,
    domain: Domain,
    within: Fraction | Sequence[Fraction],
    seed: int,
    limits: Limits,
    progress: Progress | None,
    *,
    replay: bool,
) -> Comparison:
    """As `compare`. Raises ClaimRefused where the checker does not accept what was proved."""
    _require_comparable(a, b, domain)
    tolerance = _per_output(within, a.output_size)
    exact = not any(tolerance)
    if digest(a) == digest(b):
        certificate = certify_same(a)
        replayed = accepted(a, b, domain, certificate).status
        return Equal(
            "the two files describe one and the same network",
            0,
            certificate,
            "equal" if exact else "within",
            replayed,
        )
    budget = _Z3_SECONDS if limits.seconds is None else limits.seconds
    deadline = None if limits.seconds is None else time.monotonic() + limits.seconds
    small = a.sizes.units + b.sizes.units <= _SMALL_UNITS
    if not exact and _is_splittable(domain):
        first = replace(limits, seconds=min(budget, _SMALL_SECONDS)) if small else limits
        agreed = _agreed(a, b, domain, tolerance, first, seed, progress, replay=replay)
        if not isinstance(agreed, Unknown) or not small:
            return agreed
    found, largest = _search(a, b, domain, tolerance, seed)
    if found is not None:
        return found
    if budget <= 0:
        return Unknown(
            f"no counterexample among {_SAMPLES} samples, and the time limit is reached", largest
        )
    if exact and (swept := _sweep(a, b, domain, seed, limits)) is not None:
        return swept
    left = None if deadline is None else max(0.0, deadline - time.monotonic())
    return _exactly(
        a, b, domain, tolerance, Effort(left, limits.jobs, limits.scheduler, progress), largest
    )


@on_few_threads
def compare_argmax(
    a: Network,
    b: Network,
    domain: Domain,
    *,
    margin: Fraction = Fraction(0),
    seed: int = 0,
    limits: Limits = Limits(),  # noqa: B008
    progress: Progress | None = None,
) -> Comparison:
    """Wherever one output of A is above the others by more than `margin`, is it one of the largest of B? Ties of A are left out.

    Raises InputError as `compare` does, for an unbounded domain, and for networks with fewer than two outputs.
    """
    _require_comparable(a, b, domain)
    if a.output_size < 2:
        raise InputError(
            "--argmax compares which output is the largest, and these networks have only one"
        )
    if margin < 0:
        raise InputError(f"the margin {margin} is negative")
    if not domain.is_bounded:
        raise InputError("--argmax needs a bounded domain")
    one, other = relative(a), relative(b)
    by_differences = (
        _sweep(one, other, domain, seed, limits) if _seem_equal(one, other, domain, seed) else None
    )
    if by_differences is not None:
        reason = "outputs differ from each other by the same amounts in A and in B, exactly"
        return Equal(reason, by_differences.trusted, verdict="argmax", with_ties=True)
    found = agree_in_argmax(
        a, b, domain, margin=margin, limits=limits, seed=seed, progress=progress
    )
    for point in _exact(domain, found.points):
        (va,), (vb,) = evaluate_points(a, [point]), evaluate_points(b, [point])
        top = max(range(len(va)), key=va.__getitem__)
        lead = va[top] - max(v for k, v in enumerate(va) if k != top)
        rival = max(range(len(vb)), key=vb.__getitem__)
        if lead > margin and vb[rival] > vb[top]:
            return Different(tuple(point), tuple(va), tuple(vb), top)
    if found.proved:
        tie = seen_tie(a, b, sample_points(domain, _EXACT_SAMPLES, seed), margin)
        return Equal(f"proved on {_counted(found)}", verdict="argmax", tie=tie)
    return Unknown(_share_text(found), Fraction(0), found.share)


@on_few_threads
def closest(
    a: Network,
    b: Network,
    domain: Domain,
    *,
    seed: int = 0,
    limits: Limits = Limits(),  # noqa: B008
) -> Closest:
    """Certified bounds on the largest difference of any output, improving until the time limit.

    Raises InputError as `compare` does, and for an unbounded domain.
    """
    _require_comparable(a, b, domain)
    if not domain.is_bounded:
        raise InputError("--tightest needs a bounded domain")
    found = tightest(a, b, domain, limits=limits, seed=seed)
    points = sample_points(domain, 1, seed) if found.point is None else [list(found.point)]
    if not points:
        raise InputError("no point of the domain was found")
    points = [list(_higher(a, b, domain, points[0], _climb_seconds(limits)))]
    (va,), (vb,) = evaluate_points(a, points[:1]), evaluate_points(b, points[:1])
    lower = max((abs(p - q) for p, q in zip(va, vb, strict=True)), default=Fraction(0))
    per_output, certificate, replayed = _certified_bounds(a, b, domain, found)
    upper = max(per_output, default=Fraction(0))
    return Closest(
        lower, upper, per_output, tuple(points[0]), tuple(va), tuple(vb), found.boxes, found.complete, certificate, replayed,
        found.history,
    )  # fmt: skip


def _certified_bounds(
    a: Network, b: Network, domain: Domain, found: Tightest
) -> tuple[tuple[Fraction, ...], Certificate, str | None]:
    """The bounds that the checker accepts: those found, or ones raised by what its rounding asks for.

    Without its word (None) where that would take long. Raises ClaimRefused.
    """
    refused: ClaimRefused | None = None
    for room in _ROOMS:
        upper = tuple(v + room for v in found.upper)
        certificate = certify_within(a, b, domain, upper, found.signs, found.pairing)
        if not _is_soon_checked(a, b, found.boxes):
            return upper, certificate, None
        try:
            return upper, certificate, accepted(a, b, domain, certificate).status
        except ClaimRefused as refusal:
            refused = refusal
    assert refused is not None
    raise refused


def _is_soon_checked(a: Network, b: Network, boxes: int) -> bool:
    return boxes * (a.sizes.weights + b.sizes.weights + _BOX_WORK) <= _REPLAYED


def _per_output(within: Fraction | Sequence[Fraction], outputs: int) -> list[Fraction]:
    values = [within] * outputs if isinstance(within, Fraction) else list(within)
    if len(values) != outputs:
        raise InputError(
            f"{counted(len(values), 'tolerance')} given, but the networks have {counted(outputs, 'output')}"
        )
    for value in values:
        if value < 0:
            raise InputError(f"the tolerance {value} is negative")
    return values


def _require_comparable(a: Network, b: Network, domain: Domain) -> None:
    if a.input_size != b.input_size:
        raise InputError(
            f"{a.name} has {counted(a.input_size, 'input')}, but {b.name} has {b.input_size}"
        )
    if a.output_size != b.output_size:
        raise InputError(
            f"{a.name} has {counted(a.output_size, 'output')}, but {b.name} has {b.output_size}"
        )
    if domain.size != a.input_size:
        raise InputError(
            f"the domain has {counted(domain.size, 'range')}, but the networks have {counted(a.input_size, 'input')}"
        )


def _is_splittable(domain: Domain) -> bool:
    return domain.is_bounded and domain.size > 0


# ---- points ---------------------------------------------------------------------------------------


def _search(
    a: Network, b: Network, domain: Domain, tolerance: Sequence[Fraction], seed: int
) -> tuple[Different | None, Fraction]:
    """(the worst point that is not allowed, the largest difference seen)."""
    points = sample_points(domain, _EXACT_SAMPLES, seed) + _suspicious(a, b, domain, seed)
    best: Different | None = None
    excess, largest = Fraction(0), Fraction(0)
    for point, va, vb in zip(
        points, evaluate_points(a, points), evaluate_points(b, points), strict=True
    ):
        for j, (p, q, eps) in enumerate(zip(va, vb, tolerance, strict=True)):
            largest = max(largest, abs(p - q))
            if abs(p - q) - eps > excess:
                excess = abs(p - q) - eps
                best = Different(tuple(point), tuple(va), tuple(vb), j)
    return best, largest


def _suspicious(a: Network, b: Network, domain: Domain, seed: int) -> list[list[Fraction]]:
    """The points of a float sample where the networks differ most."""
    random = np.random.default_rng(seed)
    low, high = sampling_box(domain)
    uniform = low + (high - low) * random.random((_SAMPLES // 2, len(low)))
    corners = np.where(random.random((_SAMPLES // 2, len(low))) < 0.5, low, high)
    sample = np.clip(np.vstack([uniform, corners]), low, high)
    with np.errstate(over="ignore", invalid="ignore"):
        gap = np.abs(evaluate_float(a, sample) - evaluate_float(b, sample))
    score = gap.max(axis=1, initial=0.0)
    order = np.argsort(-np.where(np.isnan(score), np.inf, score))[: 4 * _CONFIRMED]
    return _exact(domain, sample[order])[:_CONFIRMED]


def _seem_equal(a: Network, b: Network, domain: Domain, seed: int) -> bool:
    """Is it worth a try to prove them equal? A hint: exactly equal at a few exact points."""
    points = sample_points(domain, _EXACT_SAMPLES, seed)
    return evaluate_points(a, points) == evaluate_points(b, points)


def _exact(domain: Domain, points: Floats) -> list[list[Fraction]]:
    """The float points as exact ones; those that lie in the domain."""
    exact = [domain.clamp(point.tolist()) for point in points]
    return [point for point in exact if domain.contains(point)]


def _confirmed(
    a: Network, b: Network, domain: Domain, tolerance: Sequence[Fraction], point: Sequence[Fraction]
) -> Different | None:
    if len(point) != domain.size or not domain.contains(point):
        return None
    (va,), (vb,) = evaluate_points(a, [point]), evaluate_points(b, [point])
    excess = [abs(p - q) - eps for p, q, eps in zip(va, vb, tolerance, strict=True)]
    worst = max(range(len(excess)), key=excess.__getitem__, default=None)
    if worst is None or excess[worst] <= 0:
        return None
    return Different(tuple(point), tuple(va), tuple(vb), worst)


# ---- proofs ---------------------------------------------------------------------------------------


def _sweep(a: Network, b: Network, domain: Domain, seed: int, limits: Limits) -> Equal | None:
    """Tie the units of both networks layer by layer; equal networks leave the difference 0, with a certificate."""
    seconds = None if limits.seconds is None else limits.seconds / 4
    own = replace(limits, seconds=seconds)
    facts = [
        prove(n.with_domain(domain), domain, prover="bounds", limits=own, seed=seed) for n in (a, b)
    ]
    certificate = certify_pair(a, b, facts[0], facts[1])
    if certificate is None:
        return None
    try:
        verdict = accepted(a, b, domain, certificate)
    except ClaimRefused:
        return None  # there are other ways to prove it
    return Equal("every difference cancels", verdict.trusted, certificate, replayed=verdict.status)


def _agreed(
    a: Network,
    b: Network,
    domain: Domain,
    tolerance: Sequence[Fraction],
    limits: Limits,
    seed: int,
    progress: Progress | None,
    *,
    replay: bool,
) -> Comparison:
    found = agree_within(a, b, domain, tolerance, limits=limits, seed=seed, progress=progress)
    for point in _exact(domain, found.points):
        if (different := _confirmed(a, b, domain, tolerance, point)) is not None:
            return different
    evidence: BoxTreeSigns | Facts | None = found.signs or found.facts
    if not found.proved or evidence is None:
        return _climbed(a, b, domain, tolerance, seed, _climb_seconds(limits)) or Unknown(
            _share_text(found), _largest(a, b, domain, seed), found.share
        )
    certificate = certify_within(a, b, domain, tolerance, evidence, found.pairing)
    is_checked = replay and _is_soon_checked(a, b, found.boxes)
    replayed = accepted(a, b, domain, certificate).status if is_checked else None
    return Equal(f"proved on {_counted(found)}", 0, certificate, "within", replayed)


def _climbed(
    a: Network, b: Network, domain: Domain, tolerance: Sequence[Fraction], seed: int, seconds: float
) -> Different | None:
    """A counterexample at a vertex of a region near the points where the networks differ most, in so many seconds for all."""
    deadline = time.monotonic() + seconds
    for point in _suspicious(a, b, domain, seed)[:_CLIMBS]:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        different = _confirmed(a, b, domain, tolerance, _higher(a, b, domain, point, left))
        if different is not None:
            return different
    return None


def _climb_seconds(limits: Limits) -> float:
    """What is spent after the time is up: at most a twentieth more."""
    return _CLIMB_SECONDS if limits.seconds is None else min(_CLIMB_SECONDS, limits.seconds / 20)


def _higher(
    a: Network, b: Network, domain: Domain, point: Sequence[Fraction], seconds: float
) -> Sequence[Fraction]:
    """A point with a larger difference than this one, for few inputs: region by region, exactly. This one if none is found."""
    if not has_regions(domain):
        return point
    try:
        found = highest_near(difference(a, b), domain, point, seconds=seconds).point
    except InputError:  # constraints that leave no interior
        return point
    here, there = (
        max(map(abs, row), default=Fraction(0))
        for row in evaluate_points(difference(a, b), [point, found])
    )
    return found if there > here and domain.contains(found) else point


def _largest(a: Network, b: Network, domain: Domain, seed: int) -> Fraction:
    return _search(a, b, domain, [Fraction(0)] * a.output_size, seed)[1]


def _counted(found: Agreement) -> str:
    return (
        f"{found.boxes:,} sub-box{'es' if found.boxes != 1 else ''}"
        if found.signs is not None
        else "cases of phases"
    )


def _share_text(found: Agreement) -> str:
    share = at_least(100 * found.share, 3)
    return f"no counterexample was found; proved on {share}% of the domain when the time was up"


def _exactly(
    a: Network,
    b: Network,
    domain: Domain,
    tolerance: Sequence[Fraction],
    effort: Effort,
    largest: Fraction,
) -> Comparison:
    """Region by region for few inputs, then Z3 for few units; each may have what is left of the time."""
    started = effort.clock()
    units = a.sizes.units + b.sizes.units
    has_z3 = units <= _Z3_UNITS and a.sizes.weights + b.sizes.weights <= _Z3_WEIGHTS
    seconds = (
        _REGION_SECONDS
        if effort.seconds is None
        else effort.seconds * (_REGION_SHARE if has_z3 else 1)
    )
    compared = _by_regions(a, b, domain, tolerance, replace(effort, seconds=seconds), largest)
    if isinstance(compared, Equal | Different):
        return compared
    if has_z3:
        left = (
            _Z3_SECONDS
            if effort.seconds is None
            else max(0.0, started + effort.seconds - effort.clock())
        )
        return _ask_z3(a, b, domain, tolerance, left, largest)
    return compared or Unknown(
        f"no counterexample was found, and {units} units are too many for Z3", largest
    )


def _by_regions(
    a: Network,
    b: Network,
    domain: Domain,
    tolerance: Sequence[Fraction],
    effort: Effort,
    largest: Fraction,
) -> Comparison | None:
    """Region by region, for few inputs; None where there are none."""
    started = effort.clock()
    match by_regions(a, b, domain, tolerance, effort):
        case None:
            return None
        case Apart(point):
            return _confirmed(a, b, domain, tolerance, point)
        case Begun(reason, share):
            return Unknown(reason, largest, share)
        case Covered(reason, regions, certificate):
            has_time = effort.seconds is None or 2 * (effort.clock() - started) < effort.seconds
            is_short = certificate is not None and regions <= _REPLAYED_CELLS and has_time
            replayed = (
                accepted(a, b, domain, certificate).status
                if certificate is not None and is_short
                else None
            )
            return Equal(reason, 0, certificate, "within" if any(tolerance) else "equal", replayed)


def _ask_z3(
    a: Network,
    b: Network,
    domain: Domain,
    tolerance: Sequence[Fraction],
    seconds: float,
    largest: Fraction,
) -> Comparison:
    with Solver() as solver:
        answer = ask_difference(solver, a, b, domain, tolerance, seconds)
    if isinstance(answer, Unsat):
        reason = f"Z3 {answer.version} finds no point where they differ more"
        return Equal(reason, trusted=1, verdict="within" if any(tolerance) else "equal")
    if isinstance(answer, Sat):
        confirmed = _confirmed(a, b, domain, tolerance, answer.point)
        if confirmed is not None:
            return confirmed
        return Unknown("Z3 gave a point that exact evaluation does not confirm", largest)
    return Unknown(answer.reason, largest)
