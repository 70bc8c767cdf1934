"""Edits of whole units that pay at a price, layer by layer from the output backward.

    price: tolerance spent per weight saved      →      the units that are better edited whole

A weight that is dropped by itself gains price − cost, where that is positive; a unit that is edited
whole gains price · (weights that it saves) − cost, and is edited where that is more than its
weights gain one by one. The layers before a changed one matter less then, so they are looked at
afterwards, with new bounds. All of it only guides: what is answered is bounded on the edited
network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rectifold.approximate.edits import Edit, Tie, apply, compatible
from rectifold.approximate.known import Known
from rectifold.approximate.moves.table import UNIT_MOVES
from rectifold.exact.conversion import Floats
from rectifold.ir.network import Network
from rectifold.runtime.deadline import Deadline


@dataclass(frozen=True, eq=False)
class EditedUnits:
    """A network with edits of whole units, and these."""

    network: Network
    edits: tuple[Edit, ...]

    @property
    def ties(self) -> tuple[Tie, ...]:
        return tuple(tie for edit in self.edits for tie in edit.ties)

    def leaves(self, edit: Edit) -> bool:
        """Does a later edit of weights leave alone the rows that follow another one?"""
        bound = {(tie.layer, tie.unit) for tie in self.ties}
        return not any(
            (change.target, row) in bound for change in edit.entries for row in change.rows.tolist()
        )


@dataclass(frozen=True, eq=False)
class Prices:
    """What a weight may cost, in parts of the tolerances, of which output j counts weights[j]."""

    price: float
    weights: Floats

    def costs(self, known: Known, layer: str) -> Floats:
        """Per unit of a layer, what a change of 1 of its pre-activation costs."""
        return np.asarray(self.weights @ (known.influence[layer] / known.tolerance[:, None]))

    def gain(self, known: Known, edit: Edit) -> float:
        return self.price * edit.saves - float(self.weights @ known.costs(edit))


def edit_units(
    network: Network,
    known_of: Callable[[Network], Known],
    prices: Prices,
    deadline: Deadline = Deadline(),
) -> EditedUnits:
    """The network with the edits of units that pay; of fewer layers where the time is up before."""
    chosen: list[Edit] = []
    hidden = [v.name for v in network.relu_layers if v.name != network.output]
    for layer in reversed(hidden):
        if deadline.is_over:
            break
        known = known_of(network)
        paying = compatible(network, _paying(network, known, layer, prices))
        chosen += paying
        network = apply(network, paying)
    return EditedUnits(network, tuple(chosen))


def _paying(network: Network, known: Known, layer: str, prices: Prices) -> list[Edit]:
    """The edits that gain more than the weights of their units by themselves, best first."""
    alone = _gains_alone(network, known, layer, prices)
    edits = [e for propose in UNIT_MOVES.values() for e in propose(network, known, layer)]
    gains = np.array([prices.gain(known, e) - alone[e.shifts[0].units].sum() for e in edits])
    order = np.argsort(-gains, kind="stable").tolist()
    return [edits[k] for k in order if gains[k] > 0]


def _gains_alone(network: Network, known: Known, layer: str, prices: Prices) -> Floats:
    """Per unit of the layer, what the weights of its row and column gain one by one."""
    total = np.zeros(network.layer(layer).size)
    for source, weight in known.bounds.floats[layer].weights.items():
        total += _gained(known, (layer, source), weight, prices).sum(axis=1)
    for target in network.successors(layer):
        weight = known.bounds.floats[target].weights[layer]
        total += _gained(known, (target, layer), weight, prices).sum(axis=0)
    return total


def _gained(known: Known, edge: tuple[str, str], weight: Floats, prices: Prices) -> Floats:
    """Per weight of an edge (layer, what it reads), what it gains when it is dropped, or 0."""
    read = known.range_of(edge[1])
    half = (read.upper - read.lower) / 2
    with np.errstate(invalid="ignore"):  # 0 times an endless range
        costs = prices.costs(known, edge[0])[:, None] * np.abs(weight) * half
    return np.where(weight != 0, np.maximum(prices.price - np.nan_to_num(costs), 0.0), 0.0)
