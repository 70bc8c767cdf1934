"""Exact forms of single units on polygons, where the active units of the blocks before are known.

    active: {0, 2} of block 0; units 1 and 5 of block 1      →      two forms, in integers

Only the rows that are asked for are summed; the blocks before them are kept from one polygon to
the next, which has most of its phases.
"""

from __future__ import annotations

from collections.abc import Sequence

from rectifold.linear_regions.blocks import Blocks
from rectifold.linear_regions.polytope import Form

_DIGITS = bytes.maketrans(b"01", b"\x00\x01")


class CellForms:
    """The forms of units of one network on one polygon after the other."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.zero: Form = [0] * blocks.columns
        self.known: list[tuple[tuple[int, ...], list[Form]]] = []  # the last ones, per block

    def of(self, number: int, active: Sequence[int], units: Sequence[int]) -> list[Form]:
        """The forms of these units of a block, times one positive number."""
        return self.blocks.some_forms(number, units, self._values(tuple(active[:number])))

    def _values(self, active: tuple[int, ...]) -> list[list[Form]]:
        """The values of the first blocks, whose active units are these bits."""
        phases, values = b"", list[list[Form]]()
        for number, bits in enumerate(active):
            own, done = active[: number + 1], _phases(bits, self.blocks.blocks[number].size)
            if number == len(self.known) or self.known[number][0] != own:
                forms, _ = self.blocks.forms(number, phases, values)
                kept = [form if a else self.zero for form, a in zip(forms, done, strict=True)]
                self.known[number:] = [(own, kept)]
            values.append(self.known[number][1])
            phases += done
        return values


def _phases(bits: int, size: int) -> bytes:
    """One byte for each unit, 1 where it is active."""
    return f"{bits:0{size}b}"[::-1][:size].encode().translate(_DIGITS)
