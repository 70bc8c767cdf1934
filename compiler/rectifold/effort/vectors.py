"""How emitted C uses the registers of a processor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class VectorEffort:
    """Sums of a panel that stay in registers: more of them load an input's weights in one go."""

    sums: int = 13
    """Of 16 registers; the others hold the input, a product and, mixed, converted weights."""
    sums_of_64_bytes: int = 24
    """Of 32 registers, which there are where vectors have 64 bytes."""
    widths: tuple[int, ...] = (64, 32, 16)
    """Bytes of the vectors that are used, the widest first."""
    small: int = 1024
    """Weights of a layer up to which its inputs are taken whether zero or not: to look for zeros,
    and a loop whose end cannot be foreseen, take longer than products with 0."""
    small_inputs: int = 48
    """Inputs up to which that is done: of more, more are zero, and they are looked at at once."""
    small_steps: int = 160
    """Loads of vectors of weights up to which that is done."""
    inputs_of_a_unit: int = 16
    """Inputs for each unit from which on rows are read so: at the end all sums are added."""
    least_row: int = 32
    """Inputs below which that is not worth it."""
    least_halved: int = 16
    """Inputs from which on each half of them has a sum, in a layer whose zeros are not skipped."""
    lanes: int = 8
    """Kernels side by side whose sums are taken at once: 12 are slower on gcc 12 and clang 14."""
