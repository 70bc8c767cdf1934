"""Do two networks agree on a domain? Search for a counterexample, then try to prove that there is none.

Samples and corners are compared in floats; the most suspicious points are evaluated exactly, and only exact values count. If
nothing is found, networks with one canonical form are equal; then units of both are tied layer by layer, which proves equal
networks equal up to order, scale, removed, merged and carried units, with a certificate; with few inputs the affine maps are
compared region by region; small ones go to Z3 over exact rationals. Anything else is undecided, which is an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

import rectifold_check
from rectifold.cascade import Limits, prove
from rectifold.certificates import Certificate, certify_pair
from rectifold.errors import InputError
from rectifold.ir.canonical import canonical_text, digest, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float, evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.comparison import compare_by_regions
from rectifold.linear_regions.enumeration import MOST_INPUTS
from rectifold.pipeline import sample_points
from rectifold.search.witness import sampling_box
from rectifold.smt.equality import ask_difference
from rectifold.smt.solver import Sat, Solver, Unsat

_SAMPLES = 2000
_CONFIRMED = 8  # suspicious points that are evaluated exactly
_EXACT_SAMPLES = 12
_Z3_UNITS = 80  # relu units of both networks up to which Z3 is asked
_Z3_WEIGHTS = 30_000
_Z3_SECONDS = 30.0
_REGION_SECONDS = 10.0


@dataclass(frozen=True)
class Different:
    """An exact point of the domain at which output `output` differs by more than allowed."""

    point: tuple[Fraction, ...]
    a: tuple[Fraction, ...]
    b: tuple[Fraction, ...]
    output: int

    @property
    def difference(self) -> Fraction:
        return self.a[self.output] - self.b[self.output]


@dataclass(frozen=True)
class Equal:
    """They agree (within the tolerance asked for); `trusted` counts claims that rest on Z3's word."""

    reason: str
    trusted: int = 0
    certificate: Certificate | None = None


@dataclass(frozen=True)
class Unknown:
    """Neither a proof nor a counterexample; `largest` is the largest difference seen."""

    reason: str
    largest: Fraction


Comparison = Different | Equal | Unknown


def compare(
    a: Network,
    b: Network,
    domain: Domain,
    *,
    within: Fraction = Fraction(0),
    seed: int = 0,
    seconds: float | None = None,
) -> Comparison:
    """Compare on `domain`: equal, or every output within `within`.

    Raises InputError if the networks have different numbers of inputs or outputs, or `within` is negative.
    """
    _require_comparable(a, b, domain)
    if within < 0:
        raise InputError(f"the tolerance {within} is negative")
    if digest(a) == digest(b):
        return Equal("the two files describe one and the same network")
    found, largest = _search(a, b, domain, within, seed)
    if found is not None:
        return found
    budget = _Z3_SECONDS if seconds is None else seconds
    if budget <= 0:
        return Unknown(f"no counterexample among {_SAMPLES} samples, and the time limit is reached", largest)
    swept = _sweep(a, b, domain, seed, seconds)
    if swept is not None:
        return swept
    by_regions = _by_regions(a, b, domain, within, min(budget, _REGION_SECONDS))
    if by_regions is not None:
        return by_regions
    units = a.sizes.units + b.sizes.units
    if units > _Z3_UNITS or a.sizes.weights + b.sizes.weights > _Z3_WEIGHTS:
        return Unknown(f"no counterexample among {_SAMPLES} samples, and {units} units are too many for Z3", largest)
    return _ask_z3(a, b, domain, within, budget, largest)


def _require_comparable(a: Network, b: Network, domain: Domain) -> None:
    if a.input_size != b.input_size:
        raise InputError(f"{a.name} has {a.input_size} inputs, but {b.name} has {b.input_size}")
    if a.output_size != b.output_size:
        raise InputError(f"{a.name} has {a.output_size} outputs, but {b.name} has {b.output_size}")
    if domain.size != a.input_size:
        raise InputError(f"the domain has {domain.size} ranges, but the networks have {a.input_size} inputs")


def _search(a: Network, b: Network, domain: Domain, within: Fraction, seed: int) -> tuple[Different | None, Fraction]:
    points = sample_points(domain, _EXACT_SAMPLES, seed) + _suspicious(a, b, domain, seed)
    values_a, values_b = evaluate_points(a, points), evaluate_points(b, points)
    largest = Fraction(0)
    best: Different | None = None
    for point, va, vb in zip(points, values_a, values_b, strict=True):
        gaps = [abs(p - q) for p, q in zip(va, vb, strict=True)]
        gap = max(gaps, default=Fraction(0))
        if gap > largest:
            largest = gap
            best = Different(tuple(point), tuple(va), tuple(vb), gaps.index(gap))
    return (best if largest > within else None), largest


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
    exact = [domain.clamp(sample[k].tolist()) for k in order]
    return [point for point in exact if domain.contains(point)][:_CONFIRMED]


def _sweep(a: Network, b: Network, domain: Domain, seed: int, seconds: float | None) -> Equal | None:
    """Tie the units of both networks layer by layer; equal networks leave the difference 0, with a certificate."""
    limits = Limits(None if seconds is None else seconds / 4)
    facts = [prove(n.with_domain(domain), domain, prover="bounds", limits=limits, seed=seed) for n in (a, b)]
    certificate = certify_pair(a, b, facts[0], facts[1])
    if certificate is None:
        return None
    verdict = rectifold_check.check(canonical_text(a), domain_text(domain), certificate.lines, canonical_text(b))
    if not verdict.holds:
        return None
    return Equal("every difference cancels, and the certificate holds", verdict.trusted, certificate)


def _by_regions(a: Network, b: Network, domain: Domain, within: Fraction, seconds: float) -> Equal | Different | None:
    """Compare the affine maps on every common region, for few inputs; the largest difference of a region is at a vertex."""
    free = domain.size - len(domain.fixed)
    if free > MOST_INPUTS or not np.isfinite(np.array(domain.float_box)).all():
        return None
    try:
        outcome = compare_by_regions(a, b, domain, within=within, seconds=seconds)
    except InputError:  # constraints that leave no interior: no regions, but perhaps points
        return None
    if outcome.point is not None:
        return _confirmed(a, b, domain, within, outcome.point)
    if not outcome.complete:
        return None
    how = "agree" if outcome.largest == 0 else f"differ by at most {float(outcome.largest):.6g}"
    return Equal(f"their affine maps {how} on each of {outcome.regions} common regions, compared exactly")


def _ask_z3(a: Network, b: Network, domain: Domain, within: Fraction, seconds: float, largest: Fraction) -> Comparison:
    with Solver() as solver:
        answer = ask_difference(solver, a, b, domain, within, seconds)
    if isinstance(answer, Unsat):
        return Equal(f"Z3 {answer.version} finds no point where they differ more", trusted=1)
    if isinstance(answer, Sat):
        confirmed = _confirmed(a, b, domain, within, answer.point)
        if confirmed is not None:
            return confirmed
        return Unknown("Z3 gave a point that exact evaluation does not confirm", largest)
    return Unknown(answer.reason, largest)


def _confirmed(a: Network, b: Network, domain: Domain, within: Fraction, point: Sequence[Fraction]) -> Different | None:
    if len(point) != domain.size or not domain.contains(point):
        return None
    (va,), (vb,) = evaluate_points(a, [point]), evaluate_points(b, [point])
    gaps = [abs(p - q) for p, q in zip(va, vb, strict=True)]
    gap = max(gaps, default=Fraction(0))
    return Different(tuple(point), tuple(va), tuple(vb), gaps.index(gap)) if gap > within else None
