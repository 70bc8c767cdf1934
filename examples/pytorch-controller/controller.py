"""Train a controller with PyTorch, compile it, and write certified C.

    python examples/pytorch-controller/controller.py

Writes controller.c, controller.h, controller.certificate and original.onnx.
"""

from __future__ import annotations

import sys

import torch
from torch import nn

import rectifold

DOMAIN = "[[-1,1],[-1,1],[-1/5,1/5],[-1,1]]"  # the states that the plant can have
GAINS = torch.tensor([0.6, 1.0, 18.0, 2.5])  # of the state feedback that is imitated


def trained() -> nn.Sequential:
    """A module that imitates a saturated state feedback; its penalty makes units stable."""
    torch.manual_seed(1)
    layers = nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 1)
    module = nn.Sequential(*layers)
    optimiser = torch.optim.Adam(module.parameters(), 3e-3)
    scale = torch.tensor([1.0, 1.0, 0.2, 1.0])
    for _ in range(800):
        states = scale * (2 * torch.rand(256, 4) - 1)
        wanted = torch.clamp(states @ GAINS, -1, 1)
        size = sum(p.abs().sum() for p in module.parameters())
        loss = nn.functional.mse_loss(module(states)[:, 0], wanted) + 1e-4 * size
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return module


def main() -> None:
    rectifold.emit(trained(), "original.onnx", force=True)
    small = rectifold.compile("original.onnx", DOMAIN)
    small.save("controller.c", force=True)
    small.certificate.save("controller.certificate", force=True)
    sys.stdout.write(f"{small!r}\ncertificate: {small.check().status}\n")


if __name__ == "__main__":
    main()
