"""Flat rows of written numbers, as vectors and matrices.

[1, -1/2, 0.1f32]

Rows whose numbers all are float64 numbers, as those of a printed network mostly are, are read as
floats; others as integers over one denominator. Both are exact.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from fractions import Fraction
from math import isfinite

import numpy as np

from rectifold.exact.literals import NumberError, nearest_float32, parse_ratio
from rectifold.exact.matrix import Matrix
from rectifold.exact.matrix_rows import common_denominator
from rectifold.language import ast
from rectifold.language.source import Fault
from rectifold.runtime.caps import CAPS

_SIGNED = re.compile(r"\s*([-+]?)\s*([^\s/]+)\s*(?:/\s*(\d+))?\s*", re.ASCII)
_WHOLE = 1 << sys.float_info.mant_dig  # integers up to here are float64 numbers


def vector_of_row(row: ast.Row) -> Matrix:
    """The column of its numbers. Raises Fault for a number that is beyond the caps."""
    floats = _row_floats(row.text)
    if floats is not None:
        return Matrix.from_floats(np.array(floats).reshape(-1, 1))
    integers, den = row_numbers(row)
    return Matrix.from_integers((len(integers), 1), integers, den)


def matrix_of_rows(expression: ast.Items) -> Matrix:
    """The matrix of flat rows of numbers. Raises Fault where one has another length."""
    floats = _floats_of_rows([item.text for item in expression.items if isinstance(item, ast.Row)])
    if floats is not None:
        return Matrix.from_floats(floats)
    rows = [(item, *row_numbers(item)) for item in expression.items if isinstance(item, ast.Row)]
    width = len(rows[0][1])
    for item, integers, _ in rows:
        if len(integers) != width:
            note = (rows[0][0].span, f"the first row has {width}")
            raise Fault(
                item.span,
                f"this row has {len(integers)} entries, not {width}",
                "all rows of a matrix have one length",
                note,
            )
    try:
        den = common_denominator((d for _, _, d in rows), len(rows) * width)
    except NumberError as error:
        raise Fault(expression.span, str(error)) from None
    flat = [value * (den // d) for _, integers, d in rows for value in integers]
    return Matrix.from_integers((len(rows), width), flat, den)


def row_numbers(row: ast.Row) -> tuple[list[int], int]:
    """The numbers of a flat row over one denominator."""
    tops: list[int] = []
    bottoms: list[int] = []
    for position, text in enumerate(row.text[1:-1].split(",")):
        try:
            top, bottom = _signed_ratio(text)
        except NumberError as error:
            raise Fault(row.span, f"entry {position + 1} of this row: {error}") from None
        tops.append(top)
        bottoms.append(bottom)
    try:
        den = common_denominator(bottoms, len(bottoms))
    except NumberError as error:
        raise Fault(row.span, str(error)) from None
    return [top * (den // bottom) for top, bottom in zip(tops, bottoms, strict=True)], den


def _floats_of_rows(rows: Sequence[str]) -> list[list[float]] | None:
    """None if the rows differ in length, or one is no row of floats."""
    table: list[list[float]] = []
    for text in rows:
        row = _row_floats(text)
        if row is None or len(row) != len(table[0] if table else row):
            return None
        table.append(row)
    return table


def _row_floats(text: str) -> list[float] | None:
    """The numbers of a flat row, if each is a float64 number and is written as one: as an integer,
    with f32 or f64 after it, or as a decimal that needs no rounding.
    """
    entries = text[1:-1].split(",")
    if max(map(len, entries)) > CAPS.digits:
        return None
    try:
        integers = list(map(int, entries))
    except ValueError:
        return _written_floats(entries)
    return [float(v) for v in integers] if max(map(abs, integers)) <= _WHOLE else None


def _written_floats(entries: Sequence[str]) -> list[float] | None:
    try:
        values = [_written_float(entry.strip()) for entry in entries]
    except ValueError:
        return None
    return values if all(map(isfinite, values)) else None


def _written_float(entry: str) -> float:
    """Infinity for a float beyond the range. Raises ValueError for all but exact floats."""
    if entry.endswith("f32"):
        return nearest_float32(entry[:-3])
    if entry.endswith("f64"):
        return float(entry[:-3])
    value = float(entry)
    if not isfinite(value) or Fraction(value) != Fraction(*_plain_ratio(entry)):
        raise ValueError(entry)
    return value


def _signed_ratio(text: str) -> tuple[int, int]:
    try:
        return _plain_ratio(text)
    except ValueError:
        return _written_ratio(text)


def _plain_ratio(text: str) -> tuple[int, int]:
    """Of -3, 0.25 or 1/7. Raises ValueError for what is written otherwise, or is refused."""
    top, _, bottom = text.partition("/")
    whole, _, part = top.strip().partition(".")
    divisor = int(bottom or 1)
    if len(text) > CAPS.digits or divisor == 0:
        raise ValueError(text)
    return int(whole + part), divisor * 10 ** len(part)


def _written_ratio(text: str) -> tuple[int, int]:
    """Of any number. Raises NumberError."""
    match = _SIGNED.fullmatch(text)
    assert match is not None  # the token's pattern
    top, bottom = parse_ratio(match[2])
    if match[3] is not None:
        divisor = parse_ratio(match[3])[0]
        if divisor == 0:
            raise NumberError("division by zero")
        bottom *= divisor
    return (-top if match[1] == "-" else top), bottom
