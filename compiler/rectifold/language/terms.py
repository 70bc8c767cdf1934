"""Sums of plain terms, which the parser leaves as text: 3*x[0] - (1/2)*h[4] + u7 - 1.

`plain_terms` says what was written in numbers and names; `written_out` is the same as the tree that
the parser makes of other sums, for all that is no sum of single units, and for its errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rectifold.exact.literals import NumberError, parse_ratio
from rectifold.language import ast
from rectifold.language.source import Span

_NUMBER = r"(?:0[xX][0-9a-fA-F.]+(?:[pP][-+]?[0-9]+)?|[0-9.]+(?:[eE][-+]?[0-9]+)?(?:f32|f64)?)"
_TERM = re.compile(
    r"[ \t]*([-+]?)[ \t]*([-+]?)[ \t]*(?=.)"
    rf"(?:(\(?)[ \t]*([-+]?)[ \t]*({_NUMBER})(?:[ \t]*/[ \t]*({_NUMBER}))?[ \t]*\)?"
    r"[ \t]*\*?[ \t]*)?"
    r"(?:([A-Za-z_][A-Za-z0-9_]*)[ \t]*(?:\[[ \t]*(-?)([0-9]+)[ \t]*\])?)?"
)
"""Of a text that is such a sum: sign, second sign, bracket, sign in it, number, divisor, name, sign
of the index, index.
"""
_LEAF = re.compile(rf"{_NUMBER}|[A-Za-z_][A-Za-z0-9_]*")


class PlainTerm(NamedTuple):
    """±numerator/denominator · name[position]: without a name ("") the number, without a position
    (None) the name alone.

    `is_bare`: it is the unit itself, with no sign or factor that would make another value.
    """

    numerator: int
    denominator: int
    name: str
    position: int | None
    is_bare: bool


def plain_terms(text: str) -> Iterator[PlainTerm]:
    """The terms of a sum. Raises NumberError for a number beyond the caps, and for a quotient of
    0.
    """
    for sign, second, _, inner, number, divisor, name, back, index in _TERM.findall(text):
        top, bottom = _ratio(number) if number else (1, 1)
        if divisor:
            over, under = _ratio(divisor)
            if not over:
                raise NumberError("division by zero")
            top, bottom = top * under, bottom * over
        negative = (sign == "-") ^ (second == "-") ^ (inner == "-")
        position = (-int(index) if back else int(index)) if index else None
        is_bare = top == bottom and "-" not in (sign, second, inner)
        yield PlainTerm(-top if negative else top, bottom, name, position, is_bare)


def first_leaf(text: str, place: Span) -> Span:
    """The place of the first number or name in the text at `place`."""
    leaf = _LEAF.search(text)
    assert leaf is not None
    return Span(place.line, place.column + leaf.start(), leaf.end() - leaf.start())


def written_out(node: ast.Terms) -> list[tuple[str, ast.Expr]]:
    """The terms as (operator, tree) with their places; the first operator is "" where no sum is
    before it.
    """
    result: list[tuple[str, ast.Expr]] = []
    for match in _TERM.finditer(node.text):
        operator, sign = match[1], match[2]
        if not result and node.left is None:
            operator, sign = "", match[1]
        result.append((operator, _term(match, sign, node.place)))
    return result


def _term(match: re.Match[str], sign: str, place: Span) -> ast.Expr:
    factor = _coefficient(match, sign, place) if match[5] else None
    if not match[7]:
        assert factor is not None
        return factor
    variable: ast.Expr = ast.Name(_span(match, 7, place), match[7])
    if match[9]:
        number = ast.Number(_span(match, 9, place), match[9])
        variable = ast.Item(variable.span, variable, (_signed(number, match[8]),))
    if factor is None:
        return _signed(variable, sign)
    return ast.Binary(factor.span, "*", factor, variable)


def _coefficient(match: re.Match[str], sign: str, place: Span) -> ast.Expr:
    """A sign in brackets is the number's; one before them is the quotient's, and else the
    number's.
    """
    top = ast.Number(_span(match, 5, place), match[5])
    factor = _signed(top, match[4] if match[3] else sign)
    if match[6]:
        divisor = ast.Number(_span(match, 6, place), match[6])
        factor = ast.Binary(factor.span, "/", factor, divisor)
    return _signed(factor, sign) if match[3] else factor


def _signed(operand: ast.Expr, sign: str) -> ast.Expr:
    return ast.Unary(operand.span, "-", operand) if sign == "-" else operand


def _span(match: re.Match[str], group: int, place: Span) -> Span:
    return Span(place.line, place.column + match.start(group), len(match[group]))


def _ratio(text: str) -> tuple[int, int]:
    return (int(text), 1) if text.isdigit() and len(text) < 19 else parse_ratio(text)
