"""A dense network without its cut units, as a network of its own: fewer products in every step.

    784-400-400-10    units that nothing can revive    784-50-31-10    and back, with zeros

Sound because a cut unit reads nothing, is read by nobody, and stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Kept:
    """Where the units of a smaller network stand in the whole one.

    `sizes`: of the whole network, from its inputs to its outputs; `places`: for each of them.
    """

    sizes: tuple[int, ...]
    places: tuple[Tensor, ...]

    @staticmethod
    def all_of(layers: Sequence[nn.Module]) -> Kept:
        """Of the dense network with these layers: all."""
        sizes = (layers[0].in_features, *(layer.out_features for layer in layers))
        return Kept(sizes, tuple(torch.arange(size) for size in sizes))

    def smaller(
        self, layers: Sequence[nn.Module], cut: Sequence[Tensor]
    ) -> tuple[Kept, nn.Sequential]:
        """Without the units that are `cut` (a mask per hidden layer), and the network of the rest.

        A layer keeps one unit at least.
        """
        left = [torch.arange(layers[0].in_features)]
        left += [_left(mask) for mask in cut]
        left.append(torch.arange(layers[-1].out_features))
        modules: list[nn.Module] = []
        for k, layer in enumerate(layers):
            dense = nn.Linear(len(left[k]), len(left[k + 1]))
            with torch.no_grad():
                dense.weight.copy_(layer.weight[left[k + 1]][:, left[k]])
                dense.bias.copy_(layer.bias[left[k + 1]])
            modules += [dense, nn.ReLU()]
        places = tuple(p[rows] for p, rows in zip(self.places, left, strict=True))
        return Kept(self.sizes, places), nn.Sequential(*modules[:-1])

    def whole(self, layers: Sequence[nn.Module]) -> nn.Sequential:
        """The whole network: zeros where the smaller one with these layers has nothing."""
        modules: list[nn.Module] = []
        for k, layer in enumerate(layers):
            dense = nn.Linear(self.sizes[k], self.sizes[k + 1])
            columns, rows = self.places[k], self.places[k + 1]
            with torch.no_grad():
                dense.weight.zero_()[rows[:, None], columns] = layer.weight
                dense.bias.zero_()[rows] = layer.bias
            modules += [dense, nn.ReLU()]
        return nn.Sequential(*modules[:-1])


def _left(cut: Tensor) -> Tensor:
    left = (~cut).nonzero().squeeze(1)
    return left if len(left) else torch.zeros(1, dtype=torch.long)
