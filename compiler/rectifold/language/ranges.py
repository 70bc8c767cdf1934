"""The ranges of a domain.

[0, 1]                   one range for every input
[[0, 1], [-inf, inf]]    one range per input
[-1, 1]^4                one range for each of four inputs, as domains are printed
"""

from __future__ import annotations

from fractions import Fraction

from rectifold.exact.literals import NumberError, parse_number
from rectifold.exact.numerals import counted
from rectifold.ir.domain import Domain, DomainError
from rectifold.language import ast
from rectifold.language.rows import row_numbers
from rectifold.language.source import Fault
from rectifold.runtime.caps import CAPS

Range = tuple[Fraction | None, Fraction | None]


def box_of(box: ast.DomainBox, size: int) -> Domain:
    """The ranges written after `in`, for `size` inputs. Raises Fault."""
    pairs = _ranges(box.ranges)
    if box.power is not None:
        pairs = _power_of_range(box, pairs, size)
    elif len(pairs) == 1 and _is_one_range(box.ranges):
        pairs = pairs * size
    if len(pairs) != size:
        raise Fault(
            box.span, f"{counted(len(pairs), 'range')} for {counted(size, 'input')}",
            "give one range [low, high] per input, or one for all",
        )  # fmt: skip
    try:
        return Domain(tuple(p[0] for p in pairs), tuple(p[1] for p in pairs))
    except DomainError as error:
        raise Fault(box.span, str(error), "write the lower end first") from None


def number_of(expression: ast.Number) -> Fraction:
    """The exact value of a written number."""
    try:
        return parse_number(expression.text)
    except NumberError as error:
        raise Fault(expression.span, str(error)) from None


def _power_of_range(box: ast.DomainBox, pairs: list[Range], size: int) -> list[Range]:
    """[low, high]^n."""
    assert box.power is not None
    power = number_of(box.power)
    if not _is_one_range(box.ranges):
        raise Fault(box.span, "'^' repeats one range, these are several", "write [low, high]^n")
    if power != size:
        found = (
            f"this domain is written for {box.power.text[:20]} "
            f"input{'' if power == 1 else 's'}, but the network has {size}"
        )
        raise Fault(
            box.power.span, found, f"write ^{size}, or leave it out: one range is for every input"
        )
    return pairs * size


def _is_one_range(expression: ast.Expr) -> bool:
    """[low, high], and not a list of ranges."""
    return isinstance(expression, ast.Row) or (
        isinstance(expression, ast.Items)
        and bool(expression.items)
        and not any(isinstance(item, ast.Row | ast.Items) for item in expression.items)
    )


def _ranges(expression: ast.Expr) -> list[Range]:
    if _is_one_range(expression):
        return [_range(expression)]
    if isinstance(expression, ast.Items):
        return [_range(item) for item in expression.items]
    raise Fault(
        expression.span, "a domain is a range [low, high] or a list of ranges [[0, 1], [-1, 1]]"
    )


def _range(expression: ast.Expr) -> Range:
    if isinstance(expression, ast.Row):
        integers, den = row_numbers(expression)
        ends: list[Fraction | float] = [Fraction(v, den) for v in integers]
    elif isinstance(expression, ast.Items):
        ends = [_end(item, 0) for item in expression.items]
    else:
        raise Fault(expression.span, "a range is [low, high]")
    if len(ends) != 2:
        raise Fault(
            expression.span, f"a range has two ends, this has {len(ends)}", "write [low, high]"
        )
    if ends[0] == float("inf") or ends[1] == float("-inf"):
        raise Fault(expression.span, "an infinite end on the wrong side", "write [-inf, inf]")
    low, high = (end if isinstance(end, Fraction) else None for end in ends)
    return low, high


def _end(expression: ast.Expr, depth: int) -> Fraction | float:
    wrong = Fault(expression.span, "an end of a range is a number, -inf or inf")
    if depth > CAPS.range_depth:
        raise wrong
    match expression:
        case ast.Number():
            return number_of(expression)
        case ast.Name(text="inf"):
            return float("inf")
        case ast.Unary():
            return -_end(expression.operand, depth + 1)
        case ast.Binary(operator="/"):
            top, bottom = _end(expression.left, depth + 1), _end(expression.right, depth + 1)
            if isinstance(top, Fraction) and isinstance(bottom, Fraction) and bottom != 0:
                return top / bottom
            raise wrong
        case _:
            raise wrong
