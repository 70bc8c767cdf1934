"""The one list of approximate moves: each proposes edits of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rectifold.approximate.edits import Edit
from rectifold.approximate.known import Known
from rectifold.approximate.moves.tiny_weights import tiny_weights
from rectifold.ir.network import Network

Proposer = Callable[[Network, Known], Iterable[Edit]]
"""Edits of a network of which so much is known, each possible by itself; the search combines."""

MOVES: Mapping[str, Proposer] = {
    "tiny weights": tiny_weights,
}
