"""A network as one standalone NumPy module; one source for a point and for a batch.

    h = relu(A x + b)        x = x.dot(T1_0); x += B1; x = maximum(x, Z1)
    y = C h + d              x = x.dot(T2_1)

A call of NumPy costs as much as a small product, so there are as few as can be: a layer has a last
unit that is always 1, and the next one's bias is a row of its matrix. Sound because the product 1 b
and the sums with the zeros around it are exact: the terms of a sum are the same, and the bound on
rounding holds in any order. Some columns of zeros make rows as long as vector registers like.

Convolutions multiply their kernels by what these read (gathered.py); a layer of such has no
unit that is always 1, so the bias after it is added.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from rectifold.effort.writing import NumpyEffort
from rectifold.emitters.artifact import Artifact, weights_beside
from rectifold.emitters.header import Origin, header_lines
from rectifold.emitters.numpy.checks import check_lines, constraint_check, constraint_data
from rectifold.emitters.numpy.gathered import (
    Gathered,
    gathered_code,
    gathered_of,
    gathered_product,
    index_lines,
    kernel_lines,
)
from rectifold.emitters.numpy.weights import StoredValues
from rectifold.emitters.self_test import self_test_tolerance, self_test_vectors
from rectifold.emitters.storage.kernels import Integers
from rectifold.emitters.tail_code import numpy_tail, tail_of
from rectifold.emitters.templates import template
from rectifold.emitters.weights import (
    EXACT,
    exact_word,
    input_box,
    numbers,
    require_module_name,
    weights_of,
)
from rectifold.exact.conversion import Floats
from rectifold.formats.float_range import significand_bits
from rectifold.ir.network import Layer, Network
from rectifold.runtime.caps import CAPS


def numpy_code(network: Network, origin: Origin, name: str) -> Artifact:
    """The module `name` (and `…_weights.npz` beside it if there are many).

    Raises InputError for the name of a module that others import.
    """
    require_module_name(name)
    code = _Code(network, weights_of(network, origin.precision))
    stored = StoredValues.of(code.stored(), code.tables())
    ends = 2 * network.input_size * np.dtype(origin.precision).itemsize
    counted = (stored.size + ends, code.multiply_adds) if code.gathered else (None, None)
    if network.parameters <= CAPS.inline_parameters:
        text = _module(code, origin, *stored.inline())
        return Artifact({name: text.encode("ascii")}, (), *counted)
    beside = weights_beside(name, ".npz")
    archive, loader, imports = stored.beside(beside)
    text = _module(code, origin, loader, imports)
    return Artifact({name: text.encode("ascii"), beside: archive}, (), *counted)


def _module(code: _Code, origin: Origin, loader: str, imports: str) -> str:
    network, precision = code.network, origin.precision
    low, high = _finite_box(network, precision)
    vectors = self_test_vectors(network, precision)
    return template("numpy_module").format(
        header="\n".join(header_lines(network, origin)),
        imports=imports + "from fractions import Fraction\n",
        inputs=network.input_size,
        outputs=network.output_size,
        real=precision,
        whole=2 ** significand_bits(precision),
        lower=_end_words(low),
        upper=_end_words(high),
        exact=EXACT,
        weights=loader + code.layout() + code.helpers() + constraint_data(network, low, high),
        constraints=constraint_check(network, precision),
        check=check_lines(network, low, high),
        body="\n".join(code.body()),
        tail=numpy_tail(origin),
        called="evaluate" if tail_of(origin.interface) is None else "predict",
        points=[list(v.inputs) for v in vectors],
        expected=json.dumps([[exact_word(y) for y in v.outputs] for v in vectors]),
        tolerance=self_test_tolerance(network, origin),
    )


def _finite_box(network: Network, precision: str) -> tuple[list[float], list[float]]:
    """The ends, the largest number for infinity: one comparison finds what is not finite, too."""
    largest = float(np.finfo(precision).max)
    low, high = input_box(network.domain, network.input_size, precision)
    return [_within(v, largest) for v in low], [_within(v, largest) for v in high]


def _within(value: float, largest: float) -> float:
    return min(max(value, -largest), largest)


def _end_words(values: list[float]) -> str:
    """One number where all are the same."""
    return repr(values[0] if len(set(values)) == 1 else values)


class _Code:
    """The lines that make the arrays of a network, and those that compute with them."""

    def __init__(self, network: Network, weights: Mapping[str, Floats]) -> None:
        self.network = network
        self.weights = weights
        self.number = numbers(network)
        self.size = {network.input_name: network.input_size}
        self.size |= {layer.name: layer.size for layer in network.layers}
        self.gathered: dict[tuple[str, str], Gathered] = {}
        for layer in network.layers:
            for source in layer.weights:
                form = gathered_of(weights[self._matrix(layer, source)].T + 0)  # no -0
                if form is not None:
                    self.gathered[layer.name, source] = form

    def stored(self) -> list[Floats]:
        """The arrays in the order in which `layout` reads them: a bias is the last row of one."""
        arrays = []
        for layer in self.network.layers:
            one = self._bringing(layer)
            bias = self.weights[f"b{self.number[layer.name]}"].reshape(1, layer.size)
            for source in layer.weights:
                form = self.gathered.get((layer.name, source))
                matrix = self.weights[self._matrix(layer, source)] if form is None else form.values
                arrays.append(np.vstack([matrix, bias]) if source == one else matrix)
            arrays += [bias] if one is None else []
        return arrays

    def tables(self) -> list[Integers]:
        """The index tables in the order in which `layout` reads them."""
        return [table for form in self.gathered.values() for table in form.tables]

    @property
    def multiply_adds(self) -> int:
        """Those of a point: of kernels, those of zeros between their numbers too."""
        shapes = [form.shape for form in self.gathered.values()]
        spared = sum(units * inputs for units, inputs in shapes)
        return self.network.sizes.macs - spared + sum(f.products for f in self.gathered.values())

    def layout(self) -> str:
        """The text that makes T<layer>_<source>, B<layer> and Z<layer> of the stored numbers."""
        ends: list[int] = []
        lines = [line for layer in self.network.layers for line in self._made(layer, ends)]
        return template("numpy_layout").format(
            places=gathered_code() if self.gathered else "",
            tables=index_lines(self.tables()) if self.gathered else "",
            ends=ends[:-1],
            lines="\n".join(lines),
            unused=", _N" if self.gathered else "",
        )

    def _made(self, layer: Layer, ends: list[int]) -> list[str]:
        """The lines for a layer; its arrays end at what is added to `ends`."""
        k, wide, one = self.number[layer.name], self._width(layer.name), self._bringing(layer)
        lines = []
        for source in layer.weights:
            form = self.gathered.get((layer.name, source))
            if form is not None:
                ends.append((ends[-1] if ends else 0) + form.values.size)
                lines += kernel_lines(self._matrix(layer, source)[1:], form)
                continue
            rows = self.size[source] + (source == one)
            ends.append((ends[-1] if ends else 0) + rows * layer.size)
            shapes = f"({rows}, {layer.size}), ({self._width(source)}, {wide})"
            constant = ", 1" if source == one and wide > layer.size else ""
            lines.append(f"{self._matrix(layer, source)} = _next({shapes}{constant})")
        if one is None:
            ends.append((ends[-1] if ends else 0) + layer.size)
            constant = ", 1" if wide > layer.size else ""
            lines.append(f"B{k} = _next((1, {layer.size}), (1, {wide}){constant})[0]")
        return lines + ([f"Z{k} = np.zeros({wide}, REAL)"] if layer.is_relu else [])

    def body(self) -> list[str]:
        """From the checked array x to the answer."""
        lines = [line for layer in self.network.layers for line in self._lines(layer)]
        return [*lines, f"    return {self._value(self.network.output)}"]

    def _lines(self, layer: Layer) -> list[str]:
        k, value = self.number[layer.name], self._value(layer.name)
        products = [self._product(layer, source) for source in layer.weights]
        if not products:
            products = [f"np.zeros(x.shape[:-1] + ({self._width(layer.name)},), REAL)"]
        lines = [f"    {value} = {products[0]}"]
        if self._bringing(layer) is None:
            lines.append(f"    {value} += B{k}")
        lines += [f"    {value} += {product}" for product in products[1:]]
        return lines + ([f"    {value} = maximum({value}, Z{k})"] if layer.is_relu else [])

    def _product(self, layer: Layer, source: str) -> str:
        before, matrix = self._value(source), self._matrix(layer, source)
        form = self.gathered.get((layer.name, source))
        if form is not None:
            return gathered_product(before, matrix[1:], form)
        skipped = self._is_skipped(layer, source)
        return f"_active({before}, {matrix})" if skipped else f"{before}.dot({matrix})"

    def _matrix(self, layer: Layer, source: str) -> str:
        return f"T{self.number[layer.name]}_{self.number[source]}"

    def _is_skipped(self, layer: Layer, source: str) -> bool:
        """Whether the matrix is large enough to look first which units are active."""
        if (layer.name, source) in self.gathered:
            return False
        is_relu = any(one.name == source and one.is_relu for one in self.network.layers)
        return is_relu and self.size[source] * layer.size >= NumpyEffort.active_cells

    def helpers(self) -> str:
        """The functions that the lines call."""
        calls = any(self._is_skipped(one, s) for one in self.network.layers for s in one.weights)
        return template("numpy_active") if calls else ""

    def _is_plain(self, name: str) -> bool:
        """Whether a layer has its units alone, and no constant."""
        return name in (self.network.input_name, self.network.output) or any(
            layer == name for layer, _ in self.gathered
        )

    def _value(self, name: str) -> str:
        """The variable of a layer: x for all of a chain, where each value is read once."""
        if self.network.is_chain or name == self.network.input_name:
            return "x"
        return f"a{self.number[name]}"

    def _width(self, name: str) -> int:
        """Entries of a layer as computed: with its constant, in whole groups."""
        if self._is_plain(name):
            return self.size[name]
        return -(-(self.size[name] + 1) // NumpyEffort.group) * NumpyEffort.group

    def _bringing(self, layer: Layer) -> str | None:
        """The source whose constant brings the bias."""
        return next(
            (
                source
                for source in layer.weights
                if not self._is_plain(source) and (layer.name, source) not in self.gathered
            ),
            None,
        )
