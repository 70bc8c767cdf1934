"""Where the activations of the layers lie: places are used again once nobody reads them.

    x -> h1 -> h2 -> h3 -> y        10, 40 and 20 units: h2 at 0, h1 and then h3 at 40

The largest first, each at the lowest place that is free as long as it is in use. Sound because no
two layers that are in use at once overlap: a layer is from where it is computed until the last one
that reads it is.
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
    """Places for all layers but the output, which is the caller's."""
    used = _in_use(network)
    sizes = {layer.name: layer.size for layer in network.layers if layer.name != network.output}
    offsets: dict[str, int] = {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], used[name])):
        begin, end = used[name]
        beside = [
            (offsets[other], offsets[other] + sizes[other])
            for other in offsets
            if used[other][0] <= end and begin <= used[other][1]
        ]
        offsets[name] = _first_gap(sorted(beside), sizes[name])
    return Slots(offsets, max((offsets[name] + sizes[name] for name in offsets), default=0))


def _in_use(network: Network) -> dict[str, tuple[int, int]]:
    """Per layer where it is computed, and where the last one that reads it is."""
    used = {layer.name: (place, place) for place, layer in enumerate(network.layers)}
    for place, layer in enumerate(network.layers):
        used |= {name: (used[name][0], place) for name in layer.weights if name in used}
    return used


def _first_gap(taken: list[tuple[int, int]], size: int) -> int:
    start = 0
    for begin, end in taken:
        if start + size <= begin:
            break
        start = max(start, end)
    return start
