"""Every model that PyTorch exports here, by both of its exporters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from exporters import torch_blocks as blocks
from exporters.case import READ, TAIL, Case, Expected, refused
from exporters.torch_models import Build, How, torch_case

SMALL, SIGNAL, IMAGE, COLOURS = (1, 4), (1, 2, 8), (1, 1, 6, 6), (1, 2, 6, 6)
_NO_NETWORK = refused("read with until=")


class Row(NamedTuple):
    """A block with what comes of it, the same for both exporters unless one cannot export it."""

    block: str
    build: Build
    shape: Sequence[int]
    expected: Expected = READ
    exporters: Sequence[bool] = (True, False)


def _activated(makes: Mapping[str, Callable[[Any], Any]], expected: Expected) -> list[Row]:
    return [Row(n, blocks.activated(make), SMALL, expected) for n, make in makes.items()]


def _convolved(makes: Mapping[str, Callable[[Any], Any]], expected: Expected) -> list[Row]:
    return [Row(n, blocks.convolved(make), COLOURS, expected) for n, make in makes.items()]


ROWS = [
    Row("dense, ReLU", blocks.mlp, SMALL),
    Row("Dropout", blocks.dropout, SMALL),
    Row("dense, BatchNorm", blocks.batch_norm, SMALL),
    Row("residual sum", blocks.residual, SMALL),
    Row("concatenation", blocks.concatenation, SMALL),
    Row("Conv, BatchNorm, MaxPool", blocks.convolution, IMAGE),
    Row("Conv1d", blocks.convolution_1d, SIGNAL),
    *_convolved(
        {
            "grouped Conv": lambda nn: nn.Conv2d(4, 4, 3, groups=2),
            "depthwise Conv": lambda nn: nn.Conv2d(4, 4, 3, groups=4),
            "dilated Conv": lambda nn: nn.Conv2d(4, 4, 3, dilation=2),
            "transposed Conv": lambda nn: nn.ConvTranspose2d(4, 4, 3, stride=2),
            "average pooling": lambda nn: nn.AvgPool2d(2),
            "global average pooling": lambda nn: nn.AdaptiveAvgPool2d(1),
            "padded MaxPool": lambda nn: nn.MaxPool2d(3, stride=2, padding=1),
            "zero padding": lambda nn: nn.ZeroPad2d(1),
            "Upsample": lambda nn: nn.Upsample(scale_factor=2),
            "PixelShuffle": lambda nn: nn.PixelShuffle(2),
        },
        READ,
    ),
    *_activated(
        {
            "LeakyReLU": lambda nn: nn.LeakyReLU(0.1),
            "PReLU": lambda nn: nn.PReLU(12),
            "ReLU6": lambda nn: nn.ReLU6(),
            "Hardtanh": lambda nn: nn.Hardtanh(-0.5, 0.5),
            "Hardsigmoid": lambda nn: nn.Hardsigmoid(),
        },
        READ,
    ),
    *_activated(
        {
            "Tanh inside": lambda nn: nn.Tanh(),
            "Sigmoid inside": lambda nn: nn.Sigmoid(),
            "Softmax inside": lambda nn: nn.Softmax(dim=1),
            "ELU": lambda nn: nn.ELU(),
            "GELU": lambda nn: nn.GELU(),
            "SiLU": lambda nn: nn.SiLU(),
            "Hardswish": lambda nn: nn.Hardswish(),
            "LayerNorm": lambda nn: nn.LayerNorm(12),
        },
        _NO_NETWORK,
    ),
    *(
        Row(f"{name} at the end", blocks.ended(make), SMALL, TAIL)
        for name, make in (
            ("Softmax", lambda nn: nn.Softmax(dim=1)),
            ("LogSoftmax", lambda nn: nn.LogSoftmax(dim=1)),
            ("Sigmoid", lambda nn: nn.Sigmoid()),
            ("Tanh", lambda nn: nn.Tanh()),
        )
    ),
    Row("ArgMax at the end", blocks.argmax, SMALL, TAIL),
    *_convolved({"GroupNorm": lambda nn: nn.GroupNorm(2, 4)}, _NO_NETWORK),
]


def torch_cases() -> list[Case]:
    """Both exporters: every row, then batches, files, numbers and opsets."""
    return [
        *(
            torch_case(row.block, row.build, row.shape, How(dynamo, 18), row.expected)
            for row in ROWS
            for dynamo in row.exporters
        ),
        *(case for dynamo in (True, False) for case in _kinds(dynamo)),
        *(case for opset in (17, 20, 22, 23) for case in _opset(True, opset)),
        *(case for opset in range(7, 24) for case in _opset(False, opset)),
    ]


def _kinds(dynamo: bool) -> list[Case]:
    hows = {
        "dynamic batch": How(dynamo, 18, dynamic=True),
        "float16": How(dynamo, 18, kind="float16"),
        "bfloat16": How(dynamo, 18, kind="bfloat16"),
        "float64": How(dynamo, 18, kind="float64"),
    }
    if dynamo:
        hows["external data"] = How(dynamo, 18, external=True)
    dense = [torch_case(block, blocks.mlp, SMALL, how) for block, how in hows.items()]
    images = torch_case("dynamic batch, Conv", blocks.convolution, IMAGE, hows["dynamic batch"])
    return [*dense, images]


def _opset(dynamo: bool, opset: int) -> list[Case]:
    how = How(dynamo, opset)
    return [
        torch_case("opsets, dense", blocks.mlp, SMALL, how),
        torch_case("opsets, Conv", blocks.convolution, IMAGE, how),
    ]
