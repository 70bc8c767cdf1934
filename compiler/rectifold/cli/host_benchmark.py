"""`emit --benchmark` on this machine: which code is run, and what a row of it says."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from rectifold.cli.rounding import certify_rounding, largest_bound
from rectifold.cli.targets import To
from rectifold.effort.running import ToolEffort
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.measured.host import Candidate, Course, course, seen_error, starts
from rectifold.emitters.measured.points import points_to_measure
from rectifold.emitters.table import FORMATS
from rectifold.errors import InputError
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from rectifold.runtime.compilers import Tool, ToolFailed
from rectifold.runtime.racing import Racer, least_seconds
from rectifold.runtime.run import Progress

ALL_FORMATS = ("c", "rust", "js", "numpy", "python", "onnx")  # where no format is asked for


@dataclass(frozen=True)
class HostRow:
    """One program. `ratio`: how many times faster than onnxruntime on the source; None without."""

    format: str
    build: str
    precision: str | None
    microseconds: float
    ratio: float | None
    error_bound: float | None
    observed_error: float | None


def candidates(
    network: Network, to: To, formats: Sequence[str]
) -> tuple[list[Candidate], list[str]]:
    """Code of the network in these formats, and why one cannot be written.

    In the precision that is asked for, where a format has it; else in its usual one.
    """
    found, notes = [], []
    for chosen in formats:
        one = FORMATS[chosen]
        wanted = to.wanted if to.wanted in one.precisions else None
        own = replace(to, chosen=chosen, path=Path(f"network{one.suffix}"), wanted=wanted)
        try:
            found.append(_candidate(network, own))
        except InputError as error:
            notes.append(f"{chosen} was not measured: {error}")
    return found, notes


def _candidate(network: Network, to: To) -> Candidate:
    precision = to.precision(network)
    bound = certify_rounding(network, network.domain, None, to.chosen, precision)
    named = precision or "float64"
    origin = Origin(digest(network), network.sizes, bound, precision=named)
    artifact = FORMATS[to.chosen].emit(network, origin, to.path.name)
    return Candidate(to.chosen, named, artifact, largest_bound(bound, to.chosen))


def beside_reference(ours: Sequence[Candidate], source: Path | None) -> list[Candidate]:
    """The same with what onnxruntime runs first: the ONNX model that was read, or where none was
    the network as ONNX, if it is among `ours`.
    """
    if source is not None:
        return [Candidate("onnx", "", Artifact({}), source=source), *ours]
    return sorted(ours, key=lambda one: not one.chosen.startswith("onnx"))


def host_rows(
    network: Network, field: Sequence[Candidate], tool: Tool | None, progress: Progress | None
) -> tuple[list[HostRow], int, list[str]]:
    """A row for each program, the number of points, and notes on what could not be measured.

    Ratios are to the first of the field, where it is ONNX and could be run.
    """
    points = points_to_measure(network, ToolEffort.host_points)
    if not points:
        return [], 0, ["nothing was measured: no float32 point of the domain was found"]
    run, notes = course(network, points), list[str]()
    with ExitStack() as stack:
        lanes = [lane for one in field for lane in _entered(stack, one, run, tool, notes)]
        try:
            times = least_seconds([lane.racer for lane in lanes], progress=progress)
            rows = [_row(lane, run, time) for lane, time in zip(lanes, times, strict=True)]
        except ToolFailed as failed:
            return [], len(points), [*notes, f"nothing was measured: {failed}"]
    has_reference = bool(lanes) and lanes[0].one is field[0] and field[0].chosen.startswith("onnx")
    return _with_ratios(rows) if has_reference else rows, len(points), notes


@dataclass(frozen=True, eq=False)
class _Lane:
    """A program that is ready."""

    one: Candidate
    build: str
    racer: Racer


def _entered(
    stack: ExitStack, one: Candidate, run: Course, tool: Tool | None, notes: list[str]
) -> list[_Lane]:
    """The programs that run this code; `notes` gets those that cannot."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rectifold-")))
    begun, said = starts(one, run, tool, folder)
    notes += said
    lanes = []
    for start in begun:
        build = start.build + (", on the source" if one.source is not None else "")
        try:
            racer = stack.enter_context(Racer(build, start.command, folder))
            lanes.append(_Lane(one, build, racer))
        except ToolFailed as failed:
            notes.append(f"{one.chosen} was not measured: {failed}")
    return lanes


def _row(lane: _Lane, run: Course, seconds: float) -> HostRow:
    one = lane.one
    seen = seen_error(lane.racer.outputs(), run) if one.source is None else None
    precision = one.precision or None
    return HostRow(one.chosen, lane.build, precision, 1e6 * seconds, None, one.bound, seen)


def _with_ratios(rows: Sequence[HostRow]) -> list[HostRow]:
    """How many times faster each is than the first."""
    base = rows[0].microseconds
    return [replace(row, ratio=base / row.microseconds) for row in rows]
