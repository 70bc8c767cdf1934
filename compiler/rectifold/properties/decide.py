"""Is a property true of a network: proved with a certificate, refuted by a point, or neither?

    every part: points, phases, boxes   →   an exact unsafe point,  or one certificate

Sound because a point is judged by exact arithmetic, and a proof by the independent checker.
"""

from __future__ import annotations

from fractions import Fraction

from rectifold.certificate.accepted import ClaimRefused
from rectifold.certificate.property import PartEvidence, certify_property, require_property
from rectifold.equivalence.certified import evidence_of
from rectifold.equivalence.points import exact_points
from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.ir.pairs import side_by_side
from rectifold.ir.property import Property, Unsafe
from rectifold.ir.sampling import sample_points
from rectifold.properties.answers import Answer, Holds, Refuted, Undecided
from rectifold.properties.part import PartFound, PartSearch
from rectifold.runtime.deadline import time_left
from rectifold.runtime.run import Run
from rectifold.smt.process import Sat, Solver
from rectifold.smt.unsafe import ask_case


def decide_property(
    network: Network, asked: Property, run: Run, beside: Network | None = None
) -> Answer:
    """Does the property hold? Raises InputError for a domain without ends.

    With `beside` it is asked of the two networks side by side (ir/pairs): of (x, s) and (y, y').
    """
    _require_bounded(network, asked)
    about = network if beside is None else side_by_side(network, beside)
    found = _found(about, asked, run)
    if isinstance(found, Refuted):
        return found
    if all(own.agreed.proved for own in found):
        return _certified(network, asked, found, beside)
    proved = sum(own.proved for own in found)
    reason = f"no unsafe point was found; {proved} of {counted(asked.cases, 'case')} proved"
    return Undecided(reason, proved, asked.cases)


def _found(network: Network, asked: Property, run: Run) -> list[PartFound] | Refuted:
    """What is found of each part, or the first point that is unsafe."""
    deadline = run.deadline(run.effort.properties.seconds)
    found: list[PartFound] = []
    for number, part in enumerate(asked.parts):
        run.tell(f"part {number + 1}", number, len(asked.parts))
        search = PartSearch(network, part, run.with_seconds(time_left(deadline)))
        own = search.by_phases()
        refuted = _first_unsafe(network, asked, number, _candidates(part, own, run))
        if refuted is None and not own.agreed.proved:
            refuted = _first_unsafe(network, asked, number, _by_z3(network, part, run))
            if refuted is None and search.has_few_inputs:
                own = _better(own, search.by_boxes())
                refuted = _first_unsafe(network, asked, number, _candidates(part, own, run))
        if refuted is not None:
            return refuted
        found.append(own)
    return found


def _candidates(part: Unsafe, own: PartFound, run: Run) -> list[list[Fraction]]:
    """Points that may be unsafe; where nothing is proved, some more."""
    points = exact_points(part.domain, own.agreed.points[: run.effort.properties.exact_points])
    if not own.agreed.proved and not points:
        points = sample_points(part.domain, run.effort.equivalence.exact_samples, run.seed)
    return points


def _better(one: PartFound, other: PartFound) -> PartFound:
    """The one that says more."""
    return other if other.agreed.proved or len(other.agreed.points) else one


def _by_z3(network: Network, part: Unsafe, run: Run) -> list[list[Fraction]]:
    """An unsafe point of a small network, if Z3 finds one: also where an excess is just 0."""
    effort, limit = run.effort.equivalence, run.limits.seconds
    if network.sizes.units > effort.z3_units or network.sizes.weights > effort.z3_weights:
        return []
    seconds = effort.z3_seconds if limit is None else min(effort.z3_seconds, limit / 4)
    with Solver(effort=run.effort.running) as solver:
        for case in part.cases:
            answer = ask_case(solver, network, part.domain, case, seconds / len(part.cases))
            if isinstance(answer, Sat):
                return [list(answer.point)]
    return []


def _first_unsafe(
    network: Network, asked: Property, part: int, points: list[list[Fraction]]
) -> Refuted | None:
    for point, outputs in zip(points, evaluate_points(network, points), strict=True):
        case = asked.parts[part].case_met(point, outputs)
        if case is not None:
            return Refuted(tuple(point), tuple(outputs), part, case)
    return None


def _certified(
    network: Network, asked: Property, found: list[PartFound], beside: Network | None
) -> Holds | Undecided:
    """The certificate of all parts, judged by the checker before anything is claimed."""
    evidence = [PartEvidence(own.margins, evidence_of(own.agreed)) for own in found]
    certificate = certify_property(network, asked, evidence, beside)
    try:
        verdict = require_property(network, asked, certificate, beside=beside)
    except ClaimRefused as refusal:
        return Undecided(str(refusal), 0, asked.cases)
    return Holds(certificate, verdict.status, verdict.trusted)


def _require_bounded(network: Network, asked: Property) -> None:
    for part in asked.parts:
        if not part.domain.is_bounded:
            raise InputError(
                f"{asked.name} does not bound every input of {network.name}; give each X_k a lower "
                "and an upper end"
            )
