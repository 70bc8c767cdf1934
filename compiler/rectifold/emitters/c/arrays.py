"""The tables of all layers: what is defined in the source, or lies in a side file.

W2_1_values, W2_1_gaps, ...     weights of layer 2 on layer 1, as emitters/storage holds them
B2_values                       its biases
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rectifold.emitters.c.numbers import c_table
from rectifold.emitters.c.order import laid_out
from rectifold.emitters.c.stored import multiply_adds
from rectifold.emitters.storage.storage import Storage, StoredBias, bias_of, storage_of
from rectifold.emitters.weights import numbers
from rectifold.formats.float_range import require_range
from rectifold.ir.network import Network

_TYPES = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}
ALIGNMENT = 16  # bytes; at which every table of a side file begins


@dataclass(frozen=True, eq=False)
class Table:
    """Constants under a name that C code reads."""

    name: str
    values: npt.NDArray[Any]

    @property
    def kind(self) -> str:
        """The type of an entry."""
        return _TYPES.get(self.values.dtype) or f"{self.values.dtype}_t"


@dataclass(frozen=True, eq=False)
class StoredLayers:
    """The form of every edge (layer, source) and of every layer's biases; none where nothing is."""

    edges: Mapping[tuple[str, str], Storage]
    biases: Mapping[str, StoredBias]
    tables: tuple[Table, ...]

    @property
    def bytes(self) -> int:
        """Of all tables."""
        return sum(table.values.nbytes for table in self.tables)

    @property
    def multiply_adds(self) -> int:
        """Of one evaluation in which no activation is zero."""
        return sum(multiply_adds(form) for form in self.edges.values())

    @property
    def numbers(self) -> int:
        """How many entries there are in all tables."""
        return sum(table.values.size for table in self.tables)


def stored_layers(network: Network, precision: str) -> StoredLayers:
    """All layers in their smallest forms. Raises InputError if a number is beyond the range."""
    require_range(network, precision)
    edges = {
        (layer.name, source): laid_out(
            network, layer.name, source, storage_of(layer, source, precision)
        )
        for layer in network.layers
        for source, weight in layer.weights.items()
        if weight.shape[0] and weight.shape[1]
    }
    biases = {layer.name: bias_of(layer, precision) for layer in network.layers if layer.size}
    number = numbers(network)
    tables = []
    for layer in network.layers:
        if layer.name in biases:
            tables += _tables(bias_prefix(number, layer.name), biases[layer.name].tables)
        for source in layer.weights:
            if (layer.name, source) in edges:
                form = edges[layer.name, source]
                tables += _tables(edge_prefix(number, layer.name, source), form.tables)
    return StoredLayers(edges, biases, tuple(tables))


def edge_prefix(number: Mapping[str, int], layer: str, source: str) -> str:
    return f"W{number[layer]}_{number[source]}_"


def bias_prefix(number: Mapping[str, int], layer: str) -> str:
    return f"B{number[layer]}_"


def _tables(prefix: str, tables: Mapping[str, npt.NDArray[Any]]) -> list[Table]:
    return [Table(prefix + key, values) for key, values in tables.items()]


def defined(tables: Sequence[Table]) -> str:
    """The tables as definitions of C."""
    return "".join(c_table(table.kind, table.name, table.values) for table in tables)


def packed(tables: Sequence[Table]) -> tuple[bytes, dict[str, int]]:
    """The tables as bytes, lowest first, and the offset of each; every one begins aligned."""
    data, offsets = bytearray(), {}
    for table in tables:
        data += bytes(-len(data) % ALIGNMENT)
        offsets[table.name] = len(data)
        data += table.values.astype(table.values.dtype.newbyteorder("<")).tobytes()
    return bytes(data), offsets


def located(tables: Sequence[Table], offsets: Mapping[str, int]) -> str:
    """The names of the tables as places in the bytes at `data`."""
    return "".join(
        f"#define {table.name} "
        f"((const {table.kind} *)(const void *)(data + {offsets[table.name]}))\n"
        for table in tables
    )
