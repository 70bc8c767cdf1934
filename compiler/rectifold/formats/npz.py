"""`.npz` files with W0, b0, W1, b1, ...: y = W x + b, a relu after all but the last layer.

Optional members input_lo and input_hi (a number, or one per input) give the domain; other members are left alone.
"""

from __future__ import annotations

import io
import re
from fractions import Fraction
from pathlib import Path

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Affine, Builder
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network, safe_name
from rectifold.runtime.arrays import as_floats, load_npz


def read_npz(path: Path) -> tuple[Network, list[str]]:
    """(network, notes). Raises InputError if the members do not form a network."""
    arrays = load_npz(path)
    count = 0
    while f"W{count}" in arrays:
        count += 1
    if count == 0:
        raise InputError(
            f"{path.name} has no member W0; W0, b0, W1, b1, ... are expected, it has {', '.join(sorted(arrays)[:8])}"
        )
    first = arrays["W0"]
    if first.ndim != 2:
        raise InputError(f"{path.name}: W0 has {first.ndim} dimensions, two are expected")
    builder = Builder("x", first.shape[1])
    value = builder.input
    for k in range(count):
        value = builder.layer(
            f"h{k + 1}" if k < count - 1 else "y", _layer(path.name, arrays, k, value), relu=k < count - 1
        )
    extra = sorted(key for key in arrays if not re.fullmatch(r"[Wb]\d+|input_(lo|hi)", key))
    notes = (
        [f"{path.name}: the members {', '.join(extra)} are not part of the network and were left out"] if extra else []
    )
    return builder.finish(value, safe_name(path.stem, "net"), _domain(path.name, arrays, first.shape[1])), notes


def _layer(name: str, arrays: dict[str, np.ndarray], k: int, value: Affine) -> Affine:
    weight = as_floats(arrays[f"W{k}"], f"{name}[W{k}]")
    if weight.ndim != 2 or weight.shape[1] != value.size:
        raise InputError(f"{name}: W{k} has shape {weight.shape}, but {value.size} values come in (columns must match)")
    bias = as_floats(arrays[f"b{k}"], f"{name}[b{k}]") if f"b{k}" in arrays else np.zeros(weight.shape[0])
    if bias.shape != (weight.shape[0],):
        raise InputError(f"{name}: b{k} has shape {bias.shape}, ({weight.shape[0]},) is expected")
    return value.apply(Matrix.from_floats(weight)) + Affine(Matrix.from_floats(bias.reshape(-1, 1)))


def _domain(name: str, arrays: dict[str, np.ndarray], size: int) -> Domain | None:
    if "input_lo" not in arrays or "input_hi" not in arrays:
        return None
    ends = []
    for key in ("input_lo", "input_hi"):
        values = as_floats(arrays[key], f"{name}[{key}]").ravel()
        if len(values) not in (1, size):
            raise InputError(f"{name}: {key} has {len(values)} entries for {size} inputs")
        ends.append(tuple(Fraction(float(v)) for v in np.broadcast_to(values, (size,))))
    return Domain(ends[0], ends[1])


def npz_bytes(network: Network) -> bytes:
    """The network as an .npz file (float64; no domain when an end is not a float).

    Raises InputError for skip edges, linear hidden layers, a relu at the output, or numbers that are no floats: this
    format cannot say them.
    """
    arrays: dict[str, np.ndarray] = {}
    before = network.input_name
    for k, layer in enumerate(network.layers):
        last = layer.name == network.output
        if not network.is_chain or set(layer.weights) != {before} or layer.is_relu == last:
            raise InputError(
                f"layer {layer.name} cannot be written as .npz: W0, b0, ... is a chain with a relu after all but the last layer; "
                "write .relu or .onnx"
            )
        (weight,) = layer.weights.values()
        for key, matrix in ((f"W{k}", weight), (f"b{k}", layer.bias)):
            if not matrix.is_float:
                raise InputError(
                    f"layer {layer.name} has weights that are no float64 numbers; write .relu to keep them exact"
                )
            arrays[key] = matrix.floats if key[0] == "W" else matrix.floats.ravel()
        before = layer.name
    domain = network.domain
    if domain is not None and domain.is_bounded and domain.is_float_box and not domain.constraints:
        arrays["input_lo"], arrays["input_hi"] = domain.float_box
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy types the keywords as one flag
    return buffer.getvalue()
