"""Random dense chains, and samples, for tests of boxes around samples."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rectifold.ir.network import Network
from rectifold.objects.layer_lists import network_of_list


def dense(seed: int, *widths: int) -> Network:
    """A chain of dense layers of short random floats, some of them 0."""
    random = np.random.default_rng(seed)
    layers = []
    for columns, rows in pairwise(widths):
        weight = np.round(random.normal(size=(rows, columns)), 2)
        weight[random.random(weight.shape) < 0.2] = 0.0
        layers.append((weight, np.round(random.normal(size=rows) / 2, 2)))
    found = network_of_list(layers)
    assert found is not None
    return found.network


def samples(count: int, seed: int = 0, inputs: int = 4) -> np.ndarray:
    """Points of [0, 1] that are float32 numbers."""
    random = np.random.default_rng(seed)
    return random.random((count, inputs)).astype(np.float32).astype(np.float64)
