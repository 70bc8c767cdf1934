"""What a JSON text may hold, as a type; and the way from an unknown value to a list, an object or
a text.

    entry = as_object(json.loads(line));  units = as_list(entry["units"])

A value of another kind raises TypeError, so a reader says in one place what it expects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
JsonObject: TypeAlias = dict[str, Json]


def as_list(value: Json) -> list[Json]:
    """The value, which must be a list; else TypeError."""
    if isinstance(value, list):
        return value
    raise TypeError(f"a list is expected, found {type(value).__name__}")


def as_object(value: Json) -> JsonObject:
    """The value, which must be an object; else TypeError."""
    if isinstance(value, dict):
        return value
    raise TypeError(f"an object is expected, found {type(value).__name__}")


def as_text(value: Json) -> str:
    """The value, which must be a string; else TypeError."""
    if isinstance(value, str):
        return value
    raise TypeError(f"a string is expected, found {type(value).__name__}")
