"""Rows of weights as single long integers, so that one product scales a whole row.

    row (3, -1, 2)   is packed as   3 - 1 * 2^slot + 2 * 2^(2 slot)
    5 * row 0 + 7 * row 1           in two products and one sum, whatever the width

A slot is so wide that no sum of a layer's products leaves it; half a slot is added to each one, so
that all are positive and can be read off as bytes. Rows with few weights are not packed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from rectifold_check.integers.layers import entries_of
from rectifold_check.integers.relaxation import Sparse
from rectifold_check.limits import PACKED_ZEROS
from rectifold_check.networks import Layer
from rectifold_check.work import Work, words


@dataclass(frozen=True)
class Block:
    """A layer's weights on one source of `width` values.

    rows[i] is the sum of w_ij 2^(j slot), and `halves` has half a slot in every slot. `rows` is
    empty where the weights are not packed.
    """

    source: int
    width: int
    slot: int
    halves: int
    rows: tuple[int, ...]


def packed(layer: Layer, source: int, width: int, coefficient_bits: int, work: Work) -> Block:
    """The layer's weights on a source, for coefficients of at most so many bits."""
    if entries_of(layer) * PACKED_ZEROS < width * layer.size:
        return Block(source, width, 0, 0, ())
    rows = [
        dict(e for row in rows if row.source == source for e in row.entries) for rows in layer.rows
    ]
    largest = max((abs(w) for row in rows for w in row.values()), default=0)
    slot = -(-(coefficient_bits + largest.bit_length() + layer.size.bit_length() + 1) // 64) * 64
    work.spend(2 * layer.size * width * (slot >> 6))
    halves = int.from_bytes((bytes(slot // 8 - 1) + b"\x80") * width, "little")
    return Block(source, width, slot, halves, tuple(laid_out(row, slot, width) for row in rows))


def laid_out(row: dict[int, int], slot: int, width: int) -> int:
    """The positive entries less the negative ones, each laid out as bytes."""
    size = slot // 8
    parts = []
    for sign in (1, -1):
        data = bytearray(size * width)
        for j, w in row.items():
            if sign * w > 0:
                data[j * size : (j + 1) * size] = abs(w).to_bytes(size, "little")
        parts.append(int.from_bytes(data, "little"))
    return parts[0] - parts[1]


def weighted(layer: Layer, block: Block, on_z: Sparse, work: Work, shift: int = 0) -> list[int]:
    """The sum of c times row i over (i, c) of `on_z`, divided by 2^shift and rounded down."""
    if block.rows:
        # a word of a long product takes an eighth of the time
        work.spend((len(on_z) + 4) * block.width * (block.slot >> 6) >> 3)
        return combined(block, on_z, shift)
    size = max((abs(c) for _, c in on_z), default=0)
    work.spend(
        block.width + sum(len(row.entries) for i, _ in on_z for row in layer.rows[i]) * words(size)
    )
    return [c >> shift for c in _combined_plainly(layer, block, on_z)]


def combined(block: Block, on_z: Sparse, shift: int = 0) -> list[int]:
    """The same for a packed block, whose coefficients have at most the bits it was packed for."""
    rows, words, half = block.rows, block.slot // 64, 1 << (block.slot - 1)
    total = block.halves
    for i, c in on_z:
        total += c * rows[i]
    parts = struct.unpack(
        f"<{words * block.width}Q", total.to_bytes(8 * words * block.width, "little")
    )
    if words == 1:
        return [(a - half) >> shift for a in parts]
    if words == 2:
        return [
            ((b << 64 | a) - half) >> shift for a, b in zip(parts[::2], parts[1::2], strict=True)
        ]
    if words == 3:
        threes = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
        return [((c << 128 | b << 64 | a) - half) >> shift for a, b, c in threes]
    return [
        (sum(part << (64 * k) for k, part in enumerate(parts[words * j : words * (j + 1)])) - half)
        >> shift
        for j in range(block.width)
    ]


def _combined_plainly(layer: Layer, block: Block, on_z: Sparse) -> list[int]:
    """The sum of c times row i, for a block that is not packed and coefficients of any size."""
    total = [0] * block.width
    for i, c in on_z:
        for row in layer.rows[i]:
            if row.source == block.source:
                for j, w in row.entries:
                    total[j] += c * w
    return total
