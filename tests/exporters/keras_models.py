"""Models of Keras: model.export(format="onnx") on the torch backend, images with channels last."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from exporters.case import READ, TAIL, Array, Case, Expected, Feed, Made, refused, uniform
from exporters.torch_models import quiet

KERAS = "Keras"
_LIBRARIES = ("keras", "torch", "onnxscript")
Build = Callable[[Any], Any]  # from the package keras to a model
Layers = Callable[[Any], Sequence[Any]]  # from keras.layers


def keras_cases() -> list[Case]:
    """Every model of Keras."""
    return [
        _sequential("dense, ReLU", (4,), lambda k: [_relu(k), _relu(k), k.Dense(3)]),
        _sequential("Dropout", (4,), lambda k: [_relu(k), k.Dropout(0.5), k.Dense(3)]),
        _sequential(
            "dense, BatchNorm",
            (4,),
            lambda k: [k.Dense(12), k.BatchNormalization(), k.ReLU(), k.Dense(3)],
        ),
        _case("residual sum", _residual, (4,)),
        _case("concatenation", _concatenation, (4,)),
        _sequential("Conv, BatchNorm, MaxPool", (6, 6, 1), _convolution),
        _sequential("Conv1d", (8, 2), lambda k: [k.Conv1D(4, 3, activation="relu"), *_ending(k)]),
        *_convolved(
            {
                "grouped Conv": lambda k: k.Conv2D(4, 3, groups=2),
                "depthwise Conv": lambda k: k.DepthwiseConv2D(3),
                "dilated Conv": lambda k: k.Conv2D(4, 3, dilation_rate=2, padding="same"),
                "transposed Conv": lambda k: k.Conv2DTranspose(4, 3, strides=2),
                "average pooling": lambda k: k.AveragePooling2D(2),
                "global average pooling": lambda k: k.GlobalAveragePooling2D(),
                "padded MaxPool": lambda k: k.MaxPooling2D(3, strides=2, padding="same"),
                "zero padding": lambda k: k.ZeroPadding2D(1),
                "Upsample": lambda k: k.UpSampling2D(2),
            }
        ),
        *_activated(
            {
                "LeakyReLU": lambda k: k.LeakyReLU(0.1),
                "PReLU": lambda k: k.PReLU("random_normal"),
                "ReLU6": lambda k: k.ReLU(max_value=6.0),
                "Hardsigmoid": lambda k: k.Activation("hard_sigmoid"),
            },
            READ,
        ),
        *_activated(
            {
                "Tanh inside": lambda k: k.Activation("tanh"),
                "Sigmoid inside": lambda k: k.Activation("sigmoid"),
                "Softmax inside": lambda k: k.Softmax(),
                "ELU": lambda k: k.ELU(),
                "GELU": lambda k: k.Activation("gelu"),
                "SiLU": lambda k: k.Activation("silu"),
            },
            refused("read with until="),
        ),
        *(
            _sequential(
                f"{end} at the end",
                (4,),
                partial(_ended, end.lower()),
                TAIL,
            )
            for end in ("Softmax", "Sigmoid", "Tanh")
        ),
    ]


def _relu(layers: Any) -> Any:
    return layers.Dense(12, activation="relu")


def _ending(layers: Any) -> list[Any]:
    return [layers.Flatten(), layers.Dense(3)]


def _convolution(layers: Any) -> list[Any]:
    first = [layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()]
    return [*first, layers.MaxPooling2D(2), *_ending(layers)]


def _residual(keras: Any) -> Any:
    x = keras.Input((4,), name="input")
    h = keras.layers.Dense(8, activation="relu")(x)
    h = keras.layers.ReLU()(keras.layers.Add()([h, keras.layers.Dense(8)(h)]))
    return keras.Model(x, keras.layers.Dense(3)(h))


def _concatenation(keras: Any) -> Any:
    x = keras.Input((4,), name="input")
    sides = [keras.layers.Dense(6, activation="relu")(x) for _ in range(2)]
    return keras.Model(x, keras.layers.Dense(3)(keras.layers.Concatenate()(sides)))


def _convolved(makes: dict[str, Callable[[Any], Any]]) -> list[Case]:
    return [_sequential(b, (6, 6, 2), partial(_image, make)) for b, make in makes.items()]


def _image(make: Callable[[Any], Any], layers: Any) -> list[Any]:
    return [layers.Conv2D(4, 3, activation="relu"), make(layers), *_ending(layers)]


def _activated(makes: dict[str, Callable[[Any], Any]], expected: Expected) -> list[Case]:
    return [_sequential(b, (4,), partial(_middle, m), expected) for b, m in makes.items()]


def _middle(make: Callable[[Any], Any], layers: Any) -> list[Any]:
    return [layers.Dense(12), make(layers), layers.Dense(3)]


def _ended(activation: str, layers: Any) -> list[Any]:
    return [_relu(layers), layers.Dense(3, activation=activation)]


def _sequential(
    block: str, shape: Sequence[int], layers: Layers, expected: Expected = READ
) -> Case:
    def build(keras: Any) -> Any:
        return keras.Sequential([keras.Input(shape, name="input"), *layers(keras.layers)])

    return _case(block, build, shape, expected)


def _case(block: str, build: Build, shape: Sequence[int], expected: Expected = READ) -> Case:
    make = partial(_make, build, tuple(shape))
    return Case(f"{block} keras", KERAS, block, _LIBRARIES, make, expected)


def _make(build: Build, shape: tuple[int, ...], folder: Path) -> Made:
    os.environ["KERAS_BACKEND"] = "torch"  # read when keras is imported for the first time
    with quiet():
        import keras

        keras.utils.set_random_seed(7)
        model = build(keras)
        _draw_statistics(keras, model)
        model(np.zeros((2, *shape), dtype=np.float32))  # an export needs a model that ran
        path = folder / "model.onnx"
        model.export(str(path), format="onnx", verbose=False)

    def feed(seed: int, rows: int) -> Feed:
        return {"input": uniform(seed, (rows, *shape))}

    def forward(given: Feed) -> list[Array]:
        with quiet():
            return [np.asarray(model.predict(given["input"], verbose=0))]

    return Made(path, feed, forward, any_batch=True)


def _draw_statistics(keras: Any, model: Any) -> None:
    random = np.random.default_rng(7)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 2.0, w.shape) for w in layer.get_weights()])
