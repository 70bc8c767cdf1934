"""One page for each command's result.

Compiled, Facts, Regions, Shallow, any JSON result   →   Page
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rectifold.exact.numerals import counted
from rectifold.facts.facts import Facts, Phase
from rectifold.ir.network import Network
from rectifold.linear_regions.summary import Regions
from rectifold.operations.compiling import Compiled
from rectifold.reports.pages.model import (
    Commands,
    Figure,
    Figures,
    Lines,
    Page,
    Picture,
    Section,
    State,
    Table,
)
from rectifold.reports.pages.parts import (
    drawing_of,
    phases_of,
    sizes_of,
    strips_of,
    strips_of_compiled,
    times_of,
)
from rectifold.reports.tables import count_text
from rectifold.runtime.json import JsonObject
from rectifold.two_layers.shallow import Shallow

COUNTEREXAMPLE = "Counterexample"  # the heading of a section that shows an exact point


@dataclass(frozen=True)
class CompileStory:
    """What is told of a compilation besides its numbers.

    `certificate`: its status in words; `recheck`: the command that replays it, if it was kept;
    `files`: name, bytes, error bound; `lines`: what the terminal says besides.
    """

    result: Network
    guarantee: str
    state: State
    certificate: str
    recheck: str | None
    files: tuple[tuple[str, str, str], ...]
    sizes: tuple[Figure, ...] = ()
    lines: tuple[str, ...] = ()
    made_by: str = ""


def compile_page(compiled: Compiled, story: CompileStory) -> Page:
    """The guarantee, what was saved, every unit, both networks, files, times, the certificate."""
    figures = (*sizes_of(compiled.source, story.result), *story.sizes)
    sections: list[Section] = [
        Figures("Saved", figures),
        certificate_section(story.certificate, story.recheck),
        strips_of_compiled(compiled),
        drawing_of(compiled, story.result),
    ]
    if story.files:
        columns = ("file", "bytes", "rounding: at most, per output, on the domain")
        sections.append(Table("Files", columns, story.files))
    if story.lines:
        sections.append(Lines("Also", story.lines))
    sections.append(times_of(compiled.seconds))
    return Page(
        f"{compiled.source.name}, compiled",
        compiled.facts.domain.describe(),
        story.guarantee,
        story.state,
        tuple(sections),
        story.made_by,
    )


def compiled_page(compiled: Compiled) -> Page:
    """The same of a result in Python, which has no files; nothing is certified here anew."""
    whole = "" if compiled.rewritten else " The rewriting was ended early."
    said = (
        f"The result is equal to the source on the domain, as exact networks.{whole} "
        "check() replays the certificate."
    )
    sections: tuple[Section, ...] = (
        Figures("Saved", tuple(sizes_of(compiled.source, compiled.network))),
        strips_of_compiled(compiled),
        drawing_of(compiled, compiled.network),
        times_of(compiled.seconds),
    )
    where = compiled.facts.domain.describe()
    return Page(f"{compiled.source.name}, compiled", where, said, "plain", sections)


def certificate_section(status: str, recheck: str | None) -> Section:
    """How the certificate stands, and the command with which anybody replays it."""
    if recheck is None:
        return Lines(
            "Certificate", (f"The certificate: {status}. With --certificate FILE it is kept.",)
        )
    return Commands(
        "Certificate", ((recheck, f"The certificate: {status}. Anybody can replay it with:"),)
    )


def stability_page(network: Network, facts: Facts, made_by: str = "") -> Page:
    """The phases of all units of a network."""
    return facts_page(facts, f"Phases of {network.name}", made_by)


def facts_page(facts: Facts, title: str = "Phases", made_by: str = "") -> Page:
    """The phases of all units."""
    open_units = facts.count(Phase.OPEN)
    total = sum(known.size for known in facts.layers.values())
    said = (
        f"{counted(open_units, 'unit')} of {total:,} stayed undecided; what is said "
        "of the others is proved on the whole domain."
        if open_units
        else "The phase of every unit is proved on the whole domain, or both signs were seen."
    )
    sections = (
        Figures("Phases", tuple(phases_of(facts))),
        strips_of(facts),
        times_of(facts.seconds),
    )
    state: State = "undecided" if open_units else "holds"
    return Page(title, facts.domain.describe(), said, state, sections, made_by)


def regions_page(found: Regions, pictures: Sequence[Section] = (), made_by: str = "") -> Page:
    """The linear regions by layer, and their map."""
    figures = (
        Figure("linear regions", "", f"{len(found):,}"),
        Figure("affine maps", "", f"{found.affine_maps:,}"),
        Figure("free inputs", "", str(len(found.free))),
    )
    rows = tuple(
        (name, str(found.network.layer(name).size), f"{count:,}")
        for name, count in found.by_layer.items()
    )
    said = (
        "All linear regions were found, in exact arithmetic."
        if found.complete
        else "The search was ended early: these are part of the linear regions."
    )
    return Page(
        f"Linear regions of {found.network.name}",
        found.domain.describe(),
        said,
        "holds" if found.complete else "undecided",
        (
            Figures("Counted", figures),
            *pictures,
            Table("Layer by layer", ("layer", "units", "cells so far"), rows),
        ),
        made_by,
    )


def shallow_page(
    result: Shallow, domain: str, sections: Sequence[Section] = (), made_by: str = ""
) -> Page:
    """The form that was chosen beside the others; then what stands in `sections`."""
    rows = tuple(
        (name + (" (chosen)" if name == result.kind else ""), "-".join(map(count_text, sizes)))
        for name, sizes in result.alternatives.items()
    )
    figures = (
        *sizes_of(result.source, result.network),
        Figure("linear regions", "", f"{result.regions:,}"),
    )
    forms = Table("Forms", ("form", "hidden units per layer"), rows)
    return Page(
        f"{result.source.name} with at most two hidden layers",
        domain,
        result.statement,
        "holds" if result.exact else "plain",
        (Figures("Sizes", figures), forms, *sections),
        made_by,
    )


def answer_page(
    title: str,
    domain: str,
    lines: Sequence[str],
    state: State,
    sections: Sequence[Section] = (),
    made_by: str = "",
) -> Page:
    """An answer in sentences: the first is the guarantee.

    Numbers of a point are left out of the others where a section shows it.
    """
    first, *rest = lines or ["done"]
    rest = [line.strip() for line in rest]
    if any(one.heading == COUNTEREXAMPLE for one in sections):
        rest = [line for line in rest if not line.startswith(("x[", "... "))]
    said = (Lines("In detail", tuple(rest)),) if rest else ()
    return Page(title, domain, first, state, (*said, *sections), made_by)


def result_page(title: str, result: JsonObject) -> Page:
    """Whatever the JSON result says that fits a line."""
    rows = tuple(
        (key.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value))
        for key, value in result.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    )
    return Page(title, "", "What the command found.", "plain", (Table("Result", ("", ""), rows),))


def image(heading: str, text: str, data: bytes, kind: str, *, pixels: bool = False) -> Picture:
    """A picture from the bytes of a file of that media type."""
    from base64 import b64encode

    return Picture(heading, text, f"data:{kind};base64,{b64encode(data).decode()}", pixels)
