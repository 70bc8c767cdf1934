"""A network being rewritten.

    draft = Draft(network);  draft.keep_units("h", [0, 2]);  draft.freeze()      a new Network

Sound because `freeze` makes a `Network`, which checks names, shapes and cycles as for any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Activation, Layer, Network


class Draft:
    """A network being rewritten. Lives inside one function; `freeze` checks it again and returns a
    `Network`.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self.layers: dict[str, Layer] = {layer.name: layer for layer in network.layers}

    def put(self, layer: Layer) -> None:
        """Add or replace a layer."""
        self.layers[layer.name] = layer

    def remove(self, name: str) -> None:
        """Remove a layer; edges out of it must be gone by `freeze`."""
        del self.layers[name]

    def successors(self, name: str) -> list[str]:
        return sorted(v for v, layer in self.layers.items() if name in layer.weights)

    def edit(
        self,
        name: str,
        *,
        bias: Matrix | None = None,
        weights: Mapping[str, Matrix] | None = None,
        activation: Activation | None = None,
    ) -> None:
        layer = self.layers[name]
        self.layers[name] = replace(
            layer,
            bias=layer.bias if bias is None else bias,
            weights=layer.weights if weights is None else weights,
            activation=layer.activation if activation is None else activation,
        )

    def add_edge(self, source: str, target: str, weight: Matrix) -> None:
        """Add `weight` to the edge source → target (created if absent; dropped if it becomes
        zero).
        """
        weights = dict(self.layers[target].weights)
        total = weights[source] + weight if source in weights else weight
        if total.is_zero:
            weights.pop(source, None)
        else:
            weights[source] = total
        self.edit(target, weights=weights)

    def drop_edge(self, source: str, target: str) -> None:
        weights = dict(self.layers[target].weights)
        del weights[source]
        self.edit(target, weights=weights)

    def cut_out(self, name: str) -> None:
        """Remove a layer and the edges out of it."""
        for successor in self.successors(name):
            self.drop_edge(name, successor)
        self.remove(name)

    def keep_units(self, name: str, kept: Sequence[int]) -> None:
        """Delete the other units of a layer: their rows, and their columns in every successor."""
        layer = self.layers[name]
        rows = {u: w.select_rows(kept) for u, w in layer.weights.items()}
        self.edit(name, bias=layer.bias.select_rows(kept), weights=rows)
        for successor in self.successors(name):
            weights = dict(self.layers[successor].weights)
            weights[name] = weights[name].select_columns(kept)
            self.edit(successor, weights=weights)

    def freeze(self) -> Network:
        old = self._network
        return Network(
            old.input_name,
            old.input_size,
            list(self.layers.values()),
            old.output,
            old.domain,
            old.name,
            old.title,
        )
