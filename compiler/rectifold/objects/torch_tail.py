"""What follows the network in its model, as functions of PyTorch, node by node.

    Softmax(axis=1)    →    torch.softmax(x, 1)

Sound because a node has the meaning that ONNX gives its operator in the model's opset; an operator
or an attribute without a row is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from onnx import NodeProto, helper, numpy_helper
from torch import nn

from rectifold.errors import InputError
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.versions import VERSIONS
from rectifold.formats.onnx_tail import tail_parts

Attributes = Mapping[str, Any]
Run = Callable[[Sequence[Any], Attributes], Any]


def _plain(function: Callable[..., Any]) -> Run:
    return lambda inputs, attributes: function(*inputs)


def _along(function: Callable[[Any, int], Any]) -> Run:
    """Softmax and LogSoftmax: along one axis, or before opset 13 along all from there on."""

    def run(inputs: Sequence[Any], attributes: Attributes) -> Any:
        x = inputs[0]
        if attributes["opset"] >= VERSIONS.softmax_of_one_axis:
            return function(x, attributes.get("axis", -1))
        joined = x.flatten(attributes.get("axis", 1) % max(x.dim(), 1))
        return function(joined, -1).reshape(x.shape)

    return run


def _place(function: Callable[..., Any]) -> Run:
    return lambda inputs, attributes: function(
        inputs[0], attributes.get("axis", 0), bool(attributes.get("keepdims", 1))
    )


def _top(inputs: Sequence[Any], attributes: Attributes) -> Any:
    x, count = inputs
    flags = (bool(attributes.get("largest", 1)), bool(attributes.get("sorted", 1)))
    return tuple(torch.topk(x, int(count), attributes.get("axis", -1), *flags))


def _reshape(inputs: Sequence[Any], attributes: Attributes) -> Any:
    x, sizes = inputs[0], inputs[1].tolist()
    if not attributes.get("allowzero"):
        sizes = [x.shape[k] if size == 0 else size for k, size in enumerate(sizes)]
    return x.reshape(sizes)


def _squeeze(inputs: Sequence[Any], attributes: Attributes) -> Any:
    axes = _axes(inputs, attributes)
    return inputs[0].squeeze() if axes is None else inputs[0].squeeze(tuple(axes))


def _unsqueeze(inputs: Sequence[Any], attributes: Attributes) -> Any:
    x, axes = inputs[0], _axes(inputs, attributes) or []
    rank = x.dim() + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


def _axes(inputs: Sequence[Any], attributes: Attributes) -> list[int] | None:
    if len(inputs) > 1:
        return [int(axis) for axis in inputs[1].tolist()]
    found = attributes.get("axes")
    return None if found is None else list(found)


def _flatten(inputs: Sequence[Any], attributes: Attributes) -> Any:
    x, axis = inputs[0], attributes.get("axis", 1) % (inputs[0].dim() + 1)
    return x.reshape(int(np.prod(x.shape[:axis])) if axis != 1 else x.shape[0], -1)


def _cast(inputs: Sequence[Any], attributes: Attributes) -> Any:
    kind = np.dtype(helper.tensor_dtype_to_np_dtype(attributes["to"])).name
    return inputs[0].to(getattr(torch, kind))


def _gather(inputs: Sequence[Any], attributes: Attributes) -> Any:
    x, index = inputs
    axis = attributes.get("axis", 0) % x.dim()
    index = index % x.shape[axis]
    found = x.index_select(axis, index.reshape(-1))
    return found.reshape(*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])


_LEFT: Mapping[str, tuple[str, ...]] = {
    "Softmax": ("axis",), "LogSoftmax": ("axis",), "ArgMax": ("axis", "keepdims"),
    "ArgMin": ("axis", "keepdims"), "TopK": ("axis", "largest", "sorted"),
    "Reshape": ("allowzero",), "Squeeze": ("axes",), "Unsqueeze": ("axes",), "Flatten": ("axis",),
    "Cast": ("to", "saturate"), "Concat": ("axis",), "Transpose": ("perm",), "Gather": ("axis",),
}  # fmt: skip
"""The attributes that are understood; the others have none."""

_RUN: Mapping[str, Run] = {
    "Softmax": _along(torch.softmax),
    "LogSoftmax": _along(torch.log_softmax),
    "Sigmoid": _plain(torch.sigmoid),
    "Tanh": _plain(torch.tanh),
    "Softplus": _plain(nn.functional.softplus),
    "Softsign": _plain(nn.functional.softsign),
    "Exp": _plain(torch.exp),
    "Log": _plain(torch.log),
    "Identity": _plain(lambda x: x),
    "ArgMax": _place(torch.argmax),
    "ArgMin": _place(torch.argmin),
    "TopK": _top,
    "Add": _plain(torch.add),
    "Sub": _plain(torch.sub),
    "Mul": _plain(torch.mul),
    "Div": _plain(torch.div),
    "Neg": _plain(torch.neg),
    "Cast": _cast,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Flatten": _flatten,
    "Transpose": lambda inputs, a: inputs[0].permute(a["perm"]),
    "Concat": lambda inputs, a: torch.cat(list(inputs), a["axis"]),
    "Gather": _gather,
}


class TailStep(nn.Module):  # type: ignore[misc]  # torch has no types where it is not installed
    """One node of the tail; the tensors that the model stores for it are buffers."""

    def __init__(self, node: NodeProto, stored: Mapping[str, Any], opset: int) -> None:
        """Raises InputError for a node that has no form in PyTorch."""
        super().__init__()
        self.operator, self.reads, self.makes = _known(node), tuple(node.input), tuple(node.output)
        self.attributes = {a.name: _attribute(a) for a in node.attribute} | {"opset": opset}
        for k, name in enumerate(node.input):
            if name in stored:
                self.register_buffer(f"input_{k}", stored[name], persistent=False)

    def forward(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values that it makes of those known so far, by name."""
        inputs = [getattr(self, f"input_{k}", values.get(n)) for k, n in enumerate(self.reads)]
        found = _RUN[self.operator](inputs, self.attributes)
        results = found if isinstance(found, tuple) else (found,)
        return dict(zip(self.makes, results, strict=False))

    def extra_repr(self) -> str:
        return f"{self.operator}: {', '.join(self.reads)} → {', '.join(self.makes)}"


def _known(node: NodeProto) -> str:
    kind = str(node.op_type)
    unknown = [a.name for a in node.attribute if a.name not in _LEFT.get(kind, ())]
    is_last = any(a.name == "select_last_index" and a.i == 0 for a in node.attribute)
    unknown = [name for name in unknown if not (name == "select_last_index" and is_last)]
    if node.domain not in ("", "ai.onnx") or kind not in _RUN or unknown:
        with_what = f" with {', '.join(unknown)}" if kind in _RUN and unknown else ""
        raise InputError(
            f"node {node.name or node.output[0]!r} ({kind}){with_what}, which follows the network, "
            f"has no form in PyTorch; known are {', '.join(sorted(_RUN))}. Read the model with "
            "until= and the name of the value before it, or write ONNX, which keeps it"
        )
    return kind


def _attribute(attribute: Any) -> Any:
    value = helper.get_attribute_value(attribute)
    return list(value) if isinstance(value, Sequence) and not isinstance(value, bytes) else value


def tail_steps(interface: Interface, dtype: Any) -> list[TailStep]:
    """The tail as steps, in order; float tensors that it stores become `dtype`.

    Raises InputError for what has no form in PyTorch.
    """
    parts = tail_parts(interface)
    stored = {t.name: _tensor(numpy_helper.to_array(t), dtype) for t in parts.tensors}
    opsets = {entry.domain: entry.version for entry in interface.model.opset_import}
    opset = max(opsets.get("", 1), opsets.get("ai.onnx", 1))
    steps = []
    for node in parts.nodes:
        if node.op_type == "Constant":
            (value,) = node.attribute
            stored[node.output[0]] = _tensor(_constant(value), dtype)
        else:
            steps.append(TailStep(node, stored, opset))
    return steps


def _constant(attribute: Any) -> Any:
    value = helper.get_attribute_value(attribute)
    return numpy_helper.to_array(value) if attribute.name == "value" else np.asarray(value)


def _tensor(array: Any, dtype: Any) -> Any:
    if array.dtype.kind in "OUS":
        shown = ", ".join(str(v) for v in array.ravel().tolist()[:3])
        raise InputError(
            f"the model's tail gives text ({shown}), and PyTorch has no tensors of text; choose "
            "outputs that are numbers with outputs= where the model is read, or write ONNX, which "
            "keeps it"
        )
    is_wide = array.dtype.name != "bfloat16"  # which torch.from_numpy does not know
    tensor = torch.from_numpy(np.array(array, dtype=array.dtype if is_wide else np.float32))
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
