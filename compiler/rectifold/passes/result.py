"""What a pass returns: the new network, facts about its units, and what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from rectifold.facts.facts import Facts, LayerFacts
from rectifold.ir.network import Network, Sizes

Objective = Literal["macs", "weights", "units"]


@dataclass(frozen=True)
class Tie:
    """z_unit = ratio · z_representative on the domain, for two units of one layer of the source network."""

    layer: str
    unit: int
    representative: int
    ratio: Fraction


@dataclass(frozen=True)
class Step:
    """One application of a rule, for the report and for debugging (the certificate proves the result, not the steps)."""

    rule: str
    layer: str
    units: int
    detail: str = ""
    ties: tuple[Tie, ...] = ()

    def __str__(self) -> str:
        return f"{self.rule} in {self.layer}: {self.units} units{'; ' if self.detail else ''}{self.detail}"


def ties_of(layer: str, known: LayerFacts, merged: Iterable[tuple[int, int, Fraction]]) -> tuple[Tie, ...]:
    """Ties in terms of the source's units, from (unit, representative, ratio) in a layer's present numbering."""
    origin = known.origin
    return tuple(
        Tie(layer, int(origin[k]), int(origin[r]), c)
        for k, r, c in merged
        if k != r and origin[k] >= 0 and origin[r] >= 0
    )


@dataclass(frozen=True)
class Options:
    """What a rewrite may do: `skips` allows new skip edges, `objective` is what must not grow."""

    skips: bool = False
    objective: Objective = "macs"

    def cost(self, sizes: Sizes) -> tuple[int, int, int]:
        """Lexicographic; smaller is better."""
        order = {
            "macs": (sizes.macs, sizes.units, sizes.weights),
            "weights": (sizes.weights, sizes.units, sizes.macs),
            "units": (sizes.units, sizes.macs, sizes.weights),
        }
        return order[self.objective]

    def improves(self, before: Sizes, after: Sizes) -> bool:
        """Cheaper by the objective, and never more units; with the default objective never more multiply-adds."""
        return self.cost(after) < self.cost(before) and after.units <= before.units


@dataclass(frozen=True, eq=False)
class Rewritten:
    """`steps` is empty exactly when nothing changed."""

    network: Network
    facts: Facts
    steps: tuple[Step, ...] = ()


Pass = Callable[[Network, Facts, Options], Rewritten]


def without(facts: Facts, layer: str) -> Mapping[str, LayerFacts]:
    """The facts of all other layers."""
    return {name: known for name, known in facts.layers.items() if name != layer}
