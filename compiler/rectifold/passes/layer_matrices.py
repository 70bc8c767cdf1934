"""A layer seen as one incoming and one outgoing matrix, whatever its edges.

incoming: rows of the layer over all predecessors side by side
outgoing: all successors on top of each other over the layer's units
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from rectifold.exact.matrix import Matrix, hstack, vstack
from rectifold.ir.draft import Draft
from rectifold.ir.network import Layer, Network


@dataclass(frozen=True, eq=False)
class LayerMatrices:
    """`incoming` (n × Σ predecessors), `outgoing` (Σ successors × n), and who they are."""

    predecessors: tuple[str, ...]
    successors: tuple[str, ...]
    widths: tuple[int, ...]
    heights: tuple[int, ...]
    incoming: Matrix
    outgoing: Matrix

    def split_incoming(self, matrix: Matrix) -> dict[str, Matrix]:
        """Predecessor → its columns; all-zero blocks are left out."""
        blocks = {
            u: matrix.select_columns(range(*ends))
            for u, ends in zip(self.predecessors, _slices(self.widths), strict=True)
        }
        return {u: block for u, block in blocks.items() if not block.is_zero}

    def split_outgoing(self, matrix: Matrix) -> dict[str, Matrix]:
        """Successor → its rows."""
        return {
            v: matrix.select_rows(range(*ends))
            for v, ends in zip(self.successors, _slices(self.heights), strict=True)
        }


def layer_matrices(network: Network, layer: Layer) -> LayerMatrices:
    predecessors = tuple(layer.weights)
    successors = tuple(network.successors(layer.name))
    outgoing = [network.layer(v).weights[layer.name] for v in successors]
    return LayerMatrices(
        predecessors,
        successors,
        tuple(w.shape[1] for w in layer.weights.values()),
        tuple(w.shape[0] for w in outgoing),
        hstack(list(layer.weights.values())) if predecessors else Matrix.zeros(layer.size, 0),
        vstack(outgoing) if successors else Matrix.zeros(0, layer.size),
    )


def connect(draft: Draft, around: LayerMatrices, matrix: Matrix, shift: Matrix) -> None:
    """successors += matrix · predecessors + shift."""
    shifts = around.split_outgoing(shift)
    for successor, rows in around.split_outgoing(matrix).items():
        draft.edit(successor, bias=draft.layers[successor].bias + shifts[successor])
        for source, block in around.split_incoming(rows).items():
            draft.add_edge(source, successor, block)


def _slices(sizes: Sequence[int]) -> list[tuple[int, int]]:
    stops = list(accumulate(sizes))
    return [(stop - size, stop) for stop, size in zip(stops, sizes, strict=True)]
