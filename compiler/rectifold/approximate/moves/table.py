"""The two lists of approximate moves: each proposes edits of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rectifold.approximate.edits import Edit
from rectifold.approximate.known import Known
from rectifold.approximate.moves.constant_units import constant_units
from rectifold.approximate.moves.parallel_units import parallel_units
from rectifold.approximate.moves.straight_units import straight_units
from rectifold.approximate.moves.tiny_weights import tiny_weights
from rectifold.ir.network import Network

Proposer = Callable[[Network, Known], Iterable[Edit]]
"""Edits of a network of which so much is known, each possible by itself; the search combines."""

UnitProposer = Callable[[Network, Known, str], Iterable[Edit]]
"""Edits of whole units of one hidden layer, each of which names them in its first shift."""

MOVES: Mapping[str, Proposer] = {
    "tiny weights": tiny_weights,
}

UNIT_MOVES: Mapping[str, UnitProposer] = {
    "constant units": constant_units,
    "parallel units": parallel_units,
    "straight units": straight_units,
}
