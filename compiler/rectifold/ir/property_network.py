"""The network whose outputs are ≤ 0 where no case of a property is met.

    g = conditions' excess      t = max of a case's g, by pairs: a + relu(b − a)      d = δ − t

A case is met exactly where the largest of its excesses is ≤ 0 (all of them < 0, where they are
strict). So the case is met nowhere if d ≤ 0 on the domain for some δ > 0; δ = 0 is enough where
all its conditions are strict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from rectifold.exact.matrix import Matrix
from rectifold.ir.joint import LAST
from rectifold.ir.network import Activation, Layer, Network
from rectifold.ir.property import Case, Condition

_Groups = list[list[int]]  # per case the units of the layer before that are left


def property_network(
    network: Network,
    cases: Sequence[Case],
    margins: Sequence[Fraction],
    activation: Activation = "linear",
) -> Network:
    """One unit per case, margin − largest excess: not positive where the case is not met.

    The layers are those of the network, then the conditions, then two for each round of the
    maximum, then the last. `margins`: δ per case. A case without conditions counts as 0 ≤ 0.
    """
    built = _Built(network)
    conditions = [case or (Condition((), (), Fraction(0)),) for case in cases]
    groups: _Groups = []
    for case in conditions:
        start = sum(map(len, groups))
        groups.append(list(range(start, start + len(case))))
    terms = built.conditions([c for case in conditions for c in case])
    while any(len(group) > 1 for group in groups):
        terms, groups = built.round(terms, groups)
    places = [group[0] for group in groups]
    picked = Matrix.selection(places, len(places)).scale(-1)
    built.add(LAST, activation, Matrix.column(margins), {terms: picked})
    return Network("x", network.input_size, built.layers, LAST, None, "property")


@dataclass
class _Built:
    """The layers so far, of the network first."""

    network: Network
    layers: list[Layer] = field(default_factory=list)
    output: str = "x"
    added: int = 0

    def __post_init__(self) -> None:
        names = {self.network.input_name: "x"} | {
            v.name: f"a{k:05d}" for k, v in enumerate(self.network.layers)
        }
        for v in self.network.layers:
            weights = {names[u]: w for u, w in v.weights.items()}
            self.layers.append(Layer(names[v.name], v.activation, v.bias, weights))
        self.output = names[self.network.output]

    def add(
        self, name: str, activation: Activation, bias: Matrix, weights: dict[str, Matrix]
    ) -> str:
        """A layer; its name."""
        self.layers.append(Layer(name, activation, bias, weights))
        return name

    def fresh(self) -> str:
        """A name that comes after those of all layers so far."""
        self.added += 1
        return f"b{self.added:05d}"

    def conditions(self, conditions: Sequence[Condition]) -> str:
        """The layer of every condition's excess."""
        on_inputs = _dense([c.inputs for c in conditions], self.network.input_size)
        on_outputs = _dense([c.outputs for c in conditions], self.network.output_size)
        bias = Matrix.column([-c.bound for c in conditions])
        weights = {self.output: on_outputs}
        if self.output == "x":
            weights = {"x": on_inputs + on_outputs}
        elif not on_inputs.is_zero:
            weights["x"] = on_inputs
        return self.add(self.fresh(), "linear", bias, weights)

    def round(self, terms: str, groups: _Groups) -> tuple[str, _Groups]:
        """The maxima of neighbours in each group: their layer, and the groups of its units."""
        width = sum(map(len, groups))
        pairs = [pair for group in groups for pair in zip(group[::2], group[1::2], strict=False)]
        steps = self.add(
            self.fresh(), "relu", Matrix.zeros(len(pairs), 1), {terms: _steps(pairs, width)}
        )
        kept = [unit for group in groups for unit in group[::2]]
        partner = {first: k for k, (first, _) in enumerate(pairs)}
        raised = _dense(
            [((partner[u], Fraction(1)),) if u in partner else () for u in kept], len(pairs)
        )
        name = self.add(
            self.fresh(),
            "linear",
            Matrix.zeros(len(kept), 1),
            {terms: Matrix.selection(kept, width), steps: raised},
        )
        return name, _renumbered([(len(group) + 1) // 2 for group in groups])


def _renumbered(sizes: Sequence[int]) -> _Groups:
    groups: _Groups = []
    start = 0
    for size in sizes:
        groups.append(list(range(start, start + size)))
        start += size
    return groups


def _steps(pairs: Sequence[tuple[int, int]], width: int) -> Matrix:
    rows = [((a, Fraction(-1)), (b, Fraction(1))) for a, b in pairs]
    return _dense(rows, width)


def _dense(rows: Sequence[Sequence[tuple[int, Fraction]]], width: int) -> Matrix:
    """One row per list of (index, coefficient)."""
    full = [[Fraction(0)] * width for _ in rows]
    for row, entries in zip(full, rows, strict=True):
        for k, c in entries:
            row[k] += c
    return Matrix.from_fractions(full, width)
