"""What must not happen: points of a domain at which a network does something unsafe.

    x in [0, 1]^2   and   ( y[0] ≥ 3   or   y[0] ≤ y[1] and y[2] < 0 )
    domain                cases, each a conjunction of conditions

A property holds if no point of a domain meets all conditions of one of its cases. Every number is
exact, and a condition may speak of inputs and outputs together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rectifold.exact.numerals import counted
from rectifold.ir.domain import Domain, DomainError

LEFT_OUT = "left out, and the others are numbered without"
"""What a note says of parts and cases that no input meets."""

Terms = tuple[tuple[int, Fraction], ...]
"""(index, coefficient ≠ 0), indices rising."""


@dataclass(frozen=True)
class Condition:
    """Σ a_k x_k + Σ c_j y_j ≤ bound; less than it where `strict`."""

    inputs: Terms
    outputs: Terms
    bound: Fraction
    strict: bool = False

    def excess(self, x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
        """Left side less the bound: the condition is met where this is ≤ 0 (< 0 if strict)."""
        total = sum((c * x[k] for k, c in self.inputs), -self.bound)
        return sum((c * y[j] for j, c in self.outputs), total)

    def is_met(self, x: Sequence[Fraction], y: Sequence[Fraction]) -> bool:
        """At the input x with the outputs y, exactly."""
        excess = self.excess(x, y)
        return excess < 0 or (excess == 0 and not self.strict)


Case = tuple[Condition, ...]
"""All of these together are unsafe. Without conditions, every point of the domain is."""


@dataclass(frozen=True)
class Unsafe:
    """Points of `domain` that must not meet all conditions of one of the cases."""

    domain: Domain
    cases: tuple[Case, ...]

    def case_met(self, x: Sequence[Fraction], y: Sequence[Fraction]) -> int | None:
        """The first case that this point of the domain meets, None where it is safe or outside."""
        if not self.domain.contains(x):
            return None
        met = (k for k, case in enumerate(self.cases) if all(c.is_met(x, y) for c in case))
        return next(met, None)


@dataclass(frozen=True)
class Related:
    """Where the second of two networks side by side is asked: x'_k = rows_k x + offset_k + s_k."""

    rows: tuple[Terms, ...]
    offset: tuple[Fraction, ...]

    @staticmethod
    def same(size: int) -> Related:
        """x' = x + s."""
        one = Fraction(1)
        return Related(tuple(((k, one),) for k in range(size)), (Fraction(0),) * size)


@dataclass(frozen=True)
class Property:
    """No point of any part's domain is unsafe there. `name`: for people.

    `second`: of a property of two networks side by side (ir/pairs), where it is not x' = x + s.
    `notes`: what was left out of it as never met, for people.
    """

    parts: tuple[Unsafe, ...]
    name: str = "property"
    second: Related | None = None
    notes: tuple[str, ...] = ()

    @property
    def cases(self) -> int:
        """Of all parts together."""
        return sum(len(part.cases) for part in self.parts)

    def of_parts(self, kept: Sequence[Unsafe], empty: Sequence[tuple[int, str]]) -> Property:
        """With the parts that are kept; of those that no input meets, number and why, as a note.

        Raises DomainError where none is kept.
        """
        if not empty:
            return replace(self, parts=tuple(kept))
        number, why = empty[0]
        if not kept:
            raise DomainError(f"{self.name}: {why}; so nothing is asked")
        of = f"part {number} of {len(self.parts)}"
        more = f", and {counted(len(empty) - 1, 'more part')} likewise" if len(empty) > 1 else ""
        note = f"{self.name}: {of} is met by no input ({why}){more}; {LEFT_OUT}"
        return replace(self, parts=tuple(kept), notes=(*self.notes, note))
