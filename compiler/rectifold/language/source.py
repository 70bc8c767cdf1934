"""Places in a source file, and the errors that name them.

tiny.relu:4:12: error: unknown name 'rellu'
    h = rellu(W @ x)
        ^~~~~
help: did you mean 'relu'?
"""

from __future__ import annotations

from dataclasses import dataclass

from rectifold.errors import InputError


@dataclass(frozen=True)
class Span:
    """A stretch of one line: 1-based line and column, and its length."""

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True)
class Source:
    """A text and what to call it in messages."""

    name: str
    text: str

    def line(self, number: int) -> str:
        return line_of(self.text, number)


def line_of(text: str, number: int) -> str:
    """Line `number` (from 1) of a text; only a newline ends a line, as for the parser."""
    lines = text.split("\n", number)
    return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


@dataclass(frozen=True)
class Diagnostic:
    """One error: where, what, and (where we know) a remedy and a related place."""

    span: Span
    message: str
    help: str = ""
    note: tuple[Span, str] | None = None

    def render(self, source: Source) -> str:
        lines = [_text_with_place(source, self.span, f"error: {self.message}")]
        if self.help:
            lines.append(f"help: {self.help}")
        if self.note:
            lines.append(_text_with_place(source, self.note[0], f"note: {self.note[1]}"))
        return "\n".join(lines)


class SourceError(InputError):
    """One or more errors in a network text, in the order of the file."""

    def __init__(self, source: Source, diagnostics: list[Diagnostic]) -> None:
        self.source = source
        self.diagnostics = sorted(diagnostics, key=lambda d: (d.span.line, d.span.column))
        super().__init__("\n".join(d.render(source) for d in self.diagnostics))


class Fault(Exception):
    """Raised while one statement is read; the caller collects it and goes on with the next
    statement.
    """

    def __init__(
        self, span: Span, message: str, help: str = "", note: tuple[Span, str] | None = None
    ) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(span, message, help, note)


def _text_with_place(source: Source, span: Span, text: str) -> str:
    head = f"{source.name}:{span.line}:{span.column}: {text}"
    line = source.line(span.line)
    if not line.strip():
        return head
    start = max(0, span.column - 60)
    shown = "".join(c if c.isprintable() or c == "\t" else "?" for c in line[start : start + 100])
    marks = max(1, min(span.length, len(shown) - (span.column - 1 - start)))
    before = "".join(
        c if c == "\t" else " "
        for c in shown[: span.column - 1 - start].ljust(span.column - 1 - start)
    )
    return f"{head}\n    {shown}\n    {before}^{'~' * (marks - 1)}"
