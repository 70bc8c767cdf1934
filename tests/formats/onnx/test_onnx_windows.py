"""Convolutions and pools: every attribute against onnxruntime, and windows that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from onnx_models import array, assert_agrees, imported, model, node, peer_values
from rectifold.errors import InputError
from rectifold.ir.evaluate import evaluate

IMAGE = (1, 2, 5, 6)

POOLS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "plain": (IMAGE, {"kernel_shape": [2, 3]}),
    "strides": (IMAGE, {"kernel_shape": [2, 2], "strides": [2, 3]}),
    "pads": (IMAGE, {"kernel_shape": [3, 2], "pads": [1, 0, 2, 1]}),
    "valid": (IMAGE, {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "VALID"}),
    "same upper": (IMAGE, {"kernel_shape": [2, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    "same lower": (IMAGE, {"kernel_shape": [2, 3], "strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    "ceil": (IMAGE, {"kernel_shape": [2, 2], "strides": [2, 4], "ceil_mode": 1}),
    "ceil and pads": (
        (1, 1, 6, 6),
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    ),
    "ceil that would start in the padding": (
        (1, 1, 3, 3),
        {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1},
    ),
    "dilations": (IMAGE, {"kernel_shape": [2, 2], "dilations": [2, 3]}),
    "dilations, ceil and pads": (
        IMAGE,
        {
            "kernel_shape": [2, 2],
            "dilations": [2, 2],
            "strides": [2, 2],
            "pads": [1, 1, 1, 1],
            "ceil_mode": 1,
        },
    ),
    "a batch of three": ((3, 2, 4, 4), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    "one spatial axis": ((2, 3, 7), {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}),
    "three spatial axes": ((1, 1, 3, 4, 3), {"kernel_shape": [2, 2, 2], "strides": [1, 2, 1]}),
}


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool", "AveragePool counting pads"])
def test_pools(name: str, kind: str, tmp_path: Path) -> None:
    shape, attributes = POOLS[name]
    if kind.endswith("pads"):
        attributes = {**attributes, "count_include_pad": 1}
    assert_agrees(
        model(shape, [node(kind.split()[0], ["x"], **attributes)], opset=19), shape, tmp_path
    )


def test_average_pool_with_ceil_mode_counts_what_pytorch_counts(tmp_path: Path) -> None:
    """AvgPool2d(2, 2, ceil_mode=True): cells beyond the padding do not count."""
    pool = node(
        "AveragePool", ["x"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, count_include_pad=1
    )
    network, _ = imported(model((1, 1, 3, 3), [pool], opset=19), tmp_path)
    assert [str(v) for v in evaluate(network, range(9))] == ["2", "7/2", "13/2", "8"]


@pytest.mark.parametrize("shape", [(1, 2, 3, 4), (3, 2, 5), (2, 1, 2, 2, 2)])
@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool"])
def test_global_pools(op: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    assert_agrees(model(shape, [node(op, ["x"])]), shape, tmp_path)


CONVOLUTIONS: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "plain": (IMAGE, (3, 2, 2, 3), {}),
    "kernel_shape stated": (IMAGE, (3, 2, 2, 3), {"kernel_shape": [2, 3]}),
    "strides and pads": (IMAGE, (3, 2, 3, 3), {"strides": [2, 1], "pads": [1, 0, 0, 2]}),
    "pads wider than the kernel": ((1, 1, 2, 2), (1, 1, 1, 1), {"pads": [2, 1, 1, 2]}),
    "dilations": (IMAGE, (3, 2, 2, 2), {"dilations": [3, 2]}),
    "groups": ((1, 4, 4, 4), (6, 2, 3, 3), {"group": 2}),
    "depthwise": ((1, 3, 4, 4), (6, 1, 2, 2), {"group": 3, "strides": [2, 2]}),
    "same upper": (IMAGE, (2, 2, 2, 4), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "same lower": (IMAGE, (2, 2, 2, 4), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    "valid": (IMAGE, (2, 2, 2, 2), {"auto_pad": "VALID"}),
    "a batch of two": ((2, 2, 4, 3), (3, 2, 2, 2), {}),
    "one spatial axis": ((1, 2, 7), (2, 2, 3), {"pads": [1, 1]}),
    "three spatial axes": ((1, 1, 3, 3, 4), (2, 1, 2, 2, 2), {}),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("bias", [False, True])
def test_convolutions(name: str, bias: bool, tmp_path: Path) -> None:
    shape, kernel, attributes = CONVOLUTIONS[name]
    constants = {"w": array(*kernel)} | ({"b": array(kernel[0])} if bias else {})
    assert_agrees(
        model(shape, [node("Conv", ["x", *constants], **attributes)], constants), shape, tmp_path
    )


TRANSPOSED: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "plain": ((1, 2, 3, 3), (2, 3, 2, 3), {}),
    "strides": ((1, 2, 3, 3), (2, 3, 2, 2), {"strides": [2, 3]}),
    "pads": ((1, 2, 3, 3), (2, 3, 3, 3), {"strides": [2, 2], "pads": [1, 0, 1, 2]}),
    "output_padding": (
        (1, 2, 3, 3),
        (2, 3, 3, 3),
        {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
    ),
    "dilations": ((1, 2, 3, 3), (2, 1, 2, 2), {"dilations": [2, 3]}),
    "groups": ((1, 4, 2, 2), (4, 2, 2, 2), {"group": 2}),
    "output_shape": ((1, 1, 3, 3), (1, 2, 3, 3), {"strides": [2, 2], "output_shape": [6, 5]}),
    "output_shape, same upper": (
        (1, 1, 3, 3),
        (1, 2, 3, 3),
        {"strides": [2, 2], "output_shape": [6, 6], "auto_pad": "SAME_UPPER"},
    ),
    "same upper": ((1, 1, 3, 3), (1, 2, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    "same lower": ((1, 1, 3, 3), (1, 2, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    "a batch of two": ((2, 2, 2, 3), (2, 2, 2, 2), {"strides": [2, 2]}),
    "one spatial axis": ((1, 2, 4), (2, 3, 3), {"strides": [3]}),
}


@pytest.mark.parametrize("name", TRANSPOSED)
def test_transposed_convolutions(name: str, tmp_path: Path) -> None:
    shape, kernel, attributes = TRANSPOSED[name]
    constants = {"w": array(*kernel), "b": array(kernel[1] * attributes.get("group", 1))}
    made = node("ConvTranspose", ["x", "w", "b"], **attributes)
    assert_agrees(model(shape, [made], constants), shape, tmp_path)


def test_a_kernel_that_is_computed_keeps_its_exact_value(tmp_path: Path) -> None:
    """One third is no float64 number."""
    nodes = [node("Div", ["one", "three"], "w"), node("Conv", ["x", "w"])]
    constants = {
        "one": np.ones((1, 1, 1), dtype=np.float32),
        "three": np.array(3, dtype=np.float32),
    }
    network, _ = imported(model((1, 1, 2), nodes, constants), tmp_path)
    assert [str(v) for v in evaluate(network, [1, 2])] == ["1/3", "2/3"]


def windowed(op: str, **attributes: Any) -> list[Any]:
    return [node(op, ["x", "w"] if op.startswith("Conv") else ["x"], **attributes)]


REFUSED: dict[str, tuple[list[Any], str]] = {
    "a maximum of padding": (
        windowed("MaxPool", kernel_shape=[1, 1], pads=[1, 1, 1, 1]),
        "entirely in the padding and has no maximum",
    ),
    "an average of padding": (
        windowed("AveragePool", kernel_shape=[1, 1], pads=[1, 1, 1, 1]),
        "entirely in the padding, and its average is 0/0",
    ),
    "a kernel larger than the input": (
        windowed("MaxPool", kernel_shape=[5, 5]),
        "reaches over 5 entries, more than the",
    ),
    "immense pads": (windowed("Conv", pads=[10**9, 0, 0, 0]), "places is too large to be read"),
    "an immense kernel": (
        windowed("AveragePool", kernel_shape=[1500, 1500], pads=[1500, 1500, 0, 0]),
        "is too large to be read",
    ),
    "stride 0": (
        windowed("MaxPool", kernel_shape=[1, 1], strides=[0, 1]),
        r"'strides' is \[0, 1\]; at least 1",
    ),
    "dilation 0": (windowed("Conv", dilations=[1, 0]), r"'dilations' is \[1, 0\]; at least 1"),
    "a negative pad": (
        windowed("Conv", pads=[0, -1, 0, 0]),
        r"'pads' is \[0, -1, 0, 0\]; at least 0",
    ),
    "kernel of size 0": (
        windowed("MaxPool", kernel_shape=[0, 1]),
        r"'kernel_shape' is \[0, 1\]; at least 1",
    ),
    "no kernel": (windowed("MaxPool"), "the attribute 'kernel_shape' is missing"),
    "too few strides": (
        windowed("MaxPool", kernel_shape=[1, 1], strides=[1]),
        "strides has 1 entries; 2 are expected",
    ),
    "too many pads": (windowed("Conv", pads=[0, 0, 0, 0, 0]), "pads has 5 entries; 4 are expected"),
    "pads and auto_pad": (
        windowed("Conv", pads=[1, 1, 1, 1], auto_pad="SAME_UPPER"),
        "both pads and auto_pad SAME_UPPER are given",
    ),
    "same pads of a dilated convolution": (
        windowed("Conv", auto_pad="SAME_UPPER", dilations=[2, 1]),
        r"SAME_UPPER with dilations \[2, 1\] means different pads",
    ),
    "same pads of a dilated pool": (
        windowed("MaxPool", auto_pad="SAME_LOWER", dilations=[2, 1], kernel_shape=[2, 1]),
        "means different pads to different",
    ),
    "unknown auto_pad": (
        windowed("Conv", auto_pad="SAME"),
        "'auto_pad' is 'SAME'; understood is 'NOTSET' or",
    ),
    "a kernel_shape that is not the kernel's": (
        windowed("Conv", kernel_shape=[3, 3]),
        r"kernel_shape is \[3, 3\], but the kernel has the sizes "
        r"\[2, 2\]",
    ),
    "groups that do not divide": (windowed("Conv", group=2), "1 channels and 2 groups do not fit"),
    "group 0": (windowed("Conv", group=0), "'group' is 0; at least 1"),
    "an output larger than the map": (
        windowed("ConvTranspose", output_shape=[9, 9]),
        r"output size 9 of axis 0 is larger than the map reaches "
        r"\(4\)",
    ),
    "an output of nothing": (
        windowed("ConvTranspose", pads=[2, 2, 2, 2]),
        "the pads leave an output of the sizes",
    ),
    "the index of a maximum": (
        [node("MaxPool", ["x"], ["m", "y"], kernel_shape=[2, 2])],
        "its output 'y' is used, but only the first 1 is read",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_windows_that_are_refused(title: str, tmp_path: Path) -> None:
    nodes, message = REFUSED[title]
    with pytest.raises(InputError, match=message):
        imported(model((1, 1, 3, 3), nodes, {"w": array(1, 1, 2, 2)}, opset=19), tmp_path)


@pytest.mark.parametrize("op", ["MaxPool", "GlobalAveragePool", "Conv"])
def test_a_tensor_without_spatial_axes_is_refused(op: str, tmp_path: Path) -> None:
    attributes = {"kernel_shape": [1]} if op == "MaxPool" else {}
    with pytest.raises(
        InputError, match=r"the input has the shape \(2, 3\); batch x channels x one or more sizes"
    ):
        imported(model((2, 3), windowed(op, **attributes), {"w": array(1, 3, 1)}), tmp_path)


def test_a_kernel_for_other_channels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="the kernel reads 2 channels in each of 1 groups; the input has 1"
    ):
        imported(model((1, 1, 3, 3), windowed("Conv"), {"w": array(1, 2, 2, 2)}), tmp_path)


def test_a_bias_of_another_size_is_refused(tmp_path: Path) -> None:
    made = [node("Conv", ["x", "w", "b"])]
    with pytest.raises(InputError, match=r"the bias has the shape \(2,\); \(1,\) is expected"):
        imported(model((1, 1, 3, 3), made, {"w": array(1, 1, 2, 2), "b": array(2)}), tmp_path)


def test_double_precision_is_read_too(tmp_path: Path) -> None:
    weight = np.array([[[0.1]]])
    data = model((1, 1, 2), [node("Conv", ["x", "w"])], {"w": weight}, kind=TensorProto.DOUBLE)
    network, _ = imported(data, tmp_path)
    x = np.array([[[1.0, 2.0]]])
    assert [float(v) for v in evaluate(network, [1, 2])] == peer_values(
        data, x, "onnx.reference"
    ).ravel().tolist()
    assert helper.tensor_dtype_to_np_dtype(TensorProto.DOUBLE) == weight.dtype
