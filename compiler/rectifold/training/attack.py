"""Projected gradient steps: samples moved within ±eps, and within the domain, to raise the loss.

    x₀ random in the box around x        xₖ₊₁ = clip(xₖ + step · sign ∇loss(xₖ))

Madry, Makelov, Schmidt, Tsipras, Vladu: Towards Deep Learning Models Resistant to Adversarial
Attacks (2018). It is a search: it proves nothing about the samples.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rectifold.training.config import Adversary


def attacked(
    model: nn.Module,
    samples: Tensor,
    labels: Tensor,
    box: tuple[Tensor, Tensor],
    adversary: Adversary,
    random: torch.Generator,
) -> Tensor:
    """The samples after the adversary's steps. The model's own gradients are left as they are."""
    low = torch.maximum(samples - adversary.eps, box[0])
    high = torch.minimum(samples + adversary.eps, box[1])
    moved = low + (high - low) * torch.rand(samples.shape, generator=random)
    for _ in range(adversary.steps):
        moved.requires_grad_()
        loss = nn.functional.cross_entropy(model(moved), labels)
        (slope,) = torch.autograd.grad(loss, moved)
        moved = moved.detach() + adversary.step_size * slope.sign()
        moved = torch.minimum(torch.maximum(moved, low), high)
    return moved
