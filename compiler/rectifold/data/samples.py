"""Samples as exact points, with their labels.

    uint8 images    k  →  the float32 nearest to k / 255        what x / 255 is in float32
    floats              →  as they are
    other integers  k  →  the float64 k, which is k

A sample is the point that these floats say, with all their bits: what is claimed on a box around
it is claimed around exactly this point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.runtime.arrays import as_floats

Part = Literal["test", "train"]
Inputs: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.int64]

WHITE = np.float32(255)  # the largest uint8, which images use for 1


@dataclass(frozen=True, eq=False)
class Samples:
    """`inputs` has a row for each sample (samples × numbers), `labels` a class for each or is None.

    `shape` is that of one sample in its file, such as (28, 28); a row holds its numbers in the
    order of memory (C). float32 for images of uint8 and for float32 files, else float64. `part`:
    of a data set that has parts, which one they are.
    """

    inputs: Inputs
    labels: Labels | None
    shape: tuple[int, ...]
    name: str
    part: Part | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def chosen(self, places: npt.NDArray[np.int64]) -> Samples:
        """The samples at these places, in this order."""
        labels = None if self.labels is None else self.labels[places]
        return replace(self, inputs=self.inputs[places], labels=labels)

    def require_numbers(self, count: int, network: str) -> None:
        """Every sample has as many numbers as the network has inputs. Raises InputError."""
        numbers = self.inputs.shape[1]
        if numbers != count:
            raise InputError(
                f"a sample of {self.name} has {counted(numbers, 'number')} (shape {self.shape}), "
                f"but {network} has {counted(count, 'input')}"
            )


def samples_of(images: np.ndarray, labels: np.ndarray | None, name: str) -> Samples:
    """The samples of an array (samples first, then any shape), and their labels.

    Raises InputError that names the data for what is no array of samples: one dimension, no
    samples, NaN or infinities, labels that are no whole numbers or not one for each sample.
    """
    if images.ndim < 2:
        raise InputError(
            f"{name} has the shape {images.shape}; samples first and then the inputs are expected "
            "(X[None] is one sample, X[:, None] samples of one input)"
        )
    if not images.size:
        raise InputError(f"{name} has the shape {images.shape}: it has no numbers")
    inputs = _points(images, name).reshape(len(images), -1)
    found = None if labels is None else _classes(labels, len(images), name)
    return Samples(inputs, found, images.shape[1:], name)


def _points(images: np.ndarray, name: str) -> Inputs:
    if images.dtype == np.uint8:
        return images.astype(np.float32) / WHITE
    if images.dtype == np.float32 and np.isfinite(images).all():
        return images.astype(np.float32)  # in this machine's order of bytes
    return as_floats(images, name)


def _classes(labels: np.ndarray, count: int, name: str) -> Labels:
    if labels.shape not in ((count,), (count, 1)):
        hint = ""
        if labels.ndim == 2 and len(labels) == count:
            hint = "; a row for each is no class: save labels.argmax(axis=1)"
        raise InputError(
            f"{name}: the labels have the shape {labels.shape} for {counted(count, 'sample')}; "
            f"one whole number for each is expected{hint}"
        )
    numbers = as_floats(labels.ravel(), f"the labels of {name}")
    whole = (numbers == np.floor(numbers)) & (np.abs(numbers) < 2**31)
    if not whole.all():
        raise InputError(
            f"{name}: the label {numbers[~whole][0]:g} of sample {int(np.argmin(whole))} is no "
            "class; whole numbers are expected (leave the labels out where there are none)"
        )
    return numbers.astype(np.int64)
