"""What several rules ask of a step, each with the message of its refusal."""

from __future__ import annotations

from rectifold_check.gap import GAP
from rectifold_check.json import Json, Refusal
from rectifold_check.state import State
from rectifold_check.terms import Unit


class Malformed(Refusal):
    """A step has not the parts that its name asks for."""


def unit_of(state: State, where: Json) -> Unit:
    """A unit of A or B, named [network, layer, index]."""
    match where:
        case [int() as net, int() as layer, int() as index] if _are_numbers(net, layer, index):
            layers = state.networks[net].layers if net in (0, 1) else ()
            if 1 <= layer <= len(layers) and 0 <= index < layers[layer - 1].size:
                return net, layer, index
    raise Refusal(f"{str(where)[:40]} is no unit")


def layer_size(state: State, net: int, number: int) -> int:
    """The size of a layer of A, B or the gap network that has units."""
    if _are_numbers(net, number) and net in (0, 1, GAP):
        layers = state.network(net).layers
        if 1 <= number <= len(layers) and layers[number - 1].size:
            return layers[number - 1].size
    raise Refusal("no such layer, or it has no units")


def _are_numbers(*values: int) -> bool:
    """JSON's true and false are read as whole numbers by Python, and are none."""
    return all(type(v) is int for v in values)
