"""Images moved by a few pixels, each differently: what comes in at the border is 0."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def shifted(images: Tensor, most: int, random: torch.Generator) -> Tensor:
    """Every image (samples × channels × rows × columns) moved by up to `most` pixels both ways."""
    count, _, height, width = images.shape
    padded = nn.functional.pad(images, [most] * 4)
    down, right = torch.randint(0, 2 * most + 1, (2, count), generator=random)
    place = torch.arange(padded[0].numel()).view(padded.shape[1:])[:, :height, :width].flatten()
    moved = (down * padded.shape[3] + right)[:, None] + place
    return padded.flatten(1).gather(1, moved).view(images.shape)
