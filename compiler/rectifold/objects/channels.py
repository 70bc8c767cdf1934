"""Which channels of the convolutions that stay can be left out, and the network without them.

    a channel whose units are all inactive, or that nothing reads   →   its units are removed

Sound because the value of such a channel is 0 at every point of the domain, through nodes that keep
zeros, or is multiplied by 0 everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rectifold.facts.facts import Facts, Mask
from rectifold.ir.draft import Draft
from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled
from rectifold.passes.facts_edit import FactsEdit
from rectifold.passes.result import Step, gone_units

if TYPE_CHECKING:  # onnx takes 0.3 s to import
    from rectifold.formats.onnx.channels import Channels, Kept, Through
    from rectifold.formats.onnx.cuts import Cut, Graph


def channels_text(kept: Sequence[Kept]) -> str:
    """How many are gone, after a semicolon; nothing where none is."""
    gone = sum(channels.count - len(units) for channels, units in kept)
    return f"; {gone} of {sum(c.count for c, _ in kept)} channels removed" if gone else ""


def without_channels(
    compiled: Compiled, cut: Cut, graph: Graph
) -> tuple[Compiled, tuple[Kept, ...]]:
    """`compiled`, whose layers up to the cut are the source's, with fewer channels there, and which
    are kept of the convolutions that lose some.
    """
    from rectifold.formats.onnx.channels import channels_of

    found = channels_of(graph, cut)
    kept: dict[int, tuple[int, ...]] = {}
    for channels in reversed(found):
        gone = _zero(channels, compiled) | ~_read(channels, kept, compiled, cut, graph)
        left = tuple(np.nonzero(~gone)[0].tolist())
        kept[id(channels.maker)] = left or (0,)
    chosen = tuple((c, kept[id(c.maker)]) for c in found if len(kept[id(c.maker)]) < c.count)
    return _trimmed(compiled, cut, chosen), chosen


def _zero(channels: Channels, compiled: Compiled) -> Mask:
    """Is the channel 0 on the domain wherever a convolution or the cut may read it?

    So where it is inactive from some ReLU on: what comes before is read by that ReLU alone, and
    linear layers give sums of zeros.
    """
    found, network = np.zeros(channels.count, dtype=np.bool_), compiled.network
    if not _is_chain(channels):
        return found
    for k, step in enumerate(channels.through):
        after = channels.through[k:]
        read_before = {name for reader in channels.readers for name in reader.input}
        early = {node.node.input[0] for node in channels.through[: k + 1]} & read_before
        if step.node.op_type == "Relu" and not early and all(s.keeps_zero for s in after):
            units = [(s, name) for s in after for name in s.layers if network.layer(name).is_relu]
            masks = [_inactive(channels, s, name, compiled.facts) for s, name in units]
            found |= np.logical_and.reduce(masks) if masks else found
    return found


def _is_chain(channels: Channels) -> bool:
    """Does every node read the one before it?"""
    tensor = channels.maker.output[0]
    for step in channels.through:
        if step.node.input[0] != tensor:
            return False
        tensor = step.node.output[0]
    return True


def _inactive(channels: Channels, step: Through, layer: str, facts: Facts) -> Mask:
    """Per channel: are all its units in the layer inactive?"""
    known, found = facts.layers.get(layer), np.ones(channels.count, dtype=np.bool_)
    if known is None:
        return ~found
    found[channels.of_units(step, known.size)[~known.inactive]] = False
    return found


def _read(
    channels: Channels,
    kept: Mapping[int, tuple[int, ...]],
    compiled: Compiled,
    cut: Cut,
    graph: Graph,
) -> Mask:
    """Per channel: does a kept channel of a convolution, or what follows the cut, read it?"""
    from rectifold.formats.onnx.channels import kernel_of

    found = np.zeros(channels.count, dtype=np.bool_)
    for reader in channels.readers:
        kernel = kernel_of(reader, graph)
        rows = kept.get(id(reader), tuple(range(len(kernel))))
        read = (kernel[list(rows)] != 0).reshape(len(rows), channels.count, -1)
        found |= read.any(axis=(0, 2))
    if channels.reads_cut:
        found |= _read_behind(compiled.network, cut).reshape(channels.count, -1).any(axis=1)
    return found


def _read_behind(network: Network, cut: Cut) -> Mask:
    """Per unit at the cut: does a layer behind it read it?"""
    found = np.zeros(network.size_of(cut.layer), dtype=np.bool_)
    for layer in network.layers:
        if layer.name not in cut.frozen and cut.layer in layer.weights:
            found |= layer.weights[cut.layer].nonzero.any(axis=0)
    return found


def _trimmed(compiled: Compiled, cut: Cut, chosen: tuple[Kept, ...]) -> Compiled:
    draft, facts, steps = Draft(compiled.network), FactsEdit(compiled.kept), list(compiled.steps)
    for channels, units in chosen:
        for step, name in channels.layers:
            size = compiled.network.size_of(name)
            left = np.nonzero(np.isin(channels.of_units(step, size), units))[0].tolist()
            lost = sorted(set(range(size)) - set(left))
            gone = gone_units(name, compiled.kept.layers.get(name), lost, "removed")
            draft.keep_units(name, left)
            facts.keep(name, left)
            steps.append(Step("remove whole channels", name, len(lost), gone=gone))
    network = draft.freeze()
    return replace(compiled, network=network, kept=facts.freeze(), steps=tuple(steps))
