"""How the boxes around samples are dealt out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LocalEffort:
    """Batches of boxes."""

    batch_entries: int = 20_000
    """Boxes times units of one batch: arrays of its linear bounds fit into the cache."""
    most_batch: int = 64
    """Boxes of one batch at most: so often the time is looked at."""
    complete_batch: int = 4
    """The same where every box may take seconds."""
    first_corners: int = 8
    """One corner of so many is tried first: each shows signs of all units of its box."""
    tasks_ahead: int = 4
    """Batches that wait for each process: each carries a copy of the network."""
    no_number: float = 1e-9
    """Part of the largest entry that elimination in floats leaves of a 0: sizes are counted so."""
