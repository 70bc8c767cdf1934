"""A builder that turns affine expressions into layers.

h = builder.relu(W x + b, "h")                        one layer
builder.apply("abs", [e], [], "a")                    the lowering of FUNCTIONS["abs"]
builder.finish(output, "net")                         the network
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from rectifold.errors import NetworkError
from rectifold.ir.affine import Affine, Pick
from rectifold.ir.domain import Domain
from rectifold.ir.functions import FUNCTIONS, ParameterValue
from rectifold.ir.network import Layer, Network
from rectifold.runtime.caps import CAPS


class Builder:
    """Collects the layers of a network under construction."""

    def __init__(self, input_name: str, input_size: int) -> None:
        if not 0 <= input_size <= CAPS.units:
            raise NetworkError(f"{input_size} inputs are too many; the limit is {CAPS.units:,}")
        self.input_name = input_name
        self.input_size = input_size
        self.layers: dict[str, Layer] = {}
        self.reserved: set[str] = set()
        self._tried: dict[
            str, int
        ] = {}  # name → the last number that was tried after it: layers never go away

    @property
    def input(self) -> Affine:
        return Affine.of(self.input_name, self.input_size)

    def layer(self, name: str, value: Affine, *, relu: bool) -> Affine:
        """Make a layer of exactly this name; its values."""
        self.layers[name] = Layer(name, "relu" if relu else "linear", value.bias, value.weights())
        return Affine.of(name, value.size)

    def fresh(self, wanted: str) -> str:
        """`wanted`, or `wanted_2`, `wanted_3`, … if that is taken."""
        number = self._tried.get(wanted, 1)
        name = wanted if number == 1 else f"{wanted}_{number}"
        while name in self.layers or name == self.input_name or name in self.reserved:
            number += 1
            name = f"{wanted}_{number}"
        self._tried[wanted] = number
        return name

    def relu(self, value: Affine, name: str) -> Affine:
        return self.layer(self.fresh(name), value, relu=True)

    def apply(
        self,
        function: str,
        values: Sequence[Affine],
        parameters: Sequence[ParameterValue],
        name: str,
    ) -> Affine:
        """A function of the table, of forms of one size; its layers are called `name`, `name_2`, ….

        Raises NetworkError for numbers that the function cannot have.
        """
        return FUNCTIONS[function].lowering(partial(self.relu, name=name), values, parameters)

    def finish(
        self, output: Affine, name: str, domain: Domain | None = None, title: str = ""
    ) -> Network:
        """The network whose output is `output`; a linear layer is added unless it is one whole
        layer already.

        Layers that the output does not depend on are left out.
        """
        target = self._whole_layer(output)
        if target is None:
            target = self.fresh("y")
            self.layer(target, output, relu=False)
        layers = list(self.layers.values())
        network = Network(self.input_name, self.input_size, layers, target, domain, name, title)
        live = network.cone(target) | {target}
        kept = [layer for layer in network.layers if layer.name in live]
        return Network(self.input_name, self.input_size, kept, target, domain, name, title)

    def _whole_layer(self, value: Affine) -> str | None:
        if len(value.terms) != 1 or not value.bias.is_zero:
            return None
        ((name, term),) = value.terms.items()
        whole = isinstance(term, Pick) and np.array_equal(term.index, np.arange(term.size))
        return name if whole and name in self.layers else None
