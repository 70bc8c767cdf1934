"""Coefficients on a layer's pre-activations become coefficients on what the layer reads.

    z = W h + b      gives      sum c z = sum (c W) h + c b

Coefficients are rounded down to multiples of 2^-bits, and the constant up; who asked adds what the
first may cost, which is `KnownBounds.magnitude` of each source.
"""

from __future__ import annotations

from dataclasses import replace

from rectifold_check.integers.layers import sources_of
from rectifold_check.integers.packed import Block, packed, weighted
from rectifold_check.integers.relaxation import Sparse
from rectifold_check.limits import PACKED_BITS
from rectifold_check.networks import Network
from rectifold_check.work import Work

Spread = tuple[int, dict[int, list[int]]]
"""(constant, coefficients on the values of each source)."""


class LayerProducts:
    """Products with the weights of a network's layers, whose rows are packed once."""

    def __init__(self, network: Network, bits: int, work: Work) -> None:
        self.network = network
        self.bits = bits
        self.work = work
        self._blocks: dict[int, list[Block]] = {}

    def spread(self, at: int, on_z: Sparse) -> Spread:
        """sum c z over (unit, c) of `on_z`, units of layer `at`, as a sum over its sources."""
        layer = self.network.layers[at - 1]
        den = layer.den
        bias = layer.bias
        constant = sizes = 0
        for i, c in on_z:
            constant += c * bias[i]
            sizes |= abs(c)  # as many bits as the largest
        small = sizes.bit_length() <= self.bits + PACKED_BITS
        is_binary = den & (den - 1) == 0
        rows = {}
        for block in self._packed(at):
            if small and is_binary:
                rows[block.source] = weighted(layer, block, on_z, self.work, den.bit_length() - 1)
            else:
                given = block if small else replace(block, rows=())
                rows[block.source] = [c // den for c in weighted(layer, given, on_z, self.work)]
        return -(-constant // den), rows

    def _packed(self, at: int) -> list[Block]:
        if at not in self._blocks:
            layer = self.network.layers[at - 1]
            self._blocks[at] = [
                packed(layer, source, self.network.size(source), self.bits + PACKED_BITS, self.work)
                for source in sources_of(layer)
            ]
        return self._blocks[at]
