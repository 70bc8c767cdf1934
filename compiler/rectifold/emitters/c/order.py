"""Which sums of emitted C are taken in several parts, and stored for that.

    w[i][0] ... w[i][15] | w[i][16] ... w[i][31] | ...        the row of a unit, in float32
    s[0]    ... s[15]    | s[0]     ... s[15]    | ...        the sum that each term goes to

A layer of few units and many inputs keeps an addition waiting for the one before, if each unit has
one sum. With as many as the widest vector has numbers (eight in doubles), a row and the inputs are
read as vectors, of any width. A layer of few weights has two sums, of the first and of the second
half of its inputs. Which layers these are is said by their shapes, so that all paths and the bound
agree.
"""

from __future__ import annotations

import numpy as np

from rectifold.bounds.summation import Groups, Order, in_halves, in_lanes
from rectifold.effort.vectors import VectorEffort
from rectifold.emitters.storage.storage import DenseRows, DenseUnits, Storage, storage_of
from rectifold.formats.float_range import COMPUTED
from rectifold.ir.network import Network


def c_order(network: Network, precision: str) -> Order:
    """The order in which `c_code` adds."""
    found: dict[tuple[str, str], Groups] = {}
    for layer in network.layers:
        for source, weight in layer.weights.items():
            is_long = _is_long(network, layer.name, source)
            if not is_long and not is_halved(*weight.shape):
                continue
            if isinstance(storage_of(layer, source, precision), DenseRows):
                lanes, halves = in_lanes(lanes_of_rows(precision)), in_halves(weight.shape[1])
                found[layer.name, source] = lanes if is_long else halves
    return Order(found)


def lanes_of_rows(precision: str) -> int:
    """Sums of a unit whose row is read as vectors."""
    return max(VectorEffort.widths) // np.dtype(COMPUTED[precision]).itemsize


def is_halved(units: int, inputs: int) -> bool:
    """Has each unit a sum for each half of its inputs, where weights are dense, input by input?"""
    return (
        VectorEffort.least_halved <= inputs <= VectorEffort.small_inputs
        and 0 < units * inputs <= VectorEffort.small
    )


def laid_out(network: Network, layer: str, source: str, form: Storage) -> Storage:
    """The form of an edge as the code reads it: by units where it takes their sums in lanes."""
    if isinstance(form, DenseRows) and _is_long(network, layer, source):
        return DenseUnits(form.matrix())
    return form


def _is_long(network: Network, layer: str, source: str) -> bool:
    """Has a unit many weights for each unit there is, and are the inputs seldom zero, or few?"""
    units, inputs = network.layer(layer).weights[source].shape
    if not units or inputs < max(VectorEffort.least_row, VectorEffort.inputs_of_a_unit * units):
        return False
    is_cut = source != network.input_name and network.layer(source).is_relu
    return not is_cut or units * inputs <= VectorEffort.small
