"""Estimators and Keras models compiled in one call: smaller, certified, the same predictions."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import rectifold

onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
RANDOM = np.random.default_rng(11)
X = RANDOM.normal(size=(300, 4))
DATA = rectifold.Domain.of(X)
INPUTS = RANDOM.uniform(X.min(axis=0), X.max(axis=0), size=(10_000, 4))


def pipeline(targets: np.ndarray) -> Any:
    """A fitted pipeline with three hidden units that are never active."""
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    from objects.sklearn_estimators import idle

    return idle(X, targets)


def checked(model: Any, domain: object) -> rectifold.CompiledModel:
    """The compiled model: smaller, with a certificate that holds, equal at rational points."""
    compiled = rectifold.compile(model, domain)
    assert compiled.network.sizes.units < compiled.source.sizes.units
    assert compiled.check().status == "holds"
    return compiled


def run(compiled: rectifold.CompiledModel, name: str, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """What onnxruntime computes for the compiled model."""
    session = onnxruntime.InferenceSession(
        compiled.to_onnx().SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {name: inputs}), strict=True))


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_regressor_behind_a_scaler() -> None:
    model = pipeline(X[:, 0] - np.abs(X[:, 1]))
    compiled = checked(model, DATA)
    theirs = model.predict(INPUTS)
    assert np.abs(np.asarray(compiled.predict(INPUTS)).ravel() - theirs).max() <= 1e-12
    assert np.abs(run(compiled, "X", INPUTS)["variable"].ravel() - theirs).max() <= 1e-12
    for x in INPUTS[:20].tolist():
        point = [Fraction(v) for v in x]
        assert rectifold.evaluate(compiled, point) == rectifold.evaluate(model, point)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("classes", [2, 3])
def test_a_classifier_behind_a_scaler(classes: int) -> None:
    model = pipeline(np.array(["a", "b", "c"])[(X[:, 0] > 0) + (X[:, 1] > 1) * (classes - 2)])
    compiled = checked(model, (X.min(axis=0), X.max(axis=0)))
    for found in (compiled.predict(INPUTS), run(compiled, "X", INPUTS)):
        assert isinstance(found, dict)
        theirs = model.predict_proba(INPUTS)
        assert np.abs(found["probabilities"] - theirs).max() <= 1e-12
        ordered = np.sort(theirs, axis=1)
        clear = ordered[:, -1] - ordered[:, -2] > 1e-9
        assert clear.sum() > 9_000
        assert (found["label"][clear] == model.predict(INPUTS)[clear]).all()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_keras_network_of_windows() -> None:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="Keras, or its backend, is not installed")
    of = keras.layers
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((5, 5, 1), name="image"),
            of.Conv2D(2, 3, activation="relu"),
            of.MaxPooling2D(2, 1),
            of.Flatten(),
            of.Dropout(0.5),
            of.Dense(6, activation="relu"),
            of.Dense(3, activation="softmax"),
        ]
    )
    kernel, bias = model.layers[4].get_weights()
    kernel[:, :2], bias[:2] = 0, -1  # two units that are never active
    model.layers[4].set_weights([kernel, bias])
    compiled = checked(model, (0, 1))
    inputs = RANDOM.uniform(size=(10_000, 5, 5, 1)).astype(np.float32)
    theirs = model.predict(inputs, verbose=0)
    found = np.asarray(compiled.predict(inputs))
    assert found.shape == theirs.shape
    assert np.abs(found - theirs).max() <= 1e-5
    (made,) = run(compiled, "image", inputs).values()
    assert np.abs(made - theirs).max() <= 1e-5
