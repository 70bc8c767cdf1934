"""The answers to a question about a property.

Holds (proved)   Refuted (an exact point)   Undecided (neither, and what is proved)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rectifold.certificate.file import Certificate


@dataclass(frozen=True)
class Holds:
    """No point of any domain is unsafe.

    `replayed` is the checker's verdict on the certificate, or None where it would take long.
    """

    certificate: Certificate
    replayed: str | None
    trusted: int = 0


@dataclass(frozen=True)
class Refuted:
    """At `point`, of the domain of part number `part`, all conditions of its case are met, exactly.

    Parts and cases are numbered from 0; `outputs` is the network at the point.
    """

    point: tuple[Fraction, ...]
    outputs: tuple[Fraction, ...]
    part: int
    case: int


@dataclass(frozen=True)
class Undecided:
    """No unsafe point was found, and of `cases` so many are `proved` to be met nowhere."""

    reason: str
    proved: int
    cases: int


Answer = Holds | Refuted | Undecided
