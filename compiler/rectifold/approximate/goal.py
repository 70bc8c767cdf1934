"""What an approximation is to reach: how far it may be off, or how small it must be, or both.

within 1%                        as small as that allows
at most 20,000 weights           as close as that size allows
both                             of that size, and within that, or refused
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rectifold.approximate.budget import Within
from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network, Sizes


@dataclass(frozen=True)
class Goal:
    """`within`: per output; `most_units`, `most_weights`: of the compiled result."""

    within: Within | None = None
    most_units: int | None = None
    most_weights: int | None = None

    def __post_init__(self) -> None:
        """Raises InputError where nothing is asked for, and for negative sizes."""
        if self.within is None and self.is_free:
            raise InputError(
                "an approximation needs within=, max_units= or max_weights=: how far it may be "
                "off, or how small it must be"
            )
        for name, most in (("max_units", self.most_units), ("max_weights", self.most_weights)):
            if most is not None and most < 0:
                raise InputError(f"{name}= is {most}; a number from 0 on is expected")

    @property
    def is_free(self) -> bool:
        """Is no size asked for?"""
        return self.most_units is None and self.most_weights is None

    @property
    def size_text(self) -> str:
        """The size in words."""
        sizes = [
            counted(most, noun)
            for most, noun in ((self.most_units, "relu unit"), (self.most_weights, "weight"))
            if most is not None
        ]
        return f"a network of at most {' and '.join(sizes)}"

    def is_met_by(self, sizes: Sizes) -> bool:
        """Is a network of these sizes small enough?"""
        return (self.most_units is None or sizes.units <= self.most_units) and (
            self.most_weights is None or sizes.weights <= self.most_weights
        )

    def tolerances(self, source: Network, domain: Domain) -> tuple[Fraction, ...]:
        """Per output what is allowed; 1 for each where only a size is asked for."""
        if self.within is None:
            return (Fraction(1),) * source.output_size
        return self.within.tolerances(source, domain)
