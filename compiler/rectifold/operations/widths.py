"""How few units a layer could have, for what it gives its successors.

    12 units; kinks on 9 hyperplanes, and a linear part of rank 2 however they are turned  →  11

Derivation: docs/mathematics.md#the-least-width. For layers that read inputs alone: a box of inputs
has an interior, while what reaches a deeper layer may be flat, and fewer units might do there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rectifold.facts.facts import Facts
from rectifold.ir.hyperplanes import hyperplane_groups
from rectifold.ir.network import Layer, Network
from rectifold.operations.compiling import Compiled
from rectifold.passes.carriers import take_apart
from rectifold.passes.layer_matrices import layer_matrices
from rectifold.passes.orientations import orientation


@dataclass(frozen=True)
class Width:
    """Units of a layer of the result, and how many at least give its successors the same sums."""

    layer: str
    units: int
    least: int

    def __str__(self) -> str:
        if self.units <= self.least:
            return f"width of {self.layer}: {self.units}, the least for what it gives"
        needed = "1 is" if self.least == 1 else f"{self.least} are"
        return f"width of {self.layer}: {self.units}; at least {needed} needed for what it gives"


def widths(compiled: Compiled) -> list[Width]:
    """Of every layer of the result for which a bound is known."""
    if compiled.facts.domain.constraints:  # they may leave no interior
        return []
    found = []
    for layer in compiled.network.relu_layers:
        least = _least_width(compiled.network, compiled.kept, layer)
        if least is not None:
            found.append(Width(layer.name, layer.size, least))
    return found


def _least_width(network: Network, kept: Facts, layer: Layer) -> int | None:
    """None where a unit is open, an input that is read does not vary, or too much is to be done."""
    known = kept.layers.get(layer.name)
    if known is None or layer.name == network.output or set(layer.weights) != {network.input_name}:
        return None
    read = np.asarray(layer.weights[network.input_name].nonzero.any(axis=0))
    if known.open.any() or known.inactive.any() or any(read[k] for k in kept.domain.fixed):
        return None
    around = layer_matrices(network, layer)
    bent = np.nonzero(~known.active)[0]
    groups = hyperplane_groups(around.incoming, layer.bias, bent.tolist())
    parts = take_apart(layer, around, known, groups)
    rows = around.incoming.select_rows(parts.kinks)
    found = orientation(parts.linear, parts.jumps, rows)
    return None if found is None else len(parts.kinks) + found.least
