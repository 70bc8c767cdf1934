"""Is a property true of a network: proved with a certificate, refuted by a point, or neither?

    every part: its stages (properties/part)   →   an exact unsafe point,  or one certificate

Sound because a point is judged by exact arithmetic, and a proof by the independent checker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rectifold.certificate.property import certify_property, require_property
from rectifold.certificate.refused import ClaimRefused
from rectifold.equivalence.points import exact_points
from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.ir.canonical import digest
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.ir.pairs import side_by_side
from rectifold.ir.property import Property, Unsafe
from rectifold.ir.sampling import sample_points
from rectifold.properties.answers import Answer, Holds, Refuted, Undecided
from rectifold.properties.part import PartFound, PartSearch
from rectifold.runtime.deadline import Deadline, TimeUp, time_left
from rectifold.runtime.run import Run
from rectifold.smt.process import Sat, Solver
from rectifold.smt.unsafe import ask_case

_BY_VALUES = (
    "; the networks differ and so do their points, so values alone were bounded (slopes along the "
    "step are used of a network beside itself)"
)


def decide_property(
    network: Network, asked: Property, run: Run, beside: Network | None = None
) -> Answer:
    """Does the property hold? Raises InputError for a domain without ends.

    With `beside` it is asked of the two networks side by side (ir/pairs): of (x, s) and (y, y').

    Parts share the time; Ctrl-C ends with what is proved.
    """
    _require_bounded(network, asked)
    about = _About(network)
    if beside is not None:
        is_alone = asked.second is None and digest(beside) == digest(network)
        joined = side_by_side(network, beside, asked.second)
        about = _About(joined, network if is_alone else None)
    deadline = run.deadline(run.effort.properties.seconds)
    found = _found(about, asked, run, deadline)
    if not isinstance(found, Refuted) and _is_complete(found, asked):
        answer = _certified(network, asked, found, beside, run, deadline)
        if isinstance(answer, Holds) or not any(own.agreed.signs for own in found):
            return answer
        # numbers of very different sizes: what boxes prove in floats, the checker may not
        found = _found(about, asked, _without_boxes(run), deadline)
        if not isinstance(found, Refuted) and _is_complete(found, asked):
            return _certified(network, asked, found, beside, run, deadline)
    if isinstance(found, Refuted):
        return found
    return _undecided(found, asked, has_steps=about.alone is None and _has_steps(network, asked))


def _is_complete(found: Sequence[PartFound], asked: Property) -> bool:
    return len(found) == len(asked.parts) and all(own.is_proved for own in found)


def _without_boxes(run: Run) -> Run:
    """Every part as one of many inputs."""
    equivalence = replace(run.effort.equivalence, few_inputs=0)
    effort = replace(run.effort, equivalence=equivalence)
    return replace(run, limits=replace(run.limits, effort=effort))


def _has_steps(network: Network, asked: Property) -> bool:
    """Is it asked of points that may differ: of (x, s) where some step s_k varies?"""
    return any(
        k not in part.domain.fixed
        for part in asked.parts
        for k in range(network.input_size, part.domain.size)
    )


def _undecided(found: Sequence[PartFound], asked: Property, *, has_steps: bool) -> Undecided:
    """`has_steps`: of two different networks at two points."""
    proved = sum(own.proved for own in found)
    stopped = "it was interrupted; " if found[-1].interrupted else ""
    counts = f"{proved} of {counted(asked.cases, 'case')} proved"
    way = _BY_VALUES if has_steps else ""
    return Undecided(f"{stopped}no unsafe point was found; {counts}{way}", proved, asked.cases)


@dataclass(frozen=True, eq=False)
class _About:
    """What a property is about; `alone` stands beside itself there, at x and x + s."""

    network: Network
    alone: Network | None = None


def _found(about: _About, asked: Property, run: Run, deadline: float) -> list[PartFound] | Refuted:
    """What is found of each part, or the first point that is unsafe."""
    found: list[PartFound] = []
    for number in range(len(asked.parts)):
        run.tell(f"part {number + 1}", number, len(asked.parts))
        share = time_left(deadline) / (len(asked.parts) - number)
        own = _decide_part(about, asked, number, run.with_seconds(share))
        if isinstance(own, Refuted):
            return own
        found.append(own)
        if own.interrupted or not time_left(deadline):
            break
    return found


def _decide_part(about: _About, asked: Property, number: int, run: Run) -> PartFound | Refuted:
    """An unsafe point, or the most that a stage has proved."""
    network = about.network
    search = PartSearch(network, asked.parts[number], run, about.alone)
    best = search.nothing
    try:
        for own in search.stages():
            best = _better(best, own)
            for points in _candidates(network, asked.parts[number], own, run):
                if (refuted := _first_unsafe(network, asked, number, points)) is not None:
                    return refuted
            if own.is_proved or own.interrupted or not time_left(search.deadline):
                break
    except KeyboardInterrupt:
        return replace(best, interrupted=True)
    except TimeUp:
        return best
    return best


def _candidates(
    network: Network, part: Unsafe, own: PartFound, run: Run
) -> Iterator[list[list[Fraction]]]:
    """Points that may be unsafe; where phases prove nothing, some more."""
    yield list(own.suspects)
    yield exact_points(part.domain, own.agreed.points[: run.effort.properties.exact_points])
    if own.agreed.facts is not None and not own.agreed.proved and not own.interrupted:
        yield sample_points(part.domain, run.effort.equivalence.exact_samples, run.seed)
        yield _by_z3(network, part, run)


def _better(one: PartFound, other: PartFound) -> PartFound:
    """The one that says more: the later one, unless it was cut off with less."""
    if other.is_proved or other.proved >= one.proved:
        return other
    return replace(one, interrupted=one.interrupted or other.interrupted)


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
    network: Network,
    asked: Property,
    found: list[PartFound],
    beside: Network | None,
    run: Run,
    deadline: float,
) -> Holds | Undecided:
    """The certificate of all parts, judged by the checker before anything is claimed.

    What takes the checker long is not judged to its end, but for one that was refused before.
    """
    evidence = [own.evidence for own in found]
    certificate, refused = certify_property(network, asked, evidence, beside), ""
    for bits in run.effort.equivalence.more_bits:
        finer = certificate.with_more_bits(bits)
        try:
            until = _replayed_until(run, deadline)
            verdict = require_property(network, asked, finer, until, beside=beside)
        except ClaimRefused as refusal:
            refused = refused or str(refusal)
        except TimeUp:
            if refused:  # then nothing is claimed that the checker has not accepted
                break
            return Holds(finer, None)
        else:
            return Holds(finer, verdict.status, verdict.trusted)
    return Undecided(refused, 0, asked.cases)


def _replayed_until(run: Run, deadline: float) -> Deadline:
    """When the checker stops: seconds from now, and fewer where the time limit is near."""
    effort = run.effort.properties
    left = max(effort.least_replay_seconds, time_left(deadline))
    return Deadline.after(min(effort.replay_seconds, left))


def _require_bounded(network: Network, asked: Property) -> None:
    for part in asked.parts:
        if not part.domain.is_bounded:
            raise InputError(
                f"{asked.name} does not bound every input of {network.name}; give each X_k a lower "
                "and an upper end"
            )
