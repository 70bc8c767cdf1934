"""What people write by habit of other languages, and how it is written here.

x[0]**2        powers are not piecewise linear
0..1           [0, 1]
−1             -1        (the minus sign of typesetting)
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from rectifold.exact.literals import NumberError, parse_rational
from rectifold.ir.functions import FUNCTIONS
from rectifold.language.source import Fault, Span

_NUMBER = r"(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:/\d+)?"
_LIKE_MINUS = "\u2212\u2013\u2014\u2010\u2011\ufe63\uff0d"
_LIKE_TIMES = "\u00d7\u00b7\u22c5\u2217\u2022"
_LIKE_QUOTES = "\u201c\u201d\u201e\u2018\u2019'`"
_RANGE_TEXT = re.compile(
    rf"\s*[\[(]*\s*([-+]?\s*{_NUMBER})\s*(?:,|;|:|\.\.+|…|to|\s)\s*([-+]?\s*{_NUMBER})\s*[\])]*\s*"
)
_DOTS = re.compile(r"[-+]?[\d.]*\d\s*\.\.+\s*[-+]?[\d.]*\d|[-+]?\d+\.\.+[-+]?\d*\.?\d+")

_DOMAIN_HELP = (
    'a domain is written "[0, 1]" (for every input), "[[0, 1], [-1, 1]]" (one range per input), '
    '"[-1, 1]^4", all, '
    'box.vnnlib, other.relu or "point.npy±0.05"'
)

MONOTONE = (
    "sigmoid",
    "softmax",
    "log_softmax",
    "logsoftmax",
    "tanh",
    "softplus",
    "logsigmoid",
    "exp",
)
CURVED = (
    *MONOTONE,
    "gelu",
    "silu",
    "swish",
    "mish",
    "elu",
    "selu",
    "celu",
    "erf",
    "log",
    "sqrt",
    "sin",
    "cos",
    "pow",
    "square",
    "norm",
    "softsign",
)

POWERS = "powers are not piecewise linear", "only products with constants are allowed"


def stray_character(character: str, span: Span) -> Fault:
    """About a character that begins no token."""
    if character == '"':
        return Fault(span, "this string is never closed", "end it with a '\"' on the same line")
    if character in "\u2264\u2265":
        return Fault(span, f"{character!r} is not a sign of the language", "write '<=' or '>='")
    if character in "\u00b2\u00b3":
        return Fault(span, *POWERS)
    if character == ";":
        return Fault(
            span,
            "';' does not belong here",
            "a statement ends with its line: write one on each line",
        )
    for alike, plain in ((_LIKE_MINUS, "-"), (_LIKE_TIMES, "*"), (_LIKE_QUOTES, '"')):
        if character in alike:
            return Fault(span, f"{character!r} is not a sign of the language", f"write '{plain}'")
    shown = (
        character if character.isprintable() else f"U+{ord(character):04X}" if character else "this"
    )
    return Fault(span, f"'{shown}' does not belong here")


def two_dots(line: str, span: Span) -> Fault | None:
    """About `0..1` somewhere in a line, if the error lies in it."""
    for match in _DOTS.finditer(line):
        if match.start() < span.column <= match.end() + 1:
            place = Span(span.line, match.start() + 1, match.end() - match.start())
            return Fault(
                place, f"'{match[0]}' is no range", f"write {as_range(match[0]) or '[0, 1]'}"
            )
    return None


def as_range(text: str) -> str:
    """ "[0, 1]" for "0,1", "0..1", "(0, 1)", "0 1", ...; "" for what is not two numbers, or for
    numbers that would be refused.
    """
    match = _RANGE_TEXT.fullmatch(text)
    ends = [end.replace(" ", "") for end in match.groups()] if match else []
    return f"[{', '.join(ends)}]" if ends and all(map(_is_read, ends)) else ""


def _is_read(number: str) -> bool:
    try:
        parse_rational(number)
    except NumberError:
        return False
    return True


def domain_help(text: str) -> str:
    """How the domain that somebody tried to write is written."""
    plain = as_range(text)
    return f'write "{plain}" (that range for every input)' if plain else _DOMAIN_HELP


def unknown_function(name: str) -> tuple[str, str] | None:
    """(message, help) for a function that no network of this language can have."""
    plain = name.lower()
    if plain not in CURVED:
        return None
    remedy = f"write piecewise linear functions: {', '.join(FUNCTIONS)}"
    if plain in MONOTONE:
        remedy = (
            f"leave {name} out at the end of a network: which output is the largest does "
            f"not change; or {remedy}"
        )
    return f"{name} is not piecewise linear", remedy


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """The known name that is nearest to this one, as a question; "" if none is near."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else ""
