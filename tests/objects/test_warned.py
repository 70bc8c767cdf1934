"""What a result does not keep is said to the Python user, at the user's own line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto

import rectifold
from onnx_models import array, model, node
from onnx_tails import made

BOX = ([0, 0], [1, 1])
PLAIN = made([], ["h"])


@pytest.fixture
def float_model() -> ModelProto:
    """Floats of 32 bits, of which a file of 64 bits cannot take the place."""
    nodes = [node("MatMul", ["x", "w"], "z"), node("Relu", ["z"], "y")]
    proto: ModelProto = ModelProto.FromString(model([1, 2], nodes, {"w": array(2, 2)}))
    return proto


def test_writing_warns_at_the_line_of_the_caller(float_model: ModelProto, tmp_path: Path) -> None:
    compiled = rectifold.compile(float_model, BOX)
    calls: list[Callable[[], object]] = [
        lambda: compiled.save(tmp_path / "a.onnx", to="onnx64"),
        lambda: rectifold.emit(float_model, tmp_path / "b.onnx", to="onnx64"),
    ]
    for call in calls:
        with pytest.warns(rectifold.RectifoldWarning, match="float64 was asked for") as caught:
            call()
        assert [one.filename for one in caught] == [__file__]


def test_a_point_outside_the_domain_is_said_there() -> None:
    compiled = rectifold.compile(PLAIN, BOX)
    with pytest.warns(rectifold.RectifoldWarning, match="1 point of 2") as caught:
        compiled.predict(np.array([[0, 0], [2, 0]]))
    assert [one.filename for one in caught] == [__file__]
