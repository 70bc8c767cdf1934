"""Keras models: the same predictions, exactly where floats are exact."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from rectifold.errors import InputError
from rectifold.formats.load import Loaded
from rectifold.ir.evaluate import evaluate
from rectifold.objects.doors import opened

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras, or its backend, is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from objects import keras_nets as nets  # noqa: E402
from objects.keras_refused import REFUSED  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def predicted(model: Any, points: np.ndarray) -> np.ndarray:
    """What Keras predicts in inference, one row per sample."""
    dtype = str(model.inputs[0].dtype)
    found = keras.ops.convert_to_numpy(model(points.astype(dtype), training=False))
    return np.asarray(found)


def exactly(loaded: Loaded, points: np.ndarray) -> list[list[Fraction]]:
    return [evaluate(loaded.network, [Fraction(v) for v in x.ravel().tolist()]) for x in points]


def run(loaded: Loaded, points: np.ndarray) -> np.ndarray:
    """What onnxruntime computes for the model that was made."""
    assert loaded.interface is not None
    (source,) = loaded.interface.inputs
    session = onnxruntime.InferenceSession(
        loaded.interface.model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(None, {source.name: points.astype(source.dtype)})
    return np.asarray(found)


@pytest.mark.parametrize("title", nets.EXACT)
def test_predictions_are_equal_where_floats_are_exact(title: str) -> None:
    model = nets.EXACT[title]()
    loaded = opened(model)
    points = nets.points(model)
    theirs = predicted(model, points)
    assert exactly(loaded, points) == [[Fraction(v) for v in y.ravel().tolist()] for y in theirs]
    made = run(loaded, points)
    assert made.shape == theirs.shape
    assert (made == theirs).all()


@pytest.mark.parametrize("title", nets.ROUNDED)
def test_predictions_are_those_of_keras_but_for_rounding(title: str) -> None:
    model = nets.ROUNDED[title]()
    loaded = opened(model)
    points = nets.points(model)
    theirs = predicted(model, points)
    eps = np.finfo(np.float32).eps  # Keras multiplies matrices of float64 in float32 with torch
    unit = eps * 100 * (1 + np.abs(theirs).max())
    ours = np.array(exactly(loaded, points), dtype=np.float64).reshape(theirs.shape)
    assert np.abs(ours - theirs).max() <= unit
    assert np.abs(run(loaded, points) - theirs).max() <= unit


@pytest.mark.parametrize("title", nets.ENDS)
def test_the_end_of_a_classifier_is_its_tail(title: str) -> None:
    model = nets.ENDS[title]()
    loaded = opened(model)
    assert loaded.interface is not None
    assert loaded.interface.tail
    logits = keras.Model(model.inputs[0], model.layers[1].output)
    if title != "Softmax":
        model.layers[1].activation = keras.activations.linear
        logits = model
    theirs = predicted(logits, nets.points(model))
    ours = exactly(loaded, nets.points(model))
    assert ours == [[Fraction(v) for v in y] for y in theirs.tolist()]
    whole = predicted(nets.ENDS[title](), nets.points(model))
    assert np.abs(run(loaded, nets.points(model)) - whole).max() <= 1e-5 * (1 + np.abs(whole).max())


@pytest.mark.parametrize("title", REFUSED)
def test_what_is_not_read_is_refused_by_layer(title: str) -> None:
    build, message = REFUSED[title]
    model = build()
    with pytest.raises(InputError, match=message):
        opened(model)


@pytest.mark.parametrize("shape", [(5, 4, 3), (1, 5, 4, 3)])
def test_open_sizes_are_said(shape: tuple[int, ...]) -> None:
    model = nets.chain((None, 4, 3), keras.layers.Conv2D(2, 2))
    points = np.random.default_rng(0).integers(-4, 5, (2, 5, 4, 3)).astype(np.float64)
    for loaded in (opened(model, input_shape=shape), opened(model, domain=(np.zeros(shape), 1))):
        assert loaded.network.input_size == 60
        theirs = predicted(model, points)
        assert exactly(loaded, points) == [
            [Fraction(v) for v in y.ravel().tolist()] for y in theirs
        ]
    with pytest.raises(InputError, match="with sizes that are not fixed; say them"):
        opened(model, input_shape=(5, 3, 3))


def test_the_interface_has_the_shapes_of_keras() -> None:
    loaded = opened(nets.chain(nets.IMAGE, keras.layers.Conv2D(2, 3)))
    assert loaded.interface is not None
    assert [port.shape for port in loaded.interface.inputs] == [("N", *nets.IMAGE)]
    assert [port.shape for port in loaded.interface.outputs] == [("N", 3, 4, 2)]
    assert {port.dtype for port in loaded.interface.inputs} == {"float32"}


def test_the_model_is_not_changed() -> None:
    model = nets.EXACT["branches"]()
    before = [w.copy() for w in model.get_weights()]
    config = model.get_config()
    opened(model)
    assert model.get_config() == config
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
