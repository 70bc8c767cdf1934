"""Networks as Keras models: the given one, smaller, with the same predictions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import rectifold
from rectifold.errors import InputError
from rectifold.language.elaborate import parse
from rectifold.objects.doors import opened

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras, or its backend, is not installed")

from keras import layers as L  # noqa: E402, N812

from objects import keras_nets as nets  # noqa: E402
from rectifold.objects.to_keras import to_keras  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
RANDOM = np.random.default_rng(17)


def made(model: Any) -> Any:
    loaded = opened(model)
    return to_keras(loaded.network, loaded.interface)


def predicted(model: Any, points: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict(points.astype(str(model.inputs[0].dtype)), verbose=0))


@pytest.mark.parametrize("title", nets.EXACT)
def test_predictions_are_equal_where_floats_are_exact(title: str) -> None:
    model = nets.EXACT[title]()
    back, points = made(model), nets.points(model)
    assert back.input_shape == model.input_shape
    assert back.inputs[0].name == model.inputs[0].name
    assert back.output_shape == model.output_shape
    assert (predicted(back, points) == predicted(model, points)).all()


@pytest.mark.parametrize("title", [*nets.ROUNDED, *nets.ENDS])
def test_predictions_are_equal_but_for_rounding(title: str) -> None:
    model = (nets.ROUNDED | nets.ENDS)[title]()
    back, points = made(model), nets.points(model)
    theirs, ours = predicted(model, points), predicted(back, points)
    assert ours.dtype == theirs.dtype
    assert np.abs(ours - theirs).max() <= 2e-5 * (1 + np.abs(theirs).max())


def idle(model: Any) -> Any:
    """The model with two units of its first dense layer that are never active."""
    dense = next(layer for layer in model.layers if isinstance(layer, L.Dense))
    kernel, bias = dense.get_weights()
    kernel[:, :2], bias[:2] = 0, -1
    dense.set_weights([kernel, bias])
    return model


def sequential() -> Any:
    ends = [L.Dense(8, "relu"), L.Dense(6, "relu"), L.Dense(3, "softmax")]
    return keras.Sequential([keras.Input((4,), name="x"), *ends])


def residual() -> Any:
    x = keras.Input((4,), name="x")
    h = L.Dense(4, "relu")(L.Dense(8, "relu")(x))
    return keras.Model(x, L.Dense(2, "tanh")(L.Add()([h, x])))


def windows() -> Any:
    steps = [L.Conv2D(2, 3, activation="relu"), L.MaxPooling2D(2, 1), L.Flatten()]
    ends = [L.Dense(6, "relu"), L.Dense(3, "sigmoid")]
    return keras.Sequential([keras.Input((5, 5, 1), name="x"), *steps, *ends])


@pytest.mark.parametrize("build", [sequential, residual, windows])
def test_a_smaller_model_predicts_the_same(build: Any, tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    model = idle(build())
    compiled = rectifold.compile(model, (0, 1))
    assert compiled.check().status.startswith("holds")
    assert compiled.network.sizes.units <= compiled.source.sizes.units - 2
    back = compiled.to_keras()
    inputs = RANDOM.uniform(size=(10_000, *model.input_shape[1:]))
    theirs, ours = predicted(model, inputs), predicted(back, inputs)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-5
    back.save(tmp_path / "small.keras")
    again = keras.saving.load_model(tmp_path / "small.keras")
    assert (predicted(again, inputs[:100]) == ours[:100]).all()
    relu = [n for n in back.layers if isinstance(n, L.Dense) and n.activation.__name__ == "relu"]
    assert sum(layer.units for layer in relu) == compiled.network.sizes.units


def test_what_comes_back_can_be_compiled_again_and_trained() -> None:
    model = idle(sequential())
    compiled = rectifold.compile(model, (0, 1))
    back = compiled.to_keras()
    again = rectifold.compile(back, (0, 1))
    assert again.source.sizes.units == compiled.network.sizes.units
    assert again.to_keras().count_params() <= back.count_params()
    back.compile(optimizer="sgd", loss="mse")
    back.fit(np.ones((8, 4)), np.zeros((8, 3)), verbose=0)
    assert back.count_params() < model.count_params()


def test_a_network_without_a_model_maps_rows() -> None:
    network = parse("input x[3]\nh = relu(x)\noutput h[0:2] - x[1:3]\n", "net.relu")
    back = to_keras(network, dtype="float64")
    assert back.predict(np.array([[1, -2, 3]]), verbose=0).tolist() == [[3, -3]]
    constant = to_keras(parse("input x[2]\noutput [0.5, 3]\n", "constant.relu"))
    assert constant.predict(np.zeros((2, 2)), verbose=0).tolist() == [[0.5, 3], [0.5, 3]]


def onnx_model(
    *nodes: tuple[str, list[str], dict[str, Any]], shape: tuple[Any, ...] = ("N", 4)
) -> Any:
    """h = x · W, then the nodes, in opset 17; the last value is the output."""
    made = [helper.make_node("MatMul", ["x", "w"], ["h"])]
    last = "h"
    for k, (operator, others, attributes) in enumerate(nodes):
        made.append(helper.make_node(operator, [last, *others], [f"v{k}"], **attributes))
        last = f"v{k}"
    made[-1].output[0] = "out/y"
    stored = [
        numpy_helper.from_array(np.eye(4, dtype=np.float32), "w"),
        numpy_helper.from_array(np.array([-1, 2, 2]), "square"),
        numpy_helper.from_array(np.array([1, -1]), "line"),
    ]
    graph = helper.make_graph(
        made,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out/y", TensorProto.FLOAT, None)],
        stored,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_a_tail_of_several_shapes() -> None:
    model = onnx_model(
        ("Sigmoid", [], {}), ("Reshape", ["square"], {}), ("Softmax", [], {"axis": 1})
    )
    back = made(model)
    assert back.output_names == ["out_y"]
    x = RANDOM.uniform(size=(5, 4)).astype(np.float32)
    wanted = rectifold.compile(model, (0, 1)).predict(x)
    assert np.abs(back.predict(x, verbose=0) - np.asarray(wanted)).max() <= 1e-6


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: made(onnx_model(("ArgMax", [], {"axis": 1}))),
            r"\(ArgMax\), which follows the network, has no form in Keras; known are Sigmoid",
        ),
        (
            lambda: made(onnx_model(("Softmax", [], {"axis": 0}), shape=(1, 4))),
            r"\(Softmax\) along the axis 0 of 2 in opset 17, which follows",
        ),
        (
            lambda: made(onnx_model(("Tanh", [], {}), ("Reshape", ["line"], {}))),
            r"\(Reshape\) without the batch in front, which follows",
        ),
        (
            lambda: made(
                onnx_model(
                    ("Tanh", [], {}), ("Reshape", ["square"], {}), ("LogSoftmax", [], {"axis": 1})
                )
            ),
            r"\(LogSoftmax\) along the axis 1, which follows",
        ),
        (
            lambda: made(onnx_model(("Tanh", [], {}), shape=(4,))),
            r"x has the shape \(4,\); a Keras model has the batch in front.*to_torch\(\)",
        ),
        (
            lambda: to_keras(parse("input x[1]\noutput x\n", "net.relu"), dtype="float16"),
            "a Keras model in float16 is not made; give dtype='float32' or",
        ),
        (
            lambda: to_keras(parse("input x[1]\noutput 1e39*x\n", "big.relu")),
            "beyond the range of float32.*give dtype='float64'",
        ),
    ],
)
def test_what_keras_does_not_have_is_refused(build: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build()
