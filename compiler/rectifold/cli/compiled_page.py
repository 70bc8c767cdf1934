"""What the page of `compile` tells besides numbers: guarantee, certificate, files, sentences."""

from __future__ import annotations

from pathlib import Path

from rectifold.cli.compiled import Done, summary_lines
from rectifold.cli.pages import command_line, recheck_command
from rectifold.exact.numerals import at_most
from rectifold.formats.interface import with_tail
from rectifold.reports.pages.about import CompileStory
from rectifold.reports.pages.model import Figure


def compile_story(done: Done, source: str, domain: str | None) -> CompileStory:
    """What `compile` tells besides numbers: the guarantee, the certificate, the files."""
    checked = done.verdict is not None and done.verdict.holds
    own = done.certificate_file if done.verdict is not None else None
    status = "not made" if done.verdict is None else done.verdict.status
    return CompileStory(
        done.written,
        _guarantee(done, checked=checked),
        "holds" if checked else "plain",
        status
        + (" (about the rewriting, before --shallow)" if done.is_about_the_rewriting else ""),
        recheck_command(source, own, domain),
        tuple(_file(path, done) for path in (*done.files, *([Path(own)] if own else []))),
        _bytes(done, source),
        tuple(summary_lines(done)[2:]),
        command_line(),
    )


def _guarantee(done: Done, *, checked: bool) -> str:
    """In one sentence, with the tail of a model if it has one."""
    if done.approximation is not None:
        said = f"The result may be another function; certified is: {done.approximation.guarantee}"
        return said if checked else f"{said} (not checked by a certificate)"
    exact = done.folded is None or done.folded.exact
    what = "equal to the source at every point of the domain" if exact else done.folded_statement
    said = f"The result is {with_tail(what, done.interface)}"
    how = (
        "an independent checker has replayed the certificate"
        if checked
        else "no certificate was checked"
    )
    return f"{said}, as exact networks: {how}."


def _file(path: Path, done: Done) -> tuple[str, str, str]:
    size = f"{path.stat().st_size:,}" if path.is_file() else ""
    if done.certificate_file is not None and path == Path(done.certificate_file):
        return str(path), size, "(the certificate)"
    rounded = "nothing is rounded, or no bound is known" if not done.bound else ""
    return str(path), size, rounded or at_most(done.bound or 0.0, 3)


def _bytes(done: Done, source: str) -> tuple[Figure, ...]:
    """The files before and after, where both are of one format."""
    if not done.files or Path(source).suffix != done.files[0].suffix:
        return ()
    sizes = [path.stat().st_size for path in (Path(source), done.files[0]) if path.is_file()]
    if len(sizes) != 2:
        return ()
    return (Figure("bytes of the file", *(f"{size:,}" for size in sizes)),)
