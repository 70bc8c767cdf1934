"""`rectifold prove`: one network, one property, one answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import click

from rectifold.cli.asked import Asked, Question, read_asked, relation_options
from rectifold.cli.documented import command
from rectifold.cli.options import (
    Proof,
    Report,
    allow_trusted_option,
    certificate_option,
    domain_option,
    force_option,
    memory_limit_option,
    pair_proof,
    report,
)
from rectifold.cli.pages import command_line, point_sections, recheck_command, state_of
from rectifold.cli.progress import progress_line
from rectifold.cli.proved import prove_json, prove_text
from rectifold.cli.reading import reading_options
from rectifold.cli.targets import require_outputs
from rectifold.cli.unsafe_points import UnsafePoint, run_text
from rectifold.cli.values import as_value
from rectifold.cli.witness_files import file_lines, require_counterexample_file
from rectifold.errors import Unfinished
from rectifold.properties.answers import Answer, Holds, Refuted, Undecided
from rectifold.properties.decide import decide_property
from rectifold.reports.pages.about import answer_page, certificate_section
from rectifold.reports.pages.model import Page
from rectifold.runtime.files import write_whole
from rectifold.runtime.json import JsonObject
from rectifold.runtime.run import Run
from rectifold.runtime.status import Status


@dataclass(frozen=True)
class Kept:
    """What is kept of the answer."""

    counterexample_file: str | None
    certificate_file: str | None
    allow_trusted: bool
    force: bool


_asked = as_value(
    "asked",
    Asked,
    click.argument("network", metavar="NET"),
    click.argument("property_file", metavar="[PROPERTY]", required=False),
    reading_options(2, ("NET", "NET2")),
    domain_option,
)
_kept = as_value(
    "kept",
    Kept,
    click.option(
        "--counterexample",
        "counterexample_file",
        metavar="FILE",
        help="write an unsafe point to FILE: exactly (.json), or as the model's input (.npy)",
    ),
    certificate_option("write the certificate that the property holds to FILE"),
    allow_trusted_option,
    force_option,
)


@command("prove")
@relation_options
@_asked
@_kept
@pair_proof
@report
@memory_limit_option
def prove_command(asked: Asked, kept: Kept, proof: Proof, report: Report) -> int:
    """Decide whether PROPERTY, a VNN-LIB file, holds for NET: nothing that it asserts can happen.

    Without PROPERTY: whether what NET, a .relu file, ensures is true on its domain. The time limit
    is that of the whole command.
    """
    started = time.monotonic()
    names = {
        "--counterexample": kept.counterexample_file,
        "--certificate": kept.certificate_file,
        "--json": report.json_target,
        "--log": proof.log_file,
    }
    require_outputs(names, asked.files, force=kept.force)
    require_counterexample_file(kept.counterexample_file)
    with proof.times.before("network and property were read"):
        question = read_asked(asked, quiet=report.quiet)
    with progress_line(quiet=report.quiet) as progress:
        run = Run(proof.limits(proof.seconds), proof.seed, progress)
        answer = _answer_in_time(question, proof, run)
    extra, lines = _keep(answer, question, kept)
    told = prove_json(answer, question) | extra | {"seconds": time.monotonic() - started}
    lines = [*prove_text(answer, question).split("\n"), *lines]
    status = _status(answer, allow_trusted=kept.allow_trusted)
    recheck = recheck_command(asked.network, kept.certificate_file, asked.domain_spec, asked.words)
    report.write(told, lambda: _page(question, answer, lines, status, recheck))
    if report.is_on_screen:
        click.echo("\n".join(lines))
    return status


def _page(
    question: Question, answer: Answer, lines: list[str], status: int, recheck: str | None
) -> Page:
    sections = point_sections(answer.point) if isinstance(answer, Refuted) else []
    if isinstance(answer, Holds):
        sections = [certificate_section(answer.replayed or "not replayed", recheck)]
    domain = question.asked.parts[0].domain.describe() if question.asked.parts else ""
    title = f"A property of {question.about.network.name}"
    return answer_page(title, domain, lines, state_of(status), sections, command_line())


def _answer_in_time(question: Question, proof: Proof, run: Run) -> Answer:
    """The answer; undecided where the end of the command interrupts it."""
    try:
        with proof.times.before("there was an answer that the checker accepts"):
            return decide_property(question.loaded.network, question.asked, run, question.beside)
    except Unfinished as ended:
        return Undecided(str(ended), 0, question.asked.cases)


def _keep(answer: Answer, question: Question, kept: Kept) -> tuple[JsonObject, list[str]]:
    """Writes the files that are asked for: keys for the JSON result, and lines for people."""
    match answer:
        case Refuted():
            unsafe = UnsafePoint(answer, question.asked, question.loaded, question.second)
            return _keep_point(unsafe, kept.counterexample_file)
        case Holds() if kept.certificate_file:
            text = answer.certificate.text
            write_whole(Path(kept.certificate_file), text.encode("ascii"))
            return {}, [f"wrote {kept.certificate_file} ({len(text) / 1e6:.2f} MB)"]
        case Holds() | Undecided():
            return {}, []
        case _:
            assert_never(answer)


def _keep_point(unsafe: UnsafePoint, file: str | None) -> tuple[JsonObject, list[str]]:
    again = unsafe.run_again()
    lines = [] if again is None else [run_text(again, unsafe.dtype, is_pair=unsafe.is_pair)]
    extra: JsonObject = {"run_again": again}
    if file is not None:
        lines += file_lines(extra, *unsafe.write(Path(file)))
    return extra, lines


def _status(answer: Answer, *, allow_trusted: bool) -> int:
    match answer:
        case Holds():
            return Status.of_proof(answer.trusted, allow_trusted=allow_trusted)
        case Refuted():
            return Status.REFUTED
        case Undecided():
            return Status.UNDECIDED
        case _:
            assert_never(answer)
