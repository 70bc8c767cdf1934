"""All edits that were proposed, in arrays: what they cost, what excludes what, and a choice.

    single: weights that no earlier single edit changes        some price per saved weight
    whole:  rows, or weights that a single edit may change     →  single edits that are worth it,
                                                                   whole ones that are worth more

At a price p an edit gains p · saves − cost. A whole edit stands for the single ones that it
excludes, so it is taken where it gains more than these together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.approximate.edits import Edit, Touched
from rectifold.approximate.known import Known
from rectifold.bounds.rounding import TINY
from rectifold.effort.approximate import ApproximateEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import Mask
from rectifold.ir.network import Network


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Edits of one network. `costs`: edits × outputs, parts of the tolerances (estimates).

    `whole`: numbers of edits that may exclude others; of each, `excludes` has the single edits.
    """

    network: Network
    known: Known
    edits: Sequence[Edit]
    costs: Floats
    saves: Floats
    is_single: Mask
    whole: Indices
    excludes: tuple[Indices, ...]

    @staticmethod
    def of(
        network: Network, known: Known, edits: Sequence[Edit], *, count_units: bool = False
    ) -> Catalogue:
        """`count_units`: what is saved is units first, and weights only between equals."""
        owners = {
            (v.name, u): np.full(w.shape, -1) for v in network.layers for u, w in v.weights.items()
        }
        is_single = np.array([_takes(owners, k, edit) for k, edit in enumerate(edits)], dtype=bool)
        whole = np.nonzero(~is_single)[0]
        return Catalogue(
            network,
            known,
            edits,
            _costs(known, edits),
            _saved(edits, count_units=count_units),
            is_single,
            whole,
            tuple(_excluded(owners, edits[k]) for k in whole.tolist()),
        )

    def ratios(self, weights: Floats) -> Floats:
        """Per edit the price from which on it gains."""
        return np.asarray((self.costs @ weights) / self.saves)

    def at_price(self, price: float, weights: Floats) -> list[int]:
        """The numbers of the edits that gain most together (nearly), for costs weighted so."""
        gains = price * self.saves - self.costs @ weights
        chosen = self.is_single & (gains >= 0)
        touched = Touched(self.network)
        taken: list[int] = []
        for k in self._promising(gains, chosen):
            number = int(self.whole[k])
            excluded = self.excludes[k]
            given_up = gains[excluded[chosen[excluded]]].sum()
            if gains[number] > given_up and touched.allows(self.edits[number]):
                touched.add(self.edits[number])
                taken.append(number)
                chosen[excluded] = False
        return sorted([*np.nonzero(chosen)[0].tolist(), *taken])

    def _promising(self, gains: Floats, chosen: Mask) -> list[int]:
        """Places in `whole` of the edits that gain, those first that gain most beside others."""
        extra = np.array(
            [
                gains[self.whole[k]] - gains[some[chosen[some]]].sum()
                for k, some in enumerate(self.excludes)
            ]
        )
        return [int(k) for k in np.argsort(-extra, kind="stable") if extra[k] > 0]


def _saved(edits: Sequence[Edit], *, count_units: bool) -> Floats:
    """Per edit what it saves, more than 0: an edit that saves nothing is never worth its cost."""
    weights = np.array([edit.saves for edit in edits], dtype=np.float64)
    if count_units:
        least = ApproximateEffort.weight_in_units
        weights = least * weights + np.array([edit.units for edit in edits], dtype=np.float64)
    return np.asarray(np.maximum(weights, TINY))


def _takes(owners: dict[tuple[str, str], Indices], number: int, edit: Edit) -> bool:
    """Is it a single edit? Then its weights are its own from now on."""
    if edit.rows or any(_owned(owners, edit) >= 0):
        return False
    for change in edit.entries:
        owners[change.target, change.source][change.rows, change.columns] = number
    return True


def _owned(owners: dict[tuple[str, str], Indices], edit: Edit) -> Indices:
    """The single edits of the weights that an edit changes, -1 for none."""
    parts = [owners[e.target, e.source][e.rows, e.columns] for e in edit.entries]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _excluded(owners: dict[tuple[str, str], Indices], edit: Edit) -> Indices:
    """The single edits that cannot be made beside this one."""
    parts = [_owned(owners, edit)]
    for rows in edit.rows:
        parts += [own[rows.units].ravel() for (v, _), own in owners.items() if v == rows.layer]
    found = np.unique(np.concatenate(parts))
    return found[found >= 0]


def _costs(known: Known, edits: Sequence[Edit]) -> Floats:
    """Per edit and output, the part of the tolerance (about) that it takes."""
    total = np.zeros((len(edits), len(known.tolerance)))
    by_layer: dict[str, list[tuple[int, Indices, Floats]]] = {}
    for number, layer, units, sizes in _shifts(edits):
        by_layer.setdefault(layer, []).append((number, units, sizes))
    for layer, found in by_layer.items():
        numbers = np.repeat([n for n, _, _ in found], [len(u) for _, u, _ in found])
        units, sizes = (np.concatenate([f[k] for f in found]) for k in (1, 2))
        slopes = known.influence[layer] / known.tolerance[:, None]
        np.add.at(total, numbers, slopes[:, units.astype(np.int64)].T * sizes[:, None])
    return total


def _shifts(edits: Sequence[Edit]) -> Iterator[tuple[int, str, Indices, Floats]]:
    for number, edit in enumerate(edits):
        for shift in edit.shifts:
            yield number, shift.layer, shift.units, shift.size
