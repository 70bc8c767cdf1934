"""The training loop: momentum SGD along a cosine, and what the options add to a step.

    for each epoch:   [cut dead units]   [prune and freeze before fine-tuning]
        for each batch:   [shift]  [attack]   loss  [+ stability]  [+ teacher]
            a step of SGD   [soft threshold]  [group threshold]   zeros that are fixed

Copy it: it is PyTorch and nothing else. The same seed gives the same weights on one machine with
the same PyTorch and number of threads; another processor may add in another order.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from rectifold.effort.training import TrainingEffort
from rectifold.training.attack import attacked
from rectifold.training.compact import Kept
from rectifold.training.config import Schedule, TrainingConfig
from rectifold.training.distillation import distilled
from rectifold.training.fitting import image_shape
from rectifold.training.history import Epoch
from rectifold.training.networks import build, layers_of, network_function
from rectifold.training.penalties import shrink_, subgradient_l1
from rectifold.training.pruning import Pattern, cut_dead, dead_units, prune, zero_weights
from rectifold.training.shifts import shifted
from rectifold.training.stability import stability_loss


@dataclass(frozen=True, eq=False)
class Data:
    """Samples as tensors (k×n float32, k classes), and the box that adversaries stay in."""

    samples: Tensor
    labels: Tensor
    held_out: Tensor
    held_out_labels: Tensor
    shape: tuple[int, ...]
    classes: int
    box: tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Watch:
    """Who is told after each epoch, and who is asked after each batch why to end (None: go on)."""

    told: Callable[[Epoch, nn.Sequential], None] = lambda epoch, model: None
    ended: Callable[[], str | None] = lambda: None


@dataclass(eq=False)
class Trained:
    """A model, its epochs, and why it ended before the last one (None: it did not).

    `kept`: the epoch that the weights are of.
    """

    model: nn.Sequential
    history: list[Epoch] = field(default_factory=list)
    ended_early: str | None = None
    kept: int = 0


def fit(config: TrainingConfig, data: Data, watch: Watch) -> Trained:
    """Trains a network. What the global state of PyTorch was, it is afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(config.schedule.threads)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.schedule.seed)
            model = build(config.architecture, data.shape, data.classes)
            return _Loop(config, data, model).run(watch)
    finally:
        torch.set_num_threads(threads)


class _Loop:
    """What one run carries from step to step."""

    def __init__(self, config: TrainingConfig, data: Data, model: nn.Sequential) -> None:
        self.config, self.data, self.model = config, data, model
        self.layers = layers_of(model)
        self.pattern = Pattern(self.layers)
        self.kept = _all_kept(config, self.layers)
        self.random = torch.Generator().manual_seed(config.schedule.seed)
        teacher = config.distillation.teacher
        self.teacher = None if teacher is None else network_function(teacher)
        self.is_frozen = False
        self.progress = 0.0  # the part of the epochs before fine-tuning that is done
        self.optimiser = _optimiser(model, config.schedule)

    def run(self, watch: Watch) -> Trained:
        schedule, started = self.config.schedule, time.monotonic()
        trained = Trained(self.model)
        best: tuple[float, dict[str, Tensor]] = (-1.0, {})
        for number in range(schedule.epochs + schedule.finetune):
            if number == schedule.epochs:
                self._freeze()
                best = (-1.0, {})  # only a network with the final zeros may be kept
            loss, right = self._epoch(number, watch, trained)
            trained.model = self._whole()
            epoch = self._measured(trained.model, number, loss, right, time.monotonic() - started)
            trained.history.append(epoch)
            watch.told(epoch, trained.model)
            score = epoch.validation
            if schedule.keep_best and score is not None and score > best[0]:
                best = score, {k: v.clone() for k, v in trained.model.state_dict().items()}
                trained.kept = number
            if trained.ended_early is not None:
                break
        if best[1]:
            trained.model.load_state_dict(best[1])
        else:
            trained.kept = len(trained.history) - 1
        return trained

    def _freeze(self) -> None:
        """Before fine-tuning: prune, and keep every zero from now on."""
        prune(self.layers, self.pattern, self.config.sparsity.prune)
        self.pattern.apply_()
        self.pattern.freeze()
        self.is_frozen = True
        self.optimiser = _optimiser(self.model, self.config.schedule)

    def _epoch(self, number: int, watch: Watch, trained: Trained) -> tuple[float, float]:
        """One pass over the samples: the mean loss, and the part that was right on the way."""
        data, schedule = self.data, self.config.schedule
        if self.config.sparsity.drop_dead and (number or self.is_frozen):
            cut_dead(self.model, self.pattern, data.samples)
            self._leave_out_cut()
        batches = list(self._batches())
        total, right, seen = 0.0, 0, 0
        for k, rows in enumerate(batches):
            rate = cosine_rate(schedule, number, k / len(batches))
            self.progress = min(1.0, (number + k / len(batches)) / schedule.epochs)
            loss, outputs = self._step(data.samples[rows], data.labels[rows], rate)
            total += loss * len(rows)
            right += int((outputs.argmax(dim=1) == data.labels[rows]).sum())
            seen += len(rows)
            trained.ended_early = watch.ended()
            if trained.ended_early is not None:
                break
        return total / seen, right / seen

    def _leave_out_cut(self) -> None:
        """Goes on with a smaller network, where units were cut; momentum begins again."""
        cut = self.pattern.cut_units()
        if self.kept is None or not any(bool(mask.any()) for mask in cut):
            return
        self.kept, self.model = self.kept.smaller(self.layers, cut)
        self.layers = layers_of(self.model)
        self.pattern = Pattern(self.layers)
        self.optimiser = _optimiser(self.model, self.config.schedule)
        if self.is_frozen:
            self.pattern.freeze()

    def _whole(self) -> nn.Sequential:
        return self.model if self.kept is None else self.kept.whole(self.layers)

    def _batches(self) -> Iterator[Tensor]:
        """The places of the samples of each batch; all samples, as often as an epoch asks for."""
        count, schedule = len(self.data.samples), self.config.schedule
        for _ in range(max(1, math.ceil(schedule.epoch_samples / count))):
            order = torch.randperm(count, generator=self.random)
            yield from order.split(schedule.batch)

    def _step(self, samples: Tensor, labels: Tensor, rate: float) -> tuple[float, Tensor]:
        """One step of SGD and of every penalty."""
        samples = self._varied(samples, labels)
        self.optimiser.param_groups[0]["lr"] = rate
        outputs = self.model(samples)
        loss = self._loss(samples, labels, outputs)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        if not self.is_frozen:
            step = rate / (1 - self.config.schedule.momentum)
            shrink_(self.layers, self.config.sparsity, step)
        self.pattern.apply_()
        return float(loss.detach()), outputs.detach()

    def _varied(self, samples: Tensor, labels: Tensor) -> Tensor:
        """The samples as they are learned: shifted, then attacked."""
        config = self.config
        if config.shift:
            images = samples.view(len(samples), *image_shape(self.data.shape))
            samples = shifted(images, config.shift, self.random).flatten(1)
        if config.adversary.eps:
            samples = attacked(
                self.model, samples, labels, self.data.box, config.adversary, self.random
            )
        return samples

    def _loss(self, samples: Tensor, labels: Tensor, outputs: Tensor) -> Tensor:
        config = self.config
        loss: Tensor = nn.functional.cross_entropy(outputs, labels)
        if self.teacher is not None:
            with torch.no_grad():
                taught = self.teacher(samples)
            chosen = config.distillation
            loss = distilled(loss, outputs, taught, chosen.part, chosen.temperature)
        if any(config.stability.weight):
            share = self.progress if config.stability.rising else 1.0
            steady = stability_loss(self.model, samples, self.data.box, config.stability)
            loss = loss + share * steady
        return loss if self.is_frozen else loss + subgradient_l1(self.layers, config.sparsity)

    def _measured(
        self, whole: nn.Sequential, number: int, loss: float, right: float, seconds: float
    ) -> Epoch:
        data = self.data
        held = right_part(self.model, data.held_out, data.held_out_labels)
        layers = layers_of(whole)
        zeros, dead = zero_weights(layers), dead_units(layers)
        return Epoch(number + 1, self.is_frozen, loss, right, held, zeros, dead, seconds)


def _all_kept(config: TrainingConfig, layers: list[nn.Module]) -> Kept | None:
    """None where every layer stays whole: of convolutions, and where a part of all weights is
    pruned.
    """
    is_dense = all(isinstance(layer, nn.Linear) for layer in layers)
    return Kept.all_of(layers) if is_dense and not config.sparsity.prune else None


def cosine_rate(schedule: Schedule, epoch: int, part: float) -> float:
    """The rate after this part of an epoch (from 0): a cosine for training, one for fine-tuning."""
    if epoch < schedule.epochs:
        top, done = schedule.rate, (epoch + part) / schedule.epochs
    else:
        top, done = schedule.finetune_rate, (epoch - schedule.epochs + part) / schedule.finetune
    return top * (1 + math.cos(math.pi * done)) / 2


def right_part(model: nn.Module, samples: Tensor, labels: Tensor) -> float | None:
    """The part of the samples whose class is right; None without samples."""
    if not len(samples):
        return None
    with torch.no_grad():
        right = sum(
            int((model(x).argmax(dim=1) == y).sum())
            for x, y in zip(
                samples.split(TrainingEffort.rows), labels.split(TrainingEffort.rows), strict=True
            )
        )
    return right / len(samples)


def _optimiser(model: nn.Module, schedule: Schedule) -> torch.optim.SGD:
    return torch.optim.SGD(
        model.parameters(),
        lr=schedule.rate,
        momentum=schedule.momentum,
        weight_decay=schedule.weight_decay,
    )
