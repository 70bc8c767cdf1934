"""What a pass returns: the new network, facts about its units, and what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, get_args

from rectifold.effort.running import CompileEffort
from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.facts.facts import Carrier, Facts, LayerFacts
from rectifold.facts.side import Side
from rectifold.ir.domain import Domain
from rectifold.ir.leaky import leaky_form
from rectifold.ir.network import Network, Sizes
from rectifold.ir.stored_floats import not_stored
from rectifold.passes.accuracy import Accuracy, Declined, Precision

Objective = Literal["macs", "weights", "units"]


@dataclass(frozen=True)
class Tie:
    """z_unit = ratio · z_representative on the domain, for two units of one layer of the source
    network.
    """

    layer: str
    unit: int
    representative: int
    ratio: Fraction


@dataclass(frozen=True, eq=False)
class FoundSign:
    """A unit of the source has z ≥ 0 (side LOWER) or z ≤ 0 (UPPER) on the domain, as a rewrite
    found.

    Either its row became zero, or it is `ratio` > 0 times a carrier, which is nonnegative, or -1
    times that.
    """

    layer: str
    unit: int
    side: Side
    carrier: Carrier | None = None
    ratio: Fraction = Fraction(1)


HowGone = Literal["removed", "merged", "carried"]


@dataclass(frozen=True)
class GoneUnit:
    """A unit of the source that is no relu unit any more, and what became of it.

    "removed": its activation is constant, or nobody reads it. "merged": it is a multiple of the
    unit `partner` of its layer, which the step keeps. "carried": only the linear part of what it
    gave is left, in carriers, in linear layers, or in the successors' own weights.
    """

    layer: str
    unit: int
    how: HowGone
    partner: int | None = None


@dataclass(frozen=True)
class Step:
    """One application of a rule, and what it found out about units of the source.

    The certificate proves the result, not the steps, but it needs the ties and the signs. `gone`:
    every unit of the source that the step took out; `turned`: those that it made relu(-z), or
    relu(z) again.
    """

    rule: str
    layer: str
    units: int
    detail: str = ""
    ties: tuple[Tie, ...] = ()
    signs: tuple[FoundSign, ...] = ()
    gone: tuple[GoneUnit, ...] = ()
    turned: tuple[int, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.rule} in {self.layer}: "
            f"{counted(self.units, 'unit')}{'; ' if self.detail else ''}{self.detail}"
        )


def ties_of(
    layer: str, known: LayerFacts, merged: Iterable[tuple[int, int, Fraction]]
) -> tuple[Tie, ...]:
    """Ties in terms of the source's units, from (unit, representative, ratio) in a layer's present
    numbering.
    """
    origin, turned = known.origin, known.turned
    return tuple(
        Tie(layer, int(origin[k]), int(origin[r]), c if (k in turned) == (r in turned) else -c)
        for k, r, c in merged
        if k != r and origin[k] >= 0 and origin[r] >= 0
    )


def signs_of(
    layer: str, known: LayerFacts, merged: Iterable[tuple[int, int, Fraction]]
) -> tuple[FoundSign, ...]:
    """Units of the source that are a positive multiple of a carrier, from (unit, representative,
    ratio) as in `ties_of`.
    """
    found: list[FoundSign] = []
    for k, r, c in merged:
        for unit, other, ratio in ((k, r, c), (r, k, 1 / c)):
            carrier = known.carrier(other)
            if known.origin[unit] >= 0 and carrier is not None and ratio > 0:
                side = Side.UPPER if unit in known.turned else Side.LOWER
                found.append(FoundSign(layer, int(known.origin[unit]), side, carrier, ratio))
    return tuple(found)


def gone_units(
    layer: str, known: LayerFacts | None, units: Iterable[int], how: HowGone
) -> tuple[GoneUnit, ...]:
    """Units in a layer's present numbering, as the source's; carriers are none of the source."""
    if known is None:  # a linear layer has no units
        return ()
    origin = known.origin
    return tuple(GoneUnit(layer, int(origin[k]), how) for k in units if origin[k] >= 0)


def merged_units(
    layer: str, known: LayerFacts | None, pairs: Iterable[tuple[int, int]]
) -> tuple[GoneUnit, ...]:
    """The same of units that are multiples of another one: (unit, the one that stays).

    A multiple of a carrier is carried by it.
    """
    if known is None:
        return ()
    gone: list[GoneUnit] = []
    for unit, other in pairs:
        own, partner = int(known.origin[unit]), int(known.origin[other])
        if own >= 0 and partner >= 0:
            gone.append(GoneUnit(layer, own, "merged", partner))
        elif own >= 0:
            gone.append(GoneUnit(layer, own, "carried"))
    return tuple(gone)


@dataclass(frozen=True)
class Options:
    """What a rewrite may do: `skips` allows new skip edges, `objective` is what must not grow.

    `left_out`: rules (by the name of their pass) that are not applied to a layer. `frozen`: layers
    that stay as they are, whatever the rule; layers that read them may still change. `leaky`: the
    result is written with a pair of mirrored units as one, and counted so. `precision`: the floats
    that it is written in; then no carrier is taken that multiplies the rounding error of the source
    by more than `most_error_growth` (an estimate). None: it is written exactly. `stored`: a float
    type; then no rewrite is taken that makes more numbers which are none of that type.
    """

    skips: bool = False
    objective: Objective = "macs"
    left_out: frozenset[tuple[str, str]] = frozenset()
    frozen: frozenset[str] = frozenset()
    leaky: bool = False
    precision: Precision | None = None
    most_error_growth: float = CompileEffort.most_error_growth
    accuracy: Accuracy | None = None
    stored: Precision | None = None

    def __post_init__(self) -> None:
        """Raises InputError for an unknown objective."""
        if self.objective not in get_args(Objective):
            known = ", ".join(map(repr, get_args(Objective)))
            raise InputError(f"objective= is {self.objective!r}; one of {known} is expected")

    def measured_on(self, source: Network, domain: Domain) -> Options:
        """With the rounding error of the source, for a result in floats."""
        if self.precision is None:
            return self
        accuracy = Accuracy.of(source, domain, self.precision, self.most_error_growth)
        return replace(self, accuracy=accuracy)

    def sizes(self, network: Network) -> Sizes:
        """What is stored and computed in the form that is written."""
        return leaky_form(network).sizes if self.leaky else network.sizes

    def allows(self, rule: str, layer: str) -> bool:
        """May the rule be applied to the layer?"""
        return layer not in self.frozen and (rule, layer) not in self.left_out

    def keeps_numbers(self, before: Network, after: Network) -> bool:
        """Has the rewritten network no more numbers that would have to be rounded?"""
        kind = self.stored
        return kind is None or not_stored(after, kind) <= not_stored(before, kind)

    def without(self, rule: str, layers: Iterable[str]) -> Options:
        """The same without a rule in these layers."""
        return replace(self, left_out=self.left_out | {(rule, layer) for layer in layers})

    def cost(self, sizes: Sizes) -> tuple[int, int, int]:
        """Lexicographic; smaller is better."""
        order = {
            "macs": (sizes.macs, sizes.units, sizes.weights),
            "weights": (sizes.weights, sizes.units, sizes.macs),
            "units": (sizes.units, sizes.macs, sizes.weights),
        }
        return order[self.objective]

    def improves(self, before: Sizes, after: Sizes) -> bool:
        """Cheaper by the objective, and never more units; with the default objective never more
        multiply-adds.
        """
        return self.cost(after) < self.cost(before) and after.units <= before.units


@dataclass(frozen=True, eq=False)
class Rewritten:
    """`steps` is empty exactly when nothing changed; then `declined` says what was not taken."""

    network: Network
    facts: Facts
    steps: tuple[Step, ...] = ()
    declined: tuple[Declined, ...] = ()


Pass = Callable[[Network, Facts, Options], Rewritten]
