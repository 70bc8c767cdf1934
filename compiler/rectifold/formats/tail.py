"""A tail in small: the steps from the network's output to one output of the model, on flat values.

    Softmax over 3 classes, then ArgMax      softmax(1, 3, 1), argmax(1, 3, 1)

Code that is no ONNX model computes a tail from this form. A step works on groups of entries: of
flat values of shape (outer, length, inner), the `length` entries of equal place in the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rectifold.ir.names import safe_name

Function = Literal[
    "softmax", "log_softmax", "sigmoid", "tanh", "argmax", "argmin", "both_classes", "label"
]


@dataclass(frozen=True)
class Step:
    """One function of a tail; `numbers` are the labels that "label" looks up.

    "both_classes" makes 1 - p and p of one number p.
    """

    function: Function
    outer: int
    length: int
    inner: int
    numbers: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """How many numbers it gives."""
        if self.function in ("argmax", "argmin"):
            return self.outer * self.inner
        return self.outer * self.length * self.inner * (2 if self.function == "both_classes" else 1)


@dataclass(frozen=True)
class Tail:
    """What follows the network on the way to the model's output `name`, step by step.

    `others`: outputs of the model that this is not the way to.
    """

    name: str
    steps: tuple[Step, ...]
    operators: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many numbers the output has. Precondition: there is a step."""
        return self.steps[-1].size

    @property
    def words(self) -> str:
        """The operators, for messages and headers."""
        return ", ".join(self.operators)

    @property
    def which(self) -> str:
        """Which of several outputs this is, in signs that code may hold; "" of one output."""
        if not self.others:
            return ""
        others = ", ".join(safe_name(name, "output") for name in self.others)
        return f" as its output {safe_name(self.name, 'output')} (left out: {others})"
