"""What a text ensures of its network: sides of comparisons, as a network and a property of it.

    ensure y[0] <= 3        output  y[0] - 3,  which must not be above 0
    ensure 0 < y            output  0 - y,     entry by entry, which must be below 0

The network has one output for every compared entry; everything that the language lowers may stand
in a comparison, names of layers too. It holds if each is ≤ 0 (below 0 where the sign is strict).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from rectifold.ir.affine import Affine, concat
from rectifold.ir.builder import Builder
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.ir.property import Condition, Property, Unsafe

SIGNS = {"<=": (1,), "<": (1,), ">=": (-1,), ">": (-1,), "==": (1, -1)}
"""Of left − right, so that it must not be above 0."""


@dataclass(frozen=True, eq=False)
class Ensured:
    """`network` has the compared entries as outputs, and the domain of the text, if it has one.

    `strict`: per output, whether it must be below 0 and not 0 itself.
    """

    network: Network
    strict: tuple[bool, ...]

    def on(self, domain: Domain) -> Property:
        """That each output is as it must be: every other value is a case of its own."""
        cases = tuple(
            (Condition((), ((j, Fraction(-1)),), Fraction(0), strict=not strict),)
            for j, strict in enumerate(self.strict)
        )
        return Property((Unsafe(domain, cases),), self.network.name)


@dataclass
class Comparisons:
    """The differences that were stated so far."""

    forms: list[Affine] = field(default_factory=list)
    strict: list[bool] = field(default_factory=list)

    def add(self, difference: Affine, operator: str) -> None:
        """left − right of a comparison, entry by entry."""
        for sign in SIGNS[operator]:
            self.forms.append(difference.scale(sign))
            self.strict += [operator in ("<", ">")] * difference.size

    def ensured(self, builder: Builder, name: str, domain: Domain | None) -> Ensured | None:
        """None if nothing was stated."""
        if not self.forms:
            return None
        network = builder.finish(concat(self.forms), name, domain)
        return Ensured(network, tuple(self.strict))
