"""How bounds are computed, and what is worth writing into a certificate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BoundEffort:
    """Batches and threads of the bounds."""

    rows: int = 1024
    """Units of one batch of backward substitution."""
    block_rows: int = 1024
    """Rows of one block of a sum of or over large matrices: some megabytes at a time."""
    block_entries: int = 1_000_000
    """Entries of one block where a dozen arrays of its size are needed: 8 MB each."""
    threaded_weights: int = 4096 * 4096
    """Weights of one matrix from which on products use every processor."""
    code_work: int = 1_000_000_000
    """Multiply-adds, four times, up to which what code may be off by is bounded by substitution
    and by slopes: 0.2 s; beyond that by intervals."""


@dataclass(frozen=True)
class CertificateEffort:
    """What a certificate tries before it gives up, and what it asks of the checker."""

    leaving_out_rounds: int = 6
    """Rounds of leaving out what cannot be certified: each one leaves out more."""
    trace_points: int = 16
    """Points at which candidates for ties must be proportional, exactly."""
    most_cells: int = 1_000_000
    """Cells up to which a certificate by regions is written: a few minutes of the checker."""
    more_bits: tuple[int, ...] = (0, 64, 256)
    """Fractional bits beyond those usual, tried one after the other where the checker refuses."""
    shorter_changes: int = 2
    """How many times shorter than its text a network must be as changes to another one."""
    most_compared: int = 20_000
    """Vectors of two networks of other sizes, up to which it is looked for those that are alike."""
    telling_characters: int = 8
    """Characters from which on a piece of a text says where two texts are the same."""
