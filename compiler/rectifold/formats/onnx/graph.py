"""The graph of a model file: which nodes the outputs need, in an order in which each can be run.

    nodes  b = f(a); dead = g(x); a = h(x)      outputs  b      run  a = h(x), b = f(a)

Sound because a value has one definition: a name that is computed twice, or that a node and an
initializer share, is refused where it is needed. What no output needs is not looked at.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, NodeProto

from rectifold.formats.onnx.tensors import OnnxError


@dataclass(frozen=True, eq=False)
class Model:
    """A model: the whole of it, the opset of each domain, and the folder of its external data.

    `folder` None: it is no file, and what it holds is all that there is.
    """

    proto: ModelProto
    opsets: dict[str, int]
    folder: Path | None

    @property
    def graph(self) -> GraphProto:
        return self.proto.graph


def load_model(path: Path) -> Model:
    """The model in a file. Raises OnnxError if it is none."""
    try:
        proto = onnx.load(str(path), load_external_data=False)
    except (DecodeError, ValueError):
        raise OnnxError(
            f"{path.name} is no ONNX model, or damaged; export or copy it again"
        ) from None
    except OSError as error:
        raise OnnxError(f"{path.name} cannot be read ({error.strerror})") from None
    return opened(proto, path.name, path.parent)


def opened(proto: ModelProto, name: str, folder: Path | None = None) -> Model:
    """A model with its versions looked at. Raises OnnxError if it has no graph."""
    if not proto.graph.node and not proto.graph.output:
        raise OnnxError(f"{name} is no ONNX model: it has no graph")
    opsets: dict[str, int] = {}
    for entry in proto.opset_import:
        domain = standard(entry.domain)
        if opsets.get(domain, entry.version) != entry.version:
            raise OnnxError(f"{name} imports two versions of the operators {domain or 'ai.onnx'!r}")
        opsets[domain] = int(entry.version)
    return Model(proto, opsets or {"": 1}, folder)


def standard(domain: str) -> str:
    """ONNX's own operators have the domain "" or "ai.onnx"."""
    return "" if domain == "ai.onnx" else domain


def node_place(node: NodeProto) -> str:
    """How messages call a node."""
    name = node.name or next((o for o in node.output if o), "")
    return f"node {name!r} ({node.op_type})"


def needed_nodes(
    nodes: Iterable[NodeProto], given: set[str], outputs: Iterable[str]
) -> list[NodeProto]:
    """The nodes that the outputs need, each after those that it reads, else in the file's order.

    `given` are the names of inputs and initializers. Raises OnnxError for a name that nothing or
    too much defines.
    """
    listed = list(nodes)
    makers: dict[str, list[int]] = {}
    for k, node in enumerate(listed):
        for name in node.output:
            if name:
                makers.setdefault(name, []).append(k)
    needed: dict[int, set[int]] = {}
    for name in outputs:
        if name not in given and name not in makers:
            raise OnnxError(
                f"the output {name!r} is never computed; name an output that a node computes"
            )
    pending = _makers_of(outputs, makers, given)
    while pending:
        k = pending.pop()
        if k not in needed:
            _check_defined(listed[k], makers, given)
            needed[k] = set(_makers_of(listed[k].input, makers, given))
            pending.extend(needed[k])
    return [listed[k] for k in _sorted(needed, listed)]


def _check_defined(node: NodeProto, makers: dict[str, list[int]], given: set[str]) -> None:
    for name in node.input:
        if name and name not in makers and name not in given:
            raise OnnxError(
                f"{node_place(node)} reads {name!r}, which nothing computes; export the model again"
            )


def _makers_of(names: Iterable[str], makers: dict[str, list[int]], given: set[str]) -> list[int]:
    """The nodes that compute these values; inputs, initializers and inputs left out need none."""
    found: list[int] = []
    for name in names:
        nodes = makers.get(name, [])
        if len(nodes) + (name in given) > 1:
            raise OnnxError(
                f"the value {name!r} is defined {len(nodes) + (name in given)} times; once is "
                "expected"
            )
        found.extend(nodes)
    return found


def _sorted(needed: dict[int, set[int]], listed: list[NodeProto]) -> list[int]:
    readers: dict[int, list[int]] = {k: [] for k in needed}
    waiting = {k: len(sources) for k, sources in needed.items()}
    for k, sources in needed.items():
        for source in sources:
            readers[source].append(k)
    ready = [k for k, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        k = heapq.heappop(ready)
        order.append(k)
        for reader in readers[k]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heapq.heappush(ready, reader)
    if len(order) < len(needed):
        stuck = min(k for k in needed if waiting[k] > 0)
        raise OnnxError(
            f"{node_place(listed[stuck])} depends on its own result; a graph without circles is "
            "expected"
        )
    return order
