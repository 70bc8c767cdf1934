"""A network in integers, and what it computes: the reference that emitted code is compared with.

    sum_i = bias_i + Σ_j weight_ij value_j       value_i = floor((max(sum_i, 0) + half) / 2^shift_i)

with half = 2^(shift_i - 1), 0 where shift_i is 0; a linear layer has no max. The real number that
an integer stands for is integer · 2^-scale, with a scale per unit, and one for all inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rectifold.integers.words import Words

Integers: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """One layer: weights per layer that it reads (units × values), and per unit the rest.

    The value of unit i is integer · 2^-scale[i]; its sum has the scale scale[i] + shift[i].
    """

    name: str
    is_relu: bool
    weights: Mapping[str, Integers]
    bias: Integers
    shift: Integers
    scale: Integers

    @property
    def size(self) -> int:
        return len(self.bias)


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """Layers in the order of evaluation. Inputs are integer · 2^-input_scale, from `lower` to
    `upper`; the output layer has one scale for all of its units.
    """

    words: Words
    input_name: str
    input_scale: int
    lower: tuple[int, ...]
    upper: tuple[int, ...]
    layers: tuple[IntegerLayer, ...]
    output: str

    @property
    def output_layer(self) -> IntegerLayer:
        return next(v for v in self.layers if v.name == self.output)

    @property
    def output_scale(self) -> int:
        scales = self.output_layer.scale
        return int(scales[0]) if len(scales) else 0

    def rounded(self, point: Sequence[Fraction]) -> list[int]:
        """The integers nearest to a real point, halves upward."""
        return [int((2 * v * Fraction(2) ** self.input_scale + 1) // 2) for v in point]

    def real_point(self, point: Sequence[int]) -> list[Fraction]:
        """The real point that these inputs stand for."""
        return [Fraction(v) / Fraction(2) ** self.input_scale for v in point]

    def accepts(self, point: Sequence[int]) -> bool:
        """Does the point lie in the box? Constraints of the domain are not looked at."""
        return all(a <= v <= b for a, v, b in zip(self.lower, point, self.upper, strict=True))

    def evaluate(self, point: Sequence[int]) -> list[int]:
        """The outputs, as integers."""
        values: dict[str, list[int]] = {self.input_name: list(point)}
        for layer in self.layers:
            values[layer.name] = list(_values(layer, values))
        return values[self.output]

    def real_outputs(self, point: Sequence[int]) -> list[Fraction]:
        """The outputs, as the real numbers that they stand for."""
        return [Fraction(v) / Fraction(2) ** self.output_scale for v in self.evaluate(point)]


def _values(layer: IntegerLayer, values: Mapping[str, list[int]]) -> Iterator[int]:
    for i in range(layer.size):
        total = int(layer.bias[i])
        for source, weight in layer.weights.items():
            total += sum(w * v for w, v in zip(weight[i].tolist(), values[source], strict=True))
        yield shifted(max(total, 0) if layer.is_relu else total, int(layer.shift[i]))


def shifted(total: int, shift: int) -> int:
    """total / 2^shift to the nearest integer, halves upward."""
    return (total + (1 << shift >> 1)) >> shift
