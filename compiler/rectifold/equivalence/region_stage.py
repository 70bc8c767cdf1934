"""Few inputs: are A and B the same affine map (within the tolerance) on every common region?

    every region compared     → a proof, and a certificate by the rule `cells` if there is time
    a vertex with more        → a point to be confirmed
    the time is up            → how much was compared: no claim

Regions are for up to five inputs that vary, one tolerance for all outputs and a domain with an
interior. The rule `cells` decides by itself where one of these is missing: it takes six inputs, a
tolerance per output and a flat domain. Either covers the whole domain or claims nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.certificate.file import Certificate
from rectifold.certificate.within import certify_by_cells
from rectifold.effort.geometry import REGION_EFFORT
from rectifold.equivalence.question import Question
from rectifold.errors import InputError
from rectifold.exact.numerals import at_least, bound_text, counted
from rectifold.ir.domain import Domain
from rectifold.linear_regions.compare import ByRegions, compare_by_regions
from rectifold.runtime.run import Run
from rectifold_check.limits import MOST_CELL_INPUTS


@dataclass(frozen=True, eq=False)
class Covered:
    """They agree on the whole domain."""

    reason: str
    regions: int
    certificate: Certificate | None


@dataclass(frozen=True)
class Apart:
    """A point with a difference that is not allowed."""

    point: tuple[Fraction, ...]


@dataclass(frozen=True)
class Begun:
    """The time was up, or the rule does not apply; `share` of the domain was compared."""

    reason: str
    share: float = 0.0


RegionOutcome = Covered | Apart | Begun


def has_regions(domain: Domain) -> bool:
    """Are there few enough inputs that vary, on bounded ranges?"""
    return _varying(domain) <= REGION_EFFORT.vertex_inputs and _is_bounded(domain)


def by_regions(question: Question, run: Run) -> RegionOutcome | None:
    """What comparing region by region shows.

    None where neither regions nor cells are for such a domain.
    """
    domain, tolerance = question.domain, question.tolerance
    if not _is_bounded(domain) or question.varying_inputs > MOST_CELL_INPUTS:
        return None
    seconds = run.limits.seconds
    deadline = None if seconds is None else run.clock() + seconds
    if has_regions(domain) and len(set(tolerance)) <= 1:
        within = tolerance[0] if tolerance else Fraction(0)
        a, b = question.a, question.b
        try:
            found = compare_by_regions(a, b, domain, within=within, run=run)
        except InputError:  # constraints that leave no interior: no regions, but perhaps points
            return _by_cells(question, deadline, run)
        return _judge(question, found, deadline, run)
    return _by_cells(question, deadline, run)


def _varying(domain: Domain) -> int:
    return domain.size - len(domain.fixed)


def _is_bounded(domain: Domain) -> bool:
    return bool(np.isfinite(np.array(domain.float_box)).all())


def _judge(question: Question, found: ByRegions, deadline: float | None, run: Run) -> RegionOutcome:
    if found.point is not None:
        return Apart(found.point)
    if not found.complete:
        return Begun(
            f"no counterexample was found; {counted(found.regions, 'common region')}, "
            f"about {at_least(100 * found.settled_fraction, 3)}% of the search, compared when "
            "the time was up",
            found.settled_fraction,
        )
    how = "agree" if found.largest == 0 else f"differ by at most {bound_text(found.largest)}"
    reason = f"their affine maps {how} on {_common(found.regions)}, compared exactly"
    run.tell(f"{found.regions:,} regions compared, certifying", 99, 100)
    certificate = _certify_cells(question, deadline, run)
    if certificate is None:
        reason += (
            "; without a certificate, for which there was no time, "
            "or which the checker would take for too much work"
        )
    return Covered(reason, found.regions, certificate)


def _by_cells(question: Question, deadline: float | None, run: Run) -> RegionOutcome:
    certificate = _certify_cells(question, deadline, run)
    if certificate is None:
        return Begun(
            "no counterexample was found, and comparing at the vertices of all cells came to no end"
        )
    how = "is 0" if question.is_exact else "is allowed"
    return Covered(
        f"their difference {how} at every vertex of the cells on which both are affine",
        0,
        certificate,
    )


def _certify_cells(question: Question, deadline: float | None, run: Run) -> Certificate | None:
    """A certificate by the rule `cells`, if it is found before the deadline."""
    effort = run.effort.equivalence
    end = run.clock() + effort.certificate_seconds if deadline is None else deadline
    return certify_by_cells(
        question.a,
        question.b,
        question.domain,
        question.tolerance,
        effort.certified_cells,
        lambda: run.clock() >= end,
    )


def _common(regions: int) -> str:
    return f"each of {regions:,} common regions" if regions != 1 else "the one common region"
