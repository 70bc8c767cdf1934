"""What is known about the units of a network on a domain.

A verdict about one claim is `Proved`, `Refuted` or `Undecided`; these are values, and undecided
units stay. `Facts` hold the same per layer in arrays: proven bounds of every pre-activation, how
each bound was proved, and which units have been seen on both sides of zero.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.facts.entries import Entry
from rectifold.facts.methods import Method
from rectifold.ir.domain import Domain
from rectifold.runtime.shown import Plotted

Mask = npt.NDArray[np.bool_]


class Phase(Enum):
    """Of a unit on a domain.

    A unit that is identically 0 is both active and inactive and is called inactive.
    """

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNSTABLE = "unstable"
    OPEN = "open"


@dataclass(frozen=True)
class Claim:
    """`unit` of `layer` is active (z ≥ 0) or inactive (z ≤ 0) on the whole domain."""

    layer: str
    unit: int
    phase: Literal[Phase.ACTIVE, Phase.INACTIVE]


@dataclass(frozen=True)
class Proved:
    """The claim holds; `method` says how its bound was proved."""

    claim: Claim
    method: Method


@dataclass(frozen=True)
class Refuted:
    """The claim fails at `point`, an exact point of the domain."""

    claim: Claim
    point: tuple[Fraction, ...]


@dataclass(frozen=True)
class Undecided:
    """Nothing is known, and why."""

    claim: Claim
    reason: str


Verdict = Proved | Refuted | Undecided


class PhaseMasks:
    """Which units are in which phase, where each has bounds and signs that were seen."""

    lower: Floats
    upper: Floats
    seen_positive: Mask
    seen_negative: Mask

    @property
    def inactive(self) -> Mask:
        """Proved z <= 0, also where z is 0 everywhere."""
        return np.asarray(self.upper <= 0.0)

    @property
    def active(self) -> Mask:
        """Proved z >= 0."""
        return np.asarray((self.lower >= 0.0) & ~self.inactive)

    @property
    def unstable(self) -> Mask:
        """Both signs were seen."""
        return self.seen_positive & self.seen_negative

    @property
    def open(self) -> Mask:
        """Neither proved stable nor shown unstable."""
        return ~(self.inactive | self.active | self.unstable)


@dataclass(frozen=True, eq=False)
class LayerFacts(PhaseMasks):
    """Per unit of one layer: lower ≤ z ≤ upper on the domain, the methods, and signs that were
    seen.

    `stage` names the stage that settled a unit; `origin` is the index of the unit in the source
    network's layer of the same name, or -1 for a carrier that a rewrite added; `carriers` says of
    those why they are nonnegative. A unit that is `turned` has -1 times its origin's z.
    """

    lower: Floats
    upper: Floats
    lower_method: tuple[Method, ...]
    upper_method: tuple[Method, ...]
    seen_positive: Mask
    seen_negative: Mask
    stage: tuple[str, ...]
    origin: Indices
    carriers: tuple[
        Carrier | None, ...
    ] = ()  # one entry per unit, or none at all where no unit is a carrier
    turned: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        return len(self.lower)

    def carrier(self, unit: int) -> Carrier | None:
        """Why this unit is nonnegative, if a rewrite added it."""
        return self.carriers[unit] if self.carriers else None

    def phase(self, unit: int) -> Phase:
        if self.inactive[unit]:
            return Phase.INACTIVE
        if self.active[unit]:
            return Phase.ACTIVE
        return Phase.UNSTABLE if self.unstable[unit] else Phase.OPEN

    def take(self, units: Sequence[int] | Indices) -> LayerFacts:
        """The facts of these units, in this order."""
        index = np.asarray(units, dtype=np.int64)
        return LayerFacts(
            self.lower[index],
            self.upper[index],
            tuple(self.lower_method[k] for k in index),
            tuple(self.upper_method[k] for k in index),
            self.seen_positive[index],
            self.seen_negative[index],
            tuple(self.stage[k] for k in index),
            self.origin[index],
            tuple(self.carriers[k] for k in index) if self.carriers else (),
            frozenset(i for i, k in enumerate(index.tolist()) if k in self.turned),
        )

    def with_turned(self, units: Collection[int]) -> LayerFacts:
        """The facts where the z of these units, which are no carriers, changed their signs."""
        at = np.isin(np.arange(self.size), list(units))
        methods = list(zip(self.lower_method, self.upper_method, strict=True))
        pairs = [
            pair[::-1] if is_turned else pair for pair, is_turned in zip(methods, at, strict=True)
        ]
        return replace(
            self,
            lower=np.where(at, -self.upper, self.lower),
            upper=np.where(at, -self.lower, self.upper),
            lower_method=tuple(low for low, _ in pairs),
            upper_method=tuple(high for _, high in pairs),
            seen_positive=np.where(at, self.seen_negative, self.seen_positive),
            seen_negative=np.where(at, self.seen_positive, self.seen_negative),
            turned=self.turned ^ frozenset(units),
        )

    def followed_by(self, other: LayerFacts) -> LayerFacts:
        return LayerFacts(
            np.concatenate([self.lower, other.lower]),
            np.concatenate([self.upper, other.upper]),
            self.lower_method + other.lower_method,
            self.upper_method + other.upper_method,
            np.concatenate([self.seen_positive, other.seen_positive]),
            np.concatenate([self.seen_negative, other.seen_negative]),
            self.stage + other.stage,
            np.concatenate([self.origin, other.origin]),
            _all_carriers(self) + _all_carriers(other) if self.carriers or other.carriers else (),
            self.turned | {self.size + k for k in other.turned},
        )


def _all_carriers(known: LayerFacts) -> tuple[Carrier | None, ...]:
    return known.carriers or (None,) * known.size


@dataclass(frozen=True, eq=False)
class Carrier:
    """Why a carrier z = inner[row] · values + shift is nonnegative: by the ends that those values
    had then.

    The values are those of `sources` side by side, layers of the network at that time with their
    facts (None: the input).
    """

    inner: Matrix
    row: int
    sources: tuple[tuple[str, LayerFacts | None], ...]


def carrier_facts(upper: Sequence[float], carriers: tuple[Carrier, ...]) -> LayerFacts:
    """Facts of carrier units: 0 ≤ z ≤ upper."""
    size = len(upper)
    none = np.zeros(size, dtype=np.bool_)
    return LayerFacts(
        lower=np.zeros(size),
        upper=np.asarray(upper, dtype=np.float64),
        lower_method=(Method.CARRIER,) * size,
        upper_method=(Method.CARRIER,) * size,
        seen_positive=none,
        seen_negative=none,
        stage=("carrier",) * size,
        origin=np.full(size, -1),
        carriers=carriers,
    )


@dataclass(frozen=True, eq=False)
class Facts(Plotted):
    """What was proved about a network's relu layers on `domain`."""

    domain: Domain
    layers: Mapping[str, LayerFacts]
    points: Floats  # k×n: points of the domain (after clamping) that were tried as witnesses
    seconds: Mapping[str, float] = field(default_factory=dict)
    record: tuple[Entry, ...] = ()  # what was proved, in order
    complete: bool = True  # False: a limit or an interrupt ended the search early

    def count(self, phase: Phase) -> int:
        return sum(self.of(layer, phase) for layer in self.layers)

    def of(self, layer: str, phase: Phase) -> int:
        facts = self.layers[layer]
        mask = {
            Phase.ACTIVE: facts.active,
            Phase.INACTIVE: facts.inactive,
            Phase.UNSTABLE: facts.unstable & ~facts.active & ~facts.inactive,
            Phase.OPEN: facts.open,
        }[phase]
        return int(np.count_nonzero(mask))

    def replaced(self, layers: Mapping[str, LayerFacts]) -> Facts:
        """The same facts over other layers (after a rewrite)."""
        return Facts(self.domain, layers, self.points, self.seconds, self.record, self.complete)

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.count(p)} {p.value}" for p in Phase)
        return f"<Facts: {counts}>"
