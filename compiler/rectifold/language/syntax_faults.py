"""From lark's errors to ours: what was found, where, and what to do.

y = 2 x[0]        a comma, a bracket or a sign: the token that does not belong here, and the remedy
"""

from __future__ import annotations

import re

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from rectifold.language.slips import POWERS, stray_character, two_dots
from rectifold.language.source import Fault, Span, line_of
from rectifold.language.tree import span_of

STATEMENT = re.compile(
    r"\s*(?:(?:network|input|assume|ensure|const|output)\b|[A-Za-z_]\w*\s*=(?!=))"
)
"""A line that begins a statement."""

_OPEN_SIGNS = {"LPAR": ")", "LSQB": "]"}


def syntax_fault(text: str, error: UnexpectedInput, opened: list[Token]) -> Fault:
    """What to say of an error of lark's; `opened`: the brackets that are open there."""
    line = getattr(error, "line", 1)
    slip = two_dots(line_of(text, line), Span(line, getattr(error, "column", 1)))
    if slip is not None:
        return slip
    if opened and (bracket := _unclosed(text, opened, line)) is not None:
        return never_closed(bracket)
    if isinstance(error, UnexpectedCharacters):
        place = error.pos_in_stream or 0
        return stray_character(text[place : place + 1], Span(error.line, error.column))
    if not isinstance(error, UnexpectedToken) or error.token.type == "$END":
        if opened:
            return never_closed(opened[-1])
        lines = text.split("\n")
        return Fault(
            Span(len(lines), len(lines[-1]) + 1), "the text ends in the middle of a statement"
        )
    if error.token.type == "CIRCUMFLEX" or text[(error.token.start_pos or 0) - 1 :].startswith(
        "**"
    ):
        return Fault(span_of(error.token), *POWERS)
    return _unexpected(error.token, error.accepts or error.expected, opened)


def never_closed(bracket: Token) -> Fault:
    """Of a bracket that is open where the text, or a statement, ends."""
    closing = "]" if bracket.type == "LSQB" else ")"
    return Fault(
        span_of(bracket),
        f"this '{bracket}' is never closed",
        f"add '{closing}' before the next statement",
    )


def _unclosed(text: str, opened: list[Token], line: int) -> Token | None:
    """The open bracket that was meant to close before a later line began a new statement."""
    lines = text.split("\n")
    for bracket in reversed(opened):
        first = bracket.line or 1
        if any(STATEMENT.match(lines[k]) for k in range(first, min(line, len(lines)))):
            return bracket
    return None


def _unexpected(token: Token, accepts: set[str], opened: list[Token]) -> Fault:
    span = span_of(token)
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
            place = (span_of(opened[-1]), f"'{opened[-1]}' is opened here")
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
