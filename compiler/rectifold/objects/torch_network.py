"""A network as a PyTorch module: a parameter matrix per layer, and the source's shapes around it.

    x ─ flat ─ Layer(3 → 4, relu) ─ Layer(4 → 2) ─ shaped ─ tail ─ y

A layer that reads several others reads them side by side. Sound because a layer computes
act(b + Σ W u) as the network says, with every number rounded once to the type of the module;
`rounded` says how many numbers were changed by that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.formats.interface import Port
from rectifold.ir.network import Layer, Network
from rectifold.objects.torch_tail import TailStep


class NetworkLayer(nn.Module):  # type: ignore[misc]  # torch has no types where it is not installed
    """One layer: relu(b + W [u, v, ...]) of the layers that it reads, or without relu."""

    def __init__(self, layer: Layer, dtype: Any) -> None:
        """Raises InputError for numbers beyond `dtype`."""
        super().__init__()
        self.name, self.is_relu = layer.name, layer.is_relu
        self.sources = tuple(layer.weights)
        parts = [_stored(layer.weights[name], layer.name, dtype) for name in self.sources]
        bias, changed = _stored(layer.bias, layer.name, dtype)
        self.rounded = changed + sum(count for _, count in parts)
        empty = torch.zeros(layer.size, 0, dtype=dtype)
        self.weight = nn.Parameter(torch.cat([empty, *(part for part, _ in parts)], dim=1))
        self.bias = nn.Parameter(bias.reshape(-1))

    def forward(self, values: Any) -> Any:
        result = functional.linear(values, self.weight, self.bias)
        return functional.relu(result) if self.is_relu else result

    def extra_repr(self) -> str:
        units, read = self.weight.shape
        ending = ", relu" if self.is_relu else ""
        return f"{self.name}: {read} → {units}, reads {', '.join(self.sources) or '—'}{ending}"


def _stored(matrix: Matrix, name: str, dtype: Any) -> tuple[Any, int]:
    """(the numbers as they are stored, how many were rounded)."""
    mid, radius = matrix.approximation
    exact = torch.from_numpy(np.array(mid))
    stored = exact.to(dtype)
    if not bool(torch.isfinite(stored).all()):
        raise InputError(
            f"layer {name} has a weight beyond the range of {dtype} "
            f"(about {torch.finfo(dtype).max:.2g}); give dtype='float64'"
        )
    changed = (stored.double() != exact).numpy()
    if radius is not None:
        changed |= radius != 0
    return stored, int(np.count_nonzero(changed))


class NetworkModule(nn.Module):  # type: ignore[misc]
    """A network, called as the model was that it comes from.

    `inputs` and `outputs`: the ports of that model; `ends`: how the network's values are shaped for
    its `tail`, whose last values are the outputs. `rounded`: how many weights and biases were
    rounded to the module's type.
    """

    def __init__(
        self,
        network: Network,
        ports: tuple[Sequence[Port], Sequence[Port], Sequence[Port]],
        tail: Sequence[TailStep],
        dtype: Any,
    ) -> None:
        """`ports`: inputs, ends, outputs. Raises InputError for numbers beyond `dtype`."""
        super().__init__()
        self.name = network.name
        self.input_name, self.output_name = network.input_name, network.output
        inputs, ends, outputs = ports
        self.inputs, self.ends = tuple(inputs), tuple(ends)
        self.outputs = tuple(port.name for port in outputs)
        self.is_batched = not all(isinstance(port.shape[0], int) for port in inputs if port.shape)
        self.layers = nn.ModuleList(NetworkLayer(layer, dtype) for layer in network.layers)
        self.tail = nn.ModuleList(tail)
        self.rounded = sum(layer.rounded for layer in self.layers)

    def forward(self, *tensors: Any) -> Any:
        """The outputs of the model: one tensor, or a tuple of them."""
        if len(tensors) != len(self.inputs):
            raise TypeError(f"{len(tensors)} tensors are given; {len(self.inputs)} are expected")
        rows = [self._row(x, port) for x, port in zip(tensors, self.inputs, strict=True)]
        known = {self.input_name: _beside(rows)}
        for layer in self.layers:
            read = [known[name] for name in layer.sources] or [known[self.input_name][:, :0]]
            known[layer.name] = layer(_beside(read))
        values = self._shaped(known[self.output_name])
        for step in self.tail:
            values |= step(values)
        found = tuple(values[name] for name in self.outputs)
        return found[0] if len(found) == 1 else found

    def _row(self, x: Any, port: Port) -> Any:
        """A tensor with a row per sample. Raises ValueError for one of another shape."""
        if not torch.jit.is_tracing() and not _fits(x.shape, port.shape):
            wanted = ", ".join("N" if size is None else str(size) for size in port.shape)
            raise ValueError(
                f"the input {port.name} has the shape {tuple(x.shape)}; ({wanted}) is expected"
            )
        return x.reshape(x.shape[0] if self.is_batched else 1, -1)

    def _shaped(self, rows: Any) -> dict[str, Any]:
        """The values at the ends, in their shapes."""
        sizes = [math.prod(n for n in end.shape if isinstance(n, int)) for end in self.ends]
        parts = rows.split(sizes, dim=1)
        return {
            end.name: part.reshape(rows.shape[0], *end.shape[1:])
            if self.is_batched
            else part.reshape(end.shape)
            for end, part in zip(self.ends, parts, strict=True)
        }

    def extra_repr(self) -> str:
        shapes = ", ".join(f"{port.name} {_shape_text(port)}" for port in self.inputs)
        return f"{self.name}: {shapes} → {', '.join(self.outputs)}, {self.rounded} weights rounded"


def _beside(rows: Sequence[Any]) -> Any:
    return rows[0] if len(rows) == 1 else torch.cat(list(rows), dim=1)


def _fits(found: Sequence[int], wanted: Sequence[int | str | None]) -> bool:
    return len(found) == len(wanted) and all(
        not isinstance(size, int) or size == given
        for size, given in zip(wanted, found, strict=True)
    )


def _shape_text(port: Port) -> str:
    return f"({', '.join(str(size or 'N') for size in port.shape)})"
