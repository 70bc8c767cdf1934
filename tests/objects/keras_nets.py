"""Keras models for tests, by what is special about them; needs Keras with a backend.

Weights are small whole numbers over a power of two, so that float32 is exact at POINTS.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers as L  # noqa: N812

RANDOM = np.random.default_rng(3)
Build = Callable[[], Any]


def points(model: Any, count: int = 6) -> np.ndarray:
    """Inputs of the model that are multiples of 1/4."""
    shape = tuple(model.inputs[0].shape)[1:]
    return np.random.default_rng(1).integers(-8, 9, (count, *shape)) / 4


def whole(model: Any) -> Any:
    """The model with small weights that float32 adds and multiplies exactly."""
    random = np.random.default_rng(5)
    model.set_weights([random.integers(-2, 3, w.shape) / 2 for w in model.get_weights()])
    return model


def chain(shape: tuple[int | None, ...], *layers: Any, exact: bool = True) -> Any:
    model = keras.Sequential([keras.Input(shape), *layers])
    return whole(model) if exact else model


def functional(shape: tuple[int, ...], build: Callable[[Any], Any]) -> Any:
    x = keras.Input(shape)
    return whole(keras.Model(x, build(x)))


def residual(x: Any) -> Any:
    h = L.Dense(3, activation="relu")(x)
    return L.Dense(2)(L.Add()([L.Dense(3)(h), x]))


def branches(x: Any) -> Any:
    a, b = L.Conv2D(2, 2, activation="relu")(x), L.MaxPooling2D(2, strides=1)(x)
    joined = L.Concatenate()([a, b])
    return L.Dense(2)(L.Flatten()(joined))


def merges(x: Any) -> Any:
    a, b = L.Dense(4, activation="relu")(x), L.Dense(4)(x)
    parts = [
        L.Subtract()([a, b]),
        L.Maximum()([a, b]),
        L.Minimum()([a, b]),
        L.Average()([a, b]),
        L.Add()([a, b, a]),
    ]
    return L.Concatenate(axis=-1)(parts)


def turned_merges(x: Any) -> Any:
    a, b = L.Conv2D(3, 1)(x), L.Conv2D(3, 1, activation="relu")(x)
    return L.Maximum()([L.Add()([a, b]), L.Subtract()([x, b])])


def operations(x: Any) -> Any:
    h = L.Dense(3)(x)
    h = 2 * h - 1.5
    h = keras.ops.relu(-h) / 4 + keras.ops.absolute(h)
    h = keras.ops.maximum(h, 0.5) - keras.ops.minimum(h, L.Dense(3)(x))
    return keras.ops.leaky_relu(1 - keras.ops.relu6(h), negative_slope=0.25)


def shared(x: Any) -> Any:
    layer = L.Dense(3, activation="relu")
    return L.Dense(1)(layer(layer(x)))


def nested(x: Any) -> Any:
    inner = keras.Sequential([keras.Input((3,)), L.Dense(4, activation="relu"), L.Dense(3)])
    y = keras.Input((3,))
    outer = keras.Model(y, L.Add()([inner(y), y]))
    return L.Dense(2)(outer(L.ReLU()(outer(x))))


IMAGE = (5, 6, 3)
EXACT: dict[str, Build] = {
    "Dense": lambda: chain((3,), L.Dense(4, activation="relu"), L.Dense(2)),
    "Dense without bias": lambda: chain((3,), L.Dense(4, use_bias=False)),
    "Dense along the last axis": lambda: chain((2, 3), L.Dense(4, "relu"), L.Flatten(), L.Dense(1)),
    "Conv1D": lambda: chain((8, 2), L.Conv1D(3, 3, activation="relu"), L.Flatten(), L.Dense(2)),
    "Conv1D causal": lambda: chain((8, 2), L.Conv1D(3, 3, padding="causal", dilation_rate=2)),
    "Conv2D": lambda: chain(IMAGE, L.Conv2D(2, 3, activation="relu"), L.Flatten(), L.Dense(2)),
    "Conv2D same": lambda: chain(IMAGE, L.Conv2D(2, (2, 3), padding="same")),
    "Conv2D same with strides": lambda: chain(IMAGE, L.Conv2D(2, 4, strides=2, padding="same")),
    "Conv2D dilated": lambda: chain(IMAGE, L.Conv2D(2, 2, dilation_rate=(2, 3), use_bias=False)),
    "Conv2D in groups": lambda: chain((4, 4, 4), L.Conv2D(6, 2, groups=2), L.ReLU()),
    "Conv2D channels first": lambda: chain(
        (3, 5, 6), L.Conv2D(2, 3, data_format="channels_first"), L.Flatten("channels_first")
    ),
    "Conv3D": lambda: chain((3, 4, 3, 2), L.Conv3D(2, 2, padding="same")),
    "DepthwiseConv2D": lambda: chain(IMAGE, L.DepthwiseConv2D(2, depth_multiplier=2), L.ReLU()),
    "DepthwiseConv1D": lambda: chain((6, 3), L.DepthwiseConv1D(2, strides=2, padding="same")),
    "SeparableConv2D": lambda: chain(IMAGE, L.SeparableConv2D(2, 2, activation="relu")),
    "MaxPooling": lambda: chain(IMAGE, L.Conv2D(2, 1), L.MaxPooling2D(2), L.Flatten(), L.Dense(2)),
    "MaxPooling same": lambda: chain(IMAGE, L.MaxPooling2D(3, strides=2, padding="same")),
    "MaxPooling1D": lambda: chain((7, 2), L.MaxPooling1D(3, 2)),
    "AveragePooling": lambda: chain(IMAGE, L.AveragePooling2D(2), L.ReLU()),
    "AveragePooling same": lambda: chain((4, 3, 1), L.AveragePooling2D((2, 1), 1, padding="same")),
    "GlobalAveragePooling": lambda: chain((4, 4, 3), L.Conv2D(2, 1), L.GlobalAveragePooling2D()),
    "GlobalAveragePooling1D": lambda: chain((4, 3), L.GlobalAveragePooling1D(keepdims=True)),
    "GlobalMaxPooling": lambda: chain(IMAGE, L.GlobalMaxPooling2D(keepdims=True), L.Flatten()),
    "LeakyReLU": lambda: chain((3,), L.Dense(4), L.LeakyReLU(negative_slope=0.25)),
    "ReLU up to 6": lambda: chain((3,), L.Dense(4), L.ReLU(max_value=6)),
    "ReLU with a slope up to 1": lambda: chain((3,), L.ReLU(max_value=1, negative_slope=0.5)),
    "ReLU with a slope": lambda: chain((3,), L.ReLU(negative_slope=0.5)),
    "PReLU": lambda: chain((3,), L.Dense(4), L.PReLU()),
    "PReLU of channels": lambda: chain(IMAGE, L.Conv2D(2, 1), L.PReLU(shared_axes=[1, 2])),
    "activations": lambda: chain(
        (3,), L.Dense(4, "relu6"), L.Dense(4, "hard_tanh"), L.Activation("linear"), L.Dense(1)
    ),
    "activation layers": lambda: chain((3,), L.Activation("relu"), L.Activation("relu6")),
    "Dropout": lambda: chain(
        (3,), L.Dense(4), L.Dropout(0.5), L.GaussianNoise(1.0), L.Identity(), L.Dense(2)
    ),
    "Reshape and Permute": lambda: chain(
        (12,), L.Reshape((2, -1)), L.Permute((2, 1)), L.Flatten(), L.Dense(2)
    ),
    "ZeroPadding": lambda: chain(IMAGE, L.ZeroPadding2D(((1, 0), (2, 1))), L.Conv2D(2, 3)),
    "ZeroPadding of one number": lambda: chain(IMAGE, L.ZeroPadding2D(1)),
    "ZeroPadding1D": lambda: chain((4, 2), L.ZeroPadding1D((2, 1))),
    "Cropping": lambda: chain(IMAGE, L.Cropping2D(((1, 0), (2, 1))), L.Flatten(), L.Dense(1)),
    "Rescaling": lambda: chain(IMAGE, L.Rescaling(1 / 4, offset=-0.5), L.Conv2D(2, 1)),
    "Rescaling of channels": lambda: chain(IMAGE, L.Rescaling([0.5, 2, 1], offset=[1, 0, 0.5])),
    "residual": lambda: functional((3,), residual),
    "branches": lambda: functional(IMAGE, branches),
    "merges": lambda: functional((3,), merges),
    "merges of images": lambda: functional(IMAGE, turned_merges),
    "operations": lambda: functional((3,), operations),
    "a layer used twice": lambda: functional((3,), shared),
    "models inside": lambda: functional((3,), nested),
}


def fitted(model: Any) -> Any:
    """The model with statistics that are none of the initial ones."""
    random = np.random.default_rng(9)
    model.set_weights([np.abs(random.normal(size=w.shape)) + 0.25 for w in model.get_weights()])
    return model


def float64() -> Any:
    """Layers of a type of their own; the epsilon is one that float32 does not have."""
    kind = {"dtype": "float64"}
    layers = [
        L.Dense(4, **kind),
        L.BatchNormalization(epsilon=0.1, **kind),
        L.LeakyReLU(0.1, **kind),
    ]
    model = keras.Sequential([keras.Input((3,), dtype="float64"), *layers, L.Dense(2, **kind)])
    return fitted(model)


def normalised() -> Any:
    layer = L.Normalization()
    layer.adapt(np.random.default_rng(2).normal(size=(50, 3)).astype(np.float32))
    return chain((3,), layer, L.Dense(4, activation="relu"), L.Dense(2), exact=False)


ROUNDED: dict[str, Build] = {
    "BatchNormalization": lambda: fitted(
        chain((3,), L.Dense(4), L.BatchNormalization(), L.ReLU(), L.Dense(2))
    ),
    "BatchNormalization of channels": lambda: fitted(
        chain(IMAGE, L.Conv2D(2, 3), L.BatchNormalization(scale=False), L.ReLU(), L.MaxPooling2D(2))
    ),
    "BatchNormalization first": lambda: fitted(
        chain((3, 4, 4), L.BatchNormalization(axis=1, center=False, epsilon=0.5), L.Flatten())
    ),
    "float64": float64,
    "Normalization": normalised,
    "Normalization before data": lambda: chain((3,), L.Normalization(), exact=False),
    "Normalization as given": lambda: chain(
        (3,), L.Normalization(mean=[1.0, 2.0, 3.0], variance=[0.5, 2.0, 0.0]), exact=False
    ),
    "hard_sigmoid": lambda: chain((3,), L.Dense(4, activation="hard_sigmoid"), L.Dense(2)),
    "default slope": lambda: chain((3,), L.Dense(4, activation="leaky_relu"), L.Dense(2)),
    "as initialised": lambda: chain(
        IMAGE, L.Conv2D(4, 3, activation="relu"), L.Flatten(), L.Dense(3), exact=False
    ),
}


class Mine(L.Dense):  # type: ignore[misc]
    """Of a user's own: it may compute anything."""


class MyModel(keras.Model):  # type: ignore[misc]
    """A model with a call of its own."""

    def call(self, x: Any) -> Any:
        return x


def end(name: str) -> Any:
    return chain((3,), L.Dense(4, activation="relu"), L.Dense(3, activation=name))


ENDS: dict[str, Build] = {
    **{
        name: partial(end, name)
        for name in ("softmax", "log_softmax", "sigmoid", "tanh", "softplus", "softsign")
    },
    "exponential": partial(end, "exponential"),
    "Softmax": lambda: chain((3,), L.Dense(4, activation="relu"), L.Dense(3), L.Softmax()),
}
