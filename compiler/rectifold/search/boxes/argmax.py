"""Which output is the largest: what refutes that A and B agree about it.

A's output i leads all others by more than the margin, and B's output j is above its output i
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.facts.facts import Mask
from rectifold.search.witnesses import Witnesses


def contests(count: int) -> Iterator[tuple[int, int]]:
    """(winner in A, rival in B) of `count` outputs, in the order of the queries."""
    return ((i, j) for i in range(count) for j in range(count) if i != j)


@dataclass(frozen=True)
class ArgmaxRefuter:
    """The layers that hold the outputs of A and B, and by how much A's winner must lead."""

    outputs: tuple[str, str]
    margin: float

    def lost(self, witnesses: Witnesses, points: Floats, layer: str) -> Mask:
        """k×contests: A's winner loses to the rival in B, certain up to one comparison's rounding.

        `layer` is above both outputs.
        """
        traced = witnesses.trace(points, layer)
        of_a, of_b = (traced.values[v] for v in self.outputs)
        error_a, error_b = (traced.errors[v].max(axis=1) for v in self.outputs)
        error = 2 * (error_a + error_b)
        top = np.argmax(of_a, axis=1)
        rest = of_a.copy()
        rest[np.arange(len(points)), top] = -np.inf
        pairs = list(contests(of_a.shape[1]))
        hits = np.zeros((len(points), len(pairs)), dtype=bool)
        with np.errstate(over="ignore", invalid="ignore"):  # what is no number is no hit
            wins = of_a.max(axis=1) - rest.max(axis=1, initial=-np.inf) > self.margin + error
            for number, (i, j) in enumerate(pairs):
                hits[:, number] = wins & (top == i) & (of_b[:, j] - of_b[:, i] > error)
        return hits
