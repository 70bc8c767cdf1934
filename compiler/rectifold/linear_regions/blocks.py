"""The relu units of a network in blocks: one sum gives the pre-activations of a whole block.

Derivation: docs/mathematics.md#regions-by-vertices.

    h = relu(W x);  s = C h;  u = relu(A s);  v = relu(B h)
                                      →      blocks {h} and {u, v}, where u = relu(A C h)

Linear layers are multiplied into what reads them, which is exact. A block holds the relu layers of
one depth in one *component*; components share the inputs and the outputs only, as the two halves of
a difference network do. So a form depends on the phases of its own component alone, and is kept
under them: a cell that meets a pattern of phases again finds its forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import lcm

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.exact.matrix import Matrix, vstack
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.polytope import Form
from rectifold.linear_regions.restriction import Forms, Restriction
from rectifold.linear_regions.sums import Recent, Rows, Sum

INPUT = -1  # the number of the inputs among the blocks


BlockValues = Sequence[list[Form]]  # of the blocks that are done, over the blocks' denominators
Parts = dict[str, Matrix]  # relu layer or input → weights


@dataclass(frozen=True, eq=False)
class Block:
    """`size` units from number `start` on, of all units in the order of the blocks.

    Their forms depend on the phases of the units from `first` on, and on the blocks `sources`.
    """

    layers: tuple[Layer, ...]
    component: int
    first: int
    start: int
    size: int
    sources: tuple[int, ...]
    sum: Sum
    recent: Recent[Rows]


class Blocks:
    """Blocks in the order in which cells meet them, and the outputs over them.

    The component with the most units comes first.
    """

    def __init__(self, network: Network, inputs: list[Form], den: int) -> None:
        """`inputs`: the network's inputs as forms over the free ones, times `den`."""
        self.network = network
        self.columns = len(inputs[0])
        self.inputs = inputs, den
        self.folded = _folded(network)
        self.blocks: list[Block] = []
        self.places: dict[str, tuple[int, int]] = {}  # relu layer → (block, first unit in it)
        for component, levels in enumerate(_components(network, self.folded)):
            first = sum(block.size for block in self.blocks)
            for level in levels:
                self._add_level(component, first, level)
        self.spans = [(layer.name, *self._span(layer)) for layer in network.relu_layers]
        self.outputs = [] if network.output_layer.is_relu else self._output_parts()

    def __len__(self) -> int:
        return len(self.blocks)

    @property
    def widest(self) -> int:
        """Units of the largest block."""
        return max((block.size for block in self.blocks), default=0)

    def forms(self, number: int, phases: bytes, values: BlockValues) -> Rows:
        """Pre-activations of a block on a cell, given phases and values of the blocks before."""
        block = self.blocks[number]
        return block.recent.get(
            phases[block.first :], lambda: block.sum.of(self._read(block.sources, values))
        )

    def some_forms(
        self, number: int, units: Sequence[int], values: Sequence[list[Form]]
    ) -> list[Form]:
        """The forms of these units of a block, over its denominator."""
        block = self.blocks[number]
        return block.sum.some_of(units, self._read(block.sources, values))

    def output(self, phases: bytes, values: BlockValues) -> Forms:
        """The outputs' forms on a cell where every unit has its phase."""
        if not self.outputs:
            (number, first), size = self.places[self.network.output], self.network.output_size
            return values[number][first : first + size], self.blocks[number].sum.den
        return _sum_forms(
            [(self._output_part(part, phases, values)[0], part.sum.den) for part in self.outputs]
        )

    def by_layer(self, phases: bytes) -> dict[str, bytes]:
        """Phases per relu layer."""
        return {name: phases[start:end] for name, start, end in self.spans}

    def _output_part(self, part: Block, phases: bytes, values: BlockValues) -> Rows:
        """What one component adds to the outputs."""
        own = phases[part.first : part.start]
        return part.recent.get(own, lambda: part.sum.of(self._read(part.sources, values)))

    def _read(self, sources: Sequence[int], values: BlockValues) -> list[Form]:
        """The values of these blocks, one after the other."""
        return [form for s in sources for form in (values[s] if s != INPUT else self.inputs[0])]

    def width(self, source: int) -> tuple[int, int]:
        """(values of a source block, their denominator)."""
        if source == INPUT:
            return self.network.input_size, self.inputs[1]
        return self.blocks[source].size, self.blocks[source].sum.den

    # ---- building -------------------------------------------------------------------------------

    def _add_level(self, component: int, first: int, level: Sequence[Layer]) -> None:
        start, place = sum(block.size for block in self.blocks), 0
        sources, total = self._sum([self.folded[layer.name] for layer in level])
        for layer in level:
            self.places[layer.name] = len(self.blocks), place
            place += layer.size
        recent = Recent[Rows](1 + REGION_EFFORT.kept_forms // place)
        self.blocks.append(
            Block(tuple(level), component, first, start, place, sources, total, recent)
        )

    def _span(self, layer: Layer) -> tuple[int, int]:
        """From which unit of all to which a layer goes."""
        number, first = self.places[layer.name]
        start = self.blocks[number].start + first
        return start, start + layer.size

    def _output_parts(self) -> list[Block]:
        """What each component adds to the outputs; the first part has the bias and the inputs."""
        bias, parts = self.folded[self.network.output]
        zero = Matrix.zeros(bias.shape[0], 1)
        groups: dict[int, Parts] = {-1: {}}
        for name, matrix in parts.items():
            component = self.blocks[self.places[name][0]].component if name in self.places else -1
            groups.setdefault(component, {})[name] = matrix
        result = []
        for component, own in sorted(groups.items()):
            sources, total = self._sum([(bias if component < 0 else zero, own)])
            inside = [block for block in self.blocks if block.component == component]
            first, end = (inside[0].first, inside[-1].start + inside[-1].size) if inside else (0, 0)
            recent = Recent[Rows](1 + REGION_EFFORT.kept_forms // bias.shape[0])
            result.append(Block((), component, first, end, bias.shape[0], sources, total, recent))
        return result

    def _sum(self, folded: Sequence[tuple[Matrix, Parts]]) -> tuple[tuple[int, ...], Sum]:
        """The source blocks, and the sum, of layers on top of each other."""
        place = {name: self.places.get(name, (INPUT, 0)) for _, parts in folded for name in parts}
        sources = tuple(sorted({block for block, _ in place.values()}))
        weights = [
            self._table(
                s,
                [(b, {n: m for n, m in parts.items() if place[n][0] == s}) for b, parts in folded],
            )
            for s in sources
        ]
        bias = vstack([column for column, _ in folded]).integers()
        return sources, Sum(self.columns, bias, weights, [self.width(s) for s in sources])

    def _table(
        self, source: int, folded: Sequence[tuple[Matrix, Parts]]
    ) -> tuple[list[list[int]], int]:
        """Integer weights on one source block over a denominator."""
        width, _ = self.width(source)
        den = lcm(*(matrix.integers()[1] for _, part in folded for matrix in part.values()))
        rows = []
        for bias, part in folded:
            own = [[0] * width for _ in range(bias.shape[0])]
            for name, matrix in part.items():
                values, given = matrix.integers()
                columns, left = matrix.shape[1], self.places.get(name, (INPUT, 0))[1]
                for i, row in enumerate(own):
                    row[left : left + columns] = [
                        v * (den // given) for v in values[i * columns : (i + 1) * columns]
                    ]
            rows += own
        return rows, den


@lru_cache(maxsize=1)
def blocks_of(restriction: Restriction) -> Blocks:
    """The blocks of a network on its domain; made once for all that ask one after the other."""
    inputs = restriction.input_forms()[restriction.network.input_name]
    return Blocks(restriction.network, *inputs)


def _sum_forms(parts: Sequence[Forms]) -> Forms:
    """The sum of forms over different denominators."""
    common = lcm(*(den for _, den in parts))
    total, den = parts[0]
    total = [[v * (common // den) for v in row] for row in total]
    for forms, den in parts[1:]:
        factor = common // den
        total = [
            [a + factor * b for a, b in zip(row, own, strict=True)]
            for row, own in zip(total, forms, strict=True)
        ]
    return total, common


def _folded(network: Network) -> dict[str, tuple[Matrix, Parts]]:
    """Every layer as bias and weights over relu layers and the input."""
    result: dict[str, tuple[Matrix, Parts]] = {}
    for layer in network.layers:
        bias, parts = layer.bias, Parts()
        for source, weight in layer.weights.items():
            if source == network.input_name or network.layer(source).is_relu:
                inner = {source: weight}
            else:
                inner_bias, below = result[source]
                bias, inner = (
                    bias + weight @ inner_bias,
                    {name: weight @ m for name, m in below.items()},
                )
            for name, matrix in inner.items():
                parts[name] = parts[name] + matrix if name in parts else matrix
        result[layer.name] = bias, parts
    return result


def _components(
    network: Network, folded: dict[str, tuple[Matrix, Parts]]
) -> list[list[list[Layer]]]:
    """Relu layers that depend on each other, by depth; the component with the most units first."""
    depth: dict[str, int] = {}
    component: dict[str, str] = {}
    for layer in network.relu_layers:
        below = [name for name in folded[layer.name][1] if name != network.input_name]
        depth[layer.name] = 1 + max((depth[name] for name in below), default=0)
        component[layer.name] = layer.name
        joined = {component[name] for name in below}
        component = {name: layer.name if c in joined else c for name, c in component.items()}
    groups: dict[str, dict[int, list[Layer]]] = {}
    for layer in network.relu_layers:
        groups.setdefault(component[layer.name], {}).setdefault(depth[layer.name], []).append(layer)
    found = [[level for _, level in sorted(levels.items())] for levels in groups.values()]
    return sorted(found, key=lambda levels: -sum(layer.size for level in levels for layer in level))
