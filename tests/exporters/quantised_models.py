"""Models of onnxruntime.quantization: both of its ways round activations, and are refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import onnx

from exporters.case import Case, Made, refused
from exporters.hand_models import made_by_helper
from exporters.torch_models import quiet

QUANTISER = "onnxruntime.quantization"
_REMEDY = refused("give the float model that this one was quantised from")


def quantised_cases() -> list[Case]:
    """Dynamic and static (QDQ) quantisation of the same network."""
    return [
        Case(
            f"{block} onnxruntime",
            QUANTISER,
            block,
            ("onnxruntime",),
            partial(_make, is_static),
            _REMEDY,
        )
        for block, is_static in (("int8, dynamic", False), ("int8, static (QDQ)", True))
    ]


def _make(is_static: bool, folder: Path) -> Made:
    from onnxruntime import quantization

    made = made_by_helper(folder, 17)
    path = folder / "quantised.onnx"
    with quiet():
        if is_static:
            samples = _Samples([dict(made.feed(seed, 1)) for seed in range(4)])
            quantization.quantize_static(str(made.path), str(path), samples)
        else:
            quantization.quantize_dynamic(str(made.path), str(path))
    assert onnx.load(str(path)).graph.node
    return Made(path, made.feed, made.forward, made.any_batch)


class _Samples:
    """What onnxruntime calibrates with: `get_next` gives a feed, and None after the last."""

    def __init__(self, feeds: list[dict[str, object]]) -> None:
        self.feeds = iter(feeds)

    def get_next(self) -> dict[str, object] | None:
        return next(self.feeds, None)
