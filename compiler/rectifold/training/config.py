"""What is asked of a training run: one small value per technique, checked where it is made.

    TrainingConfig(Architecture((400, 400)), Schedule(epochs=20, finetune=4), Sparsity(l1=(3e-5,)))

Nothing here needs PyTorch. Every value raises InputError for numbers that it cannot have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from rectifold.ir.network import Network
from rectifold.runtime.json import JsonObject
from rectifold.training.required import (
    require,
    require_choice,
    require_number,
    require_part,
    require_per_layer,
)

Groups = Literal["rows", "columns", "both"]
BoundKind = Literal["interval", "slopes"]
StabilityForm = Literal["distance", "tanh"]
L1Step = Literal["proximal", "subgradient"]


@dataclass(frozen=True)
class Architecture:
    """Dense hidden layers of these widths; before them convolutions with so many channels each.

    A convolution has a square kernel, this stride, and zeros around its input so that a stride of
    1 keeps the size.
    """

    widths: tuple[int, ...] = (100, 100)
    channels: tuple[int, ...] = ()
    kernel: int = 3
    stride: int = 2

    def __post_init__(self) -> None:
        for width in (*self.widths, *self.channels):
            require(width >= 1, f"a layer of {width} units", "at least 1 is expected")
        require(
            bool(self.widths or self.channels), "no hidden layer", "at least one width is expected"
        )
        is_odd = self.kernel >= 1 and self.kernel % 2 == 1
        require(is_odd, f"a kernel of {self.kernel}", "an odd number, such as 3, is expected")
        require(self.stride >= 1, f"a stride of {self.stride}", "at least 1 is expected")

    @property
    def layers(self) -> int:
        """Layers with weights, the output too."""
        return len(self.channels) + len(self.widths) + 1


@dataclass(frozen=True)
class Schedule:
    """Momentum SGD over `epochs`, its rate falling from `rate` to 0 along a cosine.

    `finetune` epochs follow with the zeros frozen, from `finetune_rate`. `validation` is the part
    of the training samples that is left out and measured after each epoch; with `keep_best` the
    result is the network of the epoch that was best there (among those of fine-tuning, if there
    are any). `epoch_samples`: an epoch goes through a smaller data set as often as it takes to
    learn at least so many samples. `seed` decides the first weights, the order of samples and
    every random choice; `threads` those of PyTorch.
    """

    epochs: int = 40
    finetune: int = 0
    batch: int = 32
    rate: float = 0.1
    finetune_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0
    seed: int = 0
    validation: float = 0.1
    keep_best: bool = False
    epoch_samples: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "threads"):
            value = getattr(self, name)
            require(value >= 1, f"{name}: {value}", "at least 1 is expected")
        require(self.finetune >= 0, f"{self.finetune} epochs to fine-tune", "0 or more")
        require(self.epoch_samples >= 0, f"an epoch of {self.epoch_samples} samples", "0 or more")
        require_number("the rate", self.rate, above=0)
        require_number("the rate to fine-tune", self.finetune_rate, above=0)
        require_number("weight decay", self.weight_decay)
        require_part("momentum", self.momentum)
        require_part("the part for validation", self.validation)
        require(0 <= self.seed < 2**63, f"the seed {self.seed}", "0 to 2^63 - 1 is expected")
        can_choose = self.validation > 0 or not self.keep_best
        require(
            can_choose,
            "the best epoch without validation samples",
            "leave a part of the training samples for validation, or keep the last epoch",
        )


@dataclass(frozen=True)
class Sparsity:
    """What makes weights and units exactly zero.

    `l1`: the penalty λ Σ|w|, a number for all layers with weights or one for each; "proximal" steps
    give exact zeros, "subgradient" ones (the penalty as part of the loss) do not. `group`: the
    penalty λ Σ‖group‖ for the rows of hidden layers (what a unit reads), for the columns of the
    layers behind them (what reads it), or both; a number for all hidden layers or one for each.
    `prune`: the part of all weights, smallest first, that becomes zero before fine-tuning.
    `drop_dead`: at the start of an epoch units that are 0 on all training samples are cut off.
    """

    l1: tuple[float, ...] = (0.0,)
    l1_step: L1Step = "proximal"
    group: tuple[float, ...] = (0.0,)
    groups: Groups = "rows"
    prune: float = 0.0
    drop_dead: bool = True

    def __post_init__(self) -> None:
        for value in self.l1:
            require_number("l1", value)
        for value in self.group:
            require_number("the group penalty", value)
        require_part("the part to prune", self.prune)
        require_choice("the step of l1", self.l1_step, get_args(L1Step))
        require_choice("groups", self.groups, get_args(Groups))


@dataclass(frozen=True)
class Stability:
    """A loss on the bounds of every hidden unit that is lower where fewer units are unstable.

    `weight`: a number for all hidden layers or one for each, 0: none. `bounds`: intervals, or
    linear bounds (slopes; dense networks). `form`: "distance" to the nearer phase, min(-l, u) where
    l < 0 < u, or "tanh", -tanh(1 + l·u), of Xiao, Tjeng, Shafiullah, Madry: Training for Faster
    Adversarial Robustness Verification via Inducing ReLU Stability (2019). `radius`: of boxes
    around samples; None: the bounds are of the domain. `rising`: the weight grows evenly from 0
    over the epochs before fine-tuning, so that units learn first what they are for.
    """

    weight: tuple[float, ...] = (0.0,)
    bounds: BoundKind = "interval"
    form: StabilityForm = "distance"
    radius: float | None = None
    rising: bool = False

    def __post_init__(self) -> None:
        for value in self.weight:
            require_number("the weight of stability", value)
        require_choice("the bounds of stability", self.bounds, get_args(BoundKind))
        require_choice("the form of stability", self.form, get_args(StabilityForm))
        if self.radius is not None:
            require_number("the radius of stability", self.radius, above=0)
            require(
                self.bounds == "interval",
                "slopes around every sample",
                "choose interval bounds, or the whole domain (no radius)",
            )


@dataclass(frozen=True)
class Adversary:
    """Samples moved by projected gradient steps within ±`eps` before they are learned; 0: none.

    `step`: the size of one; None: eps · 2.5 / steps. Madry, Makelov, Schmidt, Tsipras, Vladu:
    Towards Deep Learning Models Resistant to Adversarial Attacks (2018).
    """

    eps: float = 0.0
    steps: int = 5
    step: float | None = None

    def __post_init__(self) -> None:
        require_number("eps of the adversary", self.eps)
        require(self.steps >= 1, f"{self.steps} steps of the adversary", "at least 1 is expected")
        if self.step is not None:
            require_number("the step of the adversary", self.step, above=0)

    @property
    def step_size(self) -> float:
        return self.eps * 2.5 / self.steps if self.step is None else self.step


@dataclass(frozen=True, eq=False)
class Distillation:
    """A teacher whose softened outputs are learned beside the labels.

    Loss: (1 - part) · cross-entropy + part · T² · KL(teacher/T ‖ network/T). Hinton, Vinyals, Dean:
    Distilling the Knowledge in a Neural Network (2015).
    """

    teacher: Network | None = None
    part: float = 0.5
    temperature: float = 4.0

    def __post_init__(self) -> None:
        is_part = 0 < self.part <= 1
        require(is_part, f"the teacher's part {self.part:g}", "above 0 and at most 1 is expected")
        require_number("the temperature", self.temperature, above=0)


@dataclass(frozen=True, eq=False)
class TrainingConfig:
    """A whole run. `shift`: images are moved by up to so many pixels, differently in each epoch.

    Raises InputError where the parts do not fit together.
    """

    architecture: Architecture = Architecture()
    schedule: Schedule = Schedule()
    sparsity: Sparsity = Sparsity()
    stability: Stability = Stability()
    adversary: Adversary = Adversary()
    distillation: Distillation = Distillation()
    shift: int = 0

    def __post_init__(self) -> None:
        require(self.shift >= 0, f"a shift of {self.shift} pixels", "0 or more is expected")
        layers = self.architecture.layers
        require_per_layer("l1", self.sparsity.l1, layers, "layers with weights")
        require_per_layer("the group penalty", self.sparsity.group, layers - 1, "hidden layers")
        require_per_layer(
            "the weight of stability", self.stability.weight, layers - 1, "hidden layers"
        )
        require(
            self.stability.bounds == "interval" or not self.architecture.channels,
            "slopes of convolutions",
            "choose interval bounds of stability",
        )
        require(
            self.sparsity.prune == 0 or self.schedule.finetune > 0,
            "pruning without fine-tuning",
            "give epochs to fine-tune: weights are pruned before them",
        )

    def told(self) -> JsonObject:
        """Every number of it; of the teacher its name."""
        teacher, chosen = self.distillation.teacher, self.distillation
        parts = ("architecture", "schedule", "sparsity", "stability", "adversary")
        told: JsonObject = {name: _told(getattr(self, name)) for name in parts}
        told["distillation"] = {
            "teacher": None if teacher is None else teacher.name,
            "part": chosen.part,
            "temperature": chosen.temperature,
        }
        return told | {"shift": self.shift}


def _told(value: object) -> JsonObject:
    """A dataclass of numbers, texts and tuples of numbers."""
    told: JsonObject = {}
    for name, found in vars(value).items():
        told[name] = list(found) if isinstance(found, tuple) else found
    return told
