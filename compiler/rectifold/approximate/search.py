"""The largest choice of edits that is proved to stay within the tolerances.

    edits, cheapest per saved weight first   →   as many of them as a proved bound allows
    the same, where outputs with room to spare count less   →   the best of some rounds

The order is a guess; every choice that is answered was bounded on the edited network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rectifold.approximate.edits import Edit, apply, compatible
from rectifold.approximate.known import Known
from rectifold.effort.approximate import ApproximateEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
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
    """

    known: Known
    edits: Sequence[Edit]
    measure: Measure
    deadline: Deadline = Deadline()
    effort: ApproximateEffort = ApproximateEffort()
    history: list[tuple[float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        outputs = len(self.known.tolerance)
        costs = [self.known.costs(edit) for edit in self.edits]
        self.costs = np.array(costs).reshape(len(costs), outputs)
        self.saves = np.array([edit.saves for edit in self.edits], dtype=np.int64)
        self.best = Choice(self.known.network, (), np.zeros(outputs))

    def run(self) -> Choice:
        """The best choice of some rounds, or until the deadline."""
        weights = np.full(self.costs.shape[1], 1.0 / max(1, self.costs.shape[1]))
        for _ in range(self.effort.rounds):
            parts = self._most_in_order(self._order(weights))
            if parts is None:
                break
            weights = weights * np.exp(self.effort.steepness * (parts - parts.max()))
            weights = weights / weights.sum()
        return self.best

    def _order(self, weights: Floats) -> Indices:
        """The edits, cheapest per saved weight first; those without effect on outputs lead."""
        ratios = (self.costs @ weights) / np.maximum(self.saves, 1)
        return np.argsort(ratios, kind="stable")

    def _most_in_order(self, order: Indices) -> Floats | None:
        """Bisects how many edits of this order fit. The parts of the last that did; None where
        the deadline came first.
        """
        sums = np.cumsum(self.costs[order], axis=0).max(axis=1)
        low, high, scale = 0, len(order) + 1, 1.0
        found = self.best.parts
        for _ in range(self.effort.bisections):
            if high - low <= max(1, len(order) // self.effort.finest):
                break
            if self.deadline.is_over:
                return None
            guess = int(np.searchsorted(sums, scale, side="right"))
            count = _between(guess, low, high)
            choice = self._choice(order[:count])
            worst = float(choice.parts.max(initial=0.0))
            scale = float(sums[count - 1]) / worst if worst > 0 and count else scale * 2
            if choice.fits:
                low, found = count, choice.parts
            else:
                high = count
        return found

    def _choice(self, numbers: Indices) -> Choice:
        """These edits, in this order, bounded; noted, and kept where it is the best."""
        chosen = compatible(self.known.network, [self.edits[k] for k in numbers.tolist()])
        edited = apply(self.known.network, chosen)
        choice = Choice(edited, tuple(chosen), self.measure(edited))
        self.history.append((float(choice.parts.max(initial=0.0)), choice.saves))
        if choice.fits and choice.saves > self.best.saves:
            self.best = choice
        return choice


def _between(guess: int, low: int, high: int) -> int:
    """The guess, but well inside: so that every step takes away a part of what is open."""
    margin = max(1, (high - low) // 8)
    return min(max(guess, low + margin), max(low + 1, high - margin))
