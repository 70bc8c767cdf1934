"""Which weights may be anything but zero: cut units, pruned weights, a pattern that is frozen.

    pattern = Pattern(layers)      every weight may
    pattern.cut(k, dead)           units of layer k read nothing, and nobody reads them
    pattern.freeze()               what is zero now stays zero
    pattern.apply_()               after each step

Sound whatever the optimiser's momentum does: zeros are set again after every step.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rectifold.effort.training import TrainingEffort
from rectifold.training.networks import readers_of


class Pattern:
    """Masks of the layers' weights and biases, 1 where a number may stand."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        self.layers = layers
        self.weights = [torch.ones_like(layer.weight) for layer in layers]
        self.biases = [torch.ones_like(layer.bias) for layer in layers]
        self.is_open = True  # nothing is masked

    def apply_(self) -> None:
        """Sets what is masked to 0."""
        with torch.no_grad():
            for layer, weight, bias in zip(self.layers, self.weights, self.biases, strict=True):
                layer.weight.mul_(weight)
                layer.bias.mul_(bias)

    def cut(self, k: int, units: Tensor) -> None:
        """Masks these units of layer k (a mask): what they read, and what reads them."""
        if not units.any():
            return
        self.is_open = False
        self.weights[k][units] = 0
        self.biases[k][units] = 0
        readers = self.weights[k + 1]
        readers.view(len(readers), len(units), -1)[:, units] = 0

    def cut_units(self) -> list[Tensor]:
        """A mask per hidden layer: the units that are cut."""
        return [
            ((weight == 0).flatten(1).all(dim=1) & (bias == 0))
            for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True)
        ]

    def freeze(self) -> None:
        """Masks every weight that is zero now."""
        self.is_open = False
        for layer, mask in zip(self.layers, self.weights, strict=True):
            mask.mul_((layer.weight != 0).to(mask.dtype))


def prune(layers: Sequence[nn.Module], pattern: Pattern, part: float) -> None:
    """Masks the smallest weights, so that `part` of all weights of the network is zero."""
    sizes = torch.cat([layer.weight.detach().abs().flatten() for layer in layers])
    count = int(part * len(sizes))
    if not count:
        return
    pattern.is_open = False
    limit = sizes.kthvalue(count).values
    for layer, mask in zip(layers, pattern.weights, strict=True):
        mask.mul_((layer.weight.detach().abs() > limit).to(mask.dtype))


def cut_dead(model: nn.Sequential, pattern: Pattern, samples: Tensor) -> None:
    """Cuts the units that are 0 on all samples, or the same on all, or that nobody reads.

    A constant is added to the biases of its readers, so that no output at the samples changes (but
    for rounding). Between convolutions only what is 0 is cut: their zeros at the border make a
    constant uneven.
    """
    layers = pattern.layers
    with torch.no_grad():
        for k, (low, high) in enumerate(_ranges(model, samples)):
            following = layers[k + 1]
            is_dense = layers[k].weight.dim() == 2
            still = (low == high) & ((high == 0) | is_dense)
            if is_dense:
                following.bias.add_(following.weight[:, still] @ high[still])
            pattern.cut(k, still | _unread(layers, k))
        pattern.apply_()


def dead_units(layers: Sequence[nn.Module]) -> int:
    """Hidden units (channels) that read nothing, or that nobody reads."""
    total = 0
    for k, layer in enumerate(layers[:-1]):
        reads_nothing = (layer.weight == 0).flatten(1).all(dim=1)
        total += int((reads_nothing | _unread(layers, k)).sum())
    return total


def _unread(layers: Sequence[nn.Module], k: int) -> Tensor:
    """Which units of layer k nobody reads (a mask)."""
    return (readers_of(layers, k) == 0).all(dim=2).all(dim=0)


def zero_weights(layers: Sequence[nn.Module]) -> float:
    """The part of all weights that is exactly zero."""
    zeros = sum(int((layer.weight == 0).sum()) for layer in layers)
    return zeros / sum(int(layer.weight.numel()) for layer in layers)


def _ranges(model: nn.Sequential, samples: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The least and the largest value of each hidden unit (channel) on the samples."""
    found: list[tuple[Tensor, Tensor]] = []
    for start in range(0, len(samples), TrainingEffort.rows):
        value, here = samples[start : start + TrainingEffort.rows], 0
        for module in model:
            value = module(value)
            if not isinstance(module, nn.ReLU):
                continue
            flat = value.transpose(0, 1).flatten(1)
            low, high = flat.amin(dim=1), flat.amax(dim=1)
            if start:
                low = torch.minimum(low, found[here][0])
                high = torch.maximum(high, found[here][1])
                found[here] = low, high
            else:
                found.append((low, high))
            here += 1
    return found
