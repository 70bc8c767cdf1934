"""How the weights of integer code are stored: each matrix in its smallest form.

    dense     W1_0            every weight, a row per value; added by the function `add`
    others    W1_0_values, W1_0_gaps, ...     what is not zero; added where the layer is computed

Sound because every form adds to the sum of a unit its own terms alone, in the order of the values:
what is proved of partial sums (integers/sums.py) holds for fewer of them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from rectifold.emitters.c.stored import product_code
from rectifold.emitters.storage.shared_rows import SharedRows
from rectifold.emitters.storage.storage import (
    DenseRows,
    SparseRows,
    smallest_integers,
    stored_bytes,
)
from rectifold.integers.network import IntegerNetwork


@dataclass(frozen=True, eq=False)
class StoredWeights:
    """The form of every edge (layer, source) that has a weight; what the tables are called by."""

    edges: Mapping[tuple[str, str], DenseRows | SparseRows | SharedRows]
    numbers: Mapping[str, str]

    @property
    def bytes(self) -> int:
        """Of all tables."""
        return sum(map(stored_bytes, self.edges.values()))

    @property
    def multiply_adds(self) -> int:
        """Of one evaluation in which no value is zero."""
        return sum(form.products for form in self.edges.values())

    @property
    def some_are_dense(self) -> bool:
        return any(isinstance(form, DenseRows) for form in self.edges.values())

    def tables(self, layer: str) -> Iterator[str]:
        """The definitions of the weights of a layer."""
        for (owner, source), form in self.edges.items():
            if owner != layer:
                continue
            for key, table in form.tables.items():
                kind = "weight" if key == "values" else f"{table.dtype}_t"
                yield definition(f"{kind} {self._name(layer, source, key)}", table.tolist())

    def product(self, layer: str, source: str, before: str) -> str:
        """Adds the weights times the values at `before` to the sums `a`; '' where all are 0."""
        form = self.edges.get((layer, source))
        if form is None:
            return ""
        if isinstance(form, DenseRows):
            inputs, units = form.values.shape
            return (
                f"    add(a, {units}, {self._name(layer, source, 'values')}, {before}, {inputs});\n"
            )

        def name(key: str) -> str:
            return self._name(layer, source, key)

        block = product_code(form, name, "sum", "weight", "value")
        return f"    {{\n    const value *before = {before};\n{block}    }}\n"

    def _name(self, layer: str, source: str, key: str) -> str:
        plain = f"W{self.numbers[layer]}_{self.numbers[source]}"
        is_dense = isinstance(self.edges[layer, source], DenseRows)
        return plain if is_dense else f"{plain}_{key}"


def stored_weights(code: IntegerNetwork) -> StoredWeights:
    """All weights in their smallest forms."""
    word = np.dtype(f"int{code.words.weight}")
    edges = {
        (layer.name, source): smallest_integers(weight.astype(word))
        for layer in code.layers
        for source, weight in layer.weights.items()
        if weight.any()
    }
    numbers = {code.input_name: "x"} | {v.name: str(k) for k, v in enumerate(code.layers)}
    return StoredWeights(edges, numbers)


def definition(declaration: str, values: Iterable[int]) -> str:
    """A C array of these numbers, of at least one."""
    words = [str(v) for v in values] or ["0"]
    lines = [", ".join(words[k : k + 16]) for k in range(0, len(words), 16)]
    return f"static const {declaration}[] = {{\n    " + ",\n    ".join(lines) + "\n};\n"
