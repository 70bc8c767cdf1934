"""Quantised models: weights as whole numbers are read exactly, rounding of activations is refused;
and half precision, which is read as the function of real numbers.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from onnx_models import Array, array, imported, model, node
from rectifold.formats.onnx.tensors import OnnxError
from rectifold.ir.evaluate import evaluate

_STORED = np.array([[3, -128], [127, 5], [0, -7]], dtype=np.int8)


def _weights_only(
    scale: Array, zero: Array | None, opset: int, stored: Array = _STORED, **attributes: int
) -> bytes:
    names = ["q", "s"] if zero is None else ["q", "s", "z"]
    constants = {"q": stored, "s": scale} | ({} if zero is None else {"z": zero})
    nodes = [
        node("DequantizeLinear", names, "W", **attributes),
        node("MatMul", ["x", "W"], "h"),
        node("Relu", ["h"], "y"),
    ]
    return model((1, 3), nodes, constants, opset=opset)


def _value(data: bytes, folder: Path) -> list[Fraction]:
    return list(evaluate(imported(data, folder)[0], [Fraction(1), Fraction(2), Fraction(3)]))


@pytest.mark.parametrize("opset", [10, 13, 19, 21, 23])
def test_weights_in_whole_numbers_with_one_scale_are_read_exactly(
    opset: int, tmp_path: Path
) -> None:
    scale, zero = np.array(0.1, dtype=np.float32), np.array(2, dtype=np.int8)
    exact = Fraction(float(np.float32(0.1)))
    assert _value(_weights_only(scale, zero, opset), tmp_path) == [exact * 245, 0]


def test_weights_with_a_scale_for_each_column_are_read_exactly(tmp_path: Path) -> None:
    scale = np.array([0.5, -0.25], dtype=np.float32)
    value = _value(_weights_only(scale, None, 13, axis=1), tmp_path)
    assert value == [Fraction(257, 2), Fraction(139, 4)]


def test_weights_with_a_scale_for_each_row_are_read_exactly(tmp_path: Path) -> None:
    scale = np.array([0.5, -0.25, 1], dtype=np.float32)
    value = _value(_weights_only(scale, None, 13, axis=0), tmp_path)
    assert value == [0, 0]
    scale = -scale
    value = _value(_weights_only(scale, None, 13, axis=0), tmp_path)
    assert value == [Fraction(62), Fraction(175, 2)]


def test_weights_with_a_scale_for_each_block_are_read_exactly(tmp_path: Path) -> None:
    scale = np.array([[0.5, -1], [2, -1]], dtype=np.float32)
    zero = np.array([[1, 0], [-1, 0]], dtype=np.int8)
    data = _weights_only(scale, zero, 21, axis=0, block_size=2)
    assert _value(data, tmp_path) == [Fraction(1 + 126 + 6), Fraction(128 - 10 + 21)]


def test_scales_of_another_shape_are_refused_with_both_shapes(tmp_path: Path) -> None:
    scale = np.array([0.5, -0.25, 1], dtype=np.float32)
    with pytest.raises(OnnxError, match=r"the shape \(3,\); \(2,\) is expected"):
        imported(_weights_only(scale, None, 13, axis=1), tmp_path)


_LAYERS: dict[str, tuple[list[Any], dict[str, Array]]] = {
    "QuantizeLinear": (
        [
            node("QuantizeLinear", ["x", "s", "z"], "q"),
            node("DequantizeLinear", ["q", "s", "z"], "y"),
        ],
        {"s": np.array(0.1, np.float32), "z": np.array(0, np.int8)},
    ),
    "DynamicQuantizeLinear": (
        [
            node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
            node("DequantizeLinear", ["q", "s", "z"], "y"),
        ],
        {},
    ),
    "MatMulInteger": (
        [
            node("Cast", ["x"], "c", to=TensorProto.INT8),
            node("MatMulInteger", ["W", "W"], "m"),
            node("Cast", ["m"], "f", to=TensorProto.FLOAT),
            node("Add", ["x", "f"], "y"),
        ],
        {"W": np.ones((3, 3), np.int8)},
    ),
    "QLinearMatMul": (
        [
            node("QLinearMatMul", ["W", "s", "z", "W", "s", "z", "s", "z"], "m"),
            node("DequantizeLinear", ["m", "s", "z"], "f"),
            node("Add", ["x", "f"], "y"),
        ],
        {
            "W": np.ones((3, 3), np.int8),
            "s": np.array(0.1, np.float32),
            "z": np.array(0, np.int8),
        },
    ),
}


@pytest.mark.parametrize("name", _LAYERS)
def test_arithmetic_in_whole_numbers_is_refused_with_the_remedy(name: str, tmp_path: Path) -> None:
    nodes, constants = _LAYERS[name]
    with pytest.raises(OnnxError, match=rf"{name}.*give the float model .* quantised from"):
        imported(model((3, 3), nodes, constants, opset=21), tmp_path)


def test_packed_weights_are_refused_with_the_remedy(tmp_path: Path) -> None:
    packed = helper.make_node("MatMulNBits", ["x", "W"], ["y"], domain="com.microsoft", K=3, N=3)
    with pytest.raises(OnnxError, match=r"MatMulNBits.*packed weights.*DequantizeLinear"):
        imported(model((3, 3), [packed], {"W": np.ones(3, np.uint8)}), tmp_path)


@pytest.mark.parametrize(("kind", "bits"), [("float16", 11), ("bfloat16", 8)])
def test_half_precision_is_read_as_the_function_of_real_numbers_and_said(
    kind: str, bits: int, tmp_path: Path
) -> None:
    number = getattr(TensorProto, kind.upper())
    weight = helper.make_tensor("W", number, (3, 2), [0.1, 1, -2, 0.5, 3, 4])
    nodes = [node("Constant", [], "W", value=weight), node("MatMul", ["x", "W"], "y")]
    network, notes = imported(model((1, 3), nodes, opset=13, kind=number), tmp_path)
    rounded = Fraction(0.0999755859375) if kind == "float16" else Fraction(0.10009765625)
    assert list(evaluate(network, [Fraction(1)] * 3)) == [rounded + 1, Fraction(11, 2)]
    assert any(f"computes in {kind}, which keeps {bits} significant bits" in n for n in notes)


def test_single_precision_is_not_called_half(tmp_path: Path) -> None:
    data = model((1, 3), [node("MatMul", ["x", "W"], "y")], {"W": array(3, 2)})
    assert not any("significant bits" in note for note in imported(data, tmp_path)[1])
