"""Small networks with weights and units that an approximation can do without."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Activation, Layer, Network
from rectifold.ir.sampling import sample_points


def jittery(*sizes: int, seed: int = 0, part: float = 0.7, size: float = 1e-6) -> Network:
    """A chain on [0, 1]^n in which about this part of the weights is tiny, as L1 leaves them."""
    random = np.random.default_rng(seed)
    layers, before = [], "x"
    for k in range(1, len(sizes)):
        weight = random.standard_normal((sizes[k], sizes[k - 1]))
        weight[random.random(weight.shape) < part] *= size
        bias = Matrix.from_floats(0.1 * random.standard_normal((sizes[k], 1)))
        kind: Activation = "linear" if k == len(sizes) - 1 else "relu"
        layers.append(Layer(f"h{k}", kind, bias, {before: Matrix.from_floats(weight)}))
        before = f"h{k}"
    return Network("x", sizes[0], layers, before, Domain.cube(0, 1, sizes[0]))


def seen_differences(a: Network, b: Network, count: int = 60) -> list[Fraction]:
    """Per output the largest difference at exact points of a's domain."""
    assert a.domain is not None
    points = sample_points(a.domain, count, 1)
    pairs = zip(evaluate_points(a, points), evaluate_points(b, points), strict=True)
    rows = [[abs(p - q) for p, q in zip(u, v, strict=True)] for u, v in pairs]
    return [max(column) for column in zip(*rows, strict=True)]
