"""A network run in floats, called as the model that it came from.

    X (k, 1, 8, 8) float32  →  k rows of 64  →  the network in float64  →  (k, 10) float32  →  tail

What follows the network in the model (a softmax, a label) is the model's own nodes, run by
onnxruntime where it is installed, else by onnx.reference. This rounds and proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rectifold.effort.search import PointEffort
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import counted
from rectifold.formats.interface import Interface, Port
from rectifold.ir.evaluate import evaluate_float
from rectifold.ir.network import Network
from rectifold.objects.column_names import require_columns
from rectifold.objects.numbers import without_gradient
from rectifold.objects.outside import outside
from rectifold.objects.warned import warn_user

Array = npt.NDArray[Any]
Predicted = Any  # an Array, or a dict[str, Array] for several outputs: the model decides which


def predict(network: Network, interface: Interface | None, inputs: object) -> Predicted:
    """What the model gives at `inputs`: one point, or several with the batch first.

    One array for one output of the model, else arrays by name. Warns of points outside the
    network's domain, where the network need not be what it came from. Raises InputError for
    another shape than the model's, for what is no array of numbers, and for a data frame with other
    columns than the model was fitted to.
    """
    require_columns(inputs, interface)
    rows, batch = _rows(inputs, interface, network.input_size)
    _warn_outside(network, rows)
    values = np.concatenate([evaluate_float(network, part) for part in _parts(rows, network)])
    if interface is None:
        return values if batch.is_given else values[0]
    return _as_outputs(values, interface, batch)


def _parts(rows: Floats, network: Network) -> list[Floats]:
    """The rows in parts whose values on all layers fit in memory."""
    values = network.input_size + sum(layer.size for layer in network.layers)
    count = max(1, len(rows) * values // PointEffort.values_at_once)
    return np.array_split(rows, count)


def _warn_outside(network: Network, rows: Floats) -> None:
    if network.domain is None:
        return
    found = np.nonzero(outside(rows, network.domain))[0]
    if len(found):
        warn_user(
            f"{counted(len(found), 'point')} of {len(rows):,} (first row {found[0]}) outside the "
            f"domain {network.domain.describe()}: equality with the source is proved inside only"
        )


# ---- inputs -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Batch:
    """How many points there are, and whether they were given with a batch axis."""

    size: int
    is_given: bool


def _rows(inputs: object, interface: Interface | None, size: int) -> tuple[Floats, _Batch]:
    """The points as rows of the network's flat input."""
    if interface is None:
        return _of_port(inputs, Port("x", "float64", (None, size)))
    ports = interface.inputs
    if len(ports) == 1 and not (isinstance(inputs, Mapping) and ports[0].name in inputs):
        return _of_port(inputs, ports[0])
    found = [_of_port(one, port) for one, port in zip(_each(inputs, ports), ports, strict=True)]
    if len({batch for _, batch in found}) > 1:
        counts = ", ".join(f"{p.name}: {b.size}" for p, (_, b) in zip(ports, found, strict=True))
        raise InputError(f"the inputs have batches of different sizes ({counts})")
    return np.hstack([rows for rows, _ in found]), found[0][1]


def _each(inputs: object, ports: Sequence[Port]) -> Sequence[object]:
    """An input for each port, by name or in order."""
    names = ", ".join(port.name for port in ports)
    if isinstance(inputs, Mapping):
        missing = [port.name for port in ports if port.name not in inputs]
        if missing or len(inputs) > len(ports):
            raise InputError(f"the inputs are named {', '.join(inputs)}; the model has {names}")
        return [inputs[port.name] for port in ports]
    if not isinstance(inputs, list | tuple) or len(inputs) != len(ports):
        raise InputError(
            f"the model has {counted(len(ports), 'input')} ({names}); give a list of arrays in "
            "this order, or a dictionary of arrays by name"
        )
    return inputs


def _of_port(given: object, port: Port) -> tuple[Floats, _Batch]:
    plain = without_gradient(given, f"the input {port.name}")
    try:
        array = np.asarray(plain, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"the input {port.name} is no array of numbers ({error})") from None
    first, *rest = port.shape or (None,)
    whole = tuple(d for d in rest if isinstance(d, int))
    if isinstance(first, int) and first != 1:  # the model has no batch
        whole, with_batch = (first, *whole), False
    else:
        with_batch = array.ndim == len(whole) + 1
    if array.shape[with_batch:] != whole:
        expected = f"(batch, {', '.join(map(str, whole))})" if whole else "(batch,)"
        raise InputError(
            f"the input {port.name} has the shape {array.shape}; the model reads {expected} or, "
            f"for one point, {whole}"
        )
    size = array.shape[0] if with_batch else 1
    return array.reshape(size, math.prod(whole)), _Batch(size, with_batch)


# ---- outputs ------------------------------------------------------------------------------------


def _as_outputs(values: Floats, interface: Interface, batch: _Batch) -> Predicted:
    ends = end_arrays(values, interface.ends)
    if interface.tail:
        ends = _behind_tail(values, interface)
    outputs = {port.name: ends[port.name] for port in interface.outputs}
    if not batch.is_given:
        outputs = {name: _of_one(array) for name, array in outputs.items()}
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def _behind_tail(values: Floats, interface: Interface) -> dict[str, Array]:
    """The outputs, by one call of the tail where the model takes a batch, else point by point.

    A tail whose ends have no first axis that is the batch is given one point at a time: it would
    mix the points, or read the batch as another axis.
    """
    from rectifold.objects.tails import run_tails  # onnx takes 0.3 s to import

    is_fixed = all(isinstance(port.shape[0], int) for port in interface.inputs if port.shape)
    single = is_fixed or any(port.shape[:1] != (1,) for port in interface.ends)
    parts = [values[k : k + 1] for k in range(len(values))] if single and len(values) else [values]
    found = run_tails(interface, [end_arrays(part, interface.ends) for part in parts])
    return {name: _joined([outputs[name] for outputs in found]) for name in found[0]}


def _joined(arrays: Sequence[Array]) -> Array:
    """Outputs of several calls as one array whose first axis is the batch."""
    if len(arrays) == 1:
        return arrays[0]
    is_batch = arrays[0].ndim > 0 and arrays[0].shape[0] == 1
    return np.concatenate(arrays) if is_batch else np.stack(arrays)


def end_arrays(values: Floats, ports: Sequence[Port]) -> dict[str, Array]:
    """The tensors that the network's output is made of, in their shapes and types."""
    found: dict[str, Array] = {}
    start, count = 0, len(values)
    for port in ports:
        shape = tuple(d for d in port.shape if isinstance(d, int))
        size = math.prod(shape)
        rest = shape[1:] if shape[:1] == (1,) else shape
        part = values[:, start : start + size].reshape(shape if count == 1 else (count, *rest))
        found[port.name] = part.astype("float32" if port.dtype == "bfloat16" else port.dtype)
        start += size
    return found


def _of_one(array: Array) -> Array:
    """An output for one point, without its batch of one."""
    return array[0] if array.ndim and array.shape[0] == 1 else array
