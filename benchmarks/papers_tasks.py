"""Small tasks of two and three inputs in [0, 1], on which all linear regions can be counted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from papers_training import Data

from rectifold.data.read import read_samples
from rectifold.data.samples import Samples
from rectifold.exact.conversion import Floats


def moons(train: int = 1000, test: int = 1000) -> Data:
    """Two half circles that reach into each other, with noise: two inputs, two classes."""
    return Data(_moons(train, 1), _moons(test, 2))


def _moons(count: int, seed: int) -> Samples:
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 2
    angle = np.pi * random.random(count)
    upper = np.stack([np.cos(angle), np.sin(angle)])
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    points = np.where(labels == 0, upper, lower) + 0.1 * random.standard_normal((2, count))
    return _within(points.T, labels, np.array([-1.5, -1.0]), np.array([2.5, 1.5]))


def projected_digits(axes: int = 3) -> Data:
    """scikit-learn's digits on their first principal axes: ten classes.

    Raises InputError where scikit-learn is not installed.
    """
    train, test = (read_samples("digits", part) for part in ("train", "test"))
    middle = train.inputs.mean(axis=0)
    directions = np.linalg.svd(train.inputs - middle, full_matrices=False)[2][:axes]
    points = [(part.inputs - middle) @ directions.T for part in (train, test)]
    low, high = points[0].min(axis=0), points[0].max(axis=0)
    assert train.labels is not None
    assert test.labels is not None
    return Data(
        _within(points[0], train.labels, low, high), _within(points[1], test.labels, low, high)
    )


def _within(points: Floats, labels: npt.NDArray[np.int64], low: Floats, high: Floats) -> Samples:
    """The points with this box scaled to [0, 1]; points outside are moved to its border."""
    inputs = ((points - low) / (high - low)).clip(0, 1).astype(np.float32)
    return Samples(inputs, labels, inputs.shape[1:], "points")
