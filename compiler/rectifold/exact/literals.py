"""Numbers as people write them, read exactly and printed so that they read back.

0.1   a tenth          0.1f32, 0.1f64   the float          0x1.8p-3, 1/3
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

import numpy as np

from rectifold.errors import InputError
from rectifold.runtime.caps import CAPS


class NumberError(InputError):
    """A text that should be an exact number is not one, or is too large. The message says which."""


_FLOAT32_MAX = float(np.finfo(np.float32).max)

_DECIMAL = re.compile(r"(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?(f32|f64)?", re.ASCII)
_HEX = re.compile(r"0[xX]([0-9a-fA-F]+)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?", re.ASCII)


def parse_number(text: str) -> Fraction:
    """The exact value of one unsigned written number: 3, 0.1 (a tenth), 1e-3, 0.1f32, 0x1.8p-3.

    Raises NumberError for anything else, and for exponents or lengths beyond the caps.

    >>> parse_number("0.1"), parse_number("0x1.8p0")
    (Fraction(1, 10), Fraction(3, 2))
    """
    numerator, denominator = parse_ratio(text)
    return Fraction(numerator, denominator)


def parse_ratio(text: str) -> tuple[int, int]:
    """As `parse_number`, as (numerator, denominator), not necessarily in lowest terms."""
    if len(text) > CAPS.digits:
        raise NumberError(f"a number of {len(text):,} characters; the limit is {CAPS.digits:,}")
    match = _DECIMAL.fullmatch(text)
    if match and (match[1] or match[2]):
        whole, part, exponent, suffix = match.groups()
        if suffix:
            return _rounded_literal(text[:-3], suffix)
        part = part or ""
        shift = _check_exponent(exponent, CAPS.exponent) - len(part)
        digits = int(whole + part)
        return (digits * 10**shift, 1) if shift >= 0 else (digits, 10**-shift)
    match = _HEX.fullmatch(text)
    if match:
        whole, part, exponent = match.groups()
        part = part or ""
        shift = _check_exponent(exponent, 4 * CAPS.exponent) - 4 * len(part)
        digits = int(whole + part, 16)
        return (digits << shift, 1) if shift >= 0 else (digits, 1 << -shift)
    raise NumberError(f"{text[:40]!r} is not a number")


def parse_rational(text: str) -> Fraction:
    """A signed number or a quotient p/q of two, as in JSON and on the command line.

    >>> parse_rational("-1/3")
    Fraction(-1, 3)
    """
    sign, body = 1, text.strip()
    if body[:1] in ("-", "+"):
        sign, body = (-1 if body[0] == "-" else 1), body[1:].strip()
    top, slash, bottom = body.partition("/")
    value = parse_number(top.strip())
    if slash:
        divisor = parse_number(bottom.strip())
        if divisor == 0:
            raise NumberError(f"{text.strip()[:40]!r} divides by zero")
        value /= divisor
    return sign * value


def format_number(value: Fraction) -> str:
    """The shortest of our notations that reads back as exactly `value`.

    Raises NumberError where no text that is short enough does.

    >>> [format_number(Fraction(v)) for v in ("3", "1/10", "-0.25", "1/3")]
    ['3', '1/10', '-0.25', '1/3']
    """
    if value.denominator == 1 and abs(value.numerator) < 10**17:
        return str(value.numerator)
    if value.denominator & (value.denominator - 1) == 0:
        written = _format_float(value)
        if written is not None:
            return written
    return "/".join(
        map(
            _read_integer,
            [value.numerator, *([value.denominator] if value.denominator != 1 else [])],
        )
    )


def _read_integer(value: int) -> str:
    """Raises NumberError for one that could not be read back."""
    digits = int(value.bit_length() * 0.302)
    if digits >= CAPS.digits:
        raise NumberError(
            f"a number of about {digits:,} digits cannot be written; the limit is {CAPS.digits:,}"
        )
    return str(value)


def format_float(value: float) -> str:
    """As `format_number`, for a float64."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    if len(text) <= 12 and "e" not in text and Fraction(text) == Fraction(value):
        return text
    with np.errstate(over="ignore"):
        short = np.float32(value)
    if float(short) == value:
        return f"{short!s}f32"
    return f"{text}f64"


def _format_float(value: Fraction) -> str | None:
    try:
        near = value.numerator / value.denominator
    except OverflowError:
        return None
    return format_float(near) if Fraction(near) == value else None


def _check_exponent(text: str | None, limit: int) -> int:
    exponent = int(text) if text and len(text) < 9 else (limit + 1 if text else 0)
    if abs(exponent) > limit:
        raise NumberError(f"exponent {text} is too large; the limit is ±{limit}")
    return exponent


def nearest_float32(text: str) -> float:
    """The float32 number nearest to a decimal, the even one of two; infinity beyond the range.

    Raises ValueError for what is no decimal. To round to float64 first is wrong where that is the
    middle of two float32 numbers, and the decimal is beside it.
    """
    middle = float(text)
    if not -_FLOAT32_MAX < middle < _FLOAT32_MAX:
        return _float32_at_the_end(text, middle)
    near = float(np.float32(middle))
    far = 2 * middle - near
    if near == middle or float(np.float32(far)) != far:
        return near
    return _nearer(text, near, far)


def _float32_at_the_end(text: str, middle: float) -> float:
    """As `nearest_float32`, of a decimal near `middle`, which is the largest number or beyond."""
    end = math.copysign(2.0**128, middle)  # which float32 would have after its largest number
    if middle != (beyond := math.copysign(2.0**128 - 2.0**103, middle)):
        return math.copysign(_FLOAT32_MAX if abs(middle) < abs(beyond) else math.inf, middle)
    near = _nearer(text, end, math.copysign(_FLOAT32_MAX, middle))
    return near if near != end else math.copysign(math.inf, middle)


def _nearer(text: str, near: float, far: float) -> float:
    exact = Fraction(text.strip())
    return min((near, far), key=lambda value: abs(exact - Fraction(value)))


def _rounded_literal(text: str, suffix: str) -> tuple[int, int]:
    value = nearest_float32(text) if suffix == "f32" else float(text)
    if not math.isfinite(value):
        raise NumberError(f"{text}{suffix} is beyond the range of {suffix}")
    return value.as_integer_ratio()
