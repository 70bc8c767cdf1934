"""An ONNX model under construction from NumPy arrays: nodes, stored arrays and names.

    h = graph.emit("MatMul", [x, graph.store(W, "W")], "h")      one node, one result

Sound because an array is stored with the bits that it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from rectifold.formats.fresh_names import fresh_name
from rectifold.formats.onnx.versions import VERSIONS

_DOMAINS = {"ArrayFeatureExtractor": "ai.onnx.ml"}

Attribute = int | float | str | Sequence[int]


@dataclass
class ModelGraph:
    """Nodes and stored arrays so far, in the order in which they can be run."""

    nodes: list[NodeProto] = field(default_factory=list)
    stored: list[TensorProto] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    known: dict[bytes, str] = field(default_factory=dict)  # content → the name it has

    def fresh(self, wanted: str) -> str:
        """`wanted`, or `wanted_2`, `wanted_3`, ..., which is given once."""
        return fresh_name(wanted, self.taken)

    def store(self, array: np.ndarray, wanted: str) -> str:
        """The name of an array of numbers or texts; equal ones are stored once."""
        proto = numpy_helper.from_array(np.asarray(array, order="C"), wanted)
        content = proto.SerializeToString()
        if content not in self.known:
            proto.name = self.known[content] = self.fresh(wanted)
            self.stored.append(proto)
        return self.known[content]

    def whole(self, numbers: Sequence[int], wanted: str) -> str:
        """The name of a list of whole numbers."""
        return self.store(np.array(numbers, dtype=np.int64), wanted)

    def emit(
        self,
        operator: str,
        inputs: Sequence[str],
        wanted: str,
        **attributes: Attribute,
    ) -> str:
        """Adds a node with one result; the result's name, which is the node's too."""
        name = self.fresh(wanted)
        node = helper.make_node(operator, list(inputs), [name], name)
        node.domain = _DOMAINS.get(operator, "")
        node.attribute.extend(helper.make_attribute(k, v) for k, v in attributes.items())
        self.nodes.append(node)
        return name

    def model(
        self, name: str, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto]
    ) -> ModelProto:
        """The model of everything so far, with these inputs and outputs."""
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.stored)
        imports = [helper.make_opsetid("", VERSIONS.graph)]
        if any(node.domain for node in self.nodes):
            imports.append(helper.make_opsetid("ai.onnx.ml", VERSIONS.graph_ml))
        return helper.make_model(
            graph, opset_imports=imports, ir_version=VERSIONS.ir, producer_name="rectifold"
        )


def port(name: str, dtype: str, shape: Sequence[int | str | None]) -> ValueInfoProto:
    """An input or output: its name, its type ("float64", ..., "string") and its shape."""
    code = (
        TensorProto.STRING
        if dtype == "string"
        else helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    )
    return helper.make_tensor_value_info(name, code, list(shape))
