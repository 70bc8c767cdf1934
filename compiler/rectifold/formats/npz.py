"""`.npz` files with W0, b0, W1, b1, ...: y = W x + b, a relu after all but the last layer.

    W0 (m×n), b0 (m)      y = W1 relu(W0 x + b0) + b1
    W1 (k×m), b1 (k)      input_lo, input_hi: a number, or one per input

Layers under other names (PyTorch's, Keras', arr_0, ...) are brought to these (`npz_layouts`).
Either every layer has its bias or none has. Members whose names look like parts of a network
(`W01`, `w1`, `bias_0`, `input_low`) and are none are refused; others (a loss, labels) are named in
a note and left out.
"""

from __future__ import annotations

import io
import re
from fractions import Fraction
from pathlib import Path

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.exact.numerals import counted
from rectifold.formats.float_range import require_range
from rectifold.formats.npz_layouts import standard_layout
from rectifold.ir.affine import Affine
from rectifold.ir.builder import Builder
from rectifold.ir.domain import Domain, DomainError
from rectifold.ir.names import safe_name
from rectifold.ir.network import Network
from rectifold.runtime.arrays import as_floats, load_npz

_LAYER = re.compile(r"([Wb])(0|[1-9]\d*)", re.ASCII)
_ENDS = ("input_lo", "input_hi")
_ALIKE = re.compile(
    r"(w|b|weights?|bias(es)?|kernels?|act(ivation)?s?)[_.]?\d+"
    r"|(input|x)_?(lo|hi|low|high|lower|upper|min|max)(_.*|\d+)?",
    re.I,
)


def read_npz(path: Path) -> tuple[Network, list[str]]:
    """(network, notes). Raises InputError if the members do not form a network, or only half of
    one.
    """
    arrays, said = standard_layout(path.name, load_npz(path))
    count, has_biases = _layers(path.name, arrays)
    extra = _extra(path.name, arrays)
    first = arrays["W0"]
    if first.ndim != 2:
        raise InputError(
            f"{path.name}: W0 has {counted(first.ndim, 'dimension')}, two are expected (outputs "
            "x inputs)"
        )
    builder = Builder("x", first.shape[1])
    value = builder.input
    for k in range(count):
        form = _read_stored_layer(path.name, arrays, k, value, has_bias=has_biases)
        value = builder.layer(f"h{k + 1}" if k < count - 1 else "y", form, relu=k < count - 1)
    notes = [*said, *([] if has_biases else [f"{path.name} has no biases b0, b1, ...: they are 0"])]
    if extra:
        notes.append(
            f"{path.name}: the members {', '.join(extra)} are not part of the network and were "
            "left out"
        )
    return builder.finish(
        value, safe_name(path.stem, "net"), _read_stored_box(path.name, arrays, first.shape[1])
    ), notes


def _layers(name: str, arrays: dict[str, np.ndarray]) -> tuple[int, bool]:
    """(number of layers, they have biases). Every number from 0 must be there, and every bias or
    none.
    """
    found: dict[str, set[int]] = {"W": set(), "b": set()}
    for key in arrays:
        if match := _LAYER.fullmatch(key):
            found[match[1]].add(int(match[2]))
    if 0 not in found["W"]:
        members = ", ".join(sorted(arrays)[:8]) or "none"
        raise InputError(
            f"{name} has no member W0; W0, b0, W1, b1, ... are expected, it has {members}"
        )
    count = max(found["W"]) + 1
    _refuse_missing(name, "W", found["W"], count)
    if found["b"] and max(found["b"]) >= count:
        raise InputError(
            f"{name} has b{max(found['b'])} but no W{max(found['b'])}: a layer is missing"
        )
    if found["b"]:
        _refuse_missing(name, "b", found["b"], count)
    return count, bool(found["b"])


def _refuse_missing(name: str, letter: str, found: set[int], count: int) -> None:
    if len(found) == count:
        return
    missing = next(k for k in range(count) if k not in found)
    hint = (
        "store zeros where a layer has no bias"
        if letter == "b"
        else "number the layers from 0 without a gap"
    )
    raise InputError(f"{name} has {letter}{max(found)} but no {letter}{missing}: {hint}")


def _extra(name: str, arrays: dict[str, np.ndarray]) -> list[str]:
    """The members that are no part of the network; refuses those that look as if they were meant to
    be.
    """
    extra = sorted(key for key in arrays if not _LAYER.fullmatch(key) and key not in _ENDS)
    alike = [key for key in extra if _ALIKE.fullmatch(key)]
    if alike:
        raise InputError(
            f"{name}: the member {alike[0][:40]!r} is not known; a network is W0, b0, W1, b1, ... "
            "with input_lo and input_hi: rename it, or leave it out"
        )
    return extra


def _read_stored_layer(
    name: str, arrays: dict[str, np.ndarray], k: int, value: Affine, *, has_bias: bool
) -> Affine:
    weight = as_floats(arrays[f"W{k}"], f"{name}[W{k}]")
    if weight.ndim != 2 or weight.shape[1] != value.size:
        raise InputError(
            f"{name}: W{k} has shape {weight.shape}, but {counted(value.size, 'value')} come in "
            "(columns must match)"
        )
    bias = as_floats(arrays[f"b{k}"], f"{name}[b{k}]") if has_bias else np.zeros(weight.shape[0])
    if bias.shape != (weight.shape[0],):
        raise InputError(f"{name}: b{k} has shape {bias.shape}, ({weight.shape[0]},) is expected")
    return value.apply(Matrix.from_floats(weight)) + Affine(Matrix.from_floats(bias.reshape(-1, 1)))


def _read_stored_box(name: str, arrays: dict[str, np.ndarray], size: int) -> Domain | None:
    present = [key for key in _ENDS if key in arrays]
    if not present:
        return None
    if len(present) == 1:
        other = _ENDS[1 - _ENDS.index(present[0])]
        raise InputError(
            f"{name} has {present[0]} but no {other}: half a box; add {other}, or leave both out"
        )
    lower, upper = (_read_stored_end(name, key, arrays[key], size) for key in _ENDS)
    try:
        return Domain(lower, upper)
    except DomainError as error:
        raise InputError(f"{name}: {error}") from None


def _read_stored_end(name: str, key: str, array: np.ndarray, size: int) -> tuple[Fraction, ...]:
    values = [Fraction(v) for v in as_floats(array, f"{name}[{key}]").ravel().tolist()]
    if len(values) not in (1, size):
        entries = counted(len(values), "entry", "entries")
        raise InputError(
            f"{name}: {key} has {entries} for {counted(size, 'input')}; give one number, or one "
            "per input"
        )
    return tuple(values) if len(values) == size else (values[0],) * size


def npz_bytes(network: Network, precision: str = "float64") -> bytes:
    """The network as an .npz file of floats; its domain where that is a box of floats.

    A number that is no float is rounded to the nearest. Raises InputError for skip edges, linear
    hidden layers, a relu at the output, or numbers out of range: this format cannot say them.
    """
    require_range(network, precision)
    arrays: dict[str, np.ndarray] = {}
    before = network.input_name
    for k, layer in enumerate(network.layers):
        last = layer.name == network.output
        if not network.is_chain or set(layer.weights) != {before} or layer.is_relu == last:
            raise InputError(
                f"layer {layer.name} cannot be written as .npz: W0, b0, ... is a chain with a "
                "relu after all but the last layer; "
                "write .relu or .onnx"
            )
        (weight,) = layer.weights.values()
        with np.errstate(under="ignore"):  # what is too small becomes 0
            arrays[f"W{k}"] = weight.approximation[0].astype(precision)
            arrays[f"b{k}"] = layer.bias.approximation[0].astype(precision).ravel()
        before = layer.name
    domain = network.domain
    if domain is not None and lost_of_domain(domain) is None:
        arrays["input_lo"], arrays["input_hi"] = domain.float_box
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy types the keywords as one flag
    return buffer.getvalue()


def lost_of_domain(domain: Domain) -> str | None:
    """What an archive cannot say of a domain, which it then lacks; None where it has it."""
    if domain.constraints:
        return "linear constraints"
    if not domain.is_bounded:
        return "a range without an end"
    return None if domain.is_float_box else "an end that is no float"
