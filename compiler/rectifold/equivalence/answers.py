"""The answers to a question about two networks.

Different (an exact point)   Equal (proved)   Unknown (neither)      Closest (bounds of the gap)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from rectifold.certificate.file import Certificate
from rectifold.equivalence.ties import TiedOutputs
from rectifold.runtime.shown import Shown

Relation = Literal["equal", "within", "argmax"]


@dataclass(frozen=True)
class Different(Shown):
    """At `point` of the domain, exactly, the networks do not agree.

    Output `output` differs by more than allowed; for the argmax, it wins in A and another in B.
    `statement`: the answer in one sentence, as it is said of the models that were given.
    """

    point: tuple[Fraction, ...]
    a: tuple[Fraction, ...]
    b: tuple[Fraction, ...]
    output: int
    statement: str = ""

    @property
    def difference(self) -> Fraction:
        return self.a[self.output] - self.b[self.output]


@dataclass(frozen=True)
class Equal(Shown):
    """They agree, in the sense of `verdict`; `trusted` counts claims that rest on Z3's word.

    `replayed` is the checker's verdict on the certificate, or None where that would take long and
    was left to the reader. For the argmax, `tie` is a point where outputs of B are equal, if one
    was seen; `with_ties`: B ties where A does. `statement`: as of Different.
    """

    reason: str
    trusted: int = 0
    certificate: Certificate | None = None
    verdict: Relation = "equal"
    replayed: str | None = None
    tie: TiedOutputs | None = None
    with_ties: bool = False
    statement: str = ""


@dataclass(frozen=True)
class Unknown(Shown):
    """Neither a proof nor a counterexample.

    `largest` is the largest difference seen, `share` the part of the search that is done: of the
    domain where its box is split, else of the splits into regions or of the outputs' comparisons.
    """

    reason: str
    largest: Fraction
    share: float = 0.0
    statement: str = ""


Comparison = Different | Equal | Unknown


@dataclass(frozen=True)
class Closest:
    """lower ≤ max_j |A_j − B_j| ≤ upper on the domain.

    `lower` is attained exactly at `point`, `per_output` is proved for each output.
    """

    lower: Fraction
    upper: Fraction
    per_output: tuple[Fraction, ...]
    point: tuple[Fraction, ...]
    a: tuple[Fraction, ...]
    b: tuple[Fraction, ...]
    boxes: int
    complete: bool
    certificate: Certificate
    replayed: str | None
    history: tuple[tuple[float, float, float], ...]
