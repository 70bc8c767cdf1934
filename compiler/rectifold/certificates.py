"""Certificates: a proof that a compiled network equals its source on the domain, for rectifold_check to replay.

The pipeline's steps are not in it. What is: the bounds that make units stable, ties between units on one hyperplane, and
the tie of every surviving unit of the result to the unit of the source that it is. Then the difference of the outputs is
the form 0. rectifold_check/FORMAT.md defines the format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

import rectifold_check
from rectifold.bounds.linear import Bounds, Cases, ExactCase, exact_backward, relaxation
from rectifold.exact import Floats, Indices, Matrix
from rectifold.ir.canonical import canonical_text, digest, domain_text
from rectifold.ir.network import Network
from rectifold.passes.rewritten import Tie
from rectifold.pipeline import Compiled
from rectifold.proof import trees
from rectifold.proof.facts import Facts, LayerFacts, Method
from rectifold.proof.trees import Path, Tree, leaves_of

FORMAT = "rectifold-certificate/1"

Leaf = dict[str, list[list[Any]]]
Proof = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Certificate:
    """The lines of a certificate file."""

    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def certify(compiled: Compiled) -> Certificate:
    """The certificate that `compiled.network` equals `compiled.source` on its domain."""
    writer = _Writer(compiled)
    return Certificate((writer.header(), *(json.dumps(step, separators=(",", ":")) for step in writer.steps())))


def check_certificate(compiled: Compiled, certificate: Certificate) -> rectifold_check.Verdict:
    """The independent checker's verdict on the source, its domain and the result."""
    domain = compiled.source.domain
    assert domain is not None
    return rectifold_check.check(
        canonical_text(compiled.source), domain_text(domain), certificate.lines, canonical_text(compiled.network)
    )


class _Writer:
    def __init__(self, compiled: Compiled) -> None:
        self.source = compiled.source
        self.result = compiled.network
        self.facts = compiled.facts
        self.kept = compiled.kept
        self.ties: dict[str, list[Tie]] = {}
        for step in compiled.steps:
            for tie in step.ties:
                self.ties.setdefault(tie.layer, []).append(tie)
        self.numbers = [
            {layer.name: k for k, layer in enumerate(network.layers, start=1)} for network in (self.source, self.result)
        ]
        self.bounds = _restored_bounds(self.source, self.facts)
        self.full = self._layers_that_need_all_ends()
        self.impure = self._impure_units()

    def header(self) -> str:
        form = {
            "format": FORMAT,
            "a": digest(self.source),
            "b": digest(self.result),
            "eps": ["0"] * self.source.output_size,
            "result": canonical_text(self.result),
        }
        return json.dumps(form, separators=(",", ":"))

    def steps(self) -> Iterator[list[Any]]:
        for layer in self.source.relu_layers:
            yield from self._bounds_of(layer.name, self.facts.layers[layer.name])
        for (
            layer
        ) in self.source.relu_layers:  # after the bounds: a mirrored unit as h − z has a wider interval than as h
            yield from self._ties_of(layer.name)
        for layer in self.result.relu_layers:
            yield from self._result_units(layer.name)
        yield ["final", {}]

    # ---- which ends are needed ------------------------------------------------------------------

    def _layers_that_need_all_ends(self) -> set[str]:
        """Layers below one whose bounds must be proved: the ends of their unsolved units enter those proofs."""
        full: set[str] = set()
        for layer in self.source.relu_layers:
            facts = self.facts.layers[layer.name]
            if facts.active.any() or facts.inactive.any():
                full |= self.source.cone(layer.name)
        for layer in self.result.relu_layers:
            if (self.kept.layers[layer.name].origin < 0).any():
                below = {u for u in self.result.cone(layer.name) if u in self.numbers[0]}
                full |= below.union(*(self.source.cone(u) for u in below))
        return full

    def _bounds_of(self, name: str, facts: LayerFacts) -> Iterator[list[Any]]:
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
        leaves = self._linear_leaves(name, wanted)
        for k, side, value, method in wanted:
            if np.isfinite(value):
                unit = [0, self.numbers[0][name], k]
                if method is Method.CASES:
                    proof = self._tree(name, k, side)
                elif (k, side) in leaves:
                    proof = leaves[k, side]
                else:
                    proof = self._interval_leaf(self.source, name, k, side)
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
        for layer in self.source.relu_layers:
            facts = self.facts.layers[layer.name]
            below = any(impure.get(u) for u in self.source.cone(layer.name))
            methods = zip(facts.lower_method, facts.upper_method, strict=True)
            found = [below or not {low, up} <= {Method.INTERVAL, Method.EXACT} for low, up in methods]
            impure[layer.name] = {k for k in np.nonzero(facts.active)[0].tolist() if found[k]}
        return impure

    def _interval_leaf(self, network: Network, name: str, unit: int, side: str) -> Leaf:
        """The ends of impure predecessors that an interval bound rests on; everything else is the checker's `low`."""
        facts: list[list[Any]] = []
        for source, weight in network.layer(name).weights.items():
            if not self.impure.get(source):
                continue
            origin = self.kept.layers[source].origin if network is self.result else np.arange(weight.shape[1])
            for j in np.nonzero(weight.nonzero[unit])[0].tolist():
                if int(origin[j]) in self.impure[source]:
                    factor = weight.entry(unit, j)
                    end = "lo" if (factor > 0) == (side == "lo") else "up"
                    facts.append([end, [0, self.numbers[0][source], int(origin[j])], str(abs(factor))])
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
                where = [0, self.numbers[0][layer], j]
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
                facts.append(["lo" if phase > 0 else "up", [0, self.numbers[0][layer], unit], written])
        return facts

    def _nested(self, tree: Tree, leaves: Iterator[list[list[Any]]]) -> Proof:
        if not isinstance(tree, trees.Split):
            return {"l": next(leaves)}
        unit = [0, self.numbers[0][tree.layer], tree.unit]
        return {"s": unit, "p": self._nested(tree.active, leaves), "n": self._nested(tree.inactive, leaves)}

    # ---- ties -----------------------------------------------------------------------------------

    def _ties_of(self, name: str) -> Iterator[list[Any]]:
        facts = self.facts.layers[name]
        for tie in sorted(self.ties.get(name, []), key=lambda t: t.unit):
            if facts.active[tie.unit] or facts.inactive[tie.unit]:
                continue  # solved already
            kind = "alias" if tie.ratio > 0 else "mirror"
            number = self.numbers[0][name]
            yield [kind, [0, number, tie.unit], [0, number, tie.representative], str(abs(tie.ratio))]

    def _result_units(self, name: str) -> Iterator[list[Any]]:
        """Surviving units are the source's; carriers are nonnegative by the ends of what they read."""
        for k, origin in enumerate(self.kept.layers[name].origin.tolist()):
            unit = [1, self.numbers[1][name], k]
            if origin >= 0:
                yield ["alias", unit, [0, self.numbers[0][name], origin], "1"]
            else:
                yield ["bound", unit, "lo", "0", self._interval_leaf(self.result, name, k, "lo")]


class _Multipliers:
    """Turns the coefficients of a backward pass into facts: a chord where C > 0, h ≥ z with weight α where C < 0."""

    def __init__(self, writer: _Writer, facts: list[list[list[Any]]], cases: Cases | None = None) -> None:
        self.writer = writer
        self.facts = facts
        self.cases = cases

    def __call__(self, layer: str, positions: Indices, c: Floats) -> None:
        lower, upper = self.writer.bounds.lower[layer], self.writer.bounds.upper[layer]
        unstable = np.nonzero((lower < 0) & (upper > 0))[0].tolist()
        number = self.writer.numbers[0][layer]
        width = upper - lower
        default = relaxation(lower, upper)[2]
        for row, position in enumerate(positions.tolist()):
            slopes = default if self.cases is None else self.cases.alpha[layer][position]
            entries = self.facts[position]
            for j in unstable:
                if self.cases is not None and self.cases.fixed[layer][position, j]:
                    continue
                value = float(c[row, j])
                if value > 0:
                    entries.append(["ch", [0, number, j], _hex(value / float(width[j]))])
                elif value < 0 and slopes[j] > 0:
                    entries.append(["hz", [0, number, j], _hex(-value * float(slopes[j]))])


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
