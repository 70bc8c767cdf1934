"""Keras models that are refused, each with the beginning of the message; needs Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers as L  # noqa: N812

from objects.keras_nets import IMAGE, Build, Mine, MyModel, chain, functional


def two_outputs() -> Any:
    x = keras.Input((3,))
    return keras.Model(x, [L.Dense(1)(x), L.Dense(1)(x)], name="both")


def two_inputs() -> Any:
    a, b = keras.Input((3,)), keras.Input((3,))
    return keras.Model([a, b], L.Add()([a, b]), name="both")


def quantised() -> Any:
    model = chain((4,), L.Dense(4, name="d"))
    model.layers[0].quantize("int8")
    return model


def two_types() -> Any:
    return chain((3,), L.Dense(3, dtype="float64", name="d"), L.Dense(3, dtype="float32"))


def mixed() -> Any:
    return chain((3,), L.Dense(3, dtype="mixed_bfloat16", name="d"))


def own_function(x: Any) -> Any:
    return x


REFUSED: dict[str, tuple[Build, str]] = {
    "a model of one's own": (MyModel, "MyModel: a .*MyModel is no Sequential or functional model"),
    "a layer of one's own": (
        lambda: chain((3,), Mine(2, name="d")),
        "layer 'd' \\(Mine\\): it is not read; known are Dense, Conv1D",
    ),
    "a layer of one's own inside": (
        lambda: functional((3,), Mine(2, name="d")),
        "layer 'd' \\(Mine\\): it is not read; known are Dense, Conv1D",
    ),
    "a model of one's own inside": (
        lambda: chain((3,), MyModel(name="m"), exact=False),
        "layer 'm' \\(MyModel\\): it is not read",
    ),
    "LSTM": (
        lambda: chain((3, 2), L.LSTM(2, name="r")),
        "layer 'r' \\(LSTM\\): it is not read",
    ),
    "Multiply": (
        lambda: functional((3,), lambda x: L.Multiply(name="m")([x, x])),
        "layer 'm' \\(Multiply\\): it is not read; known are Dense",
    ),
    "an operation": (
        lambda: functional((3,), lambda x: keras.ops.erf(x)),
        "layer 'erf.*' \\(Erf\\): it is not read; known are Add, Subtract",
    ),
    "gelu": (
        lambda: chain((3,), L.Dense(2, activation="gelu", name="d")),
        "layer 'd' \\(Dense\\): its activation 'gelu' is not read; known are linear, relu, relu6",
    ),
    "a function of one's own": (
        lambda: chain((3,), L.Dense(2, activation=own_function, name="d")),
        "layer 'd' \\(Dense\\): its activation 'own_function' is not read; known are linear",
    ),
    "a jump": (
        lambda: chain((3,), L.ReLU(threshold=1.0, name="r")),
        "layer 'r' \\(ReLU\\): threshold=1.0 makes a jump there; a threshold of 0 is read",
    ),
    "softmax of another axis": (
        lambda: chain((2, 3), L.Softmax(axis=1, name="s")),
        "layer 's' \\(Softmax\\): it goes along the axis 1; the last one is read",
    ),
    "BatchNormalization of the middle": (
        lambda: chain(IMAGE, L.BatchNormalization(axis=2, name="b")),
        "layer 'b' \\(BatchNormalization\\): axis=2 is not read; the channels are first or last",
    ),
    "Normalization undone": (
        lambda: chain(
            (3,), L.Normalization(mean=0.0, variance=1.0, invert=True, name="n"), exact=False
        ),
        "layer 'n' \\(Normalization\\): invert=True is not read",
    ),
    "not built": (
        lambda: keras.Sequential([L.Dense(2)], name="open"),
        "Sequential: the model is not built; begin it with keras.Input\\(shape\\), or call it once",
    ),
    "two outputs": (two_outputs, "the model both has 2 outputs; one is read: make a model of one"),
    "two inputs": (two_inputs, "the model both has 2 inputs; one is read: make a model of one"),
    "two types": (
        two_types,
        "layer .* \\(Dense\\): it computes in float..; models are read",
    ),
    "mixed precision": (
        mixed,
        "layer 'd' \\(Dense\\): it computes in bfloat16; models are read",
    ),
    "quantised": (
        quantised,
        "layer 'd' \\(Dense\\): its weights are quantised; give the model before quantize",
    ),
    "training": (
        lambda: functional((3,), lambda x: L.Dropout(0.5, name="d")(x, training=True)),
        "layer 'd' \\(Dropout\\): it is called with training=, which is not read; call it without",
    ),
    "an array in an operation": (
        lambda: functional((3,), lambda x: x * np.ones(3, dtype=np.float32)),
        "layer 'multiply.*' \\(Multiply\\): it is called with something that is no tensor of the m",
    ),
    "other numbers of axes": (
        lambda: functional((3,), lambda x: L.Add(name="a")([x, L.Reshape((3, 1))(x)])),
        "layer 'a' \\(Add\\): its inputs have different numbers of axes; reshape them to one",
    ),
    "a batch that is joined": (
        lambda: functional((3,), lambda x: L.Concatenate(axis=0, name="c")([x, x])),
        "layer 'c' \\(Concatenate\\): axis=0 is the batch, so that one sample changes the result",
    ),
    "open sizes": (
        lambda: chain((None, 4, 3), L.Conv2D(2, 2)),
        "the input of sequential.* has the shape \\(None, 4, 3\\), with sizes that are not fix",
    ),
}
