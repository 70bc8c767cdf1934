"""The largest choice of edits that is proved to stay within the tolerances.

    edits, cheapest per saved weight first   →   as many of them as a proved bound allows
    the same, where outputs with room to spare count less   →   the best of some rounds

The order is a guess; every choice that is answered was bounded on the edited network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from rectifold.approximate.catalogue import Catalogue
from rectifold.approximate.edits import Edit, apply
from rectifold.bounds.rounding import TINY
from rectifold.effort.approximate import ApproximateEffort
from rectifold.exact.conversion import Floats
from rectifold.ir.network import Network
from rectifold.runtime.deadline import Deadline

Measure = Callable[[Network], Floats]
"""Proved bounds of an edited network's difference per output, as parts of the tolerances."""


@dataclass(frozen=True, eq=False)
class Choice:
    """A network edited so, and per output the part of its tolerance that it is proved to keep."""

    edited: Network
    edits: tuple[Edit, ...]
    parts: Floats

    @property
    def saves(self) -> int:
        return sum(edit.saves for edit in self.edits)

    @property
    def fits(self) -> bool:
        return bool((self.parts <= 1.0).all())

    @property
    def moves(self) -> Mapping[str, int]:
        """How many edits of each kind there are, by name."""
        return dict(sorted(Counter(edit.kind for edit in self.edits).items()))


@dataclass(eq=False)
class Search:
    """A search among edits of one network; `history` has (worst part, weights saved) of each
    network that was bounded.

    `start`: per output, the part of the tolerance that the network without edits takes (none, where
    it is empty). `weights`: how much each output counts at first (all alike, where it is empty).
    `price`: that of the best choice, for outputs that count as `priced_with` says; 0 without one.
    """

    catalogue: Catalogue
    measure: Measure
    deadline: Deadline
    effort: ApproximateEffort
    history: list[tuple[float, int]] = field(default_factory=list)
    start: Floats = field(default_factory=lambda: np.zeros(0))
    weights: Floats = field(default_factory=lambda: np.zeros(0))
    price: float = 0.0

    def __post_init__(self) -> None:
        self.outputs = self.catalogue.costs.shape[1]
        if not len(self.start):
            self.start = np.zeros(self.outputs)
        if not len(self.weights):
            self.weights = np.full(self.outputs, 1.0 / max(1, self.outputs))
        self.priced_with = self.weights
        self.best = Choice(self.catalogue.network, (), self.start)

    def run(self) -> Choice:
        """The best choice of some rounds, or until the deadline."""
        weights = self.weights
        for _ in range(self.effort.rounds):
            parts = self._dearest(weights)
            if parts is None:
                break
            weights = weights * np.exp(self.effort.steepness * (parts - parts.max()))
            weights = weights / weights.sum()
        return self.best

    def smallest(self, is_small: Callable[[Network], bool]) -> Choice | None:
        """The cheapest choice found whose edited network is small enough, whether it fits or not.

        None where no choice is, or none was found before the deadline.
        """
        weights = np.full(self.outputs, 1.0 / max(1, self.outputs))
        if is_small(self.catalogue.network):
            return self.best
        best: Choice | None = None
        for _ in range(self.effort.rounds):
            found = self._cheapest(weights, is_small)
            if found is None:
                break
            if best is None or found.parts.max() < best.parts.max():
                best = found
            parts = found.parts / max(float(found.parts.max()), TINY)
            weights = weights * np.exp(self.effort.steepness * (parts - 1.0))
            weights = weights / weights.sum()
        return best

    def _cheapest(self, weights: Floats, is_small: Callable[[Network], bool]) -> Choice | None:
        """Bisects the lowest price at which what is chosen is small enough."""
        prices = np.sort(self.catalogue.ratios(weights))
        low, high = 0, len(prices)
        for _ in range(self.effort.size_bisections):
            if high - low <= max(1, len(prices) // self.effort.finest):
                break
            if self.deadline.is_over:
                return None
            count = (low + high) // 2
            if is_small(self._edited(float(prices[count - 1]), weights)[0]):
                high = count
            else:
                low = count
        price = float(prices[high - 1]) if high else 0.0
        edited, chosen = self._edited(price, weights)
        return self._bounded(edited, chosen) if is_small(edited) else None

    def _dearest(self, weights: Floats) -> Floats | None:
        """Bisects the price at which what is chosen fits. The parts of the last that did; None
        where the deadline came first.
        """
        ratios = self.catalogue.ratios(weights)
        order = np.argsort(ratios, kind="stable")
        prices = ratios[order]
        sums = np.cumsum(self.catalogue.costs[order], axis=0).max(axis=1)
        low, high, scale = 0, len(order) + 1, 1.0
        found = self.best.parts
        for _ in range(self.effort.bisections):
            if high - low <= max(1, len(order) // self.effort.finest):
                break
            if self.deadline.is_over:
                return None
            count = _between(int(np.searchsorted(sums, scale, side="right")), low, high)
            choice = self._choice(float(prices[count - 1]), weights)
            worst = float(choice.parts.max(initial=0.0))
            scale = float(sums[count - 1]) / worst if worst > 0 else scale * 2
            if choice.fits:
                low, found = count, choice.parts
            else:
                high = count
        return found

    def _choice(self, price: float, weights: Floats) -> Choice:
        """What is worth the price, bounded; noted, and kept where it is the best."""
        choice = self._bounded(*self._edited(price, weights))
        if choice is self.best:
            self.price, self.priced_with = price, weights
        return choice

    def _edited(self, price: float, weights: Floats) -> tuple[Network, tuple[Edit, ...]]:
        """What is worth the price, made."""
        numbers = self.catalogue.at_price(price, weights)
        chosen = tuple(self.catalogue.edits[k] for k in numbers)
        return apply(self.catalogue.network, chosen), chosen

    def _bounded(self, edited: Network, chosen: tuple[Edit, ...]) -> Choice:
        choice = Choice(edited, chosen, self.measure(edited))
        self.history.append((float(choice.parts.max(initial=0.0)), choice.saves))
        if choice.fits and choice.saves > self.best.saves:
            self.best = choice
        return choice


def _between(guess: int, low: int, high: int) -> int:
    """The guess, but well inside: so that every step takes away a part of what is open."""
    margin = max(1, (high - low) // 8)
    return min(max(guess, low + margin), max(low + 1, high - margin))
