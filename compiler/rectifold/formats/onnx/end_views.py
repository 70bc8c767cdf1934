"""Which values of the network the first nodes of a tail only pass on, and in which shape.

    end (1, 5) ─ Split ─┬─ (1, 2)   values 0, 1        the same as two ends of these shapes
                        └─ (1, 3)   values 2, 3, 4

Sound because the nodes are read by our own reader, and because a node counts only if it leaves the
batch alone: then it picks the same values of every row of a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, NodeProto, ValueInfoProto, helper

from rectifold.exact.entries import Indices
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.graph import Model, opened, standard
from rectifold.formats.onnx.reader import reading_of
from rectifold.formats.onnx.tensors import Constant, OnnxError, Symbolic, Tensor
from rectifold.formats.onnx_layers import onnx_type
from rectifold.formats.onnx_wiring import has_free_batch
from rectifold.ir.affine import Pick

_PASSING = ("Split", "Reshape", "Identity")


@dataclass(frozen=True, eq=False)
class View:
    """A tensor of values of the network: the place of each in its flat output."""

    dtype: str
    index: Indices


def end_views(interface: Interface, model: Model) -> dict[str, View]:
    """The ends, and what of the tail only passes on values of theirs. `model`: the opened one."""
    found, start = dict[str, View](), 0
    for port in interface.ends:
        shape = [int(n) for n in port.shape if isinstance(n, int)]
        index = np.arange(start, start + int(np.prod(shape))).reshape(shape)
        found[port.name] = View(port.dtype, index)
        start += index.size
    is_free = any(has_free_batch(port) for port in interface.inputs)
    for node in interface.tail:
        if node.op_type in _PASSING and not standard(node.domain) and node.input[0] in found:
            found |= _passed_on(node, found[node.input[0]], model, is_free=is_free)
    return found


def _passed_on(node: NodeProto, view: View, model: Model, *, is_free: bool) -> dict[str, View]:
    """The results of one node; none where it may do more than pass on values of each row."""
    try:
        values = reading_of(_alone(node, view, model), "passing", [n for n in node.output if n])
    except OnnxError:
        return {}
    if is_free and not _leaves_batch(node, view, values.values):
        return {}
    found = {}
    for name in values.outputs:
        value = values.values[name]
        terms = list(value.entries.terms.values()) if isinstance(value, Symbolic) else []
        if len(terms) != 1 or not isinstance(terms[0], Pick) or value.type != view.dtype:
            return {}
        found[name] = View(view.dtype, view.index.ravel()[terms[0].index].reshape(value.shape))
    return found


def _alone(node: NodeProto, view: View, model: Model) -> Model:
    """A model of this node, whose input are as many values as the view has."""
    source = helper.make_tensor_value_info(
        node.input[0], onnx_type(view.dtype), list(view.index.shape)
    )
    read = set(node.input[1:])
    stored = [tensor for tensor in model.graph.initializer if tensor.name in read]
    constants = [n for n in model.graph.node if not n.input and read & set(n.output)]
    outputs = [ValueInfoProto(name=name) for name in node.output if name]
    graph = helper.make_graph([*constants, node], "passing", [source], outputs, stored)
    made: ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid(of, n) for of, n in model.opsets.items()]
    )
    return opened(made, "the model", model.folder)


def _leaves_batch(node: NodeProto, view: View, values: Mapping[str, Tensor]) -> bool:
    """Does the node keep the first axis of a batch of any size, as it keeps that of one?"""
    if view.index.ndim < 2 or any(values[n].shape[:1] != (1,) for n in node.output if n):
        return False
    if node.op_type == "Split":
        axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
        return bool(axis % view.index.ndim)
    if node.op_type == "Reshape":
        sizes = values.get(node.input[1])
        return isinstance(sizes, Constant) and sizes.values.ravel().tolist()[:1] in ([0], [-1])
    return True
