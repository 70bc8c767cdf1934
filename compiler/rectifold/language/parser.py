"""Text to syntax tree, through lark's LALR parser and the one grammar file.

Newlines end statements except inside brackets. After a syntax error the statement is blanked and
the rest is read again, so several independent mistakes are reported in one run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from rectifold.language import ast
from rectifold.language.slips import POWERS, domain_help, stray_character, two_dots
from rectifold.language.source import Diagnostic, Fault, Source, SourceError, Span, line_of
from rectifold.runtime.caps import CAPS

_OPEN = {"LPAR": "RPAR", "LSQB": "RSQB"}
_OPEN_SIGNS = {"LPAR": ")", "LSQB": "]"}
_STATEMENT = re.compile(
    r"\s*(?:(?:network|input|assume|ensure|const|output)\b|[A-Za-z_]\w*\s*=(?!=))"
)


def parse_statements(source: Source) -> list[ast.Statement]:
    """The statements of a network text. Raises SourceError with every syntax error found."""
    if len(source.text) > CAPS.text_characters:
        raise SourceError(
            source,
            [Diagnostic(Span(1, 1), f"the file has more than {CAPS.text_characters:,} characters")],
        )
    text, errors = source.text, list[Diagnostic]()
    while True:
        try:
            statements = _parse(text)
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
    if len(source.text) > CAPS.text_characters:
        raise SourceError(
            source,
            [
                Diagnostic(
                    Span(1, 1), f"the domain has more than {CAPS.text_characters:,} characters"
                )
            ],
        )
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
                    raise Fault(_span(token), f"brackets are nested more than {CAPS.brackets} deep")
            elif self.open and token.type == _OPEN[self.open[-1].type]:
                self.open.pop()
            if token.type == "_NL" and self.open:
                continue
            yield token


@cache
def _parser() -> tuple[Lark, _Brackets]:
    brackets = _Brackets()
    parser = Lark(
        grammar_text(),
        start=["start", "domain"],
        parser="lalr",
        lexer="contextual",
        postlex=brackets,
        maybe_placeholders=True,
        transformer=_ToAst(),
    )
    return parser, brackets


def _parse(text: str, start: str = "start") -> Any:
    parser, brackets = _parser()
    try:
        tree = parser.parse(text if text.endswith("\n") else text + "\n", start=start)
    except UnexpectedInput as error:
        raise _fault(text, error, brackets.open) from None
    if brackets.open:
        raise _never_closed(brackets.open[-1])
    return tree


# ---- from lark's errors to ours -----------------------------------------------------------------


def _fault(text: str, error: UnexpectedInput, opened: list[Token]) -> Fault:
    line = getattr(error, "line", 1)
    slip = two_dots(line_of(text, line), Span(line, getattr(error, "column", 1)))
    if slip is not None:
        return slip
    if opened and (bracket := _unclosed(text, opened, line)) is not None:
        return _never_closed(bracket)
    if isinstance(error, UnexpectedCharacters):
        place = error.pos_in_stream or 0
        return stray_character(text[place : place + 1], Span(error.line, error.column))
    if not isinstance(error, UnexpectedToken) or error.token.type == "$END":
        if opened:
            return _never_closed(opened[-1])
        lines = text.split("\n")
        return Fault(
            Span(len(lines), len(lines[-1]) + 1), "the text ends in the middle of a statement"
        )
    if error.token.type == "CIRCUMFLEX" or text[(error.token.start_pos or 0) - 1 :].startswith(
        "**"
    ):
        return Fault(_span(error.token), *POWERS)
    return _unexpected(error.token, error.accepts or error.expected, opened)


def _unclosed(text: str, opened: list[Token], line: int) -> Token | None:
    """The open bracket that was meant to close before a later line began a new statement."""
    lines = text.split("\n")
    for bracket in reversed(opened):
        first = bracket.line or 1
        if any(_STATEMENT.match(lines[k]) for k in range(first, min(line, len(lines)))):
            return bracket
    return None


def _never_closed(bracket: Token) -> Fault:
    closing = "]" if bracket.type == "LSQB" else ")"
    return Fault(
        _span(bracket),
        f"this '{bracket}' is never closed",
        f"add '{closing}' before the next statement",
    )


def _unexpected(token: Token, accepts: set[str], opened: list[Token]) -> Fault:
    span = _span(token)
    shown = "the end of the line" if token.type == "_NL" else f"'{token}'"
    if token.type in ("NUMBER", "NAME", "ROW", "LSQB", "MINUS") and "COMMA" in accepts and opened:
        return Fault(
            span,
            f"a comma is missing before {_shortened(shown)}",
            "entries of a row are separated by ','",
        )
    if token.type in ("RPAR", "RSQB"):
        if opened:
            wanted = _OPEN_SIGNS[opened[-1].type]
            place = (_span(opened[-1]), f"'{opened[-1]}' is opened here")
            if wanted != str(token):
                return Fault(span, f"{shown} closes nothing; '{wanted}' is expected", note=place)
        elif "RPAR" not in accepts and "RSQB" not in accepts:
            return Fault(span, f"{shown} closes a bracket that was never opened", f"remove {shown}")
    if token.type == "COMMA" and not opened:
        return Fault(
            span, "a ',' outside of brackets", "a range or a vector is written in brackets: [0, 1]"
        )
    if token.type == "EQUAL":
        equation = "an equation is 'name = expression', one on a line"
        remedy = "write '==' for equal" if "COMPARE" in accepts else equation
        return Fault(span, "'=' does not belong here", remedy)
    if token.type == "_NL":
        return Fault(
            span,
            "the statement ends too early",
            "an expression or a sign is missing before the end of the line",
        )
    if token.type == "NAME" and "EQUAL" in accepts:
        return Fault(
            span,
            f"{shown} does not belong here",
            "a statement begins with a keyword or is 'name = expression'",
        )
    return Fault(span, f"{_shortened(shown)} does not belong here")


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "...'"


def _span(token: Token) -> Span:
    first_line = str(token).split("\n", 1)[0]
    return Span(token.line or 1, token.column or 1, max(1, len(first_line)))


def _blank_statement(text: str, line: int) -> str:
    """The text with the statement around this line replaced by blank lines (places keep their
    numbers).
    """
    lines = text.split("\n")
    first = line - 1
    while first > 0 and not _STATEMENT.match(lines[first]):
        first -= 1
    last = line
    while last < len(lines) and lines[last].strip() and not _STATEMENT.match(lines[last]):
        last += 1
    for k in range(first, min(last, len(lines))):
        lines[k] = ""
    return "\n".join(lines)


# ---- the tree -----------------------------------------------------------------------------------


@v_args(inline=True)
class _ToAst(Transformer[Token, list[ast.Statement]]):
    """Called by the parser as it reduces: no intermediate tree is built."""

    def start(self, *statements: ast.Statement | Token) -> list[ast.Statement]:
        return [s for s in statements if not isinstance(s, Token)]

    def network(self, name: Token, title: Token | None) -> ast.NetworkHead:
        return ast.NetworkHead(_span(name), str(name), str(title)[1:-1] if title else "")

    def domain(self, box: ast.DomainBox) -> ast.DomainBox:
        return box

    def box(self, ranges: ast.Expr, power: Token | None) -> ast.DomainBox:
        return ast.DomainBox(
            ranges.span, ranges, None if power is None else ast.Number(_span(power), str(power))
        )

    def input(self, name: Token, size: Token, box: ast.DomainBox | None) -> ast.Input:
        return ast.Input(_span(name), str(name), ast.Number(_span(size), str(size)), box)

    def assume(self, first: ast.Expr, *rest: ast.Expr | Token | None) -> ast.Assume:
        return ast.Assume(first.span, *_compared(first, rest))

    def ensure(self, first: ast.Expr, *rest: ast.Expr | Token | None) -> ast.Ensure:
        return ast.Ensure(first.span, *_compared(first, rest))

    def const(self, name: Token, value: ast.Expr) -> ast.Const:
        return ast.Const(_span(name), str(name), value)

    def equation(self, name: Token, value: ast.Expr) -> ast.Equation:
        return ast.Equation(_span(name), str(name), value)

    def output(self, value: ast.Expr) -> ast.OutputStatement:
        return ast.OutputStatement(value.span, value)

    def add(self, left: ast.Expr, right: ast.Expr) -> ast.Expr:
        return ast.Binary(left.span, "+", left, right)

    def sub(self, left: ast.Expr, right: ast.Expr) -> ast.Expr:
        return ast.Binary(left.span, "-", left, right)

    def mul(self, left: ast.Expr, right: ast.Expr) -> ast.Expr:
        return ast.Binary(left.span, "*", left, right)

    def div(self, left: ast.Expr, right: ast.Expr) -> ast.Expr:
        return ast.Binary(left.span, "/", left, right)

    def matmul(self, left: ast.Expr, right: ast.Expr) -> ast.Expr:
        return ast.Binary(left.span, "@", left, right)

    def neg(self, operand: ast.Expr) -> ast.Expr:
        return ast.Unary(operand.span, "-", operand)

    def pos(self, operand: ast.Expr) -> ast.Expr:
        return operand

    def item(self, base: ast.Expr, *index: ast.Expr | ast.IndexRange) -> ast.Expr:
        return ast.Item(base.span, base, index)

    def span(self, first: ast.Expr | None, last: ast.Expr | None) -> ast.IndexRange:
        place = first or last
        return ast.IndexRange(place.span if place else Span(1, 1), first, last)

    def number(self, token: Token) -> ast.Expr:
        return ast.Number(_span(token), str(token))

    def string(self, token: Token) -> ast.Expr:
        return ast.String(_span(token), str(token)[1:-1])

    def name(self, token: Token) -> ast.Expr:
        return ast.Name(_span(token), str(token))

    def row(self, token: Token) -> ast.Expr:
        return ast.Row(_span(token), str(token))

    def call(self, name: Token, *arguments: ast.Expr | None) -> ast.Expr:
        return ast.Call(_span(name), str(name), tuple(a for a in arguments if a is not None))

    def items(self, *items: ast.Expr | None) -> ast.Expr:
        present = tuple(i for i in items if i is not None)
        return ast.Items(present[0].span if present else Span(1, 1), present)


def _compared(
    first: ast.Expr, rest: Sequence[ast.Expr | Token | None]
) -> tuple[tuple[ast.Expr, ...], tuple[str, ...]]:
    """The terms of a comparison, which may be chained, and the operators between them."""
    operators = tuple(str(r) for r in rest if isinstance(r, Token))
    terms = tuple(r for r in rest if r is not None and not isinstance(r, Token))
    return (first, *terms), operators
