"""Proof steps for the bounds of one network's units, in the checker's language.

Every way in which the cascade proves a bound has its form here: intervals are leaves without facts, linear bounds are
multipliers on chords and on h ≥ z, branch and bound is a tree of such leaves, and Z3's word is a trusted claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from rectifold.bounds.linear import Bounds, Cases, ExactCase, exact_backward, relaxation
from rectifold.exact import Floats, Indices, Matrix
from rectifold.ir.network import Layer, Network
from rectifold.proof import trees
from rectifold.proof.facts import Facts, Method
from rectifold.proof.trees import BoxTree, Path, Tree, leaves_of

Leaf = dict[str, list[list[Any]]]
Proof = dict[str, Any]


class UnitProofs:
    """Steps for network number `net` (0 or 1) of a certificate. `full`: layers whose ends later proofs need."""

    def __init__(self, network: Network, facts: Facts, net: int, also_full: set[str]) -> None:
        self.network = network
        self.facts = facts
        self.net = net
        self.numbers = {layer.name: k for k, layer in enumerate(network.layers, start=1)}
        self.own: dict[str, Indices] = {layer.name: np.arange(layer.size) for layer in network.layers}
        self.bounds = _restored_bounds(network, facts)
        self.full = also_full | self._layers_that_need_all_ends()
        self.impure = self._impure_units()

    def _layers_that_need_all_ends(self) -> set[str]:
        """Layers below one whose bounds must be proved: the ends of their unsolved units enter those proofs."""
        full: set[str] = set()
        for layer in self.network.relu_layers:
            facts = self.facts.layers[layer.name]
            if facts.active.any() or facts.inactive.any():
                full |= self.network.cone(layer.name)
        return full

    def steps_of(self, name: str) -> Iterator[list[Any]]:
        """The bounds of a layer's units that make them stable, and all ends if later proofs need them."""
        facts = self.facts.layers[name]
        wanted: list[tuple[int, str, float, Method]] = []
        for k in range(facts.size):
            if facts.upper[k] <= 0:
                wanted.append((k, "up", 0.0, facts.upper_method[k]))
            elif facts.lower[k] >= 0 and name in self.full and k in self.impure[name]:
                wanted.append((k, "lo", float(facts.lower[k]), facts.lower_method[k]))
                wanted.append((k, "up", float(facts.upper[k]), facts.upper_method[k]))
            elif facts.lower[k] >= 0:
                wanted.append((k, "lo", 0.0, facts.lower_method[k]))
            elif name in self.full:
                wanted.append((k, "lo", float(facts.lower[k]), facts.lower_method[k]))
                wanted.append((k, "up", float(facts.upper[k]), facts.upper_method[k]))
        by_boxes = {claim for proof in self.facts.boxes.get(name, ()) for claim in proof.claims}
        for joint in self.facts.boxes.get(name, ()):
            claims = [[k, side, "0"] for k, side in joint.claims]
            yield ["boxes", self.net, self.numbers[name], claims, _box_tree(joint.tree)]
        leaves = self._linear_leaves(name, wanted)
        for k, side, value, method in wanted:
            if np.isfinite(value) and not (value == 0.0 and (k, side) in by_boxes):
                unit = [self.net, self.numbers[name], k]
                if method is Method.CASES:
                    proof = self._tree(name, k, side)
                elif (k, side) in leaves:
                    proof = leaves[k, side]
                else:
                    proof = self.interval_leaf(self.network.layer(name), k, side, self.own)
                yield self._bound(unit, side, value, method, proof)

    def _bound(self, unit: list[int], side: str, value: float, method: Method, proof: Proof) -> list[Any]:
        written = str(Fraction(value))
        if method is Method.Z3:
            return ["trusted", unit, side, written, "z3"]
        return ["bound", unit, side, written, proof]

    # ---- intervals ------------------------------------------------------------------------------

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
            found = [below or not {low, up} <= {Method.INTERVAL, Method.EXACT} for low, up in methods]
            impure[layer.name] = {k for k in np.nonzero(facts.active)[0].tolist() if found[k]}
        return impure

    def interval_leaf(self, layer: Layer, unit: int, side: str, origins: Mapping[str, Indices]) -> Leaf:
        """The ends of impure units that an interval bound of `unit` rests on; everything else is the checker's `low`.

        `layer` may belong to another network; origins[u] says which unit of ours a unit of its predecessor u is (-1: none).
        """
        facts: list[list[Any]] = []
        for source, weight in layer.weights.items():
            if not self.impure.get(source):
                continue
            for j in np.nonzero(weight.nonzero[unit])[0].tolist():
                origin = int(origins[source][j])
                if origin in self.impure[source]:
                    factor = weight.entry(unit, j)
                    end = "lo" if (factor > 0) == (side == "lo") else "up"
                    facts.append([end, [self.net, self.numbers[source], origin], str(abs(factor))])
        return {"l": facts}

    # ---- multipliers ----------------------------------------------------------------------------

    def _linear_leaves(self, name: str, wanted: list[tuple[int, str, float, Method]]) -> dict[tuple[int, str], Leaf]:
        leaves: dict[tuple[int, str], Leaf] = {}
        for side, sign in (("up", 1), ("lo", -1)):
            rows = np.array([k for k, s, _, m in wanted if s == side and m is Method.LINEAR], dtype=np.int64)
            facts: list[list[list[Any]]] = [[] for _ in rows]
            if len(rows):
                self.bounds.backward(name, rows, float(sign), _Multipliers(self, facts))
            leaves |= {(int(k), side): {"l": entry} for k, entry in zip(rows, facts, strict=True)}
            for k, s, _, method in wanted:
                if s == side and method is Method.EXACT_LINEAR:
                    leaves[k, side] = self._exact_leaf(name, k, sign)
        return leaves

    def _exact_leaf(self, name: str, unit: int, sign: int) -> Leaf:
        return {"l": self._exact_facts(name, unit, sign, ExactCase())}

    def _exact_facts(self, name: str, unit: int, sign: int, case: ExactCase) -> list[list[Any]]:
        entries: list[list[Any]] = []

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
        return entries

    # ---- cases ----------------------------------------------------------------------------------

    def _tree(self, name: str, unit: int, side: str) -> Proof:
        """The proof tree of one bound: multipliers at each leaf from one more backward pass with its slopes."""
        tree = self.facts.trees[name, unit, side]
        leaves = list(leaves_of(tree))
        entries: list[list[list[Any]]] = [self._multipliers_of_path(path, leaf) for path, leaf in leaves]
        rounded = [(k, path, leaf) for k, (path, leaf) in enumerate(leaves) if isinstance(leaf, trees.Leaf)]
        sign = 1 if side == "up" else -1
        if rounded:
            cases = self._cases([(path, leaf) for _, path, leaf in rounded])
            rows = np.full(len(rounded), unit, dtype=np.int64)
            self.bounds.backward(
                name, rows, float(sign), _Multipliers(self, [entries[k] for k, _, _ in rounded], cases), cases
            )
        for k, (path, leaf) in enumerate(leaves):
            if isinstance(leaf, trees.ExactLeaf):
                case = ExactCase({(layer, j): phase for layer, j, phase in path}, leaf.alpha, leaf.beta)
                entries[k] += self._exact_facts(name, unit, sign, case)
        return self._nested(tree, iter(entries))

    def _cases(self, leaves: list[tuple[Path, trees.Leaf]]) -> Cases:
        layers = list(leaves[0][1].alpha)
        alpha = {v: np.array([leaf.alpha[v] for _, leaf in leaves]) for v in layers}
        beta = {v: np.array([leaf.beta[v] for _, leaf in leaves]) for v in layers}
        fixed = {v: np.zeros_like(alpha[v]) for v in layers}
        for k, (path, _) in enumerate(leaves):
            for layer, unit, phase in path:
                fixed[layer][k, unit] = phase
        return Cases(alpha, beta, fixed)

    def _multipliers_of_path(self, path: Path, leaf: trees.Leaf | trees.ExactLeaf) -> list[list[Any]]:
        facts: list[list[Any]] = []
        for layer, unit, phase in path:
            if isinstance(leaf, trees.Leaf):
                value = float(leaf.beta[layer][unit])
                written = _hex(value)
            else:
                value = float(leaf.beta[layer, unit])
                written = str(leaf.beta[layer, unit])
            if value > 0:
                facts.append(["lo" if phase > 0 else "up", [self.net, self.numbers[layer], unit], written])
        return facts

    def _nested(self, tree: Tree, leaves: Iterator[list[list[Any]]]) -> Proof:
        if not isinstance(tree, trees.Split):
            return {"l": next(leaves)}
        unit = [self.net, self.numbers[tree.layer], tree.unit]
        return {"s": unit, "p": self._nested(tree.active, leaves), "n": self._nested(tree.inactive, leaves)}


class _Multipliers:
    """Turns the coefficients of a backward pass into facts: a chord where C > 0, h ≥ z with weight α where C < 0."""

    def __init__(self, writer: UnitProofs, facts: list[list[list[Any]]], cases: Cases | None = None) -> None:
        self.writer = writer
        self.facts = facts
        self.cases = cases

    def __call__(self, layer: str, positions: Indices, c: Floats) -> None:
        lower, upper = self.writer.bounds.lower[layer], self.writer.bounds.upper[layer]
        unstable = np.nonzero((lower < 0) & (upper > 0))[0].tolist()
        number = self.writer.numbers[layer]
        width, net = upper - lower, self.writer.net
        default = relaxation(lower, upper)[2]
        for row, position in enumerate(positions.tolist()):
            slopes = default if self.cases is None else self.cases.alpha[layer][position]
            entries = self.facts[position]
            for j in unstable:
                if self.cases is not None and self.cases.fixed[layer][position, j]:
                    continue
                value = float(c[row, j])
                if value > 0:
                    entries.append(["ch", [net, number, j], _hex(value / float(width[j]))])
                elif value < 0 and slopes[j] > 0:
                    entries.append(["hz", [net, number, j], _hex(-value * float(slopes[j]))])


def _box_tree(tree: BoxTree) -> list[Any]:
    if tree.split is None:
        return [list(tree.proved)]
    split = tree.split
    at = str(Fraction(split.at))
    return [list(tree.proved), split.input, at, _box_tree(split.low), _box_tree(split.high)]


def _hex(value: float) -> str:
    return value.hex()


def _restored_bounds(network: Network, facts: Facts) -> Bounds:
    """The bounds as they stood in the proof; linear layers by interval."""
    bounds = Bounds(network, facts.domain)
    for layer in network.layers:
        if layer.is_relu:
            bounds.set(layer.name, facts.layers[layer.name].lower, facts.layers[layer.name].upper)
        else:
            bounds.set(layer.name, *bounds.interval(layer.name))
    return bounds
