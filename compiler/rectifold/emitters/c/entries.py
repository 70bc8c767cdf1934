"""Pieces of text that several blocks of C are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from rectifold.emitters.storage.index_tables import literal
from rectifold.emitters.storage.kernels import Integers
from rectifold.emitters.storage.sharing import Patterns

Names: TypeAlias = Callable[[str], str]
"""Of a table its name in C."""


def entry(table: Integers, name: str, index: str) -> str:
    """The entry of a table in C, or the number of which it consists."""
    number = literal(table)
    return f"{name}[{index}]" if number is None else str(number)


def skips(patterns: Patterns, names: Names, values_apart: int) -> str:
    """What is left out before a segment; `values_apart`: from a value of a kernel to the next."""
    parts = []
    if literal(patterns.skip) != 0:
        factor = "" if values_apart == 1 else f" * {values_apart}"
        parts.append(f"w += {entry(patterns.skip, names('skip'), 'g')}{factor};")
    if literal(patterns.gap) != 0:
        parts.append(f"p += {entry(patterns.gap, names('gap'), 'g')};")
    return "".join(f"                    {part}\n" for part in parts)


def filled_block(template: str, words: Mapping[str, str]) -> str:
    for key, word in words.items():
        template = template.replace(f"@{key}@", word)
    return template
