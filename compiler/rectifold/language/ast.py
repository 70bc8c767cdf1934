"""The syntax tree: what was written and where. No meaning yet."""

from __future__ import annotations

from dataclasses import dataclass

from rectifold.language.source import Span


@dataclass(frozen=True)
class Number:
    span: Span
    text: str


@dataclass(frozen=True)
class String:
    span: Span
    text: str


@dataclass(frozen=True)
class Name:
    span: Span
    text: str


@dataclass(frozen=True)
class Row:
    """A flat row of plain numbers, still as text: [1, -1/2, 0.1f32]."""

    span: Span
    text: str


@dataclass(frozen=True)
class Items:
    """[a, b, ...] with anything else than plain numbers inside."""

    span: Span
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class Call:
    span: Span
    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True)
class Unary:
    span: Span
    operator: str
    operand: Expr


@dataclass(frozen=True)
class Binary:
    span: Span
    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class IndexRange:
    """first:last in an index; either may be missing."""

    span: Span
    first: Expr | None
    last: Expr | None


@dataclass(frozen=True)
class Item:
    """base[i] or base[i:j] or base[i, j]."""

    span: Span
    base: Expr
    index: tuple[Expr | IndexRange, ...]


@dataclass(frozen=True)
class Terms:
    """left + text: plain terms on one line, still as text: 3*x[0] - (1/2)*h[4] + u7 - 1.

    `place` is the text's. Without `left` the first term may have no sign.
    """

    span: Span
    left: Expr | None
    text: str
    place: Span


Expr = Number | String | Name | Row | Items | Call | Unary | Binary | Item | Terms


@dataclass(frozen=True)
class NetworkHead:
    span: Span
    name: str
    title: str


@dataclass(frozen=True)
class DomainBox:
    """What stands after `in`: ranges, or one range ^ a number of inputs."""

    span: Span
    ranges: Expr
    power: Number | None


@dataclass(frozen=True)
class Input:
    span: Span
    name: str
    size: Number
    box: DomainBox | None


@dataclass(frozen=True)
class Assume:
    """left op middle [op right]."""

    span: Span
    terms: tuple[Expr, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True)
class Ensure:
    """left op middle [op right], of what the network computes."""

    span: Span
    terms: tuple[Expr, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True)
class Const:
    span: Span
    name: str
    value: Expr


@dataclass(frozen=True)
class Equation:
    span: Span
    name: str
    value: Expr


@dataclass(frozen=True)
class OutputStatement:
    span: Span
    value: Expr


Statement = NetworkHead | Input | Assume | Ensure | Const | Equation | OutputStatement
