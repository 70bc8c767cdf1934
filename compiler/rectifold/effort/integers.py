"""How hard is tried to make a network of integers exact."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IntegerEffort:
    """Scales of integers, and the search for a better bound."""

    headrooms: tuple[float, ...] = (1.01, 1.1, 1.5, 4.0)
    """Times the bound of a value, or of a sum, for which there is room: rounding moves them. The
    first that is proved to suffice is taken."""
    largest_scale: int = 200
    """The largest exponent of a scale, of either sign: weights of units that do nothing fit too."""
    split_seconds: float = 60.0
    """Seconds of splitting the domain for a bound that was asked for, without a time limit."""
    judged_from: float = 1 / 30
    """Part of those seconds from which on a search is given up that is not on its way to the bound,
    where longer words are left to try."""
    search_points: int = 64
    """Points with which that search begins."""
    noise_entries: int = 100_000_000
    """Entries of the matrices through which rounding errors enter, up to which they are bounded:
    about a gigabyte."""
    spare_bits: int = 4
    """Bits that inputs and values of a layer may leave free, each tried."""
    observed_points: int = 10_000
    """Points at which the error of integer code is observed."""
