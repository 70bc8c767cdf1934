"""What follows the network in a model, such as a softmax or a label: its tail, which is kept as is.

    x ─ Gemm ─ Relu ─ Gemm ─ h ─ Softmax ─ p ─ ArgMax ─ label
                         the end └──────── tail ────────┘

Sound because a node is of the tail only if its row of TAIL says so, and because nothing that the
network computes reads the tail: such a node is refused. So the outputs are one function of the
ends, and networks that are equal at the ends are equal at the outputs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from onnx import NodeProto, helper, numpy_helper

from rectifold.errors import asked
from rectifold.formats.onnx.graph import Model, needed_nodes, node_place, standard
from rectifold.formats.onnx.tail_operators import TAIL, TailOperator
from rectifold.formats.onnx.tensors import (
    FLOATS,
    Constant,
    OnnxError,
    Symbolic,
    Tensor,
    element_type,
)

_VIEWS = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Slice", "Gather", "Split",
          "Transpose", "Dropout")  # fmt: skip

_PLUMBING = ("Constant", "Shape", "Gather", "Concat", "Reshape", "Split", "Flatten")


@dataclass(frozen=True, eq=False)
class Beyond:
    """A value of the tail: the values of the network from which it is computed, and the node with
    which the network ended on the way there.
    """

    ends: tuple[str, ...]
    first: NodeProto


@dataclass(eq=False)
class TailReader:
    """The tail of a model while its nodes are read in order. `values` are those of the network,
    whose operators are `known` by domain and name.
    """

    model: Model
    inputs: tuple[str, ...]
    nodes: Sequence[NodeProto]
    values: Mapping[str, Tensor]
    known: Container[tuple[str, str]]
    beyond: dict[str, Beyond] = field(default_factory=dict)

    def takes(self, node: NodeProto) -> bool:
        """Whether the node is of the tail, which is remembered then.

        Raises OnnxError if it reads the tail and may not.
        """
        before = [self.beyond[name] for name in node.input if name in self.beyond]
        kind = (standard(node.domain), node.op_type)
        row = TAIL.get(kind)
        if before and row is None:
            raise self._middle(node, before[0].first)
        if row is None:
            return False
        read = [name for name in node.input if self._is_network(name)]
        if row.begins and not (read or before or kind in self.known):
            read = [name for name in node.input[:1] if self._is_settled(name)]
        begins = read and (row.begins or self._rounds_last(node))
        if not (before or begins):
            return False
        self._check_opset(node, row)
        ends = [*read, *(name for value in before for name in value.ends)]
        first = before[0].first if before else node
        for name in node.output:
            self.beyond[name] = Beyond(tuple(dict.fromkeys(ends)), first)
        return True

    def _rounds_last(self, node: NodeProto) -> bool:
        """A Cast of the network's values to short floats that no node reads: a model of float16
        whose layers compute in float32 ends so.
        """
        if node.op_type != "Cast" or any(node.output[0] in other.input for other in self.nodes):
            return False
        value = self.values.get(node.input[0])
        targets = {element_type(entry.i) for entry in node.attribute if entry.name == "to"}
        is_wider = isinstance(value, Symbolic) and value.type in ("float32", "float64")
        return is_wider and bool(targets & {"float16", "bfloat16"})

    def ends_of(self, outputs: Sequence[str]) -> list[tuple[str, ...]]:
        """For each output the values of the network from which it is computed."""
        found = [self.beyond[name].ends if name in self.beyond else (name,) for name in outputs]
        if not self.beyond:
            return found
        shared = self._shared(list(_union(found)))
        return [tuple(dict.fromkeys(shared[name] for name in ends)) for ends in found]

    def cut(
        self, outputs: Sequence[str], ends: Sequence[str], notes: list[str]
    ) -> tuple[NodeProto, ...]:
        """The nodes that compute the outputs from the ends, in order: the tail. A note tells of it.

        Precondition: the ends are those of the outputs. Raises OnnxError for a constant that cannot
        be written into a model.
        """
        fixed = self._fixed(ends)
        rest = [n for n in self.nodes if not {*n.output} & {*ends, *fixed}]
        given = {*ends, *self.inputs, *(t.name for t in self.model.graph.initializer)}
        tail = needed_nodes([*fixed.values(), *rest], given, outputs)
        if tail:
            notes.append(_tail_note([node for node in tail if node.op_type not in _PLUMBING]))
        for name, node in fixed.items():
            if any(node is other for other in tail):
                maker = next(other for other in self.nodes if name in other.output)
                notes.append(
                    f"the shape that {node_place(maker)} computes is fixed in the tail, for a "
                    "batch as read"
                )
        return tuple(tail)

    def _fixed(self, ends: Sequence[str]) -> dict[str, NodeProto]:
        """Constants that were read off a value that the tail cannot see (its shape), as nodes."""
        seen, fixed = {*ends, *self.inputs}, dict[str, NodeProto]()
        for node in self.nodes:
            hidden = [name for name in node.input if self._is_network(name) and name not in seen]
            if node.op_type in _VIEWS and node.input[0] in seen:
                seen.update(node.output)
            for name in node.output if hidden else ():
                value = self.values.get(name)
                if isinstance(value, Constant):
                    fixed[name] = self._as_node(node, name, value)
        return fixed

    def _as_node(self, node: NodeProto, name: str, value: Constant) -> NodeProto:
        if value.values.dtype == object or value.type == "bfloat16":
            raise OnnxError(
                f"{node_place(node)} computes a constant that is no {value.type} number, and the "
                f"tail reads it; export the model without it{self.remedy(node)}"
            )
        array = np.asarray(value.values, dtype=value.type)
        return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array, name))

    def remedy(self, node: NodeProto) -> str:
        """The end of a message about a node that cannot be read: its place, and how to read what
        stands before it. Nothing where that is no part of a network.
        """
        before = next((name for name in node.input if self._is_network(name)), None)
        makers = [n for n in self.nodes if before is not None and before in n.output]
        if before is None or not makers:
            return ""
        named = [n for n in self.nodes if n.name == makers[0].name]
        is_clear = bool(makers[0].name) and len(named) == 1 and len(makers[0].output) == 1
        return (
            f"; it is node {self._number(node)} of {len(self.nodes)}, and what stands before it is "
            f"read with {asked('until', makers[0].name if is_clear else before)}"
        )

    def _number(self, node: NodeProto) -> int:
        return next(k for k, other in enumerate(self.nodes, 1) if other is node)

    def _is_network(self, name: str) -> bool:
        return isinstance(self.values.get(name), Symbolic)

    def _is_settled(self, name: str) -> bool:
        """Whether the value is computed from the input, and turned out not to depend on it."""
        value, reached = self.values.get(name), {*self.inputs}
        for node in self.nodes:
            if not reached.isdisjoint(node.input):
                reached.update(node.output)
        return isinstance(value, Constant) and value.type in FLOATS and name in reached

    def _middle(self, node: NodeProto, first: NodeProto) -> OnnxError:
        alone = (
            f"; it is node {self._number(first)} of {len(self.nodes)}: export the model without it"
        )
        return OnnxError(
            f"{node_place(node)} reads what {node_place(first)} computes; {first.op_type} is no "
            f"ReLU network and may only follow one{self.remedy(first) or alone}"
        )

    def _check_opset(self, node: NodeProto, row: TailOperator) -> None:
        opset = self.model.opsets.get(row.domain)
        if opset is None or not row.since <= opset <= row.until:
            raise OnnxError(
                f"{node_place(node)} is read in opsets {row.since} to {row.until}, and this model "
                f"uses opset {opset or 'none'}; convert it with onnx.version_converter or export "
                f"it again{self.remedy(node)}"
            )

    # ---- ends that are views of one tensor -------------------------------------------------------

    def _shared(self, ends: Sequence[str]) -> dict[str, str]:
        """The ends, each replaced by the last value of which it and other ends are views."""
        sources = {name: self._sources(name) for name in ends}
        counts = Counter(name for found in sources.values() for name in found)
        nearest = {
            end: next((name for name in found if counts[name] > 1), end)
            for end, found in sources.items()
        }
        if set(nearest.values()) == set(ends):
            return nearest
        further = self._shared(list(dict.fromkeys(nearest.values())))
        return {end: further[name] for end, name in nearest.items()}

    def _sources(self, name: str) -> list[str]:
        """The value, and those of which it holds some entries or all."""
        found = [name]
        makers = {output: node for node in self.nodes for output in node.output}
        while (node := makers.get(found[-1])) is not None and node.op_type in _VIEWS:
            found.append(node.input[0])
        return [name for name in found if self._is_network(name)]


def _tail_note(tail: Sequence[NodeProto]) -> str:
    """What a user is told about a tail."""
    kinds = ", ".join(dict.fromkeys(node.op_type for node in tail))
    return (
        f"the network ends before {node_place(tail[0])}; what follows ({kinds}) is its tail, which "
        "is kept as it is"
    )


def _union(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in lists for name in names))
