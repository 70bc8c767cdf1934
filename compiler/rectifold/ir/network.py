"""The intermediate representation: a directed acyclic graph of layers with an exact matrix on each
edge.

    a_v = act_v( b_v + Σ_{u→v} W_uv a_u ),   act ∈ {relu, linear},   a_input = x

Skip connections, sums and concatenation need no node kinds of their own. A `Network` never changes;
a rewrite makes a `Draft`, edits it and freezes it. The NetworkX graph inside is private: layer
names are the keys, the order of layers is the lexicographic topological order, so the same network
is always written the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from types import MappingProxyType
from typing import Literal

import networkx as nx

from rectifold.errors import NetworkError
from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import counted
from rectifold.ir.domain import Domain
from rectifold.ir.names import require_name

Activation = Literal["relu", "linear"]


@dataclass(frozen=True)
class Layer:
    """One layer: m units over the activations of its predecessors (m×n matrices, m×1 bias)."""

    name: str
    activation: Activation
    bias: Matrix
    weights: Mapping[str, Matrix] = field(hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", MappingProxyType(dict(sorted(self.weights.items()))))
        require_name(self.name)
        if self.activation not in ("relu", "linear"):
            raise NetworkError(
                f"layer {self.name}: unknown activation {self.activation!r} (relu and linear are "
                "known)"
            )
        if self.bias.shape[1] != 1:
            raise NetworkError(
                f"layer {self.name}: the bias is {self.bias.shape[0]}x{self.bias.shape[1]}, not "
                "a column"
            )
        for source, weight in self.weights.items():
            if weight.shape[0] != self.size:
                raise NetworkError(
                    f"layer {self.name}: the weight on {source} has {weight.shape[0]} rows, but "
                    f"the bias has {self.size}"
                )

    @property
    def size(self) -> int:
        """Number of units."""
        return self.bias.shape[0]

    @property
    def is_relu(self) -> bool:
        return self.activation == "relu"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layer):
            return False
        return (self.name, self.activation) == (other.name, other.activation) and (
            self.bias == other.bias and dict(self.weights) == dict(other.weights)
        )

    def __hash__(self) -> int:
        return hash((self.name, self.activation, self.size))

    def __reduce__(self) -> tuple[object, ...]:
        return Layer, (self.name, self.activation, self.bias, dict(self.weights))


@dataclass(frozen=True)
class Sizes:
    """What a network costs: relu units, nonzero weights and biases, dense multiply-adds, layers."""

    units: int
    weights: int
    macs: int
    layers: int


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """An immutable ReLU network, possibly with a domain.

    The layers may be given in any order; they are kept in one of evaluation.

    Raises NetworkError if a layer is missing, a cycle exists, or shapes do not fit.
    """

    input_name: str
    input_size: int
    layers: Sequence[Layer]
    output: str
    domain: Domain | None = None
    name: str = "net"
    title: str = ""
    _graph: nx.DiGraph[str] = field(init=False)
    _by_name: Mapping[str, Layer] = field(init=False)

    def __post_init__(self) -> None:
        require_name(self.name)
        require_name(self.input_name)
        by_name = _layers_by_name(self.layers, self.input_name)
        graph = _graph(self.input_name, self.input_size, by_name, self.output)
        order = nx.lexicographical_topological_sort(graph)
        layers = tuple(by_name[v] for v in order if v != self.input_name)
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "_graph", graph)
        object.__setattr__(self, "_by_name", by_name)
        if self.domain is not None and self.domain.size != self.input_size:
            raise NetworkError(
                f"the domain has {counted(self.domain.size, 'range')}, but the network has "
                f"{counted(self.input_size, 'input')}"
            )

    # ---- looking ------------------------------------------------------------------------------

    def layer(self, name: str) -> Layer:
        return self._by_name[name]

    def size_of(self, name: str) -> int:
        """Number of values of a layer or of the input."""
        return self.input_size if name == self.input_name else self._by_name[name].size

    @property
    def output_layer(self) -> Layer:
        return self._by_name[self.output]

    @property
    def output_size(self) -> int:
        return self.output_layer.size

    def successors(self, name: str) -> list[str]:
        return sorted(self._graph.successors(name))

    def cone(self, name: str) -> set[str]:
        """The layers (and the input) that `name` depends on, without itself."""
        return set(nx.ancestors(self._graph, name))

    def readers(self, name: str) -> set[str]:
        """The layers that depend on `name`, without itself."""
        return set(nx.descendants(self._graph, name))

    @cached_property
    def relu_layers(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.layers if layer.is_relu)

    @cached_property
    def depth(self) -> int:
        """Number of relu layers on the longest path."""
        depth: dict[str, int] = {self.input_name: 0}
        for layer in self.layers:
            below = max((depth[u] for u in layer.weights), default=0)
            depth[layer.name] = below + (1 if layer.is_relu else 0)
        return depth[self.output]

    @cached_property
    def is_chain(self) -> bool:
        """Each layer reads the one before it only (a layer that reads nothing is allowed)."""
        before = self.input_name
        for layer in self.layers:
            if set(layer.weights) - {before}:
                return False
            before = layer.name
        return before == self.output

    @cached_property
    def sizes(self) -> Sizes:
        weights = [w for layer in self.layers for w in layer.weights.values()]
        return Sizes(
            units=sum(layer.size for layer in self.relu_layers),
            weights=sum(w.nonzero_count for w in weights)
            + sum(layer.bias.nonzero_count for layer in self.layers),
            macs=sum(w.shape[0] * w.shape[1] for w in weights),
            layers=len(self.layers),
        )

    @property
    def parameters(self) -> int:
        """Stored numbers: all weights and biases, zeros included."""
        return self.sizes.macs + sum(layer.size for layer in self.layers)

    def hidden_sizes(self) -> list[int]:
        """Relu units per hidden layer, in order."""
        return [layer.size for layer in self.relu_layers if layer.name != self.output]

    def shape_text(self) -> str:
        """784-400-400-10."""
        sizes = [self.input_size] + [layer.size for layer in self.layers]
        return "-".join(map(str, sizes))

    # ---- changing -----------------------------------------------------------------------------

    def with_domain(self, domain: Domain | None) -> Network:
        return replace(self, domain=domain)

    def renamed(self, name: str, title: str | None = None) -> Network:
        return replace(self, name=name, title=self.title if title is None else title)

    def __eq__(self, other: object) -> bool:
        """Same names, layers, domain and output; titles do not matter."""
        if not isinstance(other, Network):
            return False
        mine = (self.name, self.input_name, self.input_size, self.output, self.domain)
        theirs = (other.name, other.input_name, other.input_size, other.output, other.domain)
        return mine == theirs and self.layers == other.layers

    def __hash__(self) -> int:
        return hash((self.name, self.input_name, self.input_size, self.output, self.layers))

    def __reduce__(self) -> tuple[object, ...]:
        """Between our own processes (--jobs); files are never read this way."""
        return Network, tuple(getattr(self, field.name) for field in fields(self) if field.init)

    def __repr__(self) -> str:
        return (
            f"<Network {self.name}: {self.shape_text()}, {counted(self.sizes.units, 'relu unit')}>"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{_escaped(layer.name)}</td><td>{layer.activation}</td><td>{layer.size}</td>"
            f"<td>{_escaped(', '.join(layer.weights))}</td></tr>"
            for layer in self.layers
        )
        head = "<tr><th>layer</th><th>activation</th><th>units</th><th>reads</th></tr>"
        return (
            f"<table><caption>{_escaped(self.name)}: "
            f"{counted(self.input_size, 'input')}</caption>{head}{rows}</table>"
        )


def _layers_by_name(layers: Iterable[Layer], input_name: str) -> dict[str, Layer]:
    by_name: dict[str, Layer] = {}
    for layer in layers:
        if layer.name in by_name or layer.name == input_name:
            raise NetworkError(f"two layers are called {layer.name}")
        by_name[layer.name] = layer
    return by_name


def _graph(
    input_name: str, input_size: int, layers: Mapping[str, Layer], output: str
) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_node(input_name)
    graph.add_nodes_from(layers)
    if output not in layers:
        raise NetworkError(f"the output {output} is no layer of the network")
    for layer in layers.values():
        for source, weight in layer.weights.items():
            if source not in graph:
                raise NetworkError(
                    f"layer {layer.name} reads {source}, which is no layer of the network"
                )
            size = input_size if source == input_name else layers[source].size
            if weight.shape[1] != size:
                raise NetworkError(
                    f"weight {weight.shape[0]}x{weight.shape[1]} of layer {layer.name} reads "
                    f"{source}, which has "
                    f"{size} units (columns must match: {weight.shape[0]}x{size})"
                )
            graph.add_edge(source, layer.name)
    if not nx.is_directed_acyclic_graph(graph):
        raise NetworkError("the layers form a cycle")
    return graph


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
