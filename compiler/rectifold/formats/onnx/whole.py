"""An ONNX file as it stands, and what its weights take: for results that would be larger."""

from __future__ import annotations

from pathlib import Path

import onnx

from rectifold.formats.onnx.graph import load_model


def standalone_bytes(path: Path) -> bytes | None:
    """The file's bytes, if it is one file, one input and one output.

    None for a model with external data, several inputs or several outputs: it cannot be swapped for
    a file of ours without more said. Raises OnnxError if there is no model.
    """
    graph = load_model(path).graph
    stored = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in stored]
    outside = onnx.TensorProto.EXTERNAL
    if len(inputs) != 1 or len(graph.output) != 1 or graph.sparse_initializer:
        return None
    if any(tensor.data_location == outside for tensor in graph.initializer):
        return None
    return path.read_bytes()


def weight_bytes(model: bytes) -> int:
    """Bytes of all tensors that a model file holds: initializers and constants."""
    proto = onnx.load_model_from_string(model)
    tensors = list(proto.graph.initializer)
    for node in proto.graph.node:
        tensors += [attribute.t for attribute in node.attribute if attribute.HasField("t")]
    return sum(tensor.ByteSize() for tensor in tensors)
