"""One training run: samples and what is asked of them in, a network with its domain out.

    samples ─ split by the seed ─▶ loop (PyTorch) ─▶ ONNX bytes ─▶ read back: the network

Sound because what is returned is what any reader of the file gets: the weights are the bits that
were trained, and `accuracy` is that of the network that was read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rectifold.data.samples import Samples
from rectifold.effort.training import TrainingEffort
from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network
from rectifold.training.config import TrainingConfig
from rectifold.training.fitting import require_trainable
from rectifold.training.history import Epoch

_MISSING = (
    "training needs PyTorch, which is not installed; install it with "
    'pip install "rectifold[train]" (a build for the CPU is enough)'
)


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A trained network with its domain, and how it came about.

    `onnx`: the file, from which `network` was read. `kept`: the number of the epoch that it is of;
    `ended_early` says why that was not the last one that was asked for.
    """

    config: TrainingConfig
    network: Network
    onnx: bytes
    history: tuple[Epoch, ...]
    kept: int
    ended_early: str | None
    data: str

    @property
    def domain(self) -> Domain:
        assert self.network.domain is not None
        return self.network.domain


@dataclass(frozen=True, eq=False)
class Hooks:
    """Who is told after each epoch (with the network of that moment, made when it is called), and
    who is asked after each batch why to end.
    """

    told: Callable[[Epoch, Callable[[], Network]], None] = lambda epoch, network: None
    ended: Callable[[], str | None] = lambda: None


def train(config: TrainingConfig, samples: Samples, hooks: Hooks = Hooks()) -> TrainedRun:
    """Trains a network for the classes of these samples (the training part of a data set).

    Raises InputError for samples that do not fit, and where PyTorch is not installed.
    """
    domain = domain_of(samples)
    classes = require_trainable(config, samples)
    try:
        from rectifold.training.torch_run import run_torch  # PyTorch takes seconds to import
    except ImportError as error:
        if (error.name or "").split(".")[0] != "torch":
            raise
        raise InputError(_MISSING) from None
    return run_torch(config, samples, classes, domain, hooks)


def domain_of(samples: Samples) -> Domain:
    """[0, 1] for every input of images and of other samples within it; else the samples' box."""
    inputs = samples.inputs
    if inputs.min() >= 0 and inputs.max() <= 1:
        return Domain.cube(0, 1, inputs.shape[1])
    return Domain.of(inputs)


def classes_of(network: Network, samples: Samples) -> np.ndarray:
    """The class (the first largest output) of each sample, computed in float64."""
    found = [
        evaluate_float(network, samples.inputs[k : k + TrainingEffort.rows]).argmax(axis=1)
        for k in range(0, len(samples), TrainingEffort.rows)
    ]
    return np.concatenate(found)


def accuracy(network: Network, samples: Samples) -> float:
    """The part of the samples whose class is right. Precondition: they have labels."""
    return float(np.mean(classes_of(network, samples) == samples.labels))
