"""Moves, pads and resizes of ONNX graphs that are refused, in one line that says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnx_models import Array, array, imported, model, node, whole
from rectifold.errors import InputError

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
