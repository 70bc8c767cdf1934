"""Points at which two networks differ by more than is allowed: guessed in floats, judged exactly.

    sample in floats → the most suspicious points → exact values → a counterexample, or none

Sound because only exact values at exact points of the domain count.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from rectifold.equivalence.answers import Different
from rectifold.equivalence.question import Question
from rectifold.equivalence.region_stage import has_regions
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float, evaluate_points
from rectifold.ir.joint import difference
from rectifold.ir.sampling import sample_points, sampling_box
from rectifold.linear_regions.climb import highest_near
from rectifold.runtime.run import Run

Point = Sequence[Fraction]


def find_difference(question: Question, run: Run) -> tuple[Different | None, Fraction]:
    """(the worst point that is not allowed, the largest difference seen)."""
    points = sample_points(question.domain, run.effort.equivalence.exact_samples, run.seed)
    points += _suspicious(question, run)
    best: Different | None = None
    excess, largest = Fraction(0), Fraction(0)
    of_a, of_b = evaluate_points(question.a, points), evaluate_points(question.b, points)
    for point, va, vb in zip(points, of_a, of_b, strict=True):
        for j, (p, q, eps) in enumerate(zip(va, vb, question.tolerance, strict=True)):
            largest = max(largest, abs(p - q))
            if abs(p - q) - eps > excess:
                excess = abs(p - q) - eps
                best = Different(tuple(point), tuple(va), tuple(vb), j)
    return best, largest


def are_equal_at_samples(question: Question, run: Run) -> bool:
    """Is it worth a try to prove them equal? A hint: exactly equal at a few exact points."""
    points = sample_points(question.domain, run.effort.equivalence.exact_samples, run.seed)
    return evaluate_points(question.a, points) == evaluate_points(question.b, points)


def exact_points(domain: Domain, points: Floats) -> list[list[Fraction]]:
    """The float points as exact ones; those that lie in the domain."""
    exact = [domain.clamp(point.tolist()) for point in points]
    return [point for point in exact if domain.contains(point)]


def confirm(question: Question, point: Point) -> Different | None:
    """The point as a counterexample, if it lies in the domain and is one exactly."""
    domain = question.domain
    if len(point) != domain.size or not domain.contains(point):
        return None
    (va,), (vb,) = evaluate_points(question.a, [point]), evaluate_points(question.b, [point])
    excess = [abs(p - q) - eps for p, q, eps in zip(va, vb, question.tolerance, strict=True)]
    worst = max(range(len(excess)), key=excess.__getitem__, default=None)
    if worst is None or excess[worst] <= 0:
        return None
    return Different(tuple(point), tuple(va), tuple(vb), worst)


def climb_to_difference(question: Question, run: Run) -> Different | None:
    """A counterexample at a vertex of a region near the points where the networks differ most."""
    deadline = time.monotonic() + climb_seconds(run)
    for point in _suspicious(question, run)[: run.effort.equivalence.climbs]:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        if (different := confirm(question, higher_point(question, point, left))) is not None:
            return different
    return None


def climb_seconds(run: Run) -> float:
    """What is spent after the time is up: at most a twentieth more."""
    usual, limit = run.effort.equivalence.climb_seconds, run.limits.seconds
    return usual if limit is None else min(usual, limit / 20)


def higher_point(question: Question, point: Point, seconds: float) -> Point:
    """A point with a larger difference than this one, for few inputs: region by region, exactly.

    This one if none is found.
    """
    domain = question.domain
    if not has_regions(domain):
        return point
    network = difference(question.a, question.b)
    try:
        found = highest_near(network, domain, point, seconds=seconds).point
    except InputError:  # constraints that leave no interior
        return point
    before, after = (
        max(map(abs, row), default=Fraction(0)) for row in evaluate_points(network, [point, found])
    )
    return found if after > before and domain.contains(found) else point


def _suspicious(question: Question, run: Run) -> list[list[Fraction]]:
    """The points of a float sample where the networks differ most."""
    half, most = run.effort.equivalence.samples // 2, run.effort.equivalence.confirmed_points
    random = np.random.default_rng(run.seed)
    low, high = sampling_box(question.domain)
    uniform = low + (high - low) * random.random((half, len(low)))
    corners = np.where(random.random((half, len(low))) < 0.5, low, high)
    sample = np.clip(np.vstack([uniform, corners]), low, high)
    with np.errstate(over="ignore", invalid="ignore"):
        gap = np.abs(evaluate_float(question.a, sample) - evaluate_float(question.b, sample))
    score = gap.max(axis=1, initial=0.0)
    order = np.argsort(-np.where(np.isnan(score), np.inf, score))[: 4 * most]
    return exact_points(question.domain, sample[order])[:most]
