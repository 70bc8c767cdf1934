"""How hard a reader looks at what it has read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TraceEffort:
    """The run of a PyTorch module that is recorded."""

    samples: int = 2
    """Of the batch; one could not be told from a size of one."""


@dataclass(frozen=True)
class CrosscheckEffort:
    """The comparison of an ONNX network with another program that runs the file."""

    multiply_adds: int = 5_000_000
    """Multiply-adds of one evaluation up to which it is done: it takes some 0.1 s."""
    scales: tuple[float, ...] = (1.0, 1.0, 8.0)
    """One point for each: the largest coordinate in input units."""
    deviations: int = 64
    """Standard deviations of float rounding that are no disagreement."""
