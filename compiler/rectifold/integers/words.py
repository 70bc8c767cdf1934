"""How many bits a number has: of a weight, of a value between layers, of a sum.

int16    weights 16, values 16, sums 32        int32    weights 32, values 32, sums 64
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Words:
    """Bits of two's complement integers; a product of a weight and a value fits a sum."""

    weight: Literal[16, 32]
    value: Literal[16, 32]
    sum: Literal[32, 64]

    def __str__(self) -> str:
        return f"int{self.weight} weights, int{self.value} values, int{self.sum} sums"


SHORT = Words(16, 16, 32)
MIXED = Words(16, 32, 64)
LONG = Words(32, 32, 64)


def words_of(bits: int, *, smaller: bool) -> Sequence[Words]:
    """Those that a format of this many bits may choose from, smallest first.

    `smaller`: also words with fewer bits than the format has.
    """
    if bits == SHORT.value:
        return (SHORT,)
    return (SHORT, MIXED, LONG) if smaller else (LONG,)


def largest(bits: int) -> int:
    """The largest integer of a word; the smallest is one below its negative, and not used."""
    return int(2 ** (bits - 1)) - 1
