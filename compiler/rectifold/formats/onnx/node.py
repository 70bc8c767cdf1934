"""One node of the graph, as an operator's function sees it: inputs, attributes, layers so far.

Sound because an operator cannot look at anything that its declaration does not name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix, positive_part
from rectifold.formats.onnx.tensors import (
    Array,
    AttributeValue,
    Constant,
    OnnxError,
    Symbolic,
    Tensor,
    matrix_of,
    reduced,
)
from rectifold.ir.affine import Affine
from rectifold.ir.builder import Builder
from rectifold.runtime.caps import CAPS


class FoldingBuilder(Builder):
    """A builder that computes the relu of constants instead of making a layer of them."""

    def relu(self, value: Affine, name: str) -> Affine:
        if value.is_constant:
            return Affine(positive_part(value.bias))
        return super().relu(value, name)


@dataclass(frozen=True, eq=False)
class Node:
    """A node with its inputs and attributes at hand."""

    where: str
    layer_name: str
    opset: int
    inputs: tuple[Tensor | None, ...]
    attributes: dict[str, AttributeValue]
    outputs: int
    builder: Builder
    notes: list[str]

    def fail(self, message: str) -> OnnxError:
        return OnnxError(f"{self.where}: {message}")

    def note(self, message: str) -> None:
        self.notes.append(f"{self.where}: {message}")

    def __len__(self) -> int:
        return len(self.inputs)

    # ---- inputs and attributes -------------------------------------------------------------------

    def given(self, k: int) -> bool:
        return k < len(self.inputs) and self.inputs[k] is not None

    def tensor(self, k: int) -> Tensor:
        value = self.inputs[k] if k < len(self.inputs) else None
        if value is None:
            raise self.fail(f"input {k} is missing")
        return value

    def symbolic(self, k: int) -> Symbolic:
        """Input k as affine forms, even if it is constant."""
        return symbolic_of(self.tensor(k))

    def constant(self, k: int, what: str) -> Constant:
        value = self.tensor(k)
        if isinstance(value, Symbolic):
            raise self.fail(f"{what} depends on the network's input; a constant is expected")
        return value

    @property
    def is_constant(self) -> bool:
        """No input depends on the network's input."""
        return not any(isinstance(value, Symbolic) for value in self.inputs)

    def integers(self, k: int, attribute: str) -> list[int] | None:
        """Whole numbers given as input k or, in older opsets, as an attribute; None if left out."""
        if self.given(k):
            values = self.constant(k, attribute)
            if len(values.shape) > 1:
                raise self.fail(f"{attribute} has the shape {values.shape}; a list is expected")
            return [int(v) for v in values.values.ravel()]
        given = self.attributes.get(attribute)
        return None if given is None else [int(v) for v in given]

    def attribute(self, name: str) -> AttributeValue:
        return self.attributes[name]

    # ---- axes and shapes -------------------------------------------------------------------------

    def axis(self, value: int, rank: int, what: str = "axis") -> int:
        """An axis counted from the front; negative ones count from the back."""
        if not -rank <= value < rank:
            raise self.fail(f"{what} {value} does not exist in a tensor of {rank} dimensions")
        return value % rank

    def axes(self, values: Sequence[int], rank: int) -> list[int]:
        """Distinct axes, counted from the front."""
        found = [self.axis(v, rank) for v in values]
        if len(set(found)) != len(found):
            raise self.fail(f"the axes {list(values)} name a dimension twice")
        return found

    def broadcast(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        """The common shape of tensors, as NumPy broadcasts."""
        rank = max(map(len, shapes), default=0)
        result = []
        for sizes in zip(*((1,) * (rank - len(s)) + s for s in shapes), strict=True):
            wanted = {size for size in sizes if size != 1}
            if len(wanted) > 1:
                raise self.fail(
                    f"shapes {' and '.join(map(str, shapes))} do not fit (no broadcasting makes "
                    "them equal)"
                )
            result.append(wanted.pop() if wanted else 1)
        if math.prod(result) > CAPS.grown_entries:
            raise self.fail(
                f"a result of shape {tuple(result)} is too large "
                f"(the limit is {CAPS.grown_entries:,} "
                "entries)"
            )
        return tuple(result)

    # ---- results ---------------------------------------------------------------------------------

    def folded(self, values: Array, kind: str) -> Constant:
        """A computed constant: fractions become float64 where all of them are float64 numbers."""
        kept = reduced(values) if values.dtype == object else values
        return Constant(kept, kind, f"the value of {self.where}")

    def linear(
        self, source: Symbolic, rows: Indices, columns: Indices, values: Array, size: int
    ) -> Affine:
        """M @ source, where M[rows, columns] = values and 0 elsewhere.

        The three arrays have one shape, and no position occurs twice.
        """
        width = source.entries.size
        limit = CAPS.exact_operator_entries if values.dtype == object else CAPS.operator_entries
        if size * width > limit:
            raise self.fail(
                f"its matrix of {size:,} x {width:,} entries is too large (the limit is "
                f"{limit:,}); "
                "a smaller network can be read"
            )
        if values.dtype != object:
            dense = np.zeros((size, width))
            dense[rows, columns] = values
            return source.entries.apply(Matrix.from_floats(dense))
        exact = np.full((size, width), Fraction(0), dtype=object)
        exact[rows, columns] = values
        return source.entries.apply(matrix_of(exact))


def symbolic_of(value: Tensor) -> Symbolic:
    """A tensor as affine forms, even if it is constant."""
    if isinstance(value, Symbolic):
        return value
    return Symbolic(value.affine(), value.shape, value.type)


def spread(source: Symbolic, shape: tuple[int, ...]) -> Affine:
    """The entries of a tensor broadcast to a shape (which must fit)."""
    return source.moved(np.ascontiguousarray(np.broadcast_to(source.positions, shape))).entries


def entries_of(shape: Sequence[int]) -> int:
    return math.prod(shape)
