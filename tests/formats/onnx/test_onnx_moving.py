"""Operators that move entries, pad and resize: every attribute against onnxruntime, and what is
refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnx_models import Array, array, assert_agrees, imported, model, node, whole
from rectifold.errors import InputError

Case = tuple[tuple[int, ...], Any, dict[str, Array], int]

MOVES: dict[str, Case] = {
    "slice": ((3, 4), node("Slice", ["x", "s", "e"]), {"s": whole(1, 0), "e": whole(3, 3)}, 13),
    "slice with axes and steps": (
        (3, 6),
        node("Slice", ["x", "s", "e", "a", "t"]),
        {"s": whole(-1), "e": whole(0), "a": whole(-1), "t": whole(-2)},
        13,
    ),
    "slice beyond both ends": (
        (1, 4),
        node("Slice", ["x", "s", "e", "a"]),
        {"s": whole(-9), "e": whole(99), "a": whole(1)},
        13,
    ),
    "slice backwards from beyond": (
        (1, 4),
        node("Slice", ["x", "s", "e", "a", "t"]),
        {"s": whole(-100), "e": whole(-200), "a": whole(1), "t": whole(-1)},
        13,
    ),
    "slice backwards over all": (
        (1, 4),
        node("Slice", ["x", "s", "e", "a", "t"]),
        {"s": whole(9), "e": whole(-9), "a": whole(1), "t": whole(-3)},
        13,
    ),
    "slice by attributes": (
        (3, 4),
        node("Slice", ["x"], starts=[1, 0], ends=[9, -1], axes=[1, 0]),
        {},
        9,
    ),
    "slice with 32-bit indices": (
        (3, 4),
        node("Slice", ["x", "s", "e"]),
        {"s": np.array([1], np.int32), "e": np.array([3], np.int32)},
        13,
    ),
    "gather along axis 1": ((2, 3), node("Gather", ["x", "i"], axis=1), {"i": whole(2, -1, 0)}, 13),
    "gather, a matrix of indices": (
        (3, 2),
        node("Gather", ["x", "i"], axis=-2),
        {"i": whole([2, -3], [0, 1])},
        13,
    ),
    "gather one entry": ((2, 3), node("Gather", ["x", "i"]), {"i": np.array(1)}, 13),
    "gather elements": (
        (3, 3),
        node("GatherElements", ["x", "i"], axis=1),
        {"i": whole([0, -1, 2, 2], [1, 1, 0, -3])},
        13,
    ),
    "gather points": ((2, 3, 2), node("GatherND", ["x", "i"]), {"i": whole([0, 2], [-1, 0])}, 13),
    "gather single entries": (
        (2, 3),
        node("GatherND", ["x", "i"], batch_dims=0),
        {"i": whole([[0, 2]], [[-1, 0]])},
        13,
    ),
    "expand": ((3, 1), node("Expand", ["x", "s"]), {"s": whole(2, 1, 4)}, 13),
    "tile": ((2, 3), node("Tile", ["x", "r"]), {"r": whole(2, 3)}, 13),
    "transpose, default order": ((2, 3, 4), node("Transpose", ["x"]), {}, 13),
    "flatten at 0": ((2, 3), node("Flatten", ["x"], axis=0), {}, 13),
    "flatten at -1": ((2, 3, 4), node("Flatten", ["x"], axis=-1), {}, 13),
    "flatten at the rank": ((2, 3), node("Flatten", ["x"], axis=2), {}, 13),
    "reshape copying a size": ((2, 3, 4), node("Reshape", ["x", "s"]), {"s": whole(0, -1)}, 13),
    "squeeze all": ((1, 3, 1), node("Squeeze", ["x"]), {}, 13),
    "squeeze one": ((1, 3, 1), node("Squeeze", ["x", "a"]), {"a": whole(-1)}, 13),
    "unsqueeze two": ((2, 3), node("Unsqueeze", ["x", "a"]), {"a": whole(-1, 0)}, 13),
    "concat along the last axis": (
        (2, 3),
        node("Concat", ["x", "c", "x"], axis=-1),
        {"c": array(2, 2)},
        13,
    ),
    "concat along axis 0": ((2, 3), node("Concat", ["c", "x"], axis=0), {"c": array(1, 3)}, 13),
    "depth to space": ((1, 8, 2, 3), node("DepthToSpace", ["x"], blocksize=2), {}, 13),
    "depth to space, CRD": (
        (2, 8, 2, 3),
        node("DepthToSpace", ["x"], blocksize=2, mode="CRD"),
        {},
        13,
    ),
    "space to depth": ((1, 2, 4, 6), node("SpaceToDepth", ["x"], blocksize=2), {}, 13),
    "pad": ((2, 3), node("Pad", ["x", "p"]), {"p": whole(1, 0, 0, 2)}, 13),
    "pads of 0": ((2, 3), node("Pad", ["x", "p"]), {"p": whole(0, 0, 0, 0)}, 13),
    "pad with a value": (
        (2, 3),
        node("Pad", ["x", "p", "v"]),
        {"p": whole(1, 0, 0, 2), "v": np.array(0.25, np.float32)},
        13,
    ),
    "pad by attributes": ((2, 3), node("Pad", ["x"], pads=[0, 1, 1, 0], value=0.5), {}, 10),
    "pad chosen axes": (
        (2, 3),
        node("Pad", ["x", "p", "", "a"]),
        {"p": whole(1, 2), "a": whole(-1)},
        18,
    ),
    "negative pads cut": ((3, 4), node("Pad", ["x", "p"]), {"p": whole(-1, 1, 0, -2)}, 13),
    "pad by reflection": (
        (1, 4),
        node("Pad", ["x", "p"], mode="reflect"),
        {"p": whole(0, 3, 0, 2)},
        13,
    ),
    "pad by repeating the edge": (
        (2, 3),
        node("Pad", ["x", "p"], mode="edge"),
        {"p": whole(2, 4, 1, 0)},
        13,
    ),
    "pad around": ((2, 3), node("Pad", ["x", "p"], mode="wrap"), {"p": whole(0, 3, 1, 2)}, 19),
    "where with a mask": (
        (2, 3),
        node("Where", ["m", "x", "c"]),
        {"m": np.array([True, False, True]), "c": array(2, 1)},
        13,
    ),
    "where a masked infinity is not chosen": (
        (1, 2),
        node("Where", ["m", "x", "c"]),
        {"m": np.array([True, True]), "c": np.array(-np.inf, np.float32)},
        13,
    ),
    "dropout": ((1, 3), node("Dropout", ["x"]), {}, 13),
    "dropout of opset 10": ((1, 3), node("Dropout", ["x"], ratio=0.75), {}, 10),
}


@pytest.mark.parametrize("name", MOVES)
def test_moves(name: str, tmp_path: Path) -> None:
    shape, made, constants, opset = MOVES[name]
    assert_agrees(model(shape, [made], constants, opset), shape, tmp_path)


@pytest.mark.parametrize(("opset", "attributes"), [(13, {}), (18, {"num_outputs": 3})])
def test_split_into_parts(opset: int, attributes: dict[str, Any], tmp_path: Path) -> None:
    parts = node("Split", ["x"], ["a", "b", "c"], axis=-1, **attributes)
    size = 6 if opset == 13 else 7  # from opset 18 on the last part may be smaller
    data = model((1, size), [parts, node("Concat", ["c", "b", "a"], axis=1)], opset=opset)
    assert_agrees(data, (1, size), tmp_path)


def test_split_by_an_attribute(tmp_path: Path) -> None:
    parts = node("Split", ["x"], ["a", "b"], axis=1, split=[1, 3])
    assert_agrees(
        model((1, 4), [parts, node("Concat", ["b", "a"], axis=1)], opset=11), (1, 4), tmp_path
    )


RESIZES: dict[str, tuple[dict[str, Array], dict[str, Any]]] = {
    "twice as large": ({"scales": np.array([1, 1, 2, 2], np.float32)}, {}),
    "half as large": ({"scales": np.array([1, 1, 0.5, 0.5], np.float32)}, {}),
    "to sizes": ({"sizes": whole(1, 1, 8, 3)}, {}),
    "to sizes, as PyTorch writes it": (
        {"sizes": whole(1, 1, 7, 5)},
        {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    ),
    "ceiling": ({"scales": np.array([1, 1, 2.5, 1], np.float32)}, {"nearest_mode": "ceil"}),
    "floor": ({"scales": np.array([1, 1, 2.5, 1], np.float32)}, {"nearest_mode": "floor"}),
    "ties up": (
        {"scales": np.array([1, 1, 0.5, 0.5], np.float32)},
        {"nearest_mode": "round_prefer_ceil"},
    ),
    "corners aligned": (
        {"sizes": whole(1, 1, 7, 4)},
        {"coordinate_transformation_mode": "align_corners"},
    ),
    "corners aligned to one entry": (
        {"sizes": whole(1, 1, 1, 4)},
        {"coordinate_transformation_mode": "align_corners"},
    ),
    "PyTorch's half pixels": (
        {"sizes": whole(1, 1, 1, 6)},
        {"coordinate_transformation_mode": "pytorch_half_pixel"},
    ),
    "symmetric half pixels": (
        {"scales": np.array([1, 1, 1.25, 2], np.float32)},
        {"coordinate_transformation_mode": "half_pixel_symmetric"},
    ),
    "chosen axes": ({"scales": np.array([2, 2], np.float32)}, {"axes": [3, 2]}),
}


@pytest.mark.parametrize("name", RESIZES)
def test_resizes(name: str, tmp_path: Path) -> None:
    constants, attributes = RESIZES[name]
    inputs = ["x", "", "scales"] if "scales" in constants else ["x", "", "", "sizes"]
    data = model((1, 1, 4, 4), [node("Resize", inputs, **attributes)], constants, opset=19)
    assert_agrees(data, (1, 1, 4, 4), tmp_path)


def test_upsample_and_the_first_resize(tmp_path: Path) -> None:
    scales = np.array([1, 1, 2, 3], np.float32)
    for op, opset in (("Upsample", 9), ("Resize", 10)):
        data = model((1, 1, 2, 2), [node(op, ["x", "s"], mode="nearest")], {"s": scales}, opset)
        assert_agrees(data, (1, 1, 2, 2), tmp_path)
    data = model(
        (1, 1, 2, 2), [node("Upsample", ["x"], mode="nearest", scales=[1.0, 1.0, 3.0, 2.0])], {}, 7
    )
    assert_agrees(data, (1, 1, 2, 2), tmp_path)


REFUSED: dict[str, tuple[Any, dict[str, Array], int, str]] = {
    "reshape to another size": (
        node("Reshape", ["x", "s"]),
        {"s": whole(7)},
        13,
        "cannot reshape 12 entries of shape",
    ),
    "reshape copying beyond the rank": (
        node("Reshape", ["x", "s"]),
        {"s": whole(1, 1, 3, 4, 0)},
        13,
        "copies a size that the input",
    ),
    "reshape with two open sizes": (
        node("Reshape", ["x", "s"]),
        {"s": whole(-1, -1)},
        13,
        "cannot reshape",
    ),
    "a shape that is a matrix": (
        node("Reshape", ["x", "s"]),
        {"s": whole([2, 6])},
        13,
        "a list is expected",
    ),
    "slice of unequal lists": (
        node("Slice", ["x", "s", "e"]),
        {"s": whole(0, 0), "e": whole(1)},
        13,
        "2, 1, 2, 2 entries; equally many",
    ),
    "slice with step 0": (
        node("Slice", ["x", "s", "e", "a", "t"]),
        {"s": whole(0), "e": whole(1), "a": whole(0), "t": whole(0)},
        13,
        "a step is 0",
    ),
    "slice along one axis twice": (
        node("Slice", ["x", "s", "e", "a"]),
        {"s": whole(0, 0), "e": whole(1, 1), "a": whole(1, -3)},
        13,
        "a dimension twice",
    ),
    "slice of nothing": (
        node("Slice", ["x", "s", "e"]),
        {"s": whole(1), "e": whole(1)},
        13,
        "the output 'y' has no entries",
    ),
    "gather beyond the axis": (
        node("Gather", ["x", "i"]),
        {"i": whole(0, 1)},
        13,
        "reaches from 0 to 1; axis 0 has 1",
    ),
    "gather along no axis": (
        node("Gather", ["x", "i"], axis=4),
        {"i": whole(0)},
        13,
        "axis 4 does not exist in a tensor of 4",
    ),
    "gather elements of another rank": (
        node("GatherElements", ["x", "i"]),
        {"i": whole(0)},
        13,
        r"an index of shape \(1,\) does not fit",
    ),
    "gather elements beyond the axis": (
        node("GatherElements", ["x", "i"], axis=3),
        {"i": whole([[[4]]])},
        13,
        "reaches from 4 to 4; axis 3 has 4",
    ),
    "gather points beyond the input": (
        node("GatherND", ["x", "i"]),
        {"i": whole([0, 1])},
        13,
        r"index of shape \(1, 2\) reaches beyond an input of "
        r"shape",
    ),
    "gather points of batches": (
        node("GatherND", ["x", "i"], batch_dims=1),
        {"i": whole([0])},
        13,
        "'batch_dims' is 1; understood is 0",
    ),
    "expand that does not fit": (node("Expand", ["x", "s"]), {"s": whole(5)}, 13, "do not fit"),
    "expand to an immense shape": (
        node("Expand", ["x", "s"]),
        {"s": whole(10**7, 1, 1, 1)},
        13,
        "is too large",
    ),
    "tile immensely": (
        node("Tile", ["x", "r"]),
        {"r": whole(10**4, 10**4, 1, 1)},
        13,
        "is too large",
    ),
    "pad immensely": (
        node("Pad", ["x", "p"]),
        {"p": whole(10**4, 0, 10**4, 0, 0, 0, 0, 0)},
        13,
        "is too large",
    ),
    "resize immensely": (
        node("Resize", ["x", "", "", "s"]),
        {"s": whole(10**4, 10**4, 3, 4)},
        13,
        "entries are expected",
    ),
    "tile of another rank": (
        node("Tile", ["x", "r"]),
        {"r": whole(2)},
        13,
        r"repeats \[2\] do not fit",
    ),
    "squeeze of a size that is not 1": (
        node("Squeeze", ["x", "a"]),
        {"a": whole(2)},
        13,
        "are not all of size 1",
    ),
    "transpose of other axes": (
        node("Transpose", ["x"], perm=[0, 1, 2]),
        {},
        13,
        "is no order of the 4 dimensions",
    ),
    "concat of other shapes": (
        node("Concat", ["x", "c"], axis=1),
        {"c": array(1, 1, 2, 2)},
        13,
        "do not fit along axis 1",
    ),
    "blocks that do not divide": (
        node("DepthToSpace", ["x"], blocksize=2),
        {},
        13,
        "divide into blocks of 2",
    ),
    "blocks of size 0": (
        node("SpaceToDepth", ["x"], blocksize=0),
        {},
        13,
        "'blocksize' is 0; at least 1",
    ),
    "pads of another rank": (
        node("Pad", ["x", "p"]),
        {"p": whole(1, 1)},
        13,
        "2 pads are given; two for each of 4 axes",
    ),
    "a reflection beyond the input": (
        node("Pad", ["x", "p"], mode="reflect"),
        {"p": whole(0, 0, 3, 0, 0, 0, 0, 0)},
        13,
        "is not defined for a size of 3",
    ),
    "pads that cut everything": (
        node("Pad", ["x", "p"]),
        {"p": whole(0, 0, -2, 0, 0, 0, -2, 0)},
        13,
        "leave nothing",
    ),
    "an infinite pad": (
        node("Pad", ["x", "p", "v"]),
        {"p": whole(0, 0, 1, 0, 0, 0, 0, 0), "v": np.array(-np.inf, np.float32)},
        13,
        "'v' holds NaN or infinite",
    ),
    "wrap before opset 19": (
        node("Pad", ["x", "p"], mode="wrap"),
        {"p": whole(*[0] * 8)},
        13,
        "'mode' is 'wrap'; understood is 'constant' or",
    ),
    "linear resizing": (
        node("Resize", ["x", "", "s"], mode="linear"),
        {"s": np.ones(4, np.float32)},
        13,
        "'mode' is 'linear'; understood is",
    ),
    "a scale of 0": (
        node("Resize", ["x", "", "s"]),
        {"s": np.zeros(4, np.float32)},
        13,
        "4 positive numbers are expected",
    ),
    "an infinite scale": (
        node("Resize", ["x", "", "s"]),
        {"s": np.full(4, np.inf, np.float32)},
        13,
        "4 positive numbers are expected",
    ),
    "a crop": (
        node("Resize", ["x", "", "s"], coordinate_transformation_mode="tf_crop_and_resize"),
        {"s": np.ones(4, np.float32)},
        13,
        "understood is 'half_pixel' or",
    ),
    "upsample of opset 10": (
        node("Upsample", ["x", "s"]),
        {"s": np.ones(4, np.float32)},
        10,
        "Upsample is read in opsets 7 to 9, and this model",
    ),
    "a mask from the input": (
        node("Where", ["x", "x", "x"]),
        {},
        13,
        "'condition' has the element type float32; read are bool",
    ),
    "unequal parts": (
        node("Split", ["x"], ["y", "z"], axis=2),
        {},
        13,
        "3 entries cannot be divided into 2 equal parts",
    ),
    "parts that do not add up": (
        node("Split", ["x", "s"], ["y", "z"], axis=2),
        {"s": whole(1, 1)},
        13,
        r"parts \[1, 1\] do not add up to 3",
    ),
    "training": (
        node("Dropout", ["x", "", "t"]),
        {"t": np.array(True)},
        13,
        "training mode is not a fixed function",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_moves_that_are_refused(title: str, tmp_path: Path) -> None:
    made, constants, opset, message = REFUSED[title]
    with pytest.raises(InputError, match=message):
        imported(model((1, 1, 3, 4), [made], constants, opset), tmp_path)


def test_a_copy_that_depends_on_rounding_is_refused(tmp_path: Path) -> None:
    """Entry 1 of 2 copies entry 1/(1/7) = 7 of 14; in single precision the coordinate falls below
    7.
    """
    attributes = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    data = model(
        (1, 14), [node("Resize", ["x", "", "", "s"], **attributes)], {"s": whole(1, 2)}, 13
    )
    with pytest.raises(
        InputError,
        match=r"which entry is nearest depends on rounding \(size 14 to 2, asymmetric, floor\)",
    ):
        imported(data, tmp_path)
