"""Resize and Upsample: every attribute against onnxruntime, and copies that depend on rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnx_models import Array, assert_agrees, imported, model, node, whole
from rectifold.errors import InputError

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
