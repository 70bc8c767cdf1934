"""Sums of values, as a certificate's rules speak of them.

    2 h_u − z_u + 1     is     [(2, ("h", u)), (−1, ("z", u)), (1, None)]      with u = (0, 3, 7)

z is a unit's pre-activation, h its value: h = max(z, 0) for a relu unit, h = z for a linear one.
"""

from __future__ import annotations

from fractions import Fraction

Unit = tuple[int, int, int]
"""(network: 0 is A and 1 is B, layer from 1, index from 0). Units are ordered as they are read."""

Atom = None | int | tuple[str, Unit]
"""The constant 1, an input by its number, or ("z" or "h", unit)."""

Term = tuple[Fraction, Atom]
"""factor · atom."""

ONE = Fraction(1)
ZERO = Fraction(0)
