"""Edits of numbers: what an approximate move may do to a network.

    Entries   some weights get other values          0.00002 x        →   0, bias + 0.00001
    Rows      whole rows of a layer are replaced      relu(w a + b)    →   relu(c)
    Tie       a row becomes a multiple of another     x + 2.01 y       →   x + 2 y

Every edit keeps the layers and their sizes; what it makes constant, dead or parallel is taken out
by an exact compile afterwards. Nothing is believed of an edit: `shifts` only rank it, and the
difference is bounded, certified and checked on the edited network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.exact.patching import with_entries, with_rows
from rectifold.ir.draft import Draft
from rectifold.ir.network import Network


@dataclass(frozen=True, eq=False)
class Entries:
    """Weights W[rows[k], columns[k]] of layer `target` on `source` become values[k] (None: 0)."""

    target: str
    source: str
    rows: Indices
    columns: Indices
    values: Floats | None = None


@dataclass(frozen=True, eq=False)
class BiasShift:
    """Biases of these units of a layer grow by `added`: what lost weights carried in the middle."""

    layer: str
    units: Indices
    added: Floats


@dataclass(frozen=True, eq=False)
class Rows:
    """These units of a layer get this bias (k×1) and these weights (k×n) on each of its sources.

    A source that is not named loses its weights there. No other edit may change such a row.
    """

    layer: str
    units: Indices
    bias: Matrix
    weights: Mapping[str, Matrix]


@dataclass(frozen=True)
class Tie:
    """Weights and bias of a unit are `scale` times those of another one of its layer.

    They stay so: what later edits do to the other unit is done to this one (`tied`).
    """

    layer: str
    unit: int
    other: int
    scale: float


@dataclass(frozen=True, eq=False)
class Shift:
    """By how much pre-activations of these units change: between lower and upper, an estimate."""

    layer: str
    units: Indices
    lower: Floats
    upper: Floats

    @property
    def size(self) -> Floats:
        """The largest size of each unit's change."""
        return np.maximum(np.abs(self.lower), np.abs(self.upper))


@dataclass(frozen=True, eq=False)
class Edit:
    """One possible change: all of it, or none.

    `kind`: what the move is called in reports. `saves`: weights and biases that it takes out,
    `units`: relu units that an exact compile can remove after it.
    """

    kind: str
    saves: int
    shifts: tuple[Shift, ...]
    entries: tuple[Entries, ...] = ()
    biases: tuple[BiasShift, ...] = ()
    rows: tuple[Rows, ...] = ()
    units: int = 0
    ties: tuple[Tie, ...] = ()

    @property
    def layers(self) -> frozenset[str]:
        """Whose numbers it changes."""
        targets = [change.target for change in self.entries]
        return frozenset([*targets, *(b.layer for b in self.biases), *(r.layer for r in self.rows)])


class Touched:
    """Which weights and biases of a network the edits chosen so far change."""

    def __init__(self, network: Network) -> None:
        self.weights = {
            (v.name, u): np.zeros(w.shape, dtype=np.bool_)
            for v in network.layers
            for u, w in v.weights.items()
        }
        self.biases = {v.name: np.zeros(v.size, dtype=np.bool_) for v in network.layers}
        self.claimed = {v.name: np.zeros(v.size, dtype=np.bool_) for v in network.layers}
        self.followed = {v.name: np.zeros(v.size, dtype=np.bool_) for v in network.layers}

    def allows(self, edit: Edit) -> bool:
        """Does the edit leave alone what others changed, and the rows that others replaced?"""
        return (
            not any(self._is_taken(change) for change in edit.entries)
            and not any(self._is_fixed(b) for b in edit.biases)
            and not any(self._is_used(change) for change in edit.rows)
            and not any(self._is_bound(tie) for tie in edit.ties)
        )

    def _is_taken(self, change: Entries) -> bool:
        weights = self.weights[change.target, change.source]
        rows = change.rows
        return bool(weights[rows, change.columns].any() or self.claimed[change.target][rows].any())

    def _is_fixed(self, shift: BiasShift) -> bool:
        fixed = self.claimed[shift.layer] | self.followed[shift.layer]
        return bool(fixed[shift.units].any())

    def _is_used(self, change: Rows) -> bool:
        name, units = change.layer, change.units
        used = self.claimed[name][units].any() or self.biases[name][units].any()
        used = used or self.followed[name][units].any()
        return bool(used) or any(
            mask[units].any() for (target, _), mask in self.weights.items() if target == name
        )

    def _is_bound(self, tie: Tie) -> bool:
        """Is one of the two replaced or changed, or this one followed by a third?"""
        changed = self.claimed[tie.layer] | self.biases[tie.layer]
        followed = self.followed[tie.layer][tie.unit]
        return bool(changed[tie.unit] or changed[tie.other] or followed)

    def add(self, edit: Edit) -> None:
        """Note the edit as chosen."""
        for change in edit.entries:
            self.weights[change.target, change.source][change.rows, change.columns] = True
        for shift in edit.biases:
            self.biases[shift.layer][shift.units] = True
        for rows in edit.rows:
            self.claimed[rows.layer][rows.units] = True
        for tie in edit.ties:
            self.claimed[tie.layer][tie.unit] = True
            self.followed[tie.layer][tie.other] = True


def compatible(network: Network, edits: Iterable[Edit]) -> list[Edit]:
    """In this order, each edit that touches nothing that an earlier one changed."""
    touched, chosen = Touched(network), []
    for edit in edits:
        if touched.allows(edit):
            touched.add(edit)
            chosen.append(edit)
    return chosen


def apply(network: Network, edits: Iterable[Edit]) -> Network:
    """The network with all these edits, of which `Touched` allows each beside the others.

    Layers and sizes stay. What is added to a bias is summed up in floats, and taken as it is.
    """
    draft, changes = Draft(network), _Changes()
    for edit in edits:
        changes.add(edit)
    for layer in network.layers:
        bias, weights = layer.bias, dict(layer.weights)
        for rows in changes.rows[layer.name]:
            bias = with_rows(bias, rows.units, rows.bias)
            for u, w in weights.items():
                zero = Matrix.zeros(len(rows.units), w.shape[1])
                weights[u] = with_rows(w, rows.units, rows.weights.get(u, zero))
        for u in weights:
            weights[u] = _with_all(weights[u], changes.entries[layer.name, u])
        bias = _with_shifts(bias, changes.biases[layer.name])
        draft.edit(layer.name, bias=bias, weights=weights)
    return tied(draft.freeze(), changes.ties)


def tied(network: Network, ties: Sequence[Tie]) -> Network:
    """The network with all ties. Precondition: no unit with a tie is the other of another one."""
    draft = Draft(network)
    for name in dict.fromkeys(tie.layer for tie in ties):
        layer, own = network.layer(name), [tie for tie in ties if tie.layer == name]
        units, others = [tie.unit for tie in own], [tie.other for tie in own]
        scales = [Fraction(tie.scale) for tie in own]
        weights = {
            u: with_rows(w, units, w.select_rows(others).scale_rows(scales))
            for u, w in layer.weights.items()
        }
        bias = layer.bias.select_rows(others).scale_rows(scales)
        draft.edit(name, bias=with_rows(layer.bias, units, bias), weights=weights)
    return draft.freeze()


class _Changes:
    """The changes of many edits by what they are about."""

    def __init__(self) -> None:
        self.entries: defaultdict[tuple[str, str], list[Entries]] = defaultdict(list)
        self.biases: defaultdict[str, list[BiasShift]] = defaultdict(list)
        self.rows: defaultdict[str, list[Rows]] = defaultdict(list)
        self.ties: list[Tie] = []

    def add(self, edit: Edit) -> None:
        for change in edit.entries:
            self.entries[change.target, change.source].append(change)
        for shift in edit.biases:
            self.biases[shift.layer].append(shift)
        for rows in edit.rows:
            self.rows[rows.layer].append(rows)
        self.ties += edit.ties


def _with_all(matrix: Matrix, changes: Sequence[Entries]) -> Matrix:
    """The matrix with all these entries."""
    if not changes:
        return matrix
    rows = np.concatenate([e.rows for e in changes])
    columns = np.concatenate([e.columns for e in changes])
    values = [np.zeros(len(e.rows)) if e.values is None else e.values for e in changes]
    return with_entries(matrix, rows, columns, np.concatenate(values))


def _with_shifts(bias: Matrix, moved: Sequence[BiasShift]) -> Matrix:
    """The bias with what is added to it."""
    if not moved:
        return bias
    added = np.zeros(bias.shape[0])
    units = np.concatenate([shift.units for shift in moved])
    np.add.at(added, units, np.concatenate([shift.added for shift in moved]))
    if bias.is_float:
        return Matrix.from_floats(bias.floats + added[:, None])
    units = np.nonzero(added)[0]
    return bias + with_entries(Matrix.zeros(*bias.shape), units, np.zeros_like(units), added[units])
