"""The networks that are trained: convolutions, then dense layers, with a ReLU between any two.

    [conv, relu, ...] flatten, linear, relu, ..., linear

A unit of a convolution is a channel. The row of a unit is what it reads, its column in the next
layer is what reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Network
from rectifold.training.config import Architecture
from rectifold.training.fitting import image_shape


def build(architecture: Architecture, shape: Sequence[int], outputs: int) -> nn.Sequential:
    """A network for flat samples of this shape, with PyTorch's usual first weights (of the seed
    that is set).

    Raises InputError for convolutions of what is no image.
    """
    modules: list[nn.Module] = []
    size = prod(shape)
    if architecture.channels:
        image = image_shape(shape)
        modules.append(nn.Unflatten(1, image))
        padding = architecture.kernel // 2
        for before, after in pairwise((image[0], *architecture.channels)):
            modules += [
                nn.Conv2d(before, after, architecture.kernel, architecture.stride, padding),
                nn.ReLU(),
            ]
        modules.append(nn.Flatten())
        size = nn.Sequential(*modules)(torch.zeros(1, size)).shape[1]
    for before, after in pairwise((size, *architecture.widths)):
        modules += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*modules, nn.Linear((size, *architecture.widths)[-1], outputs))


def layers_of(model: nn.Sequential) -> list[nn.Module]:
    """The layers with weights, in order."""
    return [module for module in model if isinstance(module, nn.Linear | nn.Conv2d)]


def per_layer(values: Sequence[float], layers: int) -> list[float]:
    """A number for each of so many layers."""
    return list(values) * layers if len(values) == 1 else list(values)


def readers_of(layers: Sequence[nn.Module], k: int) -> Tensor:
    """The weights with which the next layer reads layer k: readers × units of k × the rest, a view.

    A dense layer behind a convolution reads each channel at many places.
    """
    following: Tensor = layers[k + 1].weight
    return following.view(len(following), len(layers[k].weight), -1)


def network_function(network: Network) -> Callable[[Tensor], Tensor]:
    """A network of ours as a function of samples (k×n float32 → k×m), for a teacher."""
    layers = [
        (
            layer,
            _as_tensor(layer.bias).T,
            {u: _as_tensor(w) for u, w in layer.weights.items()},
        )
        for layer in network.layers
    ]

    def run(samples: Tensor) -> Tensor:
        values = {network.input_name: samples}
        for layer, bias, weights in layers:
            total = sum((values[u] @ w.T for u, w in weights.items()), bias)
            values[layer.name] = total.relu() if layer.is_relu else total
        return values[network.output]

    return run


def _as_tensor(matrix: Matrix) -> Tensor:
    return torch.tensor(matrix.approximation[0], dtype=torch.float32)
