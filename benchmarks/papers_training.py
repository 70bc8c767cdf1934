"""Train as the papers do, or as we do, and keep what was trained in a folder.

    Recipe((784, 25, 25, 10), l1=0.001)   or   OurRecipe(...)    →    Network, from its file

Theirs follows train_fcnn.py and train/fcnn.py of github.com/yuxwind/ExactCompression (2021), read
to learn the settings: SGD with momentum, batches of 128, the rate .01 divided by ten every 50 of
120 epochs, no weight decay, He's normal initialization and biases 0, λ Σ|W| over all weights by its
subgradient, so that weights jitter around 0 and none stays there. With `attack` each batch is
learned twice, the second time moved by ±attack along the sign of its gradient and cut to [0, 1]:
what that code calls PGD repeats one gradient, which comes to this after two steps of .1.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rectifold.data.samples import Samples
from rectifold.errors import InputError
from rectifold.formats.load import load
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.runtime.files import write_whole
from rectifold.training import Architecture, Schedule, Sparsity, TrainingConfig, train

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Data:
    """Samples to train with and others to test with, and the domain of proofs, [0, 1]^n.

    Raises InputError for samples without labels.
    """

    train: Samples
    test: Samples

    def __post_init__(self) -> None:
        for part in (self.train, self.test):
            if part.labels is None:
                raise InputError(f"{part.name} has no labels; a class for each sample is expected")

    @property
    def domain(self) -> Domain:
        return Domain.cube(0, 1, self.train.inputs.shape[1])


class Training(Protocol):
    """How a network is trained, with everything that decides it."""

    @property
    def sizes(self) -> tuple[int, ...]: ...

    @property
    def epochs(self) -> int: ...

    @property
    def file(self) -> str:
        """The name says all that differs between the trainings of one page."""

    def with_seed(self, seed: int) -> Training: ...

    def learned(self, data: Data) -> bytes:
        """The file of the trained network. Raises InputError where PyTorch is not installed."""


@dataclass(frozen=True)
class Recipe:
    """One training as the papers have it, from the layer sizes to the seed."""

    sizes: tuple[int, ...]
    l1: float = 0.0
    seed: int = 0
    attack: float = 0.0
    epochs: int = 120
    drop_every: int = 50
    rate: float = 0.01
    momentum: float = 0.9
    batch: int = 128

    @property
    def file(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        attack = f"_attack_{self.attack:g}" if self.attack else ""
        return f"{sizes}_l1_{self.l1:g}{attack}_epochs_{self.epochs}_seed_{self.seed}.npz"

    def with_seed(self, seed: int) -> Recipe:
        return replace(self, seed=seed)

    def with_l1(self, l1: float) -> Recipe:
        return replace(self, l1=l1)

    def with_attack(self, attack: float) -> Recipe:
        return replace(self, attack=attack)

    def learned(self, data: Data) -> bytes:
        try:
            import torch  # takes seconds to import
        except ImportError:
            raise InputError(
                'training needs PyTorch; install it with pip install "rectifold[torch]"'
            ) from None
        torch.set_num_threads(1)
        torch.manual_seed(self.seed)
        learner = _Learner(torch, self)
        images, labels = map(torch.from_numpy, (data.train.inputs, data.train.labels))
        for _ in range(self.epochs):
            for chosen in torch.randperm(len(labels)).split(self.batch):
                learner.learn(images[chosen], labels[chosen])
            learner.schedule.step()
        return learner.file()


@dataclass(frozen=True)
class OurRecipe:
    """One training with `rectifold.training`: proximal steps of an L1 and of a group penalty, which
    leave exact zeros, then epochs with the zeros frozen.
    """

    sizes: tuple[int, ...]
    l1: float
    group: float
    seed: int = 0
    epochs: int = 25
    finetune: int = 10

    @property
    def file(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        epochs = f"{self.epochs}+{self.finetune}"
        return f"ours_{sizes}_l1_{self.l1:g}_group_{self.group:g}_{epochs}_seed_{self.seed}.onnx"

    def with_seed(self, seed: int) -> OurRecipe:
        return replace(self, seed=seed)

    def learned(self, data: Data) -> bytes:
        config = TrainingConfig(
            Architecture(self.sizes[1:-1]),
            Schedule(self.epochs, self.finetune, 128, finetune_rate=0.05, seed=self.seed),
            Sparsity(l1=(self.l1,), group=(self.group,)),
        )
        return train(config, data.train).onnx


class _Learner:
    """A model in training: linear layers, He's normal weights and biases 0, a relu between two."""

    def __init__(self, torch: Any, recipe: Recipe) -> None:
        self.torch, self.recipe = torch, recipe
        self.linear: list[Any] = []
        parts: list[Any] = []
        for ends in pairwise(recipe.sizes):
            layer = torch.nn.Linear(*ends)
            torch.nn.init.kaiming_normal_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
            self.linear.append(layer)
            parts += [layer, torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*parts[:-1])
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), recipe.rate, momentum=recipe.momentum
        )
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, recipe.drop_every, 0.1)

    def learn(self, batch: Any, labels: Any) -> None:
        """A step on the batch, and with an attack one on the attacked batch."""
        attack = self.recipe.attack
        if not attack:
            self.step(batch, labels)
            return
        inputs = batch.clone().requires_grad_()
        self.step(inputs, labels)
        self.step((batch + attack * inputs.grad.sign()).clamp(0, 1), labels)

    def step(self, inputs: Any, labels: Any) -> None:
        self.optimizer.zero_grad()
        self.torch.nn.functional.cross_entropy(self.model(inputs), labels).backward()
        if self.recipe.l1:
            for layer in self.linear:
                layer.weight.grad.add_(layer.weight.detach().sign(), alpha=self.recipe.l1)
        self.optimizer.step()

    def file(self) -> bytes:
        """W0, b0, W1, b1, ... as an .npz file."""
        arrays: dict[str, Any] = {}
        for k, layer in enumerate(self.linear):
            arrays |= {f"W{k}": layer.weight.detach().numpy(), f"b{k}": layer.bias.detach().numpy()}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        return buffer.getvalue()


def trained(recipe: Training, data: Data, folder: Path, say: Say) -> Network:
    """The network of this recipe on the data's domain: from the folder where it is there already.

    Deterministic on one machine: one thread, seeded. The file is written whole or not at all.
    """
    path = folder / recipe.file
    if not path.is_file():
        started = time.monotonic()
        data_of_file = recipe.learned(data)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, data_of_file)
        say(f"trained {path.stem} in {time.monotonic() - started:.0f} s")
    return load(str(path)).network.with_domain(data.domain)
