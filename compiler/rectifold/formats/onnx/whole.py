"""An ONNX file as it stands, and what its weights take: for results that would be larger."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import GraphProto, ModelProto, TensorProto

from rectifold.formats.onnx.graph import load_model


def standalone_bytes(path: Path) -> bytes | None:
    """The file's bytes, if it is one file, one input and one output.

    None for a model with external data, several inputs or several outputs: it cannot be swapped for
    a file of ours without more said. Raises OnnxError if there is no model.
    """
    return path.read_bytes() if _stands_alone(load_model(path).graph) else None


def standing_alone(model: ModelProto) -> bytes | None:
    """The same of a model in memory."""
    return bytes(model.SerializeToString()) if _stands_alone(model.graph) else None


def _stands_alone(graph: GraphProto) -> bool:
    tensors = stored_tensors(graph)
    stored = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in stored]
    outside = onnx.TensorProto.EXTERNAL
    if len(inputs) != 1 or len(graph.output) != 1 or graph.sparse_initializer:
        return False
    return tensors is not None and all(one.data_location != outside for one in tensors)


def weight_bytes(model: bytes) -> int:
    """Bytes of all tensors that a model file holds: initializers and constants."""
    return tensor_bytes(onnx.load_model_from_string(model))


def tensor_bytes(model: ModelProto) -> int:
    """Bytes of all tensors of a model: initializers and constants."""
    tensors = stored_tensors(model.graph)
    return sum(tensor.ByteSize() for tensor in tensors or [])


def stored_tensors(graph: GraphProto) -> list[TensorProto] | None:
    """Initializers and the tensors of constants; None where a node holds a graph of its own."""
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    if any(attribute.HasField("g") or attribute.graphs for attribute in attributes):
        return None
    constants = [attribute.t for attribute in attributes if attribute.HasField("t")]
    several = [tensor for attribute in attributes for tensor in attribute.tensors]
    return [*graph.initializer, *constants, *several]
