"""Strict reading of JSON and of numbers: whatever is not exactly as FORMAT.md says is refused.

    rational("-3/4", "bound")    is    Fraction(-3, 4)
    rational("0.75", "bound")    is refused

Numbers are texts "p" or "p/q", so nothing is rounded on the way in. `what` names the thing that is
read in the message of a refusal.
"""

import json
import re
from fractions import Fraction
from typing import NoReturn

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

_RATIONAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:/[1-9][0-9]*)?")
_HEX_FLOAT = re.compile(r"-?0x[01](?:\.[0-9a-f]{1,13})?p[+-][0-9]{1,4}")


class Refusal(Exception):
    """The certificate, a network or a domain is not accepted; the message says why."""


def parse_json(text: str, what: str) -> Json:
    """JSON without floats, without repeated keys. Raises Refusal."""
    try:
        value: Json = json.loads(
            text, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{what} is not well-formed: {error}") from None
    return value


def rational(text: Json, what: str) -> Fraction:
    """A number "p" or "p/q"."""
    return Fraction(*ratio(text, what))


def ratio(text: Json, what: str) -> tuple[int, int]:
    """The same as (p, q), not reduced."""
    if not isinstance(text, str) or not _RATIONAL.fullmatch(text):
        raise Refusal(f"{what}: {str(text)[:40]!r} is not a number p or p/q")
    numerator, _, denominator = text.partition("/")
    try:
        return int(numerator), int(denominator or "1")
    except ValueError as error:  # Python's cap on digits
        raise Refusal(f"{what}: {error}") from None


def multiplier(text: Json) -> Fraction:
    """A nonnegative number: "p", "p/q", or a float in hexadecimal, read exactly."""
    if isinstance(text, str) and _HEX_FLOAT.fullmatch(text):
        try:
            value = Fraction(float.fromhex(text))
        except OverflowError:
            raise Refusal("a multiplier is beyond the range of floats") from None
    else:
        value = rational(text, "multiplier")
    if value < 0:
        raise Refusal("a multiplier is negative")
    return value


def object_of(value: Json, keys: set[str], what: str) -> dict[str, Json]:
    """An object with these keys and no others."""
    if not isinstance(value, dict) or set(value) != keys:
        raise Refusal(f"{what} must be an object with exactly the keys {', '.join(sorted(keys))}")
    return value


def list_of(value: Json, what: str) -> list[Json]:
    """A list of anything."""
    if not isinstance(value, list):
        raise Refusal(f"{what} is no list")
    return value


def whole(value: Json, low: int, high: int, what: str) -> int:
    """A whole number from `low` to `high`; true and false are none."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Refusal(f"{what}: {str(value)[:20]!r} is no whole number from {low} to {high}")
    return value


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"the number {text[:20]} is written as a float")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key occurs twice")
    return result
