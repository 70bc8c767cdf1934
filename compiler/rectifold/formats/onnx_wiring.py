"""Nodes between the layers and the source's own tensors, and names that clash with none of those.

    x: [batch, 1, 8, 8] ─ Cast? ─ Flatten ─┐
    t: [1, 3]           ─ Flatten ─ Tile ──┴ Concat ─▶ layers ─▶ Split ─┬ Reshape ─ Cast? ─▶ end
                                                                        └ Reshape ─ Cast? ─▶ end

Sound because all of these move values, and round them in a Cast at most, to types of the source.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from onnx import NodeProto, helper, numpy_helper

from rectifold.formats.fresh_names import fresh_name
from rectifold.formats.interface import Interface, Port
from rectifold.formats.onnx.versions import VERSIONS
from rectifold.formats.onnx_layers import Parts, onnx_type
from rectifold.formats.onnx_tail import TailParts
from rectifold.ir.network import Network


class _Names:
    """Names that are taken, and fresh ones."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)

    def fresh(self, wanted: str) -> str:
        """`wanted`, or `wanted_2`, `wanted_3`, … if that is taken; it is taken then."""
        return fresh_name(wanted, self.taken)


def is_batched(interface: Interface) -> bool:
    """Is the first axis of an input a batch of any size, and that of every end too?"""
    return any(has_free_batch(port) for port in interface.inputs) and all(
        port.shape and port.shape[0] == 1 for port in interface.ends
    )


def has_free_batch(port: Port) -> bool:
    """May the first axis have any size?"""
    return bool(port.shape) and not isinstance(port.shape[0], int)


def row_size(port: Port) -> int:
    """Values of an input or an end in one row of a batch; of all its axes where none is free."""
    return math.prod(int(size) for size in port.shape if isinstance(size, int))


class Wiring:
    """The nodes at both ends of the layers, and names that do not clash with the source's."""

    def __init__(self, interface: Interface, dtype: str, behind: TailParts) -> None:
        self.interface = interface
        self.dtype = dtype
        self.batched = is_batched(interface)
        ports = (*interface.inputs, *interface.outputs, *interface.ends)
        self.values = _Names([*behind.names, *(port.name for port in ports)])
        self.nodes = _Names(node.name for node in behind.nodes)

    def connect(self, parts: Parts, network: Network) -> None:
        """Puts the front before the layers and the back behind them, and renames between."""
        front, back = Parts([], []), Parts([], [])
        names = {
            network.input_name: self._flat_input(front),
            network.output: self._flat_output(network, back),
        }
        own = [t.name for t in parts.tensors] + [name for n in parts.nodes for name in n.output]
        for name in own:
            if name not in names:
                names[name] = self.values.fresh(name)
        for node in parts.nodes:
            node.input[:] = [names[name] for name in node.input]
            node.output[:] = [names[name] for name in node.output]
        for tensor in parts.tensors:
            tensor.name = names[tensor.name]
        parts.nodes[:] = [*front.nodes, *parts.nodes, *back.nodes]
        parts.tensors.extend([*front.tensors, *back.tensors])
        for node in parts.nodes:  # onnxruntime refuses two nodes of one name
            node.name = self.nodes.fresh(node.name)

    # ---- the front -------------------------------------------------------------------------------

    def _flat_input(self, parts: Parts) -> str:
        """The name of the input as N×n."""
        names = [self._flat_part(port, parts) for port in self.interface.inputs]
        if len(names) == 1:
            return names[0]
        return self._node(parts, "Concat", names, "inputs", axis=1)

    def _flat_part(self, port: Port, parts: Parts) -> str:
        name, is_free = port.name, has_free_batch(port)
        if port.dtype != self.dtype:
            name = self._node(
                parts, "Cast", [name], f"{port.name}_{self.dtype}", to=onnx_type(self.dtype)
            )
        if len(port.shape) != 2 or not (is_free or port.shape[0] == 1):
            axis = int(self.batched and is_free)
            name = self._node(parts, "Flatten", [name], f"{port.name}_flat", axis=axis)
        if self.batched and not is_free:
            rows = self.values.fresh(f"{port.name}_rows")
            self._add_rows(parts, name, rows)
            return rows
        return name

    def _add_rows(self, parts: Parts, one: str, rows: str) -> None:
        """`rows` is `one` (1×m) as often as the batch is long."""
        free = next(port.name for port in self.interface.inputs if has_free_batch(port))
        first = self._whole_numbers(parts, "batch_axis", [0])
        single = self._whole_numbers(parts, "one_column", [1])
        shape = self._node(parts, "Shape", [free], f"{free}_size")
        batch = self._node(parts, "Gather", [shape, first], "batch_size", axis=0)
        repeats = self._node(parts, "Concat", [batch, single], "repeats", axis=0)
        parts.nodes.append(_named("Tile", [one, repeats], [rows]))

    # ---- the back --------------------------------------------------------------------------------

    def _flat_output(self, network: Network, parts: Parts) -> str:
        """The name of the output layer's values, and the nodes that make the ends of them."""
        flat, made = self._ends(parts)
        if self.batched and network.input_name not in network.cone(network.output):
            one = self.values.fresh("output_row")
            self._add_rows(parts, one, flat)
            flat = one
        parts.nodes.extend(made)
        return flat

    def _ends(self, parts: Parts) -> tuple[str, list[NodeProto]]:
        """The name of the output as N×m, and the nodes that make the ends of it."""
        ends, nodes = self.interface.ends, list[NodeProto]()
        if len(ends) == 1:
            return self._end(ends[0], nodes, parts), nodes
        flat = self.values.fresh("outputs")
        pieces = [self._end(port, nodes, parts) for port in ends]
        return flat, [self._split(flat, pieces, parts), *nodes]

    def _end(self, port: Port, nodes: list[NodeProto], parts: Parts) -> str:
        """The name of a part of the flat output, and the nodes that give it the end's form."""
        steps = ["Reshape"] if port.shape != (1, row_size(port)) else []
        steps += ["Cast"] if port.dtype != self.dtype else []
        names = [*(self.values.fresh(f"{port.name}_{k}") for k in range(len(steps))), port.name]
        for step, source, target in zip(steps, names[:-1], names[1:], strict=True):
            if step == "Cast":
                nodes.append(_named("Cast", [source], [target], to=onnx_type(port.dtype)))
                continue
            sizes = [int(size) for size in port.shape if isinstance(size, int)]
            shape = [-1, *sizes[1:]] if self.batched else sizes
            stored = self._whole_numbers(parts, f"{port.name}_shape", shape)
            nodes.append(_named("Reshape", [source, stored], [target]))
        return names[0]

    def _split(self, flat: str, pieces: Sequence[str], parts: Parts) -> NodeProto:
        sizes = [row_size(port) for port in self.interface.ends]
        imports = self.interface.model.opset_import
        opset = max((e.version for e in imports if e.domain in ("", "ai.onnx")), default=13)
        if opset < VERSIONS.split_by_input:
            return _named("Split", [flat], pieces, axis=1, split=sizes)
        stored = self._whole_numbers(parts, "output_sizes", sizes)
        return _named("Split", [flat, stored], pieces, axis=1)

    # ---- nodes -----------------------------------------------------------------------------------

    def _node(
        self, parts: Parts, operator: str, inputs: list[str], wanted: str, **attributes: int
    ) -> str:
        """The name of the result."""
        name = self.values.fresh(wanted)
        parts.nodes.append(_named(operator, inputs, [name], **attributes))
        return name

    def _whole_numbers(self, parts: Parts, wanted: str, numbers: Sequence[int]) -> str:
        name = self.values.fresh(wanted)
        parts.tensors.append(numpy_helper.from_array(np.array(numbers, dtype=np.int64), name))
        return name


def _named(
    operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: int | list[int]
) -> NodeProto:
    name = f"{outputs[0]}_{operator.lower()}"
    node = helper.make_node(operator, list(inputs), list(outputs), name)
    node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
    return node
