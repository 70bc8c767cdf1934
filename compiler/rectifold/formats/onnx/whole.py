"""An ONNX file as it stands, and what its weights take: for results that would be larger."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import GraphProto, ModelProto, TensorProto

from rectifold.formats.onnx.graph import load_model
from rectifold.formats.onnx.tensors import with_external_data


def standalone_bytes(path: Path, outputs: int = 1) -> bytes | None:
    """The file's bytes, with what lies in other files put into it.

    None where the model has more outputs than the `outputs` that were read, or holds graphs of its
    own. Raises OnnxError if there is no model.
    """
    model = load_model(path).proto
    tensors = _kept_tensors(model.graph, outputs)
    if tensors is None:
        return None
    outside = [one for one in tensors if one.data_location == TensorProto.EXTERNAL]
    for tensor in outside:
        tensor.CopyFrom(with_external_data(tensor, tensor.name, path.parent))
        tensor.ClearField("external_data")
    return bytes(model.SerializeToString()) if outside else path.read_bytes()


def standing_alone(model: ModelProto, outputs: int = 1) -> bytes | None:
    """The same of a model in memory; None where some of it lies in other files."""
    tensors = _kept_tensors(model.graph, outputs)
    if tensors is None or any(one.data_location == TensorProto.EXTERNAL for one in tensors):
        return None
    return bytes(model.SerializeToString())


def _kept_tensors(graph: GraphProto, outputs: int) -> list[TensorProto] | None:
    """All tensors; None where the model does more than was read."""
    if len(graph.output) != outputs or graph.sparse_initializer:
        return None
    return stored_tensors(graph)


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
