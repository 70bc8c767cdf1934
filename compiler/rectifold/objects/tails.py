"""What follows the network in a model, run on values of the network.

ends: logits (k, 10)   →   Softmax, ArgMax of the model itself   →   outputs: label (k,)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, ValueInfoProto, helper

from rectifold.errors import InputError
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.peers import PEERS, PeerError, outputs_of_peer
from rectifold.formats.onnx_tail import tail_parts

Array = npt.NDArray[Any]


def run_tail(interface: Interface, ends: Mapping[str, Array]) -> dict[str, Array]:
    """The model's outputs by name, from the values of its `ends`, for one call of the model.

    Raises InputError where no program here runs the tail.
    """
    return run_tails(interface, [ends])[0]


def run_tails(interface: Interface, calls: Sequence[Mapping[str, Array]]) -> list[dict[str, Array]]:
    """The model's outputs by name for each of several calls, as of `run_tail`."""
    model = _tail_model(interface)
    names = [value.name for value in model.graph.output]
    try:
        _, found = outputs_of_peer(PEERS, model, [dict(ends) for ends in calls])
    except PeerError as error:
        kinds = ", ".join(node.op_type for node in interface.tail)
        raise InputError(
            f"what follows the network ({kinds}) cannot be run here: {error}; install onnxruntime "
            "(pip install rectifold[onnxruntime])"
        ) from None
    return [
        dict(ends) | dict(zip(names, values, strict=True))
        for ends, values in zip(calls, found, strict=True)
    ]


def _tail_model(interface: Interface) -> ModelProto:
    """The tail as a model of its own, whose inputs are the ends, in any shape."""
    parts, source = tail_parts(interface), interface.model
    inputs = [
        helper.make_tensor_value_info(
            port.name, helper.np_dtype_to_tensor_dtype(np.dtype(port.dtype)), None
        )
        for port in interface.ends
    ]
    own = {name for node in parts.nodes for name in node.output}
    declared = {value.name: value for value in source.graph.output}
    outputs = [
        declared.get(port.name, ValueInfoProto(name=port.name))  # a cut within the tail
        for port in interface.outputs
        if port.name in own
    ]
    graph = helper.make_graph(list(parts.nodes), "tail", inputs, outputs, list(parts.tensors))
    graph.sparse_initializer.extend(parts.sparse)
    model = helper.make_model(
        graph, opset_imports=list(source.opset_import), ir_version=source.ir_version
    )
    model.functions.extend(parts.functions)
    return model
