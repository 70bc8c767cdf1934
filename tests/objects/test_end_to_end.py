"""One call from a model to a smaller one of the same kind: equal, exactly and in floats.

Exactly: at rational points, before the tail. In floats: on 10,000 inputs, within the certified
bounds on the rounding of the source and of the result.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import rectifold
from rectifold.emitters.precision import usual_precision
from rectifold.objects.writing import error_bound

COUNT = 10_000
Array = np.ndarray[Any, Any]


def layers(seed: int, sizes: list[int], dtype: Any) -> list[tuple[Array, Array]]:
    """(W, b) of each layer, W outputs × inputs, on [0, 1]^n: some units are stable, one repeats."""
    random = np.random.default_rng(seed)
    made = []
    for inputs, outputs in pairwise(sizes):
        weight = random.standard_normal((outputs, inputs)) / np.sqrt(inputs)
        bias = random.standard_normal(outputs) * 1.5
        weight[1], bias[1] = 2 * weight[0], 2 * bias[0]
        made.append((weight.astype(dtype), bias.astype(dtype)))
    return made


def require_smaller(compiled: rectifold.CompiledModel) -> None:
    """Fewer units, a certificate that holds, and a fate for each unit."""
    assert compiled.network.sizes.units < compiled.source.sizes.units
    assert compiled.check().status == "holds"
    assert len(compiled.removed) == compiled.source.sizes.units
    assert compiled.removed.fates["kept"] < len(compiled.removed)


def require_equal_exactly(
    model: object,
    compiled: rectifold.CompiledModel,
    other: object,
    shape: tuple[int, ...] | None = None,
) -> None:
    """Source, result, and the result read again agree before the tail at rational points."""
    random = np.random.default_rng(5)
    for _ in range(12):
        point = [Fraction(int(v), 97) for v in random.integers(0, 98, compiled.source.input_size)]
        expected = rectifold.evaluate(model, point, input_shape=shape)
        assert rectifold.evaluate(compiled, point) == expected
        rounded = rectifold.evaluate(other, point, input_shape=shape)
        assert all(abs(a - b) < 1e-3 for a, b in zip(rounded, expected, strict=True))


def bound_of(compiled: rectifold.CompiledModel, to: str) -> float:
    """How far source and result, both in floats of the format, may be apart before the tail."""
    source = error_bound(compiled.source, compiled.facts, to, usual_precision(to))
    result = compiled.error_bound(to)
    assert source is not None
    assert result is not None
    return max(a + b for a, b in zip(source, result, strict=True))


def inputs_of(shape: tuple[int, ...], dtype: Any) -> Array:
    return np.random.default_rng(7).random((COUNT, *shape)).astype(dtype)


# ---- arrays and ONNX ----------------------------------------------------------------------------


def test_arrays() -> None:
    model = layers(1, [4, 12, 8, 2], np.float64)
    compiled = rectifold.compile(model, (np.zeros(4), np.ones(4)))
    require_smaller(compiled)
    require_equal_exactly(model, compiled, compiled.network)
    x = inputs_of((4,), np.float64)
    expected = x
    for k, (weight, bias) in enumerate(model):
        expected = expected @ weight.T + bias
        expected = expected if k == 2 else np.maximum(expected, 0)
    assert np.abs(compiled.predict(x) - expected).max() <= bound_of(compiled, "numpy")


def test_an_onnx_model_runs_in_the_place_of_its_source() -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is a dependency")
    ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    network = rectifold.compile(layers(2, [6, 16, 10, 3], np.float32), (0, 1)).source
    model = rectifold.compile(network, certify=False).to_onnx()
    softmax = onnx.helper.make_node("Softmax", [model.graph.output[0].name], ["p"], axis=1)
    compiled = rectifold.compile(_larger(model, network, softmax), "[0,1]")
    require_smaller(compiled)
    again = compiled.to_onnx()
    require_equal_exactly(compiled.loaded, compiled, again)
    assert compiled.interface is not None
    x = inputs_of((6,), np.float32)
    sessions = [
        ort.InferenceSession(one.SerializeToString()) for one in (compiled.interface.model, again)
    ]
    before, after = (one.run(["p"], {one.get_inputs()[0].name: x})[0] for one in sessions)
    # softmax stretches no difference: |softmax(u) − softmax(v)| ≤ max |u − v|
    assert np.abs(before - after).max() <= bound_of(compiled, "onnx") + 1e-6
    assert np.abs(compiled.predict(x) - after).max() <= bound_of(compiled, "onnx") + 1e-6


def _larger(model: Any, network: rectifold.Network, *tail: Any) -> Any:
    """The network itself as ONNX, with a tail behind it."""
    from onnx import TensorProto, helper

    from rectifold.formats.onnx_writer import onnx_bytes

    source = type(model)()
    source.ParseFromString(onnx_bytes(network))
    source.graph.node.extend(tail)
    source.graph.node[-1].input[0] = source.graph.output[0].name
    del source.graph.output[:]
    source.graph.output.append(helper.make_tensor_value_info("p", TensorProto.FLOAT, ["N", 3]))
    return source


# ---- PyTorch ------------------------------------------------------------------------------------


def _mlp(torch: Any) -> tuple[Any, tuple[int, ...]]:
    nn = torch.nn
    modules: list[Any] = []
    for weight, bias in layers(3, [5, 16, 12, 3], np.float32):
        linear = nn.Linear(*weight.shape[::-1])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight))
            linear.bias.copy_(torch.from_numpy(bias))
        modules += [linear, nn.ReLU(), nn.Dropout()]
    return nn.Sequential(*modules[:-2], nn.Softmax(dim=1)), (5,)


def _convolution(torch: Any) -> tuple[Any, tuple[int, ...]]:
    torch.manual_seed(4)
    nn = torch.nn
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(16, 10), nn.ReLU(), nn.Linear(10, 3),
    )  # fmt: skip
    with torch.no_grad():
        module[1].running_var.uniform_(0.5, 2)
        module[1].bias.copy_(torch.tensor([-4.0, 0.1, 4.0, 0.0]))
        module[5].bias[:4] = torch.tensor([-40.0, 40.0, -30.0, 30.0])
    return module, (1, 6, 6)


@pytest.mark.parametrize("make", [_mlp, _convolution], ids=["mlp", "convolution"])
def test_a_torch_module_comes_back_as_one(
    make: Callable[[Any], tuple[Any, tuple[int, ...]]],
) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    module, shape = make(torch)
    compiled = rectifold.compile(module, (np.zeros(shape), np.ones(shape)))
    require_smaller(compiled)
    small = compiled.to_torch()
    require_equal_exactly(module, compiled, small, shape)
    x = inputs_of(shape, np.float32)
    module.eval()
    with torch.no_grad():
        before, after = module(torch.from_numpy(x)), small(torch.from_numpy(x))
    assert isinstance(small, torch.nn.Module)
    assert before.shape == after.shape
    assert before.dtype == after.dtype
    bound = bound_of(compiled, "onnx") + 1e-6  # of a softmax in float32
    assert (before - after).abs().max() <= bound
    assert np.abs(compiled.predict(x) - after.numpy()).max() <= bound


# ---- scikit-learn -------------------------------------------------------------------------------


def _fitted(kind: str) -> tuple[Any, Array]:
    """A Pipeline with a scaler, fitted; and the data that it was fitted to."""
    sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    assert sklearn
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    random = np.random.default_rng(8)
    x = random.random((300, 4)) * [1, 10, 100, 0.1]
    wanted = x @ [1, 0.1, 0.01, 10] if kind == "regressor" else (x[:, 0] * 10 > x[:, 1]) * 1
    options = {"hidden_layer_sizes": (24, 16), "max_iter": 30, "random_state": 0, "alpha": 1.0}
    scaler, last = (
        (StandardScaler(), MLPRegressor(**options))
        if kind == "regressor"
        else (MinMaxScaler(), MLPClassifier(**options))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(scaler, last).fit(x, wanted), x


def test_a_pipeline_with_a_regressor() -> None:
    model, x = _fitted("regressor")
    compiled = rectifold.compile(model, (x[0], 0.01))
    require_smaller(compiled)
    require_equal_near(model, compiled, x[0], 0.01)
    near = x[0] + (np.random.default_rng(9).random((COUNT, 4)) * 2 - 1) * 0.0099
    found = compiled.predict(near).reshape(-1)
    # the scaler divides before the first layer: one more rounding of each input
    assert np.abs(found - model.predict(near)).max() <= 1e-9


def test_a_pipeline_with_a_classifier() -> None:
    model, x = _fitted("classifier")
    compiled = rectifold.compile(model, rectifold.Domain.of(x))
    near = x[np.random.default_rng(9).integers(0, len(x), COUNT)]
    found = compiled.predict(near)
    label, probability = found.values()
    assert np.array_equal(label, model.predict(near))
    assert np.abs(probability - model.predict_proba(near)).max() <= 1e-9


def require_equal_near(
    model: object, compiled: rectifold.CompiledModel, point: Array, radius: float
) -> None:
    """Source and result agree exactly at rational points of a ball."""
    random = np.random.default_rng(6)
    for _ in range(12):
        steps = [Fraction(int(v), 100) for v in random.integers(-99, 100, len(point))]
        near = [
            Fraction(p) + Fraction(radius) * s for p, s in zip(point.tolist(), steps, strict=True)
        ]
        assert rectifold.evaluate(compiled, near) == rectifold.evaluate(model, near)


# ---- Keras --------------------------------------------------------------------------------------


def test_a_keras_model() -> None:
    pytest.importorskip("torch", reason="PyTorch, which Keras computes with here")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    model = keras.Sequential([keras.Input((5,))])
    values = layers(11, [5, 16, 12, 3], np.float32)
    for k, (weight, bias) in enumerate(values):
        layer = keras.layers.Dense(len(bias), activation="softmax" if k == 2 else "relu")
        model.add(layer)
        layer.set_weights([weight.T, bias])
    compiled = rectifold.compile(model, (0, 1))
    require_smaller(compiled)
    require_equal_exactly(model, compiled, compiled.to_onnx())
    x = inputs_of((5,), np.float32)
    expected = model(x).detach().cpu().numpy()
    assert np.abs(compiled.predict(x) - expected).max() <= bound_of(compiled, "onnx") + 1e-6
