"""What is to be shown of A and B: how far their outputs, or differences of outputs, may be apart.

    Tolerance   |A_j − B_j| ≤ eps_j for every output j
    Margin      |(A_i − A_j) − (B_i − B_j)| ≤ M for all outputs i < j

With a margin the steps are about the networks of the differences, which are made here: one more
linear layer, whose units are o_i − o_j. So the rules know tolerances only.

Why a margin says something about the largest output: where A_i > A_j + M for all other j,
B_i − B_j ≥ A_i − A_j − M > 0, so output i of B is the largest alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from rectifold_check.json import Json, Refusal, rational
from rectifold_check.limits import MOST_PAIRS_OF_OUTPUTS
from rectifold_check.networks import Layer, Network, Row


@dataclass(frozen=True)
class Tolerance:
    """|A_j − B_j| ≤ eps_j for every output j."""

    eps: tuple[Fraction, ...]

    @property
    def per_output(self) -> tuple[Fraction, ...]:
        """Of the networks that the steps are about."""
        return self.eps

    @property
    def per_pair(self) -> tuple[Fraction, ...]:
        """What follows for the differences of outputs i < j: |(A_i − B_i) − (A_j − B_j)|."""
        return tuple(a + b for a, b in combinations(self.eps, 2))

    def compared(self, network: Network) -> Network:
        """The network that the steps are about."""
        return network


@dataclass(frozen=True)
class Margin:
    """|(A_i − A_j) − (B_i − B_j)| ≤ margin for all outputs i < j. Raises Refusal for one output."""

    margin: Fraction
    outputs: int

    def __post_init__(self) -> None:
        pairs = self.outputs * (self.outputs - 1) // 2
        if not 1 <= pairs <= MOST_PAIRS_OF_OUTPUTS:
            raise Refusal(f"a margin is about 1 to {MOST_PAIRS_OF_OUTPUTS} pairs of outputs")

    @property
    def per_output(self) -> tuple[Fraction, ...]:
        """Of the networks that the steps are about."""
        return self.per_pair

    @property
    def per_pair(self) -> tuple[Fraction, ...]:
        """For the differences of outputs i < j."""
        return (self.margin,) * (self.outputs * (self.outputs - 1) // 2)

    def compared(self, network: Network) -> Network:
        """The network that the steps are about: of the differences o_i − o_j for i < j, in order.

        It keeps the digest of the network.
        """
        pairs = combinations(range(network.size(network.output)), 2)
        rows = tuple((Row(network.output, ((i, 1), (j, -1))),) for i, j in pairs)
        layers = (*network.layers, Layer(False, 1, (0,) * len(rows), rows))
        return Network(network.inputs, layers, len(layers), network.digest)


Goal = Tolerance | Margin


def tolerance(eps: Json, outputs: int) -> tuple[Fraction, ...]:
    """One number ≥ 0 for every output."""
    if not isinstance(eps, list) or len(eps) != outputs:
        raise Refusal(f"eps needs {outputs} entries")
    values = tuple(rational(v, "eps") for v in eps)
    if any(v < 0 for v in values):
        raise Refusal("an eps is negative")
    return values
