"""What a test of an exporter is about: a model that a real library makes, and what must come of it.

    Case("Conv2d opset 18", "PyTorch, dynamo=True", "Conv2d", ("torch", "onnxscript"), make)

A case names its libraries and imports none; `make` writes the model into a folder.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Feed = Mapping[str, Array]


class Expected(NamedTuple):
    """What comes of a model: it is read, read with its end as a tail, or refused in these words."""

    outcome: Literal["read", "tail", "refused"]
    words: str = ""


READ = Expected("read")
TAIL = Expected("tail")


def refused(words: str) -> Expected:
    return Expected("refused", words)


@dataclass(frozen=True)
class Made:
    """A model in a file, and the library that made it.

    `feed(seed, rows)` draws inputs, of `rows` samples if `any_batch`, else of as many as the model
    takes; `forward` gives the outputs of the library itself, in the order of the model's.
    """

    path: Path
    feed: Callable[[int, int], Feed]
    forward: Callable[[Feed], Sequence[Array]]
    any_batch: bool = False


@dataclass(frozen=True)
class Case:
    """One model of one exporter. `block`: what is in it, its row of the table in the documents."""

    name: str
    exporter: str
    block: str
    libraries: tuple[str, ...]
    make: Callable[[Path], Made] = field(repr=False)
    expected: Expected = READ

    @property
    def missing(self) -> list[str]:
        """The libraries that are not installed here."""
        return [name for name in self.libraries if importlib.util.find_spec(name) is None]


def uniform(seed: int, shape: Sequence[int], kind: str = "float32") -> Array:
    """Numbers in [-1, 1], multiples of 1/64: exact in every float type."""
    return (np.random.default_rng(seed).integers(-64, 65, tuple(shape)) / 64).astype(kind)
