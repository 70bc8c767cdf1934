"""The network of another file, as a function of a form: its layers once more, behind the form.

    y = apply("teacher.onnx", 2*x + 1)        y_apply = relu(W (2 x + 1) + b), ...

Sound because a network is what its layers compute, whatever it reads. What its file says of a
domain or ensures is about that file, and nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rectifold.errors import InputError
from rectifold.ir.affine import Affine
from rectifold.ir.builder import Builder
from rectifold.ir.network import Network
from rectifold.language.budget import Budget
from rectifold.language.source import Fault, Span
from rectifold.language.values import AffineValue
from rectifold.runtime.arrays import inside

ReadNetwork = Callable[[Path], Network]
"""Reads the network of a file; raises InputError."""


class NetworkFiles:
    """The networks that a text applies, each read once. `read`: None where none can be read."""

    def __init__(self, folder: Path | None, read: ReadNetwork | None, budget: Budget) -> None:
        self.folder, self.read, self.budget = folder, read, budget
        self.found: dict[Path, Network] = {}

    def network(self, name: str, place: Span) -> Network:
        """The network of the file with this name beside the text."""
        if self.folder is None or self.read is None:
            raise Fault(
                place,
                "apply is not possible here: the text is not a file that was opened itself, but "
                + ("no file" if self.folder is None else "one that another text applies"),
                "write every network that is applied into one text",
            )
        try:
            path = inside(self.folder, name)
            if path not in self.found:
                self.found[path] = self.read(path)
                self.budget.count_loaded(_entries(self.found[path]))
        except InputError as error:
            raise Fault(place, str(error)) from None
        return self.found[path]


def _entries(network: Network) -> int:
    return sum(w.shape[0] * w.shape[1] for v in network.layers for w in v.weights.values())


def applied(
    network: Network, form: AffineValue, builder: Builder, name: str, budget: Budget, place: Span
) -> Affine:
    """The network at the form; its layers are called `name`, `name_2`, ..."""
    if form.affine.size != network.input_size:
        raise Fault(
            place,
            f"{network.name} reads a vector of {network.input_size}, this is one of "
            f"{form.affine.size}",
        )
    values = {network.input_name: form.affine}
    for layer in network.layers:
        total = Affine(layer.bias)
        for source, weight in layer.weights.items():
            budget.matrix_product(weight, AffineValue(values[source], 1), place)
            total += values[source].apply(weight)
        is_relu = layer.activation == "relu"
        values[layer.name] = builder.layer(builder.fresh(name), total, relu=is_relu)
    return values[network.output]
