"""One layer or operation of Keras on its way into an ONNX graph, and the values that it reads.

    Conv2D on (8, 8, 3)    →    Transpose, Conv, and a value with channels first

Keras keeps channels last and ONNX reads windows with channels first. A value says which of the two
its tensor has, so that one is turned around only where the next layer needs the other. Sound
because `natural` and `channels_first` give the same numbers in either order.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from onnx import helper

from rectifold.errors import InputError
from rectifold.objects.model_graph import Attribute, ModelGraph

_EXPORT = 'model.export("model.onnx", format="onnx") writes a file that may be read'


def numbers_of(variable: object) -> np.ndarray:
    """What a variable or tensor of Keras's backend holds."""
    from keras.ops import convert_to_numpy

    with warnings.catch_warnings(action="ignore"):  # of NumPy about Keras's way to call it
        return np.asarray(convert_to_numpy(variable))


@dataclass(frozen=True)
class Value:
    """A tensor: its name, the shape of one sample as Keras says it, and whether the tensor itself
    has the last axis (the channels) right behind the batch.
    """

    name: str
    shape: tuple[int, ...]
    turned: bool = False

    @property
    def rank(self) -> int:
        """With the batch."""
        return len(self.shape) + 1


@dataclass(frozen=True, eq=False)
class Call:
    """A layer with the values that it reads; `numbers` are the other operands of an operation."""

    graph: ModelGraph
    layer: object
    where: str
    dtype: str
    values: tuple[Value, ...]
    numbers: tuple[float | None, ...] = ()

    def fail(self, text: str) -> InputError:
        return InputError(f"{self.where}: {text}; {_EXPORT}")

    @property
    def x(self) -> Value:
        """The only value."""
        if len(self.values) != 1:
            raise self.fail(f"it reads {len(self.values)} values; one is expected")
        return self.values[0]

    def option(self, name: str, default: object = None) -> object:
        """What the layer was told; `default` in versions of Keras that do not ask."""
        return getattr(self.layer, name, default)

    def flag(self, name: str) -> bool:
        return bool(self.option(name))

    def number(self, name: str) -> float:
        return float(cast(float, self.option(name)))

    def whole(self, name: str) -> tuple[int, ...]:
        """An option that is one whole number per axis."""
        value = self.option(name)
        listed = value if isinstance(value, tuple | list) else [value]
        return tuple(int(cast(int, v)) for v in listed)

    def weight(self, name: str) -> np.ndarray:
        """A weight with the bits that it has. Raises InputError for a layer without it."""
        variable = self.option(name)
        if variable is None:
            raise self.fail(f"it has no {name}; build the model first")
        array = numbers_of(variable)
        if array.dtype != self.dtype:
            raise self.fail(f"{name} holds {array.dtype} entries where the model has {self.dtype}")
        return array

    def store(self, array: np.ndarray | float | Sequence[float], wanted: str) -> str:
        """The name of numbers, rounded to the model's type as Keras rounds them."""
        return self.graph.store(np.asarray(array, dtype=self.dtype), f"{self.name}.{wanted}")

    @property
    def name(self) -> str:
        return str(self.option("name", "step"))

    def emit(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        return self.graph.emit(operator, inputs, self.name, **attributes)

    def cast(self, name: str, dtype: str) -> str:
        return self.emit("Cast", name, to=int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype))))

    # ---- the order of axes -----------------------------------------------------------------------

    def natural(self, value: Value) -> str:
        """The tensor with its axes as Keras has them."""
        if not value.turned:
            return value.name
        return self.emit("Transpose", value.name, perm=[0, *range(2, value.rank), 1])

    def channels_first(self, value: Value) -> str:
        """The tensor with the channels behind the batch."""
        if value.turned or value.rank < 3:
            return value.name
        return self.emit(
            "Transpose", value.name, perm=[0, value.rank - 1, *range(1, value.rank - 1)]
        )

    def same_order(self) -> tuple[list[str], bool]:
        """All tensors with their axes in one order, and whether it is that with channels first."""
        if all(value.turned for value in self.values):
            return [value.name for value in self.values], True
        return [self.natural(value) for value in self.values], False
