"""What emitted C answers, one status a line with what it means.

NAME_OK = 0, /* y has the outputs */
NAME_OUTSIDE = 2 /* a point outside the domain; y is left alone */
"""

from __future__ import annotations

from collections.abc import Iterable

EVALUATED = ("OK", "NOT_FINITE", "OUTSIDE")  # of code with floats; integers are always finite
OPENED = ("NOT_OPEN", "WRONG_LENGTH", "WRONG_WEIGHTS", "NOT_ALIGNED", "BYTE_ORDER")
_NUMBERS = {word: number for number, word in enumerate(EVALUATED + OPENED)}
_MEANINGS = {
    "OK": "y has the outputs",
    "NOT_FINITE": "a NaN or an infinity in x; y is left alone",
    "OUTSIDE": "a point outside the domain; y is left alone",
    "NOT_OPEN": "no weights were opened; y is left alone",
    "WRONG_LENGTH": "weights that are cut, or none",
    "WRONG_WEIGHTS": "weights of another network, or damaged ones",
    "NOT_ALIGNED": "weights at an address that is not aligned",
    "BYTE_ORDER": "a machine with the highest byte first",
}


def status_lines(words: Iterable[str], upper: str) -> str:
    """The members of the enum, one a line, for names that begin with `upper`."""
    *others, last = [(f"{upper}_{word} = {_NUMBERS[word]}", _MEANINGS[word]) for word in words]
    lines = [f"    {member}, /* {meaning} */" for member, meaning in others]
    return "\n".join([*lines, f"    {last[0]} /* {last[1]} */"])
