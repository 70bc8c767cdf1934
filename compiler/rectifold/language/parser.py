"""Text to syntax tree, through lark's LALR parser and the one grammar file.

Newlines end statements except inside brackets. A text is read with the tokens for whole sums of
plain terms; where that fails it is read without them, so that an error is said of what was written.
After a syntax error the statement is blanked and the rest is read again, so several independent
mistakes are reported in one run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedInput
from lark.lexer import PatternRE, TerminalDef

from rectifold.language import ast
from rectifold.language.slips import domain_help
from rectifold.language.source import Diagnostic, Fault, Source, SourceError, Span
from rectifold.language.syntax_faults import STATEMENT, never_closed, syntax_fault
from rectifold.language.tree import ToTree, span_of
from rectifold.runtime.caps import CAPS

_OPEN = {"LPAR": "RPAR", "LSQB": "RSQB"}
_SUMS = ("TERMS", "MORE_TERMS")


def parse_statements(source: Source) -> list[ast.Statement]:
    """The statements of a network text. Raises SourceError with every syntax error found."""
    _require_short(source, "file")
    text, errors = source.text, list[Diagnostic]()
    while True:
        try:
            statements = _parse(text, "start")
        except Fault as fault:
            errors.append(fault.diagnostic)
            resumed = _blank_statement(text, fault.diagnostic.span.line)
            if (
                len(errors) >= CAPS.syntax_errors
                or resumed == text
                or "never closed" in fault.diagnostic.message
            ):
                raise SourceError(source, errors) from None
            text = resumed
        else:
            if errors:
                raise SourceError(source, errors)
            return list(statements)


def parse_domain(source: Source) -> ast.DomainBox:
    """What stands after `in`, on its own, as in `--domain "[0, 1]"`. Raises SourceError."""
    _require_short(source, "domain")
    try:
        box: ast.DomainBox = _parse(source.text, "domain")
    except Fault as fault:
        found = fault.diagnostic
        raise SourceError(source, [replace(found, help=domain_help(source.text))]) from None
    return box


def grammar_text() -> str:
    """The grammar: the packaged copy, or the checkout's `grammar/relu.lark`."""
    packaged = resources.files("rectifold").joinpath("grammar/relu.lark")
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[3] / "grammar" / "relu.lark").read_text(encoding="utf-8")


def _require_short(source: Source, what: str) -> None:
    if len(source.text) > CAPS.text_characters:
        found = f"the {what} has more than {CAPS.text_characters:,} characters"
        raise SourceError(source, [Diagnostic(Span(1, 1), found)])


class _Brackets:
    """Drops newlines inside brackets and remembers which brackets are open."""

    always_accept = ("_NL",)

    def __init__(self) -> None:
        self.open: list[Token] = []

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        self.open = []
        for token in stream:
            if token.type in _OPEN:
                self.open.append(token)
                if len(self.open) > CAPS.brackets:
                    raise _too_deep(token)
            elif self.open and token.type == _OPEN[self.open[-1].type]:
                self.open.pop()
            elif token.type in _SUMS and len(self.open) == CAPS.brackets:
                raise _too_deep(token)  # unless it has none: without these tokens that is seen
            if token.type == "_NL" and self.open:
                continue
            yield token


def _too_deep(token: Token) -> Fault:
    return Fault(span_of(token), f"brackets are nested more than {CAPS.brackets} deep")


@cache
def _parser(*, plain: bool) -> tuple[Lark, _Brackets]:
    """`plain`: without the tokens for whole sums."""
    brackets = _Brackets()
    parser = Lark(
        grammar_text(),
        start=["start", "domain"],
        parser="lalr",
        lexer="contextual",
        postlex=brackets,
        maybe_placeholders=True,
        transformer=ToTree(),
        edit_terminals=_without_sums if plain else None,
    )
    return parser, brackets


def _without_sums(terminal: TerminalDef) -> None:
    if terminal.name in _SUMS:
        terminal.pattern = PatternRE(r"[^\s\S]")  # which no text matches


def _parse(text: str, start: str) -> Any:
    """Raises Fault for the first syntax error."""
    try:
        return _parse_with(*_parser(plain=False), text, start)
    except Fault:
        return _parse_with(*_parser(plain=True), text, start)


def _parse_with(parser: Lark, brackets: _Brackets, text: str, start: str) -> Any:
    try:
        tree = parser.parse(text if text.endswith("\n") else text + "\n", start=start)
    except UnexpectedInput as error:
        raise syntax_fault(text, error, brackets.open) from None
    if brackets.open:
        raise never_closed(brackets.open[-1])
    return tree


def _blank_statement(text: str, line: int) -> str:
    """The text with the statement around this line replaced by blank lines (places keep their
    numbers).
    """
    lines = text.split("\n")
    first = line - 1
    while first > 0 and not STATEMENT.match(lines[first]):
        first -= 1
    last = line
    while last < len(lines) and lines[last].strip() and not STATEMENT.match(lines[last]):
        last += 1
    for k in range(first, min(last, len(lines))):
        lines[k] = ""
    return "\n".join(lines)
