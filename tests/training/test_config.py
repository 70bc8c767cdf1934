"""What can be asked of a training run, and what is refused before PyTorch is looked for."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from rectifold.errors import InputError
from rectifold.language.elaborate import parse
from rectifold.training import (
    Adversary,
    Architecture,
    Distillation,
    Schedule,
    Sparsity,
    Stability,
    TrainingConfig,
)

REFUSED: list[tuple[str, Callable[[], object], str]] = [
    ("no units", lambda: Architecture((3, 0)), "a layer of 0 units .* at least 1"),
    ("no layers", lambda: Architecture(()), "no hidden layer .* at least one width"),
    ("an even kernel", lambda: Architecture(kernel=4), "a kernel of 4 .* an odd number"),
    ("no stride", lambda: Architecture(stride=0), "a stride of 0 .* at least 1"),
    ("no epochs", lambda: Schedule(epochs=0), "epochs: 0 .* at least 1"),
    ("no batch", lambda: Schedule(batch=0), "batch: 0 .* at least 1"),
    ("no threads", lambda: Schedule(threads=0), "threads: 0 .* at least 1"),
    ("less than no fine-tuning", lambda: Schedule(finetune=-1), "-1 epochs to fine-tune"),
    ("a rate of 0", lambda: Schedule(rate=0.0), "rate: 0 .* a number above 0"),
    ("no rate", lambda: Schedule(rate=float("nan")), "rate: nan .* a number above 0"),
    ("a rate to fine-tune", lambda: Schedule(finetune_rate=-1.0), "the rate to fine-tune: -1"),
    ("a momentum of 1", lambda: Schedule(momentum=1.0), "momentum: 1 .* below 1"),
    ("decay", lambda: Schedule(weight_decay=-1.0), "weight decay: -1 .* at least 0"),
    ("all for validation", lambda: Schedule(validation=1.0), "for validation: 1 .* below 1"),
    ("a seed", lambda: Schedule(seed=-1), "the seed -1 .* 0 to 2"),
    (
        "the best of nothing",
        lambda: Schedule(validation=0.0, keep_best=True),
        "the best epoch without validation samples .* or keep the last epoch",
    ),
    ("few samples", lambda: Schedule(epoch_samples=-1), "an epoch of -1 samples .* 0 or more"),
    ("a negative penalty", lambda: Sparsity(l1=(0.0, -1.0)), "l1: -1 .* at least 0"),
    ("an infinite one", lambda: Sparsity(group=(float("inf"),)), "the group penalty: inf"),
    ("all pruned", lambda: Sparsity(prune=1.0), "the part to prune: 1 .* below 1"),
    ("another step", lambda: Sparsity(l1_step="x"), "'x' .* one of proximal, subgradient"),  # type: ignore[arg-type]
    ("other groups", lambda: Sparsity(groups="x"), "'x' .* one of rows, columns, both"),  # type: ignore[arg-type]
    ("stability", lambda: Stability(weight=(0.0, -1.0)), "the weight of stability: -1"),
    ("other bounds", lambda: Stability(bounds="x"), "'x' .* one of interval, slopes"),  # type: ignore[arg-type]
    ("another form", lambda: Stability(form="x"), "'x' .* one of distance, tanh"),  # type: ignore[arg-type]
    ("a radius of 0", lambda: Stability(radius=0.0), "the radius of stability: 0 .* above 0"),
    (
        "slopes around samples",
        lambda: Stability(bounds="slopes", radius=0.1),
        "slopes around every sample .* choose interval bounds, or the whole domain",
    ),
    ("eps", lambda: Adversary(-0.1), "eps of the adversary: -0.1 .* at least 0"),
    ("no steps", lambda: Adversary(0.1, 0), "0 steps of the adversary .* at least 1"),
    ("a step of 0", lambda: Adversary(0.1, 3, 0.0), "the step of the adversary: 0 .* above 0"),
    ("no teacher", lambda: Distillation(part=0.0), "the teacher's part 0 .* at most 1"),
    ("cold", lambda: Distillation(temperature=0.0), "the temperature: 0 .* above 0"),
    ("a shift", lambda: TrainingConfig(shift=-1), "a shift of -1 pixels .* 0 or more"),
    (
        "penalties of other layers",
        lambda: TrainingConfig(Architecture((3, 4)), sparsity=Sparsity(l1=(0.1, 0.1))),
        "l1: 2 numbers for 3 layers with weights .* one for all or 3",
    ),
    (
        "groups of other layers",
        lambda: TrainingConfig(Architecture((3, 4)), sparsity=Sparsity(group=(0.1,) * 3)),
        "the group penalty: 3 numbers for 2 hidden layers .* one for all or 2",
    ),
    (
        "slopes of convolutions",
        lambda: TrainingConfig(
            Architecture(channels=(2,)), stability=Stability((0.1,), bounds="slopes")
        ),
        "slopes of convolutions .* choose interval bounds",
    ),
    (
        "pruning at the very end",
        lambda: TrainingConfig(sparsity=Sparsity(prune=0.5)),
        "pruning without fine-tuning .* give epochs to fine-tune",
    ),
]


@pytest.mark.parametrize(
    ("make", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_an_impossible_choice_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_a_step_of_the_adversary_lets_it_cross_its_box() -> None:
    assert Adversary(0.1, 5).step_size == pytest.approx(0.05)
    assert Adversary(0.1, 5, 0.03).step_size == 0.03


def test_pytorch_and_scikit_learn_are_imported_when_they_are_needed() -> None:
    code = "import sys, rectifold.cli.main, rectifold.training; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    names = {name.split(".")[0] for name in ast.literal_eval(done.stdout)}
    assert "rectifold" in names
    assert not names & {"torch", "sklearn", "matplotlib"}


def test_every_choice_can_be_told_as_json() -> None:
    teacher = parse("network big\ninput x[2]\noutput relu(x)\n")
    config = TrainingConfig(distillation=Distillation(teacher), shift=1)
    told = json.loads(json.dumps(config.told()))
    assert told["architecture"]["widths"] == [100, 100]
    assert told["distillation"] == {"teacher": "big", "part": 0.5, "temperature": 4.0}
    assert (told["shift"], told["schedule"]["seed"], told["sparsity"]["l1"]) == (1, 0, [0.0])
