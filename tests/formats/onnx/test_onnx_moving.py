"""Operators that move entries and pad: every attribute against onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnx_models import Array, array, assert_agrees, model, node, whole

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
