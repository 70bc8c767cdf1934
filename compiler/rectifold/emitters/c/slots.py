"""Where the activations of the layers lie: places are used again once nobody reads them.

    x -> h1 -> h2 -> h3 -> y        h1 at 0, h2 behind it, h3 at 0 again; y is the caller's

Sound because a layer gets a place that no layer has which it or a later one reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rectifold.ir.network import Network


@dataclass(frozen=True)
class Slots:
    """Per hidden layer the offset of its activations, and how many reals there are in all."""

    offsets: Mapping[str, int]
    size: int


def slots_of(network: Network) -> Slots:
    """First fit, in the order in which the layers are computed."""
    last = _last_reads(network)
    sizes = {layer.name: layer.size for layer in network.layers}
    offsets: dict[str, int] = {}
    for place, layer in enumerate(network.layers):
        if layer.name != network.output:
            live = [(offsets[n], offsets[n] + sizes[n]) for n in offsets if last[n] >= place]
            offsets[layer.name] = _first_gap(sorted(live), layer.size)
    return Slots(offsets, max((offsets[name] + sizes[name] for name in offsets), default=0))


def _last_reads(network: Network) -> dict[str, int]:
    """Per layer the place of the last one that reads it; its own where nobody does."""
    last = {layer.name: place for place, layer in enumerate(network.layers)}
    for place, layer in enumerate(network.layers):
        last |= dict.fromkeys(layer.weights, place)
    return last


def _first_gap(live: list[tuple[int, int]], size: int) -> int:
    start = 0
    for begin, end in live:
        if start + size <= begin:
            break
        start = max(start, end)
    return start
