"""The two parts of a data set: what is learned from, and what accuracy is measured on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rectifold.data.read import read_samples
from rectifold.data.samples import Samples
from rectifold.effort.training import TrainingEffort
from rectifold.errors import InputError


def read_parts(path_or_name: str | Path) -> tuple[Samples, Samples, str | None]:
    """The training and the test part, and a note where we made them: of data that has one part,
    every fifth sample is for testing.

    Raises InputError as `read_samples` does, and for parts that do not fit together.
    """
    train = read_samples(path_or_name, "train")
    test = read_samples(path_or_name, "test")
    if train.inputs.shape[1] != test.inputs.shape[1]:
        raise InputError(
            f"{train.name}: a training sample has {train.inputs.shape[1]} numbers, a test sample "
            f"{test.inputs.shape[1]}; the same number is expected"
        )
    if not np.array_equal(train.inputs, test.inputs):
        return train, test, None
    places = np.arange(len(train))
    is_test = places % TrainingEffort.test_every == 0
    if is_test.all():
        raise InputError(f"{train.name} has one sample; some to learn from and to test are needed")
    note = f"{train.name} has one part: every fifth sample is left out for testing"
    return train.chosen(places[~is_test]), train.chosen(places[is_test]), note
