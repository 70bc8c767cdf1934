"""Configurations with a name, each for one way in which a network gets small; all were measured.

    recipe("compressible", (400, 400), seed=1)   →   a TrainingConfig, to train or to change

What each reached on MNIST stands in docs/guide/train.md; benchmarks/training.py measures it again.
An epoch has 54,000 samples, those of MNIST without the part for validation, so that a small data
set is learned in as many steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from rectifold.errors import InputError
from rectifold.training.config import (
    Architecture,
    Schedule,
    Sparsity,
    Stability,
    TrainingConfig,
)


@dataclass(frozen=True, eq=False)
class Recipe:
    """What it is for, in a line, and its configuration for two layers of 100 units."""

    says: str
    config: TrainingConfig


_PLAIN = Schedule(epochs=12, batch=128, rate=0.1, epoch_samples=54_000)
_TUNED = replace(_PLAIN, epochs=25, finetune=15, finetune_rate=0.05)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "plain": Recipe("nothing is made small: to compare with", TrainingConfig(schedule=_PLAIN)),
        "compressible": Recipe(
            "units and weights become exactly zero, and what is left is learned again",
            TrainingConfig(schedule=_TUNED, sparsity=Sparsity(l1=(6e-5,), group=(1.1e-3,))),
        ),
        "stable": Recipe(
            "no weight is zero: bounds make units stable, and a proof removes them",
            TrainingConfig(
                schedule=_PLAIN,
                sparsity=Sparsity(l1=(1e-4,), l1_step="subgradient", drop_dead=False),
                stability=Stability(weight=(2e-4,)),
            ),
        ),
        "collapsing": Recipe(
            "every unit of the last hidden layer becomes stable, and the layer goes",
            TrainingConfig(
                schedule=replace(_PLAIN, epochs=10, finetune=3, finetune_rate=0.05),
                sparsity=Sparsity(l1=(2e-5,), group=(1.2e-3,)),
                stability=Stability(weight=(0.0, 1e-2), rising=True),
            ),
        ),
    }
)


DIGITS = TrainingConfig(schedule=Schedule(finetune=5), sparsity=Sparsity(l1=(1e-4,), group=(1e-3,)))
"""What suits the digits, and where nothing is said; other data wants a recipe, or its own."""


def recipe(name: str, widths: Sequence[int] = (100, 100), seed: int = 0) -> TrainingConfig:
    """The named configuration for hidden layers of these widths.

    Raises InputError for a name that is not in RECIPES, and for widths that it is not made for.
    """
    if name not in RECIPES:
        raise InputError(f"there is no recipe {name!r}; one of {', '.join(RECIPES)} is expected")
    config = RECIPES[name].config
    return replace(
        config,
        architecture=Architecture(tuple(widths)),
        schedule=replace(config.schedule, seed=seed),
    )
