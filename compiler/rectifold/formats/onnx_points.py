"""A model at points: each input in its shape and type, and what another program computes there.

(0.5, 1)   →   {"x": float32 of shape (1, 2)}   →   onnxruntime's outputs
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onnx import GraphProto, ModelProto, helper

from rectifold.exact.conversion import Floats
from rectifold.formats.interface import Interface, Port
from rectifold.formats.onnx.graph import needed_nodes
from rectifold.formats.onnx.peers import PEERS, Feeds, outputs_of_peer
from rectifold.formats.onnx.tensors import Array, with_external_data
from rectifold.formats.onnx_layers import onnx_type
from rectifold.formats.onnx_wiring import has_free_batch, row_size


def outputs_at(interface: Interface, point: Floats) -> tuple[str, list[Array]]:
    """(the program that ran the model, the values that were read as the network's output, at one
    point). Raises PeerError.
    """
    feeds = feeds_of(interface.inputs, point[None, :])
    name, (outputs,) = outputs_of_peer(PEERS, _model_up_to_ends(interface), [feeds])
    return name, outputs


def _model_up_to_ends(interface: Interface) -> ModelProto:
    """The model without what follows the tensors that were read, and without other outputs."""
    model = whole_model(interface)
    graph, ends = model.graph, [port.name for port in interface.ends]
    given = {value.name for value in (*graph.input, *graph.initializer)}
    kept = GraphProto()
    kept.node.extend(needed_nodes(graph.node, given, ends))
    del graph.node[:], graph.output[:]
    graph.node.extend(kept.node)
    for port in interface.ends:
        kind = onnx_type(port.dtype)
        graph.output.append(helper.make_tensor_value_info(port.name, kind, None))
    return model


def as_input(interface: Interface, point: Floats) -> Array | None:
    """The point as the model's one input; None where it has several."""
    feeds = feeds_of(interface.inputs, point[None, :])
    return next(iter(feeds.values())) if len(feeds) == 1 else None


def whole_model(interface: Interface) -> ModelProto:
    """The model that was read, with all its data."""
    copy = ModelProto()
    copy.CopyFrom(interface.model)
    for tensor in copy.graph.initializer:
        tensor.CopyFrom(with_external_data(tensor, tensor.name, interface.folder))
    return copy


def places_of(ports: Sequence[Port]) -> Iterator[tuple[Port, int, int]]:
    """Each input with its place in the flat input."""
    start = 0
    for port in ports:
        end = start + row_size(port)
        yield port, start, end
        start = end


def feeds_of(ports: Sequence[Port], points: Floats) -> Feeds:
    """Each input in its shape and type, from points one a row; one row where no batch is free."""
    feeds: dict[str, Array] = {}
    for port, start, end in places_of(ports):
        rows = points if has_free_batch(port) else points[:1]
        sizes = [len(rows), *port.shape[1:]] if has_free_batch(port) else list(port.shape)
        shape = [int(size) for size in sizes if size is not None]
        feeds[port.name] = as_type(rows[:, start:end].reshape(shape), port.dtype)
    return feeds


def as_type(values: Floats, dtype: str) -> Array:
    """The values in an element type of ONNX, by its name."""
    return values.astype(helper.tensor_dtype_to_np_dtype(onnx_type(dtype)))
