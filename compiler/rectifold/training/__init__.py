"""Trains ReLU networks that compile to small ones: a short PyTorch loop, each technique an option.

    from rectifold.data import read_samples
    from rectifold.training import TrainingConfig, train
    run = train(TrainingConfig(), read_samples("digits", "train"))

PyTorch is imported when a network is trained, not before.
"""

from rectifold.training.config import (
    Adversary,
    Architecture,
    Distillation,
    Schedule,
    Sparsity,
    Stability,
    TrainingConfig,
)
from rectifold.training.run import TrainedRun, train

__all__ = [
    "Adversary",
    "Architecture",
    "Distillation",
    "Schedule",
    "Sparsity",
    "Stability",
    "TrainedRun",
    "TrainingConfig",
    "train",
]
