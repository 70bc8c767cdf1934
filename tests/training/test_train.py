"""Whole runs on small data: the network is the file, the seed decides, the domain is stated."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

from rectifold.data.samples import Samples, samples_of  # noqa: E402
from rectifold.errors import InputError  # noqa: E402
from rectifold.formats.onnx_read_again import WrittenWrong  # noqa: E402
from rectifold.ir.network import Network  # noqa: E402
from rectifold.language.elaborate import parse  # noqa: E402
from rectifold.training import (  # noqa: E402
    Adversary,
    Architecture,
    Distillation,
    Schedule,
    Sparsity,
    Stability,
    TrainedRun,
    TrainingConfig,
    train,
)
from rectifold.training.history import Epoch  # noqa: E402
from rectifold.training.removed import removed  # noqa: E402
from rectifold.training.run import Hooks, accuracy  # noqa: E402
from rectifold.training.torch_run import require_same  # noqa: E402


def images(count: int = 200, side: int = 4) -> Samples:
    """Bright left halves are class 0, bright upper ones class 1, of noise."""
    random = np.random.default_rng(0)
    found = random.random((count, side, side)) * 0.5
    labels = np.arange(count) % 2
    found[labels == 0, :, : side // 2] += 0.5
    found[labels == 1, : side // 2, :] += 0.5
    return samples_of(found.astype(np.float32), labels, "halves")


SHORT = Schedule(epochs=6, batch=16, rate=0.1)


def quick(**parts: object) -> TrainedRun:
    config = {"architecture": Architecture((12, 8)), "schedule": SHORT} | parts
    return train(TrainingConfig(**config), images())  # type: ignore[arg-type]


def same_weights(a: Network, b: Network) -> bool:
    return list(a.layers) == list(b.layers)


def test_a_run_learns_and_states_its_domain() -> None:
    run = quick()
    assert run.domain.describe() == "[0, 1]^16"
    assert accuracy(run.network, images()) > 0.95
    assert run.network.shape_text() == "16-12-8-2"
    assert [epoch.number for epoch in run.history] == [1, 2, 3, 4, 5, 6]
    assert (run.kept, run.ended_early) == (6, None)
    assert run.history[-1].right > run.history[0].right


def test_the_same_seed_gives_the_same_file_and_another_another() -> None:
    first, again = quick(), quick()
    other = quick(schedule=Schedule(epochs=6, batch=16, seed=1))
    assert first.onnx == again.onnx
    assert not same_weights(first.network, other.network)


def test_the_state_of_pytorch_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    quick()
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_penalties_leave_exact_zeros_and_dead_units_and_a_frozen_pattern_keeps_them() -> None:
    sparsity = Sparsity(l1=(2e-4,), group=(3e-3,))
    run = quick(schedule=Schedule(epochs=8, finetune=3, batch=16), sparsity=sparsity)
    trained, tuned = run.history[7], run.history[8:]
    assert trained.zeros > 0.3
    assert trained.dead > 0
    assert [epoch.is_finetuning for epoch in run.history] == [False] * 8 + [True] * 3
    assert all(epoch.zeros >= trained.zeros and epoch.dead >= trained.dead for epoch in tuned)
    found = removed(run.network)
    assert found.structure.units <= 20 - trained.dead
    assert found.verdict == "holds"
    assert accuracy(found.compiled.network, images()) == accuracy(run.network, images())


def test_pruning_leaves_the_part_of_zeros_that_is_asked_for() -> None:
    schedule = Schedule(epochs=3, finetune=2, batch=16)
    run = quick(schedule=schedule, sparsity=Sparsity(prune=0.75, drop_dead=False))
    assert run.history[2].zeros < 0.1
    assert run.history[3].zeros >= 0.74


def test_the_best_epoch_on_validation_is_kept_of_those_with_the_final_zeros() -> None:
    schedule = Schedule(epochs=3, finetune=3, batch=16, keep_best=True, validation=0.25)
    run = quick(schedule=schedule)
    tuned = run.history[3:]
    best = max(epoch.validation or 0.0 for epoch in tuned)
    assert run.kept == next(epoch.number for epoch in tuned if epoch.validation == best)


def test_an_epoch_of_more_samples_goes_through_the_data_several_times() -> None:
    once = quick(schedule=Schedule(epochs=2, batch=16, seed=3))
    often = quick(schedule=Schedule(epochs=2, batch=16, seed=3, epoch_samples=1_000))
    assert often.history[0].loss < once.history[0].loss


def test_without_validation_all_samples_are_learned() -> None:
    run = quick(schedule=Schedule(epochs=2, batch=16, validation=0.0))
    assert run.history[-1].validation is None


@pytest.mark.parametrize(
    "parts",
    [
        {"adversary": Adversary(0.05, 2)},
        {"stability": Stability((1e-2,))},
        {"stability": Stability((0.0, 1e-2), "slopes", "tanh")},
        {"stability": Stability((1e-2,), radius=0.05)},
        {"stability": Stability((1e-2,), rising=True)},
        {"shift": 1},
        {"sparsity": Sparsity(l1=(1e-3, 1e-3, 0.0), l1_step="subgradient")},
        {"sparsity": Sparsity(group=(1e-3, 2e-3), groups="both", drop_dead=False)},
    ],
    ids=str,
)
def test_every_technique_trains(parts: dict[str, object]) -> None:
    run = quick(**parts)
    assert run.history[-1].loss < run.history[0].loss
    assert not same_weights(run.network, quick().network)


def test_a_rising_weight_is_less_at_first() -> None:
    """So the loss of the first epoch, which it is a part of, is less."""
    losses = [
        quick(stability=Stability((0.5,), rising=rising)).history[0].loss
        for rising in (True, False)
    ]
    assert losses[0] < losses[1]


def test_a_teacher_is_read_from_a_network() -> None:
    teacher = quick().network
    run = quick(architecture=Architecture((4,)), distillation=Distillation(teacher, 1.0, 2.0))
    assert run.network.shape_text() == "16-4-2"
    assert run.history[-1].loss < run.history[0].loss


def test_convolutions_are_read_back_as_the_model_computes() -> None:
    architecture = Architecture((8,), (3, 2), kernel=3, stride=1)
    run = quick(architecture=architecture, sparsity=Sparsity(l1=(1e-4,), group=(5e-4,)))
    assert run.network.shape_text() == "16-48-32-8-2"
    assert accuracy(run.network, images()) > 0.9


def test_a_file_that_is_another_network_is_a_fault_of_ours() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    other = parse("input x[2]\nh = relu(x)\noutput 5*h\n", "other.relu")
    with pytest.raises(WrittenWrong, match="differs from PyTorch's by "):
        require_same(model, other, torch.rand(4, 2))


def test_weights_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="weights that are no numbers .* a smaller rate"):
        quick(schedule=Schedule(epochs=6, rate=1e30))


def test_a_run_that_is_ended_keeps_what_it_has() -> None:
    asked = iter([None] * 12 + ["the time limit"] * 100)
    config = TrainingConfig(Architecture((12, 8)), SHORT)
    run = train(config, images(), Hooks(ended=lambda: next(asked)))
    assert run.ended_early == "the time limit"
    assert len(run.history) < 6
    assert run.kept == len(run.history)


def test_the_example_of_the_guide_runs() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    page = Path(__file__).resolve().parents[2] / "docs" / "guide" / "train.md"
    (block,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", f"{block}\nprint(run.network)"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "64-32-32-10, 64 relu units" in done.stdout


def test_an_epoch_is_told_with_the_network_of_that_moment() -> None:
    told: list[tuple[Epoch, Network]] = []
    config = TrainingConfig(Architecture((12, 8)), SHORT)
    run = train(config, images(), Hooks(lambda epoch, network: told.append((epoch, network()))))
    assert [epoch for epoch, _ in told] == list(run.history)
    assert same_weights(told[-1][1], run.network)
    assert not same_weights(told[0][1], run.network)
