"""An estimator and a Keras model, opened as they are, are what their exporters' files say."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rectifold

INPUTS = np.random.default_rng(2).integers(-64, 65, (12, 4)) / 32


def same(a: rectifold.Network, b: rectifold.Network, inputs: np.ndarray) -> bool:
    """Equal, exactly, at these points."""
    return all(
        rectifold.evaluate(a, point) == rectifold.evaluate(b, point)
        for point in ([Fraction(v) for v in x.ravel().tolist()] for x in inputs)
    )


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(
    "title",
    [
        "MLPRegressor",
        "two outputs",
        "Ridge",
        "StandardScaler",
        "StandardScaler without mean",
        "MaxAbsScaler",
        "RobustScaler",
        "MinMaxScaler",
        "MinMaxScaler that clips",
    ],
)
def test_skl2onnx_writes_the_same_function(title: str, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    from skl2onnx.common.data_types import DoubleTensorType

    from objects.sklearn_estimators import EXACT

    model = EXACT[title]()
    path = tmp_path / "model.onnx"
    written = skl2onnx.to_onnx(model, initial_types=[("X", DoubleTensorType([None, 4]))])
    path.write_bytes(written.SerializeToString())
    ours = rectifold.compile(model, "[-2,2]").source
    assert same(ours, rectifold.load(path).network, INPUTS)


@pytest.mark.filterwarnings("ignore")  # of the exporter, about itself
@pytest.mark.parametrize("title", ["Dense", "residual", "Conv2D", "MaxPooling", "LeakyReLU"])
def test_keras_exports_the_same_function(title: str, tmp_path: Path) -> None:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    pytest.importorskip("keras", reason="Keras, or its backend, is not installed")
    pytest.importorskip("onnxscript", reason="onnxscript, which Keras exports with, is missing")
    from objects import keras_nets
    from rectifold.objects.doors import opened

    model: Any = keras_nets.EXACT[title]()
    path = tmp_path / "model.onnx"
    model(keras_nets.points(model).astype("float32"))  # it is exported after a first call only
    model.export(str(path), format="onnx", verbose=False)
    exported = rectifold.load(path).network
    assert same(opened(model).network, exported, keras_nets.points(model))
