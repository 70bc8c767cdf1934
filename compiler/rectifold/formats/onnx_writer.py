"""IR to ONNX: the layers as nodes (onnx_layers), from an input N×n to an output N×m.

With the interface of the model that was read, the result is called as that model was: onnx_drop_in.
"""

from __future__ import annotations

from math import inf

import onnx
from onnx import helper

from rectifold.effort.writing import WrittenEffort
from rectifold.errors import InputError, asked
from rectifold.formats.float_range import require_range
from rectifold.formats.interface import Interface
from rectifold.formats.onnx_drop_in import drop_in_model
from rectifold.formats.onnx_layers import FLOAT_TYPES, parts_of
from rectifold.formats.onnx_read_again import require_read_again
from rectifold.formats.onnx_run_again import require_runs_again
from rectifold.ir.network import Network

_USUAL = {"alpha": 1.0, "beta": 1.0, "transA": 0}  # of a Gemm that does not say otherwise


def onnx_bytes(
    network: Network,
    dtype: str = "float32",
    note: str = "",
    interface: Interface | None = None,
) -> bytes:
    """The network as a serialised ONNX model: `written_onnx` without its notes."""
    return written_onnx(network, dtype, note, interface)[0]


def written_onnx(
    network: Network, dtype: str, note: str, interface: Interface | None
) -> tuple[bytes, list[str]]:
    """The network as a serialised ONNX model, and notes about what of it was not checked.

    With an `interface` it is called as the model that was read (see onnx_drop_in), and computes in
    `dtype`. Without one: opset 13, input N×n, output N×m, all of `dtype`. Weights are rounded to
    `dtype`; float_range.rounded_parameters counts how many change. The model is read again, and run
    beside its source, before it is given away. Raises InputError when a weight is beyond the range
    of `dtype`, or a layer is empty, WrittenWrong when the model is not what it was to be.
    """
    require_range(network, dtype)
    _require_values(network)
    if interface is not None:
        model = drop_in_model(network, dtype, note, interface)
    else:
        model = _plain_model(network, dtype, note)
    notes = []
    if network.parameters > WrittenEffort().parameters:
        notes.append(f"the written file was not read again: {network.parameters:,} parameters")
    else:
        require_read_again(model, network, dtype, interface)
    if interface is not None:
        notes += require_runs_again(model, network, dtype, interface)
    return bytes(model.SerializeToString(deterministic=True)), notes


def _require_values(network: Network) -> None:
    """Raises InputError where the input or a layer has no values: ONNX reads 0 as not known."""
    for name in (network.input_name, *(layer.name for layer in network.layers)):
        if not network.size_of(name):
            kind = "input" if name == network.input_name else "layer"
            raise InputError(
                f"the {kind} {name} has no values, which ONNX cannot say; write .relu or code "
                f"({asked('to', 'c|numpy|python')})"
            )


def documented(data: bytes, note: str, most: float = inf) -> bytes:
    """A model of ours with another documentation of its graph; where it is still larger than
    `most` bytes, without attributes of Gemm that say what is so anyway.
    """
    model = onnx.load_model_from_string(data)
    model.graph.doc_string = note
    if model.ByteSize() > most:
        for node in model.graph.node:
            usual = _USUAL if node.op_type == "Gemm" else {}
            told = [a for a in node.attribute if a.name in usual]
            for one in told:
                if helper.get_attribute_value(one) == usual[one.name]:
                    node.attribute.remove(one)
    return bytes(model.SerializeToString(deterministic=True))


def _plain_model(network: Network, dtype: str, note: str) -> onnx.ModelProto:
    parts, code = parts_of(network, dtype), FLOAT_TYPES[dtype][1]
    source = helper.make_tensor_value_info(network.input_name, code, ["N", network.input_size])
    target = helper.make_tensor_value_info(network.output, code, ["N", network.output_size])
    graph = helper.make_graph(
        parts.nodes, network.name, [source], [target], parts.tensors, doc_string=note
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="rectifold", ir_version=8
    )
    onnx.checker.check_model(model)
    return model
