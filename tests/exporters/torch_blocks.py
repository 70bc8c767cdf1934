"""The modules of PyTorch whose export is tested: each a small network around one kind of block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Module = Any  # torch.nn.Module: torch need not be installed


def mlp(torch: Any) -> Module:
    nn = torch.nn
    return nn.Sequential(
        nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3)
    )


def dropout(torch: Any) -> Module:
    nn = torch.nn
    return nn.Sequential(nn.Linear(4, 12), nn.ReLU(), nn.Dropout(0.5), nn.Linear(12, 3))


def batch_norm(torch: Any) -> Module:
    nn = torch.nn
    return nn.Sequential(nn.Linear(4, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 3))


def activated(make: Callable[[Any], Module]) -> Callable[[Any], Module]:
    """A network with this activation after its first layer."""

    def build(torch: Any) -> Module:
        nn = torch.nn
        return nn.Sequential(nn.Linear(4, 12), make(nn), nn.Linear(12, 3))

    return build


def ended(make: Callable[[Any], Module]) -> Callable[[Any], Module]:
    """A network with this module at its end."""

    def build(torch: Any) -> Module:
        nn = torch.nn
        return nn.Sequential(nn.Linear(4, 12), nn.ReLU(), nn.Linear(12, 3), make(nn))

    return build


def convolution(torch: Any) -> Module:
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(36, 3),
    )


def convolved(make: Callable[[Any], Module]) -> Callable[[Any], Module]:
    """A network whose second layer is this one of four channels."""

    def build(torch: Any) -> Module:
        nn = torch.nn
        return nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), make(nn), nn.Flatten(), nn.LazyLinear(3)
        ).eval()

    def initialised(torch: Any) -> Module:
        module = build(torch)
        module(torch.zeros(1, 2, 6, 6))
        return module

    return initialised


def convolution_1d(torch: Any) -> Module:
    nn = torch.nn
    return nn.Sequential(nn.Conv1d(2, 4, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 3))


def residual(torch: Any) -> Module:
    nn = torch.nn

    class Residual(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 8), nn.Linear(8, 8)
            self.last = nn.Linear(8, 3)

        def forward(self, x: Any) -> Any:
            h = torch.relu(self.first(x))
            return self.last(torch.relu(h + self.second(h)))

    return Residual()


def concatenation(torch: Any) -> Module:
    nn = torch.nn

    class Joined(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.one, self.other, self.last = nn.Linear(4, 6), nn.Linear(4, 6), nn.Linear(12, 3)

        def forward(self, x: Any) -> Any:
            sides = [torch.relu(self.one(x)), torch.relu(self.other(x))]
            return self.last(torch.cat(sides, dim=1))

    return Joined()


def argmax(torch: Any) -> Module:
    nn = torch.nn

    class Chosen(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.scores = mlp(torch)

        def forward(self, x: Any) -> Any:
            return self.scores(x).argmax(dim=1)

    return Chosen()
