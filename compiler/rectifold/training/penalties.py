"""Proximal steps: after a step of SGD the penalty's own minimiser, which gives exact zeros.

    soft threshold     w      →  sign(w) · max(|w| - t, 0)             of t·Σ|w|
    group threshold    group  →  group · max(1 - t / ‖group‖, 0)       of t·Σ‖group‖

With t = rate / (1 - momentum) · λ after each step of SGD: momentum makes so much of a lasting
gradient, so λ weighs as much as it does in the loss. A subgradient step would jitter around zero
and never stay there.
Parikh, Boyd: Proximal Algorithms (2014), 6.5.2 and 6.5.4.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rectifold.training.config import Sparsity
from rectifold.training.networks import per_layer, readers_of


def soft_threshold_(weight: Tensor, amount: float) -> None:
    """Every entry moves towards 0 by `amount`, and stays there when it arrives."""
    weight.copy_(nn.functional.softshrink(weight, amount))


def group_threshold_(weight: Tensor, amount: float, axis: int) -> None:
    """Every slice of `weight` along an axis shrinks by `amount` in length, or becomes 0."""
    others = [k for k in range(weight.dim()) if k != axis]
    length = torch.linalg.vector_norm(weight, dim=others, keepdim=True)
    least = torch.finfo(weight.dtype).tiny
    weight.mul_((1 - amount / length.clamp(min=least)).clamp_(min=0))


def shrink_(layers: Sequence[nn.Module], sparsity: Sparsity, step: float) -> None:
    """The proximal steps of all penalties, each as long as `step` times its λ."""
    with torch.no_grad():
        for layer, penalty in zip(layers, per_layer(sparsity.l1, len(layers)), strict=True):
            if penalty and sparsity.l1_step == "proximal":
                soft_threshold_(layer.weight, step * penalty)
        for k, penalty in enumerate(per_layer(sparsity.group, len(layers) - 1)):
            if penalty and sparsity.groups != "columns":
                group_threshold_(layers[k].weight, step * penalty, 0)
            if penalty and sparsity.groups != "rows":
                group_threshold_(readers_of(layers, k), step * penalty, 1)


def subgradient_l1(layers: Sequence[nn.Module], sparsity: Sparsity) -> Tensor | float:
    """Σ λ Σ|w| as a part of the loss, as the papers have it; 0 where steps are proximal."""
    if sparsity.l1_step == "proximal":
        return 0.0
    penalties = per_layer(sparsity.l1, len(layers))
    terms = [p * layer.weight.abs().sum() for p, layer in zip(penalties, layers, strict=True) if p]
    return sum(terms, torch.zeros(()))
