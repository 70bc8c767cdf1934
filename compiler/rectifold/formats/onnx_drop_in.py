"""A network as a model that is called as the model it was read from: a drop-in for its file.

    x: [batch, 1, 8, 8] ─▶ Flatten ─▶ Gemm, Relu, … ─▶ Reshape ─▶ logits ─▶ the source's tail ─▶ y

Inputs, outputs, opsets and metadata are the source's own messages, copied (but for a domain that
they state: the result's is that of the network). Between an input and the
first layer stand only a Cast to the floats of the arithmetic, a Flatten, and a Concat of several
inputs; between the last layer and the tensors that the network's output is made of (`ends`) only a
Split of several, a Reshape and a Cast. Sound because these move values and round none but in the
Casts that the source's types ask for, and because the tail is the source's own nodes.
"""

from __future__ import annotations

from collections.abc import Iterator

from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from rectifold.formats.interface import Interface
from rectifold.formats.onnx.stated import state_domain, states_domain
from rectifold.formats.onnx.versions import VERSIONS
from rectifold.formats.onnx_layers import onnx_type, parts_of
from rectifold.formats.onnx_tail import tail_parts
from rectifold.formats.onnx_wiring import Wiring
from rectifold.ir.network import Network


def drop_in_model(network: Network, dtype: str, note: str, interface: Interface) -> ModelProto:
    """The network, computing in `dtype`, with the source's inputs, outputs, opsets and metadata.

    Precondition: the network's inputs and outputs are those that were read with the interface, and
    `obstacle` is None. `note` becomes the graph's documentation.
    """
    source = interface.model
    behind = tail_parts(interface)
    parts = parts_of(network, dtype, rows=True)
    Wiring(interface, dtype, behind).connect(parts, network)
    free = {port.name for port in interface.inputs}
    model = ModelProto()
    model.CopyFrom(_frame(source))
    graph = model.graph
    graph.name, graph.doc_string = source.graph.name or network.name, note
    graph.node.extend([*parts.nodes, *behind.nodes])
    graph.initializer.extend([*parts.tensors, *behind.tensors])
    graph.sparse_initializer.extend(behind.sparse)
    graph.input.extend(value for value in source.graph.input if value.name in free)
    graph.output.extend(_outputs(interface))
    model.functions.extend(behind.functions)
    if states_domain(source):  # that of the network, which may be smaller than the source's
        state_domain(model, network.domain)
    return model


def obstacle(interface: Interface) -> str | None:
    """Why no model can be written that is called as the source was; None where nothing is."""
    inputs = {port.name for port in interface.inputs}
    for port in interface.ends:
        if port.name in inputs:
            return f"its output {port.name!r} is its input"
        if 0 in port.shape:
            return f"its output {port.name!r} has no entries"
    return None


def _outputs(interface: Interface) -> Iterator[ValueInfoProto]:
    """The source's own messages in its order, then what is read before its outputs."""
    ports = {port.name: port for port in interface.outputs}
    for value in interface.model.graph.output:
        if value.name in ports:
            del ports[value.name]
            yield value
    for port in ports.values():
        yield helper.make_tensor_value_info(port.name, onnx_type(port.dtype), port.shape)


def arithmetic_of(interface: Interface) -> str:
    """The floats that the source computes in: float64, or float32 for all that are narrower."""
    types = {port.dtype for port in interface.ends}
    stored = {tensor.data_type for tensor in interface.model.graph.initializer}
    if any(port.dtype == "float64" for port in interface.inputs) and TensorProto.DOUBLE in stored:
        types.add("float64")
    return "float64" if "float64" in types else "float32"


def _frame(source: ModelProto) -> ModelProto:
    """The source's versions and metadata without a graph; its producer is part of the metadata."""
    frame = ModelProto(
        ir_version=max(source.ir_version, VERSIONS.least_ir),
        producer_name="rectifold",
        domain=source.domain,
        model_version=source.model_version,
        doc_string=source.doc_string,
    )
    frame.opset_import.extend(source.opset_import)
    if all(entry.domain not in ("", "ai.onnx") for entry in source.opset_import):
        frame.opset_import.append(helper.make_opsetid("", VERSIONS.default))
    frame.metadata_props.extend(source.metadata_props)
    producer = f"{source.producer_name} {source.producer_version}".strip()
    if producer and all(entry.key != "source_producer" for entry in source.metadata_props):
        frame.metadata_props.add(key="source_producer", value=producer)
    return frame
