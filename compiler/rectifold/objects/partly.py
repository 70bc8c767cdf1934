"""A model of which only what follows a convolution is rewritten: smaller where a matrix is not.

    Conv, Relu, t, Gemm 100, Relu, Gemm 10   →   Conv, Relu, t: the source's own nodes
                                                  Gemm 11, Relu, Gemm 10: rewritten

A convolution stores one small kernel and is a matrix for every place in our networks; so the layers
up to a tensor t stay as they are, written as the source's nodes, and the others are rewritten as
ever. Sound because the rewriting that leaves layers as they are is a rewriting, certified as any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rectifold.facts.facts import Facts, LayerFacts
from rectifold.formats.interface import Interface
from rectifold.ir.leaky import leaky_pairs
from rectifold.ir.network import Layer, Network
from rectifold.objects.channels import channels_text, without_channels
from rectifold.operations.compiling import Compiled, rewrite
from rectifold.passes.result import Options, Rewritten
from rectifold.runtime.deadline import Deadline, TimeUp

if TYPE_CHECKING:  # onnx takes 0.3 s to import
    from onnx import ModelProto

    from rectifold.formats.onnx.channels import Kept
    from rectifold.formats.onnx.cuts import Cut, Graph


@dataclass(frozen=True, eq=False)
class Partly:
    """A rewriting whose layers up to the cut are the source's; `bytes` of weights in `model`."""

    compiled: Compiled
    cut: Cut
    kept: tuple[Kept, ...]
    bytes: int
    model: ModelProto

    @property
    def said(self) -> str:
        """Which layers are the source's own nodes, and what became of the others, in one line."""
        before, after = self.compiled.source, self.compiled.network
        kept = [v.name for v in after.layers if v.name in self.cut.frozen and v.is_relu]
        known = {v.name: v.size for v in after.layers}
        changed = [
            f"{v.name} {v.size} → {known.get(v.name, 0)}"
            for v in before.relu_layers
            if v.name not in self.cut.frozen
        ]
        gone = channels_text(self.kept)
        own = f"{', '.join(kept)} as the source's own nodes (up to {self.cut.tensor!r}{gone})"
        return f"{own}; rewritten: {', '.join(changed)}" if changed else own


def partly_rewritten(
    source: Network,
    facts: Facts,
    interface: Interface,
    dtype: str,
    options: Options,
    deadline: Deadline = Deadline(),
) -> Partly | None:
    """The smallest such form with floats of `dtype`, of those that may be smaller than the model,
    whose model was read back; None where there is none, or no time for it.

    `facts` are those of `source` on the domain that it states; `source` was read with `interface`.
    Raises ReadBackError (a bug), InputError for a weight beyond the range of the floats.
    """
    from rectifold.formats.onnx.whole import tensor_bytes

    found: list[Partly] = []
    limit = tensor_bytes(interface.model)
    try:
        with deadline.interrupting():
            options = options.measured_on(source, facts.domain)  # once for all cuts
            for cut, graph in _cuts(interface, source, dtype):
                limit = min([limit, *(form.bytes for form in found)])
                if _least_behind(cut, facts, dtype) < limit:
                    compiled = _rewritten_behind(cut, source, facts, options)
                    found += _with_channels(compiled, cut, graph, interface)
    except TimeUp:
        pass  # what was found before is as good
    best = min(found, key=lambda form: form.bytes, default=None)
    return best if best is not None and _is_read_back(best, interface, deadline) else None


def _is_read_back(form: Partly, interface: Interface, deadline: Deadline) -> bool:
    """Is the model read as the network, before the deadline? Then it can be written at any time."""
    from rectifold.formats.onnx.partly import read_back

    try:
        with deadline.interrupting():
            read_back(form.model, form.compiled.network, form.cut, interface)
    except TimeUp:
        return False
    return True


def least_bytes(network: Network, facts: Facts, dtype: str) -> int:
    """About the least that the rewritten network takes as matrices: only what is not decided."""
    live = _live(network, facts)
    return _entries(network, live, live.keys()) * np.dtype(dtype).itemsize


def _live(network: Network, facts: Facts) -> dict[str, int]:
    """How many units of each layer, or values of the input, are not decided; linear layers, which
    can be multiplied away, are left out.
    """
    live = {network.input_name: network.input_size}
    for layer in network.layers:
        known = facts.layers.get(layer.name)
        open_units = None if known is None else _open_units(network, layer, known)
        if layer.is_relu or layer.name == network.output:
            live[layer.name] = layer.size if open_units is None else open_units
    return live


def _open_units(network: Network, layer: Layer, known: LayerFacts) -> int:
    """Units that are not decided, a pair of mirrored ones as the one that may be written for it."""
    is_open = ~known.inactive & ~known.active
    pairs = leaky_pairs(network, layer)
    return int(np.sum(is_open)) - sum(bool(is_open[pair.unit]) for pair in pairs)


def _least_behind(cut: Cut, facts: Facts, dtype: str) -> int:
    """The same of the layers behind a cut, which may read one value of it."""
    live = _live(cut.network, facts)
    changing = live.keys() - cut.frozen
    return _entries(cut.network, live | {cut.layer: 1}, changing) * np.dtype(dtype).itemsize


def _entries(network: Network, live: Mapping[str, int], rows: Iterable[str]) -> int:
    """Entries of the matrices of these layers, on units that are live."""
    weights = [(live[v], live[u]) for v in rows for u in _sources(network, v) if u in live]
    return sum(height * width for height, width in weights)


def _sources(network: Network, name: str) -> Iterable[str]:
    return () if name == network.input_name else network.layer(name).weights


def _cuts(interface: Interface, source: Network, dtype: str) -> Iterator[tuple[Cut, Graph]]:
    """Where the model may be cut, from its end on."""
    from rectifold.formats.onnx.cuts import cut_at, cut_tensors, graph_of
    from rectifold.formats.onnx.partly import may_be_cut

    graph = graph_of(interface, source)
    for tensor in [] if graph is None else reversed(cut_tensors(graph)):
        assert graph is not None
        cut = cut_at(graph, tensor)
        if may_be_cut(cut, interface, dtype):
            yield cut, graph


def _rewritten_behind(cut: Cut, source: Network, facts: Facts, options: Options) -> Compiled:
    start = Rewritten(cut.network.with_domain(source.domain), facts)
    return rewrite(source, facts, replace(options, frozen=cut.frozen), start=start)


def _with_channels(
    compiled: Compiled, cut: Cut, graph: Graph, interface: Interface
) -> list[Partly]:
    """Without the channels that can go; nothing where nothing changed, or where no layer behind the
    cut reads it any more.
    """
    from rectifold.formats.onnx.partly import partly_model
    from rectifold.formats.onnx.whole import tensor_bytes

    if not any(layer.weights.get(cut.layer) for layer in compiled.network.layers):
        return []
    trimmed, kept = without_channels(compiled, cut, graph)
    if not trimmed.steps:
        return []
    model = partly_model(trimmed.network, cut, interface, "", kept)
    return [Partly(trimmed, cut, kept, tensor_bytes(model), model)]
