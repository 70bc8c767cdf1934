"""How hard it is tried to decide a property."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PropertyEffort:
    """How hard it is tried. No number here decides an answer; each decides only when to stop."""

    seconds: float = 120.0
    """Seconds for a property, where the user sets no limit."""
    share_of_phases: float = 0.05
    """Part of the time left for phases alone, where the box can be split afterwards."""
    share_before_attacks: float = 0.1
    """Part of the time left for phases before the longer attacks, where inputs are many."""
    replay_seconds: float = 20.0
    """Seconds of the checker before a claim: what takes longer is not replayed, and said so."""
    least_replay_seconds: float = 1.0
    """Seconds that it gets where the search has used the time limit up."""
    margin_bits: int = 48
    """Bits below the size of a case's largest excess, which is claimed to be larger than that."""
    exact_points: int = 64
    """Suspicious points that are evaluated exactly."""
    boxes: int = 1
    """Parts of phases that bound what rounding does, where there are many inputs."""
    boxes_of_few_inputs: int = 64
    """The same for few inputs: a certificate of so many boxes is checked in seconds."""
