"""The syntax tree, made by the parser as it reduces."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token, Transformer, v_args

from rectifold.language import ast
from rectifold.language.source import Span
from rectifold.language.terms import first_leaf


@v_args(inline=True)
class ToTree(Transformer[Token, list[ast.Statement]]):
    """Called by the parser as it reduces: no intermediate tree is built."""

    def start(self, *statements: ast.Statement | Token) -> list[ast.Statement]:
        return [s for s in statements if not isinstance(s, Token)]

    def network(self, name: Token, title: Token | None) -> ast.NetworkHead:
        return ast.NetworkHead(span_of(name), str(name), str(title)[1:-1] if title else "")

    def domain(self, box: ast.DomainBox) -> ast.DomainBox:
        return box

    def box(self, ranges: ast.Expr, power: Token | None) -> ast.DomainBox:
        return ast.DomainBox(
            ranges.span, ranges, None if power is None else ast.Number(span_of(power), str(power))
        )

    def input(self, name: Token, size: Token, box: ast.DomainBox | None) -> ast.Input:
        return ast.Input(span_of(name), str(name), ast.Number(span_of(size), str(size)), box)

    def assume(self, first: ast.Expr, *rest: ast.Expr | Token | None) -> ast.Assume:
        return ast.Assume(first.span, *_compared(first, rest))

    def ensure(self, first: ast.Expr, *rest: ast.Expr | Token | None) -> ast.Ensure:
        return ast.Ensure(first.span, *_compared(first, rest))

    def const(self, name: Token, value: ast.Expr) -> ast.Const:
        return ast.Const(span_of(name), str(name), value)

    def equation(self, name: Token, value: ast.Expr) -> ast.Equation:
        return ast.Equation(span_of(name), str(name), value)

    def output(self, value: ast.Expr) -> ast.OutputStatement:
        return ast.OutputStatement(value.span, value)

    def add(self, left: ast.Expr, right: ast.Expr) -> ast.Expr:
        return ast.Binary(left.span, "+", left, right)

    def sub(self, left: ast.Expr, right: ast.Expr) -> ast.Expr:
        return ast.Binary(left.span, "-", left, right)

    def terms(self, text: Token) -> ast.Expr:
        place = span_of(text)
        return ast.Terms(first_leaf(text, place), None, str(text), place)

    def more_terms(self, left: ast.Expr, text: Token) -> ast.Expr:
        return ast.Terms(left.span, left, str(text), span_of(text))

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
        return ast.Number(span_of(token), str(token))

    def string(self, token: Token) -> ast.Expr:
        return ast.String(span_of(token), str(token)[1:-1])

    def name(self, token: Token) -> ast.Expr:
        return ast.Name(span_of(token), str(token))

    def row(self, token: Token) -> ast.Expr:
        return ast.Row(span_of(token), str(token))

    def call(self, name: Token, *arguments: ast.Expr | None) -> ast.Expr:
        return ast.Call(span_of(name), str(name), tuple(a for a in arguments if a is not None))

    def items(self, *items: ast.Expr | None) -> ast.Expr:
        present = tuple(i for i in items if i is not None)
        return ast.Items(present[0].span if present else Span(1, 1), present)


def span_of(token: Token) -> Span:
    """The place of a token: of its first line, if it has several."""
    end = token.find("\n")
    return Span(token.line or 1, token.column or 1, max(1, end if end >= 0 else len(token)))


def _compared(
    first: ast.Expr, rest: Sequence[ast.Expr | Token | None]
) -> tuple[tuple[ast.Expr, ...], tuple[str, ...]]:
    """The terms of a comparison, which may be chained, and the operators between them."""
    operators = tuple(str(r) for r in rest if isinstance(r, Token))
    terms = tuple(r for r in rest if r is not None and not isinstance(r, Token))
    return (first, *terms), operators
