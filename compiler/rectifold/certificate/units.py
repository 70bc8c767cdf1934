"""Proof steps for the bounds of one network's units, in the checker's language.

The record of what was proved is gone through in order. Bounds by substitution are steps `cases`: a tree with slopes, which the
checker repeats in outward-rounded integers. Where no rounding may happen (a bound that is exactly 0, numbers too small for the error
terms to be wider than the checker's own rounding) the proof is written as multipliers of facts. Z3's word is a trusted claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from rectifold.bounds.exactly import ExactCase, exact_backward
from rectifold.bounds.phases import Cases, cases_of
from rectifold.bounds.relaxation import relaxation
from rectifold.bounds.state import Bounds
from rectifold.bounds.substitution import backward
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.facts import trees
from rectifold.facts.entries import (
    BoxTreeSigns,
    Entry,
    IntervalBounds,
    ProvedBounds,
    without_superseded,
)
from rectifold.facts.facts import Facts
from rectifold.facts.methods import Method
from rectifold.facts.serialise import box_tree_lists, case_tree_lists
from rectifold.facts.trees import CaseProof, Path, Tree, leaves_of
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network

Proof = dict[str, Any]
Step = list[Any]
_NamedEnds = dict[tuple[str, int, str], dict[tuple[str, str, int], Fraction]]

BITS = 72  # fractional bits of the checker's integers, unless a step asks for more
MOST_BITS = 4096
_SMALL = 2.0**-8  # layers whose ends are all below this ask for more bits
_LARGE = 2.0**24  # ends of layers and inputs above this ask for more bits
_NEAR = 2.0**-48  # of what is summed up: intervals this close to 0 are proved without rounding


def bits_for_large(sizes: Sequence[float], domain: Domain) -> int:
    """Fractional bits beyond the usual ones where ends of layers (`sizes`) or of the domain are large.

    A coefficient is rounded by 2^-bits, and that is multiplied by values of this size.
    """
    box = np.abs(np.concatenate(domain.float_box))
    large = max([s for s in (*sizes, *box.tolist()) if s < np.inf], default=1.0)
    return 0 if large <= _LARGE else int(np.ceil(np.log2(large / _LARGE)))


class UnitProofs:
    """Steps for network number `net` (0 or 1) of a certificate. `also_full`: layers whose ends later proofs need."""

    def __init__(self, network: Network, facts: Facts, net: int, also_full: set[str]) -> None:
        self.network = network
        self.facts = facts
        self.net = net
        self.numbers = {layer.name: k for k, layer in enumerate(network.layers, start=1)}
        self.bounds = Bounds(network, facts.domain)
        self.full = also_full | self._layers_that_need_all_ends()
        self.impure = self._impure_units()
        self.exact = self._below_exact_proofs()

    def _layers_that_need_all_ends(self) -> set[str]:
        """Layers below one whose bounds must be proved: the ends of their unsolved units enter those proofs."""
        full: set[str] = set()
        for layer in self.network.relu_layers:
            facts = self.facts.layers[layer.name]
            if facts.active.any() or facts.inactive.any():
                full |= self.network.cone(layer.name)
        return full

    def _below_exact_proofs(self) -> set[str]:
        """Layers whose ends must be ours to the last bit, because a proof without slack rests on them."""
        below: set[str] = set()
        for entry in self.facts.record:
            if isinstance(entry, ProvedBounds) and (
                entry.method is Method.EXACT_LINEAR or any(map(_has_exact_leaf, entry.proofs))
            ):
                below |= self.network.cone(entry.layer)
        return below

    @property
    def precision(self) -> int:
        """Fractional bits with which the checker's rounding is far below the smallest layer's ends.

        A coefficient is rounded by 2^-bits and meets values as large as the domain and the layers.
        """
        sizes = [
            float(np.max(np.maximum(np.abs(f.lower), np.abs(f.upper)), initial=0.0))
            for f in self.facts.layers.values()
        ]
        small = min((s for s in sizes if 0.0 < s < np.inf), default=1.0)
        fine = 0 if small >= _SMALL else -int(np.floor(np.log2(small)))
        return min(MOST_BITS, BITS + fine + bits_for_large(sizes, self.bounds.domain))

    def steps(self) -> Iterator[Step]:
        """All steps, in the order in which the bounds were found."""
        for layer in self.network.layers:
            if not layer.is_relu and set(layer.weights) <= {self.network.input_name}:
                self.bounds.set(layer.name, *self.bounds.interval(layer.name))
        for entry in without_superseded(self.facts.record):
            self._fill_linear_layers(entry.layer)
            yield from self._steps_of(entry)
            self._learn(entry)

    def _steps_of(self, entry: Entry) -> Iterator[Step]:
        match entry:
            case IntervalBounds():
                yield from self._intervals(entry)
            case ProvedBounds():
                yield from self._ends(entry)
            case BoxTreeSigns():
                claims = [[k, side, "0"] for k, side in entry.proof.claims]
                yield [
                    "boxes",
                    self.net,
                    self.numbers[entry.layer],
                    claims,
                    box_tree_lists(entry.proof.tree, self.numbers),
                ]

    def _learn(self, entry: Entry) -> None:
        """The bounds as they stood after this entry."""
        name = entry.layer
        if isinstance(entry, IntervalBounds):
            lower, upper = entry.lower.copy(), entry.upper.copy()
            if name in self.bounds.lower:
                lower, upper = (
                    np.maximum(lower, self.bounds.lower[name]),
                    np.minimum(upper, self.bounds.upper[name]),
                )
        else:
            lower, upper = self.bounds.lower[name].copy(), self.bounds.upper[name].copy()
            if isinstance(entry, ProvedBounds) and entry.side == "up":
                upper[entry.units] = np.minimum(upper[entry.units], entry.values)
            elif isinstance(entry, ProvedBounds):
                lower[entry.units] = np.maximum(lower[entry.units], entry.values)
            else:
                for unit, side in entry.proof.claims:
                    if side == "up":
                        upper[unit] = min(upper[unit], 0.0)
                    else:
                        lower[unit] = max(lower[unit], 0.0)
        self.bounds.set(name, lower, upper)

    def _fill_linear_layers(self, upto: str) -> None:
        """Linear layers below have their ends by interval."""
        cone = self.network.cone(upto)
        for layer in self.network.layers:
            if layer.name in cone and not layer.is_relu:
                self.bounds.set(layer.name, *self.bounds.interval(layer.name))

    # ---- ends -----------------------------------------------------------------------------------

    def _ends(self, entry: ProvedBounds) -> Iterator[Step]:
        wanted = [k for k in range(len(entry.units)) if self._is_wanted(entry, k)]
        if not wanted:
            return
        chosen = ProvedBounds(
            entry.layer, entry.side, entry.units[wanted], entry.values[wanted], entry.method,
            tuple(entry.proofs[k] for k in wanted) if entry.proofs else (),
        )  # fmt: skip
        if entry.method is Method.LINEAR:
            yield from self._linear(chosen)
            return
        sign = 1 if entry.side == "up" else -1
        for k, (unit, value) in enumerate(
            zip(chosen.units.tolist(), chosen.values.tolist(), strict=True)
        ):
            where, written = [self.net, self.numbers[entry.layer], unit], str(Fraction(value))
            if entry.method is Method.Z3:
                yield ["trusted", where, entry.side, written, "z3"]
            elif entry.method is Method.EXACT_LINEAR:
                facts = self._exact_facts(entry.layer, unit, sign, ExactCase())
                yield ["bound", where, entry.side, written, {"l": facts}]
            else:
                yield self._by_cases(entry.layer, unit, entry.side, written, chosen.proofs[k])

    def _is_wanted(self, entry: ProvedBounds, k: int) -> bool:
        """Ends that make a unit stable, and all ends of layers that later proofs rest on."""
        value = entry.values[k]
        return bool(np.isfinite(value)) and (
            entry.layer in self.full or (value <= 0 if entry.side == "up" else value >= 0)
        )

    def _linear(self, entry: ProvedBounds) -> Iterator[Step]:
        """Bounds with the default slopes: nothing to say but the value."""
        sign = 1 if entry.side == "up" else -1
        needs = _Needs(self, entry.layer, len(entry.units))
        slack = backward(self.bounds, entry.layer, entry.units, float(sign), needs).slack
        enough = slack > needs.total
        facts: list[list[Step]] = [[] for _ in entry.units]
        if not enough.all():
            backward(self.bounds, entry.layer, entry.units, float(sign), _Multipliers(self, facts))
        for k, (unit, value) in enumerate(
            zip(entry.units.tolist(), entry.values.tolist(), strict=True)
        ):
            where, written = [self.net, self.numbers[entry.layer], unit], str(Fraction(value))
            if enough[k]:
                yield ["cases", where, entry.side, written, [], ["", [], []]]
            else:
                yield ["bound", where, entry.side, written, {"l": facts[k]}]

    # ---- intervals ------------------------------------------------------------------------------

    def _intervals(self, entry: IntervalBounds) -> Iterator[Step]:
        """A layer's intervals are one step; those that are 0 to the last bit, or must be ours, are steps of their own."""
        layer, number = self.network.layer(entry.layer), self.numbers[entry.layer]
        stable = self.facts.layers[entry.layer]
        is_needed = entry.layer in self.full or stable.active.any() or stable.inactive.any()
        if not layer.size or not is_needed:
            return
        plain = self.facts.domain.is_bounded and entry.layer not in self.exact
        if plain:
            yield ["intervals", self.net, number]
        sizes = self.bounds.row_sizes(self.bounds.floats[entry.layer])[0]
        known: _NamedEnds = {}
        for side, ends, sign in (("up", entry.upper, 1), ("lo", entry.lower, -1)):
            signed = sign * ends <= 0
            own = (
                signed & (-sign * ends <= _NEAR * sizes)
                if plain
                else signed | (entry.layer in self.full)
            )
            for k in np.nonzero(own & np.isfinite(ends))[0].tolist():
                named = (
                    self._named_ends(layer, k, side, known).items()
                    if any(self.impure.values())
                    else ()
                )
                proof = {
                    "l": [[end, [self.net, self.numbers[v], j], str(m)] for (end, v, j), m in named]
                }
                yield ["bound", [self.net, number, k], side, str(Fraction(float(ends[k]))), proof]

    def _impure_units(self) -> dict[str, set[int]]:
        """Active units whose ends were not found by intervals alone.

        The checker writes an active unit as the affine form it is, whose interval can be wider than its proven ends. A
        proof that used those ends therefore names them.
        """
        impure: dict[str, set[int]] = {}
        for layer in self.network.relu_layers:
            facts = self.facts.layers[layer.name]
            below = any(impure.get(u) for u in self.network.cone(layer.name))
            methods = zip(facts.lower_method, facts.upper_method, strict=True)
            found = [below or not {low, up} <= {Method.INTERVAL} for low, up in methods]
            impure[layer.name] = {k for k in np.nonzero(facts.lower >= 0)[0].tolist() if found[k]}
        return impure

    def _named_ends(
        self, layer: Layer, unit: int, side: str, known: _NamedEnds
    ) -> dict[tuple[str, str, int], Fraction]:
        """The ends of impure units that an interval bound of `unit` rests on, through linear layers; the rest is the checker's `low`."""
        key = layer.name, unit, side
        if key in known:
            return known[key]
        total: dict[tuple[str, str, int], Fraction] = {}
        for source in sorted(
            set(layer.weights) - {self.network.input_name}, key=self.numbers.__getitem__
        ):
            below, weight = self.network.layer(source), layer.weights[source]
            if below.is_relu and not self.impure[source]:
                continue
            for j in np.nonzero(weight.nonzero[unit])[0].tolist():
                factor = weight.entry(unit, j)
                end = "lo" if (factor > 0) == (side == "lo") else "up"
                for fact, value in self._ends_named_for(below, j, end, known).items():
                    total[fact] = total.get(fact, Fraction(0)) + abs(factor) * value
        known[key] = total
        return total

    def _ends_named_for(
        self, layer: Layer, unit: int, side: str, known: _NamedEnds
    ) -> dict[tuple[str, str, int], Fraction]:
        """The same for a value that is read: itself, if it is impure and known to be active by now; of a linear layer, what it reads."""
        if not layer.is_relu:
            return self._named_ends(layer, unit, side, known)
        is_named = unit in self.impure[layer.name] and self.bounds.lower[layer.name][unit] >= 0
        return {(side, layer.name, unit): Fraction(1)} if is_named else {}

    # ---- multipliers ----------------------------------------------------------------------------

    def _exact_facts(self, name: str, unit: int, sign: int, case: ExactCase) -> list[Step]:
        entries: list[Step] = []

        def record(layer: str, c: Matrix) -> None:
            lower, upper = self.bounds.lower[layer], self.bounds.upper[layer]
            default = relaxation(lower, upper)[2]
            for j in np.nonzero((lower < 0) & (upper > 0))[0].tolist():
                value = c.entry(0, j)
                where = [self.net, self.numbers[layer], j]
                slope = case.alpha.get((layer, j), Fraction(float(default[j])))
                if (layer, j) in case.phases:
                    continue
                if value > 0:
                    width = Fraction(float(upper[j])) - Fraction(float(lower[j]))
                    entries.append(["ch", where, str(value / width)])
                elif value < 0 and slope > 0:
                    entries.append(["hz", where, str(-value * min(slope, Fraction(1)))])

        exact_backward(self.bounds, name, unit, sign, record, case)
        return entries + [
            ["dom", number, str(value)] for number, value in case.gamma.items() if value > 0
        ]

    # ---- cases ----------------------------------------------------------------------------------

    def _by_cases(self, name: str, unit: int, side: str, written: str, proof: CaseProof) -> Step:
        """The step of one bound by a tree: as slopes where the error terms leave room for the checker's rounding, else as multipliers."""
        where, sign = [self.net, self.numbers[name], unit], 1 if side == "up" else -1
        leaves = list(leaves_of(proof.tree))
        rounded = [(path, leaf) for path, leaf in leaves if isinstance(leaf, trees.Leaf)]
        cases = cases_of(proof.frame, rounded)
        rows = np.full(len(rounded), unit, dtype=np.int64)
        if len(rounded) == len(leaves):
            needs = _Needs(self, name, len(rounded))
            slack = backward(self.bounds, name, rows, float(sign), needs, cases).slack
            if (slack > needs.total).all() or any(leaf.hull is not None for _, leaf in rounded):
                frame = [
                    [self.numbers[v], u.tolist()] for v, u in proof.frame.units.items() if len(u)
                ]
                return ["cases", where, side, written, frame, case_tree_lists(proof, proof.tree)]
        entries: list[list[Step]] = [self._multipliers_of_path(path, leaf) for path, leaf in leaves]
        places = [k for k, (_, leaf) in enumerate(leaves) if isinstance(leaf, trees.Leaf)]
        if places:
            collect = _Multipliers(self, [entries[k] for k in places], cases)
            backward(self.bounds, name, rows, float(sign), collect, cases)
        for k, (path, leaf) in enumerate(leaves):
            if isinstance(leaf, trees.ExactLeaf):
                case = ExactCase(
                    {(layer, j): phase for layer, j, phase in path},
                    leaf.alpha,
                    leaf.beta,
                    leaf.gamma,
                )
                entries[k] += self._exact_facts(name, unit, sign, case)
        return ["bound", where, side, written, self._nested(proof.tree, iter(entries))]

    def _multipliers_of_path(self, path: Path, leaf: trees.Leaf | trees.ExactLeaf) -> list[Step]:
        facts: list[Step] = []
        for number, (layer, unit, phase) in enumerate(path):
            if isinstance(leaf, trees.Leaf):
                value = Fraction(leaf.beta[number]) if leaf.beta else Fraction(0)
            else:
                value = leaf.beta[layer, unit]
            if value > 0:
                facts.append(
                    ["lo" if phase > 0 else "up", [self.net, self.numbers[layer], unit], str(value)]
                )
        if isinstance(leaf, trees.Leaf):
            facts += [
                ["dom", number, str(Fraction(g))] for number, g in enumerate(leaf.gamma) if g > 0
            ]
        return facts

    def _nested(self, tree: Tree, leaves: Iterator[list[Step]]) -> Proof:
        if not isinstance(tree, trees.Split):
            return {"l": next(leaves)}
        unit = [self.net, self.numbers[tree.layer], tree.unit]
        return {
            "s": unit,
            "p": self._nested(tree.active, leaves),
            "n": self._nested(tree.inactive, leaves),
        }


class _Needs:
    """Per row, what the checker's rounding may cost: twice per layer 2^-bits · Σ |value|, and slopes of 2^-60."""

    def __init__(self, writer: UnitProofs, name: str, rows: int) -> None:
        bounds, network = writer.bounds, writer.network
        cone = [v for v in network.cone(name) if v in bounds.lower]
        reach = sum(
            float(np.abs(np.concatenate([bounds.lower[v], bounds.upper[v]])).sum()) for v in cone
        )
        reach += float(bounds.magnitude(network.input_name).sum())
        bits = writer.precision
        self.bounds = bounds
        self.total = np.full(rows, 2.0 ** (4 - bits) * (2 * len(cone) + 2 + 2 * reach))

    def __call__(self, layer: str, positions: Indices, live: Indices, c: Floats) -> None:
        width = (
            np.maximum(self.bounds.upper[layer], 0.0) - np.minimum(self.bounds.lower[layer], 0.0)
        )[live]
        self.total[positions] += 2.0**-58 * (np.abs(c) @ width)


class _Multipliers:
    """Turns the coefficients of a backward pass into facts: a chord where C > 0, h ≥ z with weight α where C < 0."""

    def __init__(
        self, writer: UnitProofs, facts: list[list[Step]], cases: Cases | None = None
    ) -> None:
        self.writer = writer
        self.facts = facts
        self.cases = cases

    def __call__(self, layer: str, positions: Indices, live: Indices, c: Floats) -> None:
        lower, upper = self.writer.bounds.lower[layer], self.writer.bounds.upper[layer]
        unstable = np.nonzero((lower < 0) & (upper > 0))[0]
        number, column = self.writer.numbers[layer], np.searchsorted(live, unstable)
        width, net = upper - lower, self.writer.net
        slopes = np.broadcast_to(relaxation(lower, upper)[2][unstable], (len(c), len(unstable)))
        fixed = np.zeros(slopes.shape)
        if self.cases is not None and layer in self.cases.frame.units:
            part = self.cases.frame.slices[layer]
            slopes, fixed = self.cases.alpha[positions, part], self.cases.phase[positions, part]
        for row, position in enumerate(positions.tolist()):
            entries = self.facts[position]
            for place, j in enumerate(unstable.tolist()):
                value = float(c[row, column[place]])
                if fixed[row, place]:
                    continue
                if value > 0:
                    entries.append(["ch", [net, number, j], _hex(value / float(width[j]))])
                elif value < 0 and slopes[row, place] > 0:
                    entries.append(
                        ["hz", [net, number, j], _hex(-value * float(slopes[row, place]))]
                    )


def _has_exact_leaf(proof: CaseProof) -> bool:
    return any(isinstance(leaf, trees.ExactLeaf) for _, leaf in leaves_of(proof.tree))


def _hex(value: float) -> str:
    return value.hex()
