"""Few inputs: are A and B equal (within the tolerance) on every cell where A − B is affine?

    every cell compared       → a proof, and a certificate by the rule `bends`
    a vertex with more        → a point to be confirmed
    the time is up            → how much was compared: no claim

Regions are for up to eleven directions in which inputs that vary are read, on bounded ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.certificate.cells import Compared, PairText, compare_on_cells
from rectifold.certificate.file import Certificate
from rectifold.certificate.within import cells_certificate
from rectifold.effort.equivalence import EquivalenceEffort
from rectifold.effort.geometry import REGION_EFFORT
from rectifold.equivalence.question import Question
from rectifold.exact.matrix import vstack
from rectifold.exact.numerals import at_least, bound_text, counted
from rectifold.ir.domain import Domain
from rectifold.runtime.run import Run
from rectifold_check.json import Refusal
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
    """What comparing region by region shows. None for a domain that regions are not for."""
    domain = question.domain
    if not _is_bounded(domain) or _directions(question) > MOST_CELL_INPUTS:
        return None
    tolerance = question.tolerance or (Fraction(0),) * question.a.output_size
    pair = PairText.of(question.a, question.b, domain, tolerance)
    seconds = run.limits.seconds
    deadline = None if seconds is None else run.clock() + seconds
    try:
        found = compare_on_cells(pair, run.effort.equivalence.most_regions, deadline, run)
    except Refusal as refusal:
        if question.varying_inputs > MOST_CELL_INPUTS:
            return None
        return Begun(f"no counterexample was found, and regions are not compared: {refusal}")
    return _judge(question, pair, found)


def _directions(question: Question) -> int:
    """In how many directions inputs that vary are read, about: whether the rule may be for them."""
    domain, varying = question.domain, question.varying_inputs
    if varying <= MOST_CELL_INPUTS:
        return varying
    free = [k for k in range(domain.size) if k not in domain.fixed]
    rows = [
        layer.weights[network.input_name].select_columns(free)
        for network in (question.a, question.b)
        for layer in network.layers
        if network.input_name in layer.weights
    ]
    if sum(block.shape[0] * len(free) for block in rows) > EquivalenceEffort.hinted_entries:
        return varying
    return vstack(rows).modular_rank if rows else 0


def _varying(domain: Domain) -> int:
    return domain.size - len(domain.fixed)


def _is_bounded(domain: Domain) -> bool:
    return bool(np.isfinite(np.array(domain.float_box)).all())


def _judge(question: Question, pair: PairText, found: Compared) -> RegionOutcome:
    if found.point is not None:
        return Apart(found.point)
    if not found.complete and found.largest > max(pair.tolerance):
        return Begun(
            "no counterexample was found; the networks differ at a point outside the domain, where "
            "inputs are read as at points beside it",
            found.share,
        )
    if not found.complete:
        return Begun(
            f"no counterexample was found; {counted(found.count, 'cell')}, "
            f"about {at_least(100 * found.share, 3)}% of the search, compared when "
            "the time was up",
            found.share,
        )
    how = "agree" if found.largest == 0 else f"differ by at most {bound_text(found.largest)}"
    reason = f"they {how} on {_common(found.count)}, compared exactly"
    return Covered(reason, found.count, cells_certificate(question.a, question.b, pair, found))


def _common(regions: int) -> str:
    return f"each of {regions:,} cells" if regions != 1 else "the one cell"
