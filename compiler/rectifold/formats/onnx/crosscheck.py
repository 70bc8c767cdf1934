"""The comparison after reading: the network and another program that runs the file.

    x ─▶ network as read ─▶ y       |y − y'| ≤ 64 standard deviations of float rounding,
    x ─▶ onnxruntime     ─▶ y'      or the first node whose value differs is named

It proves nothing about the network; it catches a reader that takes a file for another function.
Points at which the floats of the file overflow are not compared, and large networks are left out
with a note.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from rectifold.effort.reading import CrosscheckEffort
from rectifold.exact.conversion import Floats
from rectifold.formats.onnx.floats import (
    ROUNDINGS,
    Rounded,
    Rounding,
    Trace,
    flat_outputs,
    worst_difference,
)
from rectifold.formats.onnx.graph import Model, node_place
from rectifold.formats.onnx.peers import Feeds, Peer, PeerError, outputs_of_peer
from rectifold.formats.onnx.tensors import (
    FLOATS,
    Array,
    OnnxError,
    Symbolic,
    Tensor,
    with_external_data,
)
from rectifold.formats.onnx.versions import VERSIONS
from rectifold.ir.builder import Builder
from rectifold.ir.network import Network


@dataclass(frozen=True, eq=False)
class Reading:
    """A network with what it was read from: the nodes in order, and what each name was read as."""

    model: Model
    nodes: Sequence[NodeProto]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    values: Mapping[str, Tensor]
    builder: Builder
    network: Network
    effort: CrosscheckEffort = CrosscheckEffort()

    @property
    def rounding(self) -> Rounding:
        """That of the coarsest floats among the values."""
        found = {v.type for v in self.values.values()} & set(ROUNDINGS)
        among = [ROUNDINGS[name] for name in found or {"float64"}]
        return max(among, key=lambda rounding: rounding.unit)


def crosscheck(reading: Reading, peers: Sequence[Peer]) -> list[str]:
    """Notes about a comparison that was left out.

    Raises OnnxError naming the first node whose value differs.
    """
    layers = reading.network.layers
    macs = sum(math.prod(w.shape) for layer in layers for w in layer.weights.values())
    if macs > reading.effort.multiply_adds:
        size = f"{macs:,} multiply-adds are more than {reading.effort.multiply_adds:,}"
        return [f"the network was not compared with another program: {size}"]
    points = _exact_points(reading)
    try:
        peer, found = _peer_outputs(reading, peers, reading.outputs, points)
    except PeerError as error:
        return [f"the network was not compared with another program ({error})"]
    trace = _trace_at(reading, points)
    trace.run(reading.network.layers)
    theirs = [flat_outputs(outputs) for outputs in found]
    ours = trace.known[reading.network.output]
    if worst_difference(ours, theirs, reading.effort.deviations) is None:
        return []
    _find(reading, points, [p for p in peers if p.name == peer])
    return []


# ---- points and models --------------------------------------------------------------------


def _exact_points(reading: Reading) -> Floats:
    """Points that are exact in every float type: multiples of 1/64, or whole numbers."""
    random, scales = np.random.default_rng(0), np.array(reading.effort.scales)
    columns = []
    for name in reading.inputs:
        value = _symbolic(reading, name)
        step = 64 if value.type in FLOATS else 1
        high = 64 if value.type in FLOATS else 4
        low = 0 if value.type.startswith("u") else -high
        drawn = random.integers(low, high + 1, (len(scales), value.entries.size)) / step
        columns.append(drawn * scales[:, None] if step > 1 else drawn)
    return np.concatenate(columns, axis=1)


def _symbolic(reading: Reading, name: str) -> Symbolic:
    value = reading.values[name]
    assert isinstance(value, Symbolic)
    return value


def _feeds(reading: Reading, point: Floats) -> Feeds:
    feeds: dict[str, Array] = {}
    start = 0
    for name in reading.inputs:
        value = _symbolic(reading, name)
        part = point[start : start + value.entries.size]
        start += value.entries.size
        kind = helper.tensor_dtype_to_np_dtype(_code(value))
        feeds[name] = part.reshape(value.shape).astype(kind)
    return feeds


def _code(value: Tensor) -> int:
    names = {"float32": "FLOAT", "float64": "DOUBLE"}
    return int(getattr(TensorProto, names.get(value.type, value.type.upper())))


def _model_of_nodes(reading: Reading, outputs: Sequence[str]) -> ModelProto:
    """The nodes that were read, with these values as outputs."""
    read = {name for node in reading.nodes for name in node.input} | set(outputs)
    kept = [t for t in reading.model.graph.initializer if t.name in read]
    stored = [with_external_data(t, t.name, reading.model.folder) for t in kept]
    inputs = [_info(reading, name, shape=True) for name in reading.inputs]
    infos = [_info(reading, name, shape=False) for name in outputs]
    graph = helper.make_graph(list(reading.nodes), "compared", inputs, infos, stored)
    imports = [helper.make_opsetid(of, version) for of, version in reading.model.opsets.items()]
    return helper.make_model(graph, opset_imports=imports, ir_version=VERSIONS.ir)


def _info(reading: Reading, name: str, *, shape: bool) -> ValueInfoProto:
    value = reading.values[name]
    return helper.make_tensor_value_info(name, _code(value), value.shape if shape else None)


def _peer_outputs(
    reading: Reading,
    peers: Sequence[Peer],
    names: Sequence[str],
    points: Floats,
) -> tuple[str, list[list[Array]]]:
    """What a peer computes for these values at the points. Raises PeerError."""
    return outputs_of_peer(
        peers, _model_of_nodes(reading, names), [_feeds(reading, x) for x in points]
    )


# ---- comparing ----------------------------------------------------------------------------


def _trace_at(reading: Reading, points: Floats) -> Trace:
    trace = Trace(reading.rounding)
    trace.known[reading.builder.input_name] = Rounded(points, np.zeros(points.shape))
    return trace


def _find(reading: Reading, points: Floats, peers: Sequence[Peer]) -> None:
    """Raises OnnxError naming the first node with another value.

    Returns if the largest value so far explains every difference by rounding.
    """
    names = [name for node in reading.nodes for name in node.output if name in reading.values]
    makers = {name: node for node in reading.nodes for name in node.output}
    try:
        peer, runs = _peer_outputs(reading, peers, names, points)
    except PeerError as error:
        text = f"{peers[0].name} computes another function than was read, and shows no node"
        raise OnnxError(f"{text} ({error}); {_REPORT_IT}") from None
    trace = _trace_at(reading, points)
    trace.run(reading.builder.layers.values())
    largest = 0.0
    for k, name in enumerate(names):
        theirs = [flat_outputs([run[k]]) for run in runs]
        largest = max(largest, *(_largest(v) for v in theirs))
        value = reading.values[name]
        shapes = {run[k].shape for run in runs} | {value.shape}
        ours = _with_error(value, trace, len(points))
        most = reading.effort.deviations
        spot = worst_difference(ours, theirs, most, most * reading.rounding.unit * largest)
        if spot is not None or len(shapes) > 1:
            theirs_whole = [run[k] for run in runs]
            raise OnnxError(_message(makers[name], value, ours, theirs_whole, spot, peer))


def _largest(values: Floats) -> float:
    return float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))


def _with_error(value: Tensor, trace: Trace, points: int) -> Rounded:
    if isinstance(value, Symbolic):
        return trace.of(value.entries)
    flat = np.array([float(v) for v in value.values.ravel()])
    return Rounded(np.repeat(flat[None, :], points, axis=0), np.zeros((points, len(flat))))


_REPORT_IT = "please report it with the file; crosscheck=False reads it as rectifold understands it"


def _message(
    node: NodeProto,
    value: Tensor,
    ours: Rounded,
    theirs: Sequence[Array],
    spot: tuple[int, int] | None,
    peer: str,
) -> str:
    place = node_place(node)
    if spot is None or theirs[0].shape != value.shape:
        shapes = f"was read with the shape {value.shape}, but {peer} computes {theirs[0].shape}"
        return f"{place} {shapes}; {_REPORT_IT}"
    point, entry = spot
    found, other = ours.values[point][entry], theirs[point].ravel()[entry]
    values = f"entry {entry} was read as {found:.9g} where {peer} computes {other:.9g}"
    return f"{place}: {values}; {_REPORT_IT}"
