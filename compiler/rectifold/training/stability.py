"""A loss on bounds of pre-activations, so that units stay in one phase on the whole domain.

    l ≤ z ≤ u      distance: min(-l, u) where l < 0 < u, else 0        tanh: -tanh(1 + l·u)

The bounds are interval bounds (Xiao, Tjeng, Shafiullah, Madry 2019), or linear ones by
back-substitution (slopes: as DeepPoly, CROWN) of the whole domain. Here they are floats with a
gradient that steer the training; what is claimed of units is proved afterwards, by the engine.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rectifold.training.config import Stability
from rectifold.training.networks import per_layer

Bounds = tuple[Tensor, Tensor]


def stability_loss(
    model: nn.Sequential, samples: Tensor, box: Bounds, stability: Stability
) -> Tensor:
    """The mean over samples (or of the one domain) of the weighted sum over hidden units."""
    low, high = box[0][None], box[1][None]
    if stability.radius is not None:
        low = torch.maximum(samples - stability.radius, low)
        high = torch.minimum(samples + stability.radius, high)
    kind = slope_bounds if stability.bounds == "slopes" else interval_bounds
    found = kind(model, low, high)
    weights = per_layer(stability.weight, len(found))
    terms = [
        weight * _loss(*bounds, stability).flatten(1).sum(dim=1).mean()
        for weight, bounds in zip(weights, found, strict=True)
        if weight
    ]
    return sum(terms, torch.zeros(()))


def interval_bounds(model: nn.Sequential, low: Tensor, high: Tensor) -> list[Bounds]:
    """Bounds of the pre-activations before each ReLU, on boxes (one per row)."""
    found: list[Bounds] = []
    for module in model:
        if isinstance(module, nn.ReLU):
            found.append((low, high))
            low, high = low.relu(), high.relu()
        elif isinstance(module, nn.Linear | nn.Conv2d):
            middle, radius = (low + high) / 2, (high - low) / 2
            centre, spread = module(middle), _of_radius(module, radius)
            low, high = centre - spread, centre + spread
        else:
            low, high = module(low), module(high)
    return found


def _of_radius(module: nn.Module, radius: Tensor) -> Tensor:
    weight = module.weight.abs()
    if isinstance(module, nn.Linear):
        return nn.functional.linear(radius, weight)
    return nn.functional.conv2d(radius, weight, None, module.stride, module.padding)


def slope_bounds(model: nn.Sequential, low: Tensor, high: Tensor) -> list[Bounds]:
    """The same of a dense network, by substituting relaxations of earlier units backwards.

    relu(z) ≤ u (z - l) / (u - l) and relu(z) ≥ a z, with a = 1 where u > -l and else 0.
    """
    dense = [module for module in model if isinstance(module, nn.Linear)]
    found: list[Bounds] = []
    for k in range(len(dense) - 1):
        upper = _substituted(dense[: k + 1], found, low, high, 1.0)
        lower = -_substituted(dense[: k + 1], found, low, high, -1.0)
        found.append((lower, upper))
    return found


def _substituted(
    dense: Sequence[nn.Linear], known: Sequence[Bounds], low: Tensor, high: Tensor, sign: float
) -> Tensor:
    """Upper bounds of sign · (pre-activations of the last of these layers), on one box."""
    form, constant = sign * dense[-1].weight, sign * dense[-1].bias
    for layer, (lower, upper) in zip(reversed(dense[:-1]), reversed(known), strict=True):
        slope, shift = _upper_line(lower[0], upper[0])
        least = (upper[0] > -lower[0]).to(form.dtype)
        positive, negative = form.clamp(min=0), form.clamp(max=0)
        constant = constant + positive @ shift
        form = positive * slope + negative * least
        constant, form = constant + form @ layer.bias, form @ layer.weight
    top = form.clamp(min=0) @ high[0] + form.clamp(max=0) @ low[0]
    return (top + constant)[None]


def _upper_line(low: Tensor, high: Tensor) -> Bounds:
    """Slope and constant of the line above relu on [low, high]."""
    crosses = (low < 0) & (high > 0)
    width = torch.where(crosses, high - low, torch.ones_like(low))
    slope = torch.where(crosses, high / width, (low >= 0).to(low.dtype))
    return slope, torch.where(crosses, -low * slope, torch.zeros_like(low))


def _loss(low: Tensor, high: Tensor, stability: Stability) -> Tensor:
    if stability.form == "tanh":
        return -torch.tanh(1 + low * high)
    return torch.minimum((-low).relu(), high.relu())
