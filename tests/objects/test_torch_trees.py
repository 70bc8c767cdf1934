"""Random trees of modules: what is read computes what PyTorch computes, and comes back the same."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

from objects.torch_cases import Through, eighths  # noqa: E402
from rectifold.ir.evaluate import evaluate  # noqa: E402
from rectifold.objects.doors import opened  # noqa: E402
from rectifold.objects.to_torch import to_torch  # noqa: E402

WIDTH = 4


class Residual(nn.Module):  # type: ignore[misc]
    def __init__(self, inner: Any, in_place: bool) -> None:
        super().__init__()
        self.inner, self.in_place = inner, in_place

    def forward(self, x: Any) -> Any:
        y = self.inner(x) * 1
        if self.in_place:
            y += x
            return y
        return x + y


class Joined(nn.Module):  # type: ignore[misc]
    def __init__(self, left: Any, right: Any) -> None:
        super().__init__()
        self.parts = nn.ModuleList([left, right])

    def forward(self, x: Any) -> Any:
        halves = torch.cat([part(x)[:, : WIDTH // 2] for part in self.parts], dim=1)
        return halves


class Twice(nn.Module):  # type: ignore[misc]
    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Any) -> Any:
        return self.inner(self.inner(x) / 8)


LEAVES = st.sampled_from(
    [
        lambda: nn.Linear(WIDTH, WIDTH),
        lambda: nn.Linear(WIDTH, WIDTH, bias=False),
        lambda: nn.ReLU(),
        lambda: nn.ReLU(inplace=True),
        lambda: nn.LeakyReLU(0.25, inplace=True),
        lambda: nn.Hardtanh(-1, 2),
        lambda: nn.PReLU(),
        lambda: nn.Dropout(0.3),
        lambda: Through(lambda m, x: torch.maximum(x, m.linear(x))),
        lambda: Through(lambda m, x: x.view(-1, 2, 2).transpose(1, 2).flatten(1).abs()),
        lambda: Through(lambda m, x: nn.functional.max_pool1d(x.unsqueeze(1), 3, 1, 1).squeeze(1)),
    ]
).map(lambda make: make())

TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: nn.Sequential(*parts)),
        st.builds(Residual, inner, st.booleans()),
        st.builds(Joined, inner, inner),
        st.builds(Twice, inner),
    ),
    max_leaves=5,
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES, st.integers(0, 1000))
def test_a_tree_is_read_exactly_and_comes_back(tree: Any, seed: int) -> None:
    module = eighths(nn.Sequential(nn.Linear(WIDTH, WIDTH), tree), seed)
    points = np.random.default_rng(seed).integers(-8, 9, (2, WIDTH)) / 4
    with torch.no_grad():
        expected = module(torch.tensor(points)).tolist()
    loaded = opened(module, input_shape=(WIDTH,))
    for row, values in zip(points.tolist(), expected, strict=True):
        assert evaluate(loaded.network, [Fraction(v) for v in row]) == values
    made = to_torch(loaded.network, loaded.interface)
    assert made.rounded == 0
    with torch.no_grad():
        assert made(torch.tensor(points)).tolist() == expected
