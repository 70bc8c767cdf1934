"""A model whose beginning is the source's own nodes, and what follows them is a rewritten network.

    source    x ─ Conv ─ Relu ─ t ─ Flatten ─ Gemm(512) ─ Relu ─ Gemm ─ y
    written   x ─ Conv ─ Relu ─ t ─ Flatten ─ Gather ─ Gemm(11) ─ Relu ─ Gemm ─ y

Only the entries of t that are read are gathered. Sound because what is written is read again by our
own reader, and every matrix of it must be the one of the network that is certified: of the nodes
that stay exactly, of the others after the rounding to the floats of the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper

from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix, hstack, vstack
from rectifold.formats.float_range import require_range
from rectifold.formats.fresh_names import fresh_name
from rectifold.formats.interface import Interface, Port
from rectifold.formats.onnx.channels import Kept, without
from rectifold.formats.onnx.cuts import Cut, up_to_ends
from rectifold.formats.onnx.graph import opened
from rectifold.formats.onnx.reader import reading_of
from rectifold.formats.onnx.tensors import with_external_data
from rectifold.formats.onnx_drop_in import drop_in_model, obstacle
from rectifold.formats.onnx_layers import ACTIVATIONS, written_form
from rectifold.formats.onnx_run_again import require_runs_again
from rectifold.formats.onnx_tail import tail_parts
from rectifold.formats.onnx_wiring import is_batched
from rectifold.ir.network import Layer, Network


class ReadBackError(AssertionError):
    """What was written is not read as the network that it should be: a bug of ours."""


def partly_bytes(
    network: Network, cut: Cut, interface: Interface, note: str, kept: Sequence[Kept] = ()
) -> bytes:
    """The model, called as the source. `network` has the layers of the cut unchanged, but for
    units of channels that are not `kept`.

    Precondition: `may_be_cut`. Raises ReadBackError (a bug), InputError for a weight beyond the
    range of the floats.
    """
    model = partly_model(network, cut, interface, note, kept)
    return read_back(model, network, cut, interface)


def read_back(model: ModelProto, network: Network, cut: Cut, interface: Interface) -> bytes:
    """A `partly_model` as a file, after it was read again. Raises as `partly_bytes`."""
    require_range(network, cut.dtype)
    written = bytes(model.SerializeToString(deterministic=True))
    _require_read_back(onnx.load_model_from_string(written), network, cut, interface)
    return written


def partly_notes(model: ModelProto, network: Network, cut: Cut, interface: Interface) -> list[str]:
    """Runs a `partly_model` beside the source; notes about what was not compared, or holds for a
    batch of one only. Raises WrittenWrong (a bug) where it computes another function.
    """
    return require_runs_again(model, network, cut.dtype, interface)


def may_be_cut(cut: Cut, interface: Interface, dtype: str) -> bool:
    """Can the model be written so, with floats of `dtype` behind the cut?"""
    return (
        cut.dtype == dtype
        and bool(cut.shape)
        and (cut.shape[0] == 1 or not is_batched(interface))
        and obstacle(interface) is None
    )


def partly_model(
    network: Network, cut: Cut, interface: Interface, note: str, kept: Sequence[Kept]
) -> ModelProto:
    """The nodes up to the cut, those that flatten and gather, the network behind, the tail."""
    behind, read = _behind(network, cut)
    units = None if len(read) == network.size_of(cut.layer) else read
    beginning = _Beginning(cut, interface, units, kept)
    size = (None if is_batched(interface) else 1, len(read))
    port = Port(beginning.gathered, cut.dtype, size)
    model = drop_in_model(behind, cut.dtype, note, replace(interface, inputs=(port,)))
    graph = model.graph
    _rename(graph, beginning.names - {port.name}, _kept_names(interface))
    nodes = [*beginning.nodes, *graph.node]
    _name_after_layers(nodes[len(cut.nodes) :], behind, interface)
    tensors = [*beginning.tensors, *graph.initializer]
    del graph.node[:], graph.initializer[:]
    graph.node.extend({tuple(node.output): node for node in nodes}.values())
    graph.initializer.extend({tensor.name: tensor for tensor in tensors}.values())
    free = {one.name for one in interface.inputs}
    graph.input.extend(v for v in interface.model.graph.input if v.name in free)
    return model


class _Beginning:
    """The source's nodes up to the cut with what they read, and those that pick its entries."""

    def __init__(
        self, cut: Cut, interface: Interface, read: Indices | None, kept: Sequence[Kept]
    ) -> None:
        source = interface.model.graph
        needed = {name for node in cut.nodes for name in node.input}
        stored = {
            t.name: with_external_data(t, t.name, interface.folder)
            for t in source.initializer
            if t.name in needed
        }
        self.nodes, self.tensors = without(cut.nodes, stored, kept)
        needed |= {tensor.name for tensor in self.tensors}
        self.names = needed | {name for node in cut.nodes for name in node.output}
        self.names |= _kept_names(interface)
        self.gathered = cut.tensor
        if len(cut.shape) != 2:
            self._add("Flatten", "flat", (), axis=int(is_batched(interface)))
        if read is not None:
            units = fresh_name(f"{cut.tensor}_units", self.names)
            self.tensors.append(numpy_helper.from_array(read.astype(np.int32), units))
            self._add("Gather", "read", (units,), axis=1)

    def _add(self, operator: str, word: str, more: tuple[str, ...], *, axis: int) -> None:
        name = fresh_name(f"{self.gathered}_{word}", self.names)
        self.nodes.append(
            helper.make_node(operator, [self.gathered, *more], [name], name, axis=axis)
        )
        self.gathered = name


def _kept_names(interface: Interface) -> set[str]:
    """Names of the source that stay what they are."""
    ports = (*interface.inputs, *interface.outputs, *interface.ends)
    return {port.name for port in ports} | tail_parts(interface).names


def _rename(graph: GraphProto, taken: set[str], kept: set[str]) -> None:
    """New names for what is called as something else of the model."""
    made = [t.name for t in graph.initializer] + [name for n in graph.node for name in n.output]
    used = taken | set(made)
    names = {name: fresh_name(name, used) for name in made if name in taken - kept}
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for tensor in graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)


def _name_after_layers(nodes: Iterable[NodeProto], behind: Network, interface: Interface) -> None:
    """What makes a layer's values is called as the layer, which the reader then calls so again; no
    two nodes of the model have one name.
    """
    tail = {name for node in tail_parts(interface).nodes for name in node.output}
    taken = {node.name for node in interface.model.graph.node} | {v.name for v in behind.layers}
    relus = (layer.name for layer in behind.relu_layers)
    linear = {layer.name for layer in behind.layers if not layer.is_relu} - {behind.output}
    for node in nodes:
        if tail & set(node.output):
            continue
        if node.op_type in ACTIVATIONS:  # one for each of those layers, in their order
            node.name = next(relus)
        elif node.name not in linear:
            node.name = fresh_name(node.name, taken)


def _behind(network: Network, cut: Cut) -> tuple[Network, Indices]:
    """The network after the cut, over the values at the cut that it reads, and which those are."""
    layers = [layer for layer in network.layers if layer.name not in cut.frozen]
    used = np.zeros(network.size_of(cut.layer), dtype=np.bool_)
    for layer in layers:
        if cut.layer in layer.weights:
            used |= layer.weights[cut.layer].nonzero.any(axis=0)
    read = np.nonzero(used)[0]
    kept = [replace(layer, weights=_columns(layer, cut.layer, read)) for layer in layers]
    return Network(cut.layer, len(read), kept, network.output, None, network.name), read


def _columns(layer: Layer, source: str, read: Indices) -> dict[str, Matrix]:
    """The weights, of which those on the source are at these columns only."""
    return {u: w.select_columns(read) if u == source else w for u, w in layer.weights.items()}


# ---- read again ---------------------------------------------------------------------------------


def _require_read_back(model: ModelProto, network: Network, cut: Cut, interface: Interface) -> None:
    """Raises ReadBackError where the model is not the network, rounded behind the cut."""
    linear = {v.name for v in network.layers if not v.is_relu and v.name not in cut.frozen}
    made = {n.output[0]: n.name for n in model.graph.node if n.name in linear - {network.output}}
    held = made | ({} if cut.held is None else {cut.tensor: cut.held})
    again = reading_of(
        opened(up_to_ends(model, interface), network.name),
        network.name,
        [port.name for port in interface.ends],
        held,
    ).network
    expected = _as_read(network, cut)
    found = {v.name: v for v in again.layers}
    found[network.output] = replace(found.pop(again.output), name=network.output)
    if set(found) != set(expected):
        raise ReadBackError(f"layers {sorted(found)} instead of {sorted(expected)}")
    for name, layer in expected.items():
        if not _same(layer, found[name]):
            raise ReadBackError(f"layer {name} is read otherwise than it was written")


def _as_read(network: Network, cut: Cut) -> dict[str, Layer]:
    """The layers as a reader makes them: rounded behind the cut, a leaky unit two units."""
    form = written_form(network, cut.dtype, cut.frozen)
    slopes = {
        name: _rounded_matrix(Matrix.column(given), cut.dtype)
        for name, given in form.slopes.items()
    }
    return {
        layer.name: layer if layer.name in cut.frozen else _layer_read(layer, slopes, cut.dtype)
        for layer in form.network.layers
    }


def _layer_read(layer: Layer, slopes: Mapping[str, Matrix], dtype: str) -> Layer:
    """With the mirrored rows of its own leaky units, and columns for those of its sources."""
    weights, bias = dict[str, Matrix](), _rounded_matrix(layer.bias, dtype)
    for u, weight in layer.weights.items():
        weights[u] = _rounded_matrix(weight, dtype)
        if u in slopes:
            below = weights[u].T.scale_rows(slopes[u].column_values()).T
            weights[u] = hstack([weights[u], -below.select_columns(_bent(slopes[u]))])
    if layer.name in slopes:
        bent = _bent(slopes[layer.name])
        weights = {u: vstack([w, -w.select_rows(bent)]) for u, w in weights.items()}
        bias = vstack([bias, -bias.select_rows(bent)])
    return replace(layer, bias=bias, weights=weights)


def _bent(slopes: Matrix) -> Indices:
    """The units that are leaky."""
    return np.nonzero(slopes.nonzero[:, 0])[0]


def _rounded_matrix(matrix: Matrix, dtype: str) -> Matrix:
    with np.errstate(under="ignore"):
        return Matrix.from_floats(matrix.approximation[0].astype(dtype).astype(np.float64))


def _same(one: Layer, other: Layer) -> bool:
    """Equal, but for edges on which all weights are zero."""
    mine = {u: w for u, w in one.weights.items() if not w.is_zero}
    theirs = {u: w for u, w in other.weights.items() if not w.is_zero}
    return one.activation == other.activation and one.bias == other.bias and mine == theirs
