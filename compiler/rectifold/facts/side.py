"""The side from which a bound holds a pre-activation z.

    Side.UPPER     z <= value      sign  1     written "up"
    Side.LOWER     value <= z      sign -1     written "lo"

Searches bound sign * z from above, so that one program serves both sides; certificates and logs
write the side as a word. This is the one place that turns one into the other.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

Sign = Literal[1, -1]
Written = Literal["up", "lo"]


class Side(Enum):
    """Which end of z a bound is about."""

    UPPER = "up"
    LOWER = "lo"

    @property
    def sign(self) -> Sign:
        """The factor with which the bound is an upper bound: of z, or of -z."""
        return 1 if self is Side.UPPER else -1

    @property
    def written(self) -> Written:
        """As certificates and logs write it."""
        return "up" if self is Side.UPPER else "lo"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.LOWER if self is Side.UPPER else Side.UPPER

    @staticmethod
    def of_sign(sign: int) -> Side:
        """The side of which `sign` times z is bounded from above. `sign` is 1 or -1."""
        return Side.UPPER if sign > 0 else Side.LOWER
