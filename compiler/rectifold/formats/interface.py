"""How a model that was read is called from its user's own code.

The network has one flat input and one flat output. The model has named tensors with shapes, element
types and a batch, and may go on behind the network (a softmax): what a drop-in result must keep.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # onnx takes 0.3 s to import
    from onnx import ModelProto, NodeProto

_EQUAL = re.compile(r"(a shallow form \(\w+\): )?equal\b(?! outside)")

WRITTEN = "written as it is"
"""The statement about a network that was not rewritten."""

_PLUMBING = (
    "Constant", "Shape", "Identity", "Cast", "Gather", "Slice", "Concat", "Reshape", "Flatten",
    "Squeeze", "Unsqueeze", "Split", "Transpose", "Sub",
)  # fmt: skip


@dataclass(frozen=True)
class Port:
    """A tensor of the model: its name, element type ("float32", ...) and shape with the batch.

    A dimension is a number, the name of one that is not fixed, or None for one without a name.
    """

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]


@dataclass(frozen=True, eq=False)
class Interface:
    """What the model reads and gives; `model` is the whole of it, its opsets and metadata too.

    `ends`: the tensors whose values, one after the other, are the network's output; their shapes
    are as read, for a batch of one where the batch is not fixed. `tail`: the nodes that compute the
    model's `outputs` from them, in an order in which they can be run; none where `outputs` and
    `ends` are the same tensors. `folder`: of the model's external data, if it was a file.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    ends: tuple[Port, ...]
    tail: tuple[NodeProto, ...]
    model: ModelProto
    folder: Path | None = None


def tail_words(interface: Interface | None) -> str:
    """The operators of a model's tail, for messages; "" where there is none."""
    tail = () if interface is None else interface.tail
    names = [node.op_type for node in tail if node.op_type not in _PLUMBING]
    return ", ".join(dict.fromkeys(names or [node.op_type for node in tail]))


def with_tail(statement: str, interface: Interface | None) -> str:
    """A statement about a network, as it is said of the model with this tail behind it.

    What is equal before the tail is equal behind it. Nothing else is carried behind it: a tail may
    enlarge a difference.
    """
    words = tail_words(interface)
    if not words or statement == WRITTEN:
        return statement
    hence = ", hence equal" if _EQUAL.match(statement) else ""
    return f"{statement} before the tail ({words}){hence}"


def has_convolutions(interface: Interface | None) -> bool:
    """Does the model convolve anywhere?"""
    nodes = () if interface is None else interface.model.graph.node
    return any(node.op_type in ("Conv", "ConvTranspose") for node in nodes)
