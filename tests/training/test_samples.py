"""Which samples can be trained on, and the domain that a network gets from them."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from rectifold.data.samples import Samples, samples_of
from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.language.elaborate import parse
from rectifold.training import Architecture, Distillation, Schedule, TrainingConfig, train
from rectifold.training.fitting import held_out, require_trainable
from rectifold.training.parts import read_parts
from rectifold.training.run import accuracy, domain_of


def points(values: list[list[float]], labels: list[int] | None) -> Samples:
    found = None if labels is None else np.array(labels)
    return samples_of(np.array(values, dtype=np.float32), found, "points")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "points has no labels; a class for each sample is expected"),
        ([0, 0], "points has labels from 0 to 0; classes from 0 on are expected, two at least"),
        ([-1, 1], "points has labels from -1 to 1; classes from 0 on"),
        ([0, 9], "points has the label 9 among 2 samples; number the classes from 0 on"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels: list[int] | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        require_trainable(TrainingConfig(), points([[0.0], [1.0]], labels))


def test_a_teacher_of_other_sizes_is_refused() -> None:
    teacher = parse("network big\ninput x[3]\noutput relu(x)\n")
    config = TrainingConfig(distillation=Distillation(teacher))
    with pytest.raises(InputError, match="the teacher big has 3 inputs and 3 outputs; 1 and 2"):
        require_trainable(config, points([[0.0], [1.0]], [0, 1]))


FLAT = samples_of(np.zeros((20, 16)), np.arange(20) % 2, "flat")
SMALL = samples_of(np.zeros((20, 3, 5)), np.arange(20) % 2, "small")


@pytest.mark.parametrize(
    ("config", "samples", "message"),
    [
        (TrainingConfig(Architecture(channels=(2,))), FLAT, r"samples of the shape \(16,\) are no"),
        (
            TrainingConfig(shift=1),
            FLAT,
            r"\(rows, columns\) or \(channels, rows, columns\) are exp",
        ),
        (TrainingConfig(shift=3), SMALL, "a shift of 3 pixels moves images of 3 x 5 pixels out of"),
        (
            TrainingConfig(schedule=Schedule(validation=0.99)),
            FLAT,
            "20 samples for validation leave none to learn from; give more samples, or a smaller",
        ),
        (
            TrainingConfig(schedule=Schedule(validation=0.01, keep_best=True)),
            FLAT,
            "0.01 of 20 samples is no sample to choose the best epoch by; give a larger part",
        ),
    ],
)
def test_samples_that_do_not_fit_are_refused(
    config: TrainingConfig, samples: Samples, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train(config, samples)


def test_what_fits_is_not_refused() -> None:
    config = TrainingConfig(Architecture(channels=(2,)), Schedule(validation=0.25), shift=2)
    assert require_trainable(config, SMALL) == 2
    assert held_out(config, SMALL) == 5


def test_without_pytorch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "rectifold.training.torch_run", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r'training needs PyTorch.*pip install "rectifold\[train'):
        train(TrainingConfig(), points([[0.0], [1.0]], [0, 1]))


def test_the_domain_is_the_unit_box_where_it_holds_the_samples() -> None:
    inside, wider = (
        points([[0.0, 0.5], [0.25, 1.0]], None),
        points([[0.0, -2.0], [0.25, 1.0]], None),
    )
    assert domain_of(inside).describe() == "[0, 1]^2"
    assert domain_of(wider) == Domain((Fraction(0), Fraction(-2)), (Fraction(1, 4), Fraction(1)))


def test_accuracy_counts_the_first_largest_output() -> None:
    network = parse("input x[2]\noutput x\n")
    samples = points([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 2.0]], [1, 0, 0, 0])
    assert accuracy(network, samples) == 0.75


def test_data_with_one_part_is_divided(tmp_path: Path) -> None:
    path = tmp_path / "one.npz"
    np.savez(path, inputs=np.arange(20.0).reshape(10, 2), labels=np.arange(10) % 2)
    train_part, test_part, note = read_parts(path)
    assert test_part.inputs[:, 0].tolist() == [0, 10]
    assert len(train_part) == 8
    assert note == "one.npz has one part: every fifth sample is left out for testing"


def test_data_with_two_parts_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "two.npz"
    parts = {"x_train": np.ones((3, 2)), "y_train": [0, 1, 0], "x_test": np.zeros((2, 2))}
    np.savez(path, **parts, y_test=[0, 1])  # type: ignore[arg-type]
    train_part, test_part, note = read_parts(path)
    assert (len(train_part), len(test_part), note) == (3, 2, None)


def test_parts_of_other_sizes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.npz"
    np.savez(path, x_train=np.ones((3, 2)), y_train=[0, 1, 0], x_test=np.ones((3, 4)))
    with pytest.raises(InputError, match="a training sample has 2 numbers, a test sample 4"):
        read_parts(path)


def test_one_sample_is_no_data_to_learn_from(tmp_path: Path) -> None:
    path = tmp_path / "one.npz"
    np.savez(path, inputs=np.ones((1, 2)), labels=[0])
    with pytest.raises(InputError, match="one.npz has one sample; some to learn from"):
        read_parts(path)
