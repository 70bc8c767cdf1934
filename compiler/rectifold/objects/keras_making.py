"""Layers of a Keras model under construction, each with a name of its own and the model's type.

make.dense(x, "fc/1", (kernel, bias), "relu")      a Dense layer named fc_1
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from rectifold.formats.interface import Port


class KerasLayers:
    """Makes layers that compute in `dtype`, whatever Keras is set to."""

    def __init__(self, dtype: str) -> None:
        """Precondition: Keras is installed, and `dtype` is "float32" or "float64"."""
        self.dtype = dtype
        self._taken: set[str] = set()

    def fresh(self, wanted: str) -> str:
        """A name that Keras takes: `wanted`, without what it does not, and given once."""
        base = re.sub(r"[^A-Za-z0-9_.-]", "_", wanted) or "layer"
        name, number = base, 1
        while name in self._taken:
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name

    def input(self, port: Port, sample: tuple[int, ...]) -> Any:
        """An input in the source's type, but for floats of another one."""
        import keras

        is_float = "float" in port.dtype
        return keras.Input(
            sample, dtype=self.dtype if is_float else port.dtype, name=self.fresh(port.name)
        )

    def row(self, x: Any) -> Any:
        """A tensor with a row per sample, in the model's type."""
        import keras

        if str(x.dtype) != self.dtype:
            x = keras.ops.cast(x, self.dtype)
        return self.shaped(x, (math.prod(x.shape[1:]),))

    def shaped(self, x: Any, sample: tuple[int, ...]) -> Any:
        """The same values in another shape."""
        import keras

        if tuple(x.shape[1:]) == sample:
            return x
        return keras.layers.Reshape(sample, dtype=self.dtype, name=self.fresh("shaped"))(x)

    def joined(self, rows: Sequence[Any]) -> Any:
        """The rows side by side."""
        import keras

        if len(rows) == 1:
            return rows[0]
        return keras.layers.Concatenate(dtype=self.dtype, name=self.fresh("joined"))(list(rows))

    def dense(
        self, x: Any, wanted: str, numbers: tuple[np.ndarray, np.ndarray], activation: str | None
    ) -> Any:
        """act(x · kernel + bias) for `numbers` kernel and bias."""
        import keras

        layer = keras.layers.Dense(
            len(numbers[1]), activation, dtype=self.dtype, name=self.fresh(wanted)
        )
        result = layer(x)
        layer.set_weights(list(numbers))
        return result

    def activated(self, x: Any, function: str) -> Any:
        """A function that Keras has under this name, along the last axis if along one."""
        import keras

        return keras.layers.Activation(function, dtype=self.dtype, name=self.fresh(function))(x)

    def softmax(self, x: Any, axis: int) -> Any:
        """The softmax along one axis, or several."""
        import keras

        return keras.layers.Softmax(axis, dtype=self.dtype, name=self.fresh("softmax"))(x)

    def named(self, x: Any, wanted: str) -> Any:
        """The same value under the name of an output."""
        import keras

        return keras.layers.Identity(dtype=self.dtype, name=self.fresh(wanted))(x)
