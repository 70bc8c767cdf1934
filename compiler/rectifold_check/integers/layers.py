"""What a layer reads, and the order in which layers are replaced by what they read."""

from __future__ import annotations

from collections.abc import Mapping

from rectifold_check.json import Refusal
from rectifold_check.networks import Layer, Network


def sources_of(layer: Layer) -> list[int]:
    """The numbers of the values that a layer reads, rising; 0 is the input."""
    return sorted({row.source for rows in layer.rows for row in rows})


def entries_of(layer: Layer) -> int:
    """How many weights of a layer are not 0."""
    return sum(len(row.entries) for rows in layer.rows for row in rows)


def cone_of(network: Network, layer: int) -> set[int]:
    """The numbers of the layers that a layer reads, and of those that they read."""
    cone: set[int] = set()
    waiting = [layer]
    while waiting:
        for source in sources_of(network.layers[waiting.pop() - 1]):
            if source and source not in cone:
                cone.add(source)
                waiting.append(source)
    return cone


def replacing_order(network: Network, pairs: Mapping[int, int]) -> list[tuple[int, ...]]:
    """The layers from the last to the first, the two of a pair in one group.

    `pairs` maps the first layer of a pair to its second. Every group comes after all layers that
    read one of its layers. Raises Refusal where pairs cross, so that there is no such order.
    """
    seconds = set(pairs.values())
    groups = [
        (k, pairs[k]) if k in pairs else (k,)
        for k in range(len(network.layers), 0, -1)
        if k not in seconds
    ]
    read_by: dict[int, set[int]] = {k: set() for k in range(len(network.layers) + 1)}
    for k, layer in enumerate(network.layers, start=1):
        for source in sources_of(layer):
            read_by[source].add(k)
    order: list[tuple[int, ...]] = []
    done: set[int] = set()
    while groups:
        ready = next((g for g in groups if all(read_by[k] <= done for k in g)), None)
        if ready is None:
            raise Refusal("the pairs of layers cross each other")
        groups.remove(ready)
        order.append(ready)
        done.update(ready)
    return order
