"""A network as a Keras model that is called as its source was.

    to_keras(compiled.network, compiled.interface).predict(x)    x as for the source

    Input ─ Reshape ─ Dense(4, relu) ─ Dense(2) ─ Reshape ─ tail

A layer that reads several others reads them concatenated. Sound because a layer computes
act(b + Σ W u) as the network says, with every number rounded once to the type of the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix, hstack
from rectifold.formats.interface import Interface, Port
from rectifold.ir.network import Layer, Network
from rectifold.objects.keras_making import KerasLayers
from rectifold.objects.keras_tail import KerasTail

if TYPE_CHECKING:
    from keras import Model

_TYPES = ("float32", "float64")


def to_keras(
    network: Network, interface: Interface | None = None, dtype: str | None = None
) -> Model:
    """The functional model that computes the network, called as its `interface` says.

    Its inputs have the names and shapes of the source, its outputs the shapes and the tail. Without
    an interface it maps (N, inputs) to (N, outputs). `dtype` is "float32" or "float64"; that in
    which the source computes if left out (float32 without one). Weights are rounded to it.

    Raises InputError where Keras is not installed, for numbers beyond the type, for a model whose
    batch is not in front, and for a tail without a form in Keras.
    """
    _require_keras()
    import keras

    inputs, ends, outputs = _ports(network, interface)
    kind = _kind(dtype, ends[0])
    make = KerasLayers(kind)
    tensors = [make.input(port, _sample(port)) for port in inputs]
    rows = make.joined([make.row(tensor) for tensor in tensors])
    values = _ends(make, network, rows, ends)
    if interface is not None and interface.tail:
        tail = KerasTail(make, interface, values)
        values = {port.name: tail.value(port.name) for port in outputs}
    found = [make.named(values[port.name], port.name) for port in outputs]
    return keras.Model(_only(tensors), _only(found), name=make.fresh(network.name))


def _require_keras() -> None:
    """Raises InputError that says what to install, where Keras or its backend is not."""
    try:
        import keras  # noqa: F401
    except ImportError:
        raise InputError(
            "Keras, or its backend, is not installed; install the extra: pip install "
            "'rectifold[keras]', and the backend that KERAS_BACKEND names"
        ) from None


def _kind(dtype: str | None, end: Port) -> str:
    found = end.dtype if dtype is None else dtype
    if found not in _TYPES:
        raise InputError(
            f"a Keras model in {found} is not made; give dtype='float32' or dtype='float64'"
        )
    return found


Ports = tuple[Sequence[Port], Sequence[Port], Sequence[Port]]


def _ports(network: Network, interface: Interface | None) -> Ports:
    """(inputs, ends, outputs)."""
    if interface is not None:
        return interface.inputs, interface.ends, interface.outputs
    source = Port(network.input_name, "float32", (None, network.input_size))
    end = Port(network.output, "float32", (1, network.output_size))
    return [source], [end], [end]


def _sample(port: Port) -> tuple[int, ...]:
    """The shape of one sample. Raises InputError where the batch is not in front."""
    sizes = tuple(size for size in port.shape[1:] if isinstance(size, int))
    is_batch = bool(port.shape) and (port.shape[0] == 1 or not isinstance(port.shape[0], int))
    if not is_batch or len(sizes) != len(port.shape) - 1:
        raise InputError(
            f"{port.name} has the shape {port.shape}; a Keras model has the batch in front, and "
            "all other sizes fixed; to_torch() and to_onnx() keep the shape"
        )
    return sizes


def _ends(
    make: KerasLayers, network: Network, rows: object, ends: Sequence[Port]
) -> dict[str, object]:
    """The values at the ends, in their shapes."""
    known = {network.input_name: rows}
    for layer in network.layers:
        if layer.name != network.output or network.successors(layer.name):
            known[layer.name] = _dense(make, layer, known, rows)
    last, start, found = network.output_layer, 0, {}
    for end in ends:
        sample = _sample(end)
        stop = start + math.prod(sample)
        part = _rows(last, start, stop)
        found[end.name] = make.shaped(_dense(make, part, known, rows), sample)
        start = stop
    return found


def _rows(layer: Layer, start: int, stop: int) -> Layer:
    """Some units of a layer."""
    kept = range(start, stop)
    weights = {name: weight.select_rows(kept) for name, weight in layer.weights.items()}
    return Layer(layer.name, layer.activation, layer.bias.select_rows(kept), weights)


def _dense(make: KerasLayers, layer: Layer, known: Mapping[str, object], rows: Any) -> object:
    """The value of a layer; one that reads nothing has the weight zero on the input."""
    read = [known[name] for name in layer.weights] or [rows]
    empty = [Matrix.zeros(layer.size, rows.shape[1])]
    weight = hstack(list(layer.weights.values()) or empty)
    kernel, bias = _stored(make, layer, weight).T, _stored(make, layer, layer.bias).ravel()
    activation = "relu" if layer.is_relu else None
    return make.dense(make.joined(read), layer.name, (kernel, bias), activation)


def _stored(make: KerasLayers, layer: Layer, matrix: Matrix) -> np.ndarray:
    """The numbers in the model's type. Raises InputError for one beyond its range."""
    with np.errstate(over="ignore"):
        stored = matrix.approximation[0].astype(make.dtype)
    if not np.isfinite(stored).all():
        raise InputError(
            f"layer {layer.name} has a weight beyond the range of {make.dtype} "
            f"(about {np.finfo(make.dtype).max:.2g}); "
            + ("give dtype='float64'" if make.dtype == "float32" else "write .relu, which is exact")
        )
    return stored


def _only(tensors: list[object]) -> object:
    return tensors[0] if len(tensors) == 1 else tensors
