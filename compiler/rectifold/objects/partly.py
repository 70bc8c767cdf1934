"""A model of which only what follows a convolution is rewritten: smaller where a matrix is not.

    Conv, Relu, t, Gemm 100, Relu, Gemm 10   →   Conv, Relu, t: the source's own nodes
                                                  Gemm 11, Relu, Gemm 10: rewritten

A convolution stores one small kernel and is a matrix for every place in our networks; so the layers
up to a tensor t stay as they are, written as the source's nodes, and the others are rewritten as
ever. Sound because the rewriting that leaves layers as they are is a rewriting, certified as any.
"""

from __future__ import annotations

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
    from rectifold.formats.onnx.channels import Kept
    from rectifold.formats.onnx.cuts import Cut, Graph


@dataclass(frozen=True, eq=False)
class Partly:
    """A rewriting whose layers up to the cut are the source's; `bytes` of weights as written."""

    compiled: Compiled
    cut: Cut
    kept: tuple[Kept, ...]
    bytes: int

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
    """The smallest such form with floats of `dtype`; None where there is none, or no time for it.

    `facts` are those of `source` on the domain that it states; `source` was read with `interface`.
    """
    try:
        with deadline.interrupting():
            return _smallest(source, facts, interface, dtype, options)
    except TimeUp:
        return None


def least_bytes(network: Network, facts: Facts, dtype: str) -> int:
    """About the least that the rewritten network takes as matrices: only what is not decided."""
    live = {network.input_name: network.input_size}
    for layer in network.layers:
        known = facts.layers.get(layer.name)
        open_units = None if known is None else _open_units(network, layer, known)
        if layer.is_relu or layer.name == network.output:
            live[layer.name] = layer.size if open_units is None else open_units
    entries = sum(
        live[layer.name] * live[u]
        for layer in network.layers
        for u in layer.weights
        if layer.name in live and u in live
    )
    return int(entries * np.dtype(dtype).itemsize)


def _open_units(network: Network, layer: Layer, known: LayerFacts) -> int:
    """Units that are not decided, a pair of mirrored ones as the one that may be written for it."""
    is_open = ~known.inactive & ~known.active
    pairs = leaky_pairs(network, layer)
    return int(np.sum(is_open)) - sum(bool(is_open[pair.unit]) for pair in pairs)


def _smallest(
    source: Network, facts: Facts, interface: Interface, dtype: str, options: Options
) -> Partly | None:
    from rectifold.formats.onnx.cuts import cut_at, cut_tensors, graph_of
    from rectifold.formats.onnx.partly import may_be_cut

    graph = graph_of(interface, source)
    best: Partly | None = None
    for tensor in [] if graph is None else reversed(cut_tensors(graph)):
        assert graph is not None
        cut = cut_at(graph, tensor)
        if not may_be_cut(cut, interface, dtype):
            continue
        compiled = _rewritten_behind(cut, source, facts, options)
        found = _with_channels(compiled, cut, graph, interface)
        if found is not None and (best is None or found.bytes < best.bytes):
            best = found
    return best


def _rewritten_behind(cut: Cut, source: Network, facts: Facts, options: Options) -> Compiled:
    start = Rewritten(cut.network.with_domain(source.domain), facts)
    return rewrite(source, facts, replace(options, frozen=cut.frozen), start=start)


def _with_channels(
    compiled: Compiled, cut: Cut, graph: Graph, interface: Interface
) -> Partly | None:
    """Without the channels that can go; None where nothing behind the cut reads it any more."""
    from rectifold.formats.onnx.partly import partly_weights

    if not any(layer.weights.get(cut.layer) for layer in compiled.network.layers):
        return None
    trimmed, kept = without_channels(compiled, cut, graph)
    return Partly(trimmed, cut, kept, partly_weights(trimmed.network, cut, interface, kept))
