"""What `emit` says about the files that it wrote: in lines, and in JSON."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from rectifold.cli.benchmark import Measured, measured_json, measured_tables
from rectifold.cli.costs import costs_json
from rectifold.cli.pages import command_line
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.measured.costs import Costs, costs_text
from rectifold.emitters.milp.program import PROGRAMS
from rectifold.emitters.observed.observed import Observed
from rectifold.exact.numerals import at_most, counted
from rectifold.integers.choose import Tried
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from rectifold.reports.json import sizes_json
from rectifold.reports.pages.about import answer_page
from rectifold.reports.pages.model import Lines, Page, Section, Table
from rectifold.runtime.json import JsonObject


@dataclass(frozen=True, eq=False)
class Emitted:
    """A network in files. `bound`: what the code may be off by on the domain, 0 where nothing is
    rounded, None where it is not known. `chosen`: the format and its precision. `words`: the bits
    of integers; None for floats.
    """

    network: Network
    chosen: tuple[str, str | None]
    artifact: Artifact
    files: tuple[Path, ...]
    bound: float | None
    observed: Observed | None
    costs: Costs | None
    measured: Measured | None = None
    words: str | None = None
    tried: tuple[Tried, ...] = ()


def emitted_json(done: Emitted) -> JsonObject:
    """The documented result of `emit`, without the seconds."""
    network = done.network
    return {
        "network": {"name": network.name, "sha256": digest(network)} | sizes_json(network.sizes),
        "domain": None if network.domain is None else network.domain.describe(),
        "format": done.chosen[0],
        "precision": done.chosen[1],
        "words": done.words,
        "words_tried": [one.told() for one in done.tried if one.fits],
        "files": files_json(done),
        "error_bound": done.bound,
        "observed_error": None if done.observed is None else asdict(done.observed),
        "costs": costs_json(done.costs),
        "benchmark": None if done.measured is None else measured_json(done.measured),
    }


def files_json(done: Emitted) -> list[JsonObject]:
    """Each file with its bytes and digest."""
    return [
        {"file": str(path), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in zip(done.files, done.artifact.files.values(), strict=False)
    ]


def emitted_lines(done: Emitted) -> list[str]:
    """The same for people; the cost first, what was written last."""
    lines = [f"tried before: {one}" for one in done.tried]
    lines += [] if done.words is None else [f"integers: {done.words}"]
    lines += _rounding_lines(done)
    if done.costs is not None:
        lines.append(costs_text(done.costs))
    return lines + (["wrote " + ", ".join(str(f) for f in done.files)] if done.files else [])


def emitted_page(done: Emitted) -> Page:
    """What was written, how far it may be off, what it costs."""
    domain = done.network.domain
    rows = tuple(
        (str(path), f"{len(data):,}")
        for path, data in zip(done.files, done.artifact.files.values(), strict=False)
    )
    lines = [line for line in emitted_lines(done) if not line.startswith("wrote ")]
    sizes = done.network.sizes
    said = f"The network as it is: {counted(sizes.units, 'unit')}, {sizes.weights:,} weights."
    sections: list[Section] = [Table("Files", ("file", "bytes"), rows)] if rows else []
    sections += _measured_sections(done)
    return answer_page(
        f"{done.network.name} as {done.chosen[0]}",
        "" if domain is None else domain.describe(),
        [said, *lines],
        "plain",
        sections,
        command_line(),
    )


def _measured_sections(done: Emitted) -> list[Section]:
    """The tables of --benchmark, and what could not be measured."""
    if done.measured is None:
        return []
    tables = measured_tables(done.measured)
    sections: list[Section] = [Table(own.title, own.headings, own.rows) for own in tables]
    notes = tuple(done.measured.notes)
    return [*sections, Lines("Not measured", notes)] if notes else sections


def _rounding_lines(done: Emitted) -> list[str]:
    """The bound and what was seen, or what a bound would need; nothing where none is rounded."""
    of = f"rounding of {'its numbers' if done.chosen[0] in PROGRAMS else 'the code'}"
    domain = done.network.domain
    if done.bound is None and (domain is None or not domain.is_bounded):
        return [f"{of}: no bound is known without a bounded domain; give one with --domain"]
    if not done.bound:
        return []
    seen = ""
    if done.observed is not None:
        most = at_most(done.observed.result, 3)
        seen = f"; seen at {counted(done.observed.points, 'point')}: {most}"
    return [f"{of}: at most {at_most(done.bound, 3)} on the domain{seen}"]
