"""The names under which people store layers in an `.npz` file, brought to W0, b0, W1, b1, ...

    W0, b0, W1, b1       y = W x + b           ours
    W1, b1, W2, b2       the same, counted from 1
    fc1.weight, fc1.bias y = W x + b           PyTorch, in the order of the file
    dense/kernel[:0]     y = x W + b           Keras, in the order of the file
    arr_0, arr_1, ...    W, b, W, b            numpy.savez(file, *arrays)

A matrix that is stored as inputs x outputs is transposed. Sound because the way round is read off
the names or, where they do not say it, off shapes that fit in one way only; else it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rectifold.errors import InputError

Arrays = Mapping[str, np.ndarray]


class Layout(NamedTuple):
    """Weights and biases under our own names, the rest of the members, and notes for the user."""

    arrays: dict[str, np.ndarray]
    notes: list[str]


_COUNTED = re.compile(r"([Wb])([1-9]\d*)", re.ASCII)
_TORCH = re.compile(r"(.+)\.(weight|bias)")
_KERAS = re.compile(r"(.+)[/.](kernel|bias)(:0)?")
_NUMBER = re.compile(r"[0-9]+")
_PLAIN = re.compile(r"arr_(\d+)", re.ASCII)


def standard_layout(name: str, arrays: Arrays) -> Layout:
    """The members of the file `name` with its layers as W0, b0, ...; as they are where no other
    layout is recognised. Raises InputError where the way round cannot be told.
    """
    if "W0" in arrays or "b0" in arrays:
        return Layout(dict(arrays), [])
    if any(_COUNTED.fullmatch(key) for key in arrays):
        return _from_one(name, arrays)
    if any(_PLAIN.fullmatch(key) for key in arrays):
        return _plain(name, arrays)
    if any(m and m[2] == "kernel" for m in map(_KERAS.fullmatch, arrays)):
        return _named(name, arrays, _KERAS, is_transposed=True)
    if any(m and m[2] == "weight" for m in map(_TORCH.fullmatch, arrays)):
        return _named(name, arrays, _TORCH, is_transposed=False)
    return Layout(dict(arrays), [])


def _from_one(name: str, arrays: Arrays) -> Layout:
    """W1, b1, ... as W0, b0, ..."""
    matches = {key: _COUNTED.fullmatch(key) for key in arrays}
    found = {(f"{m[1]}{int(m[2]) - 1}" if m else key): arrays[key] for key, m in matches.items()}
    return Layout(found, [f"{name}: the layers are counted from 1 (W1, b1, ...)"])


def _named(name: str, arrays: Arrays, pattern: re.Pattern[str], *, is_transposed: bool) -> Layout:
    """Layers by their names, in the order of the file."""
    layers: dict[str, dict[str, np.ndarray]] = {}
    found: dict[str, np.ndarray] = {}
    for key, array in arrays.items():
        if match := pattern.fullmatch(key):
            parts = layers.setdefault(match[1], {})
            if match[2] in parts:
                raise InputError(
                    f"{name}: the layer {match[1][:40]!r} has two members {match[2]} (one is "
                    f"{key[:40]!r}); leave out one of them"
                )
            parts[match[2]] = array
        elif key in ("input_lo", "input_hi"):
            found[key] = array
        else:
            raise InputError(
                f"{name}: the member {key[:40]!r} beside {next(iter(layers), 'layers')[:40]!r} is "
                "no weight or bias of a dense layer; export the model as .onnx"
            )
    _require_order(name, list(layers))
    for k, (layer, parts) in enumerate(layers.items()):
        weight = parts.get("kernel", parts.get("weight"))
        if weight is None or weight.ndim != 2 or len(parts) > 2:
            raise InputError(
                f"{name}: the layer {layer[:40]!r} is no dense layer (a matrix and a bias); export "
                "the model as .onnx"
            )
        found[f"W{k}"] = weight.T if is_transposed else weight
        if "bias" in parts:
            found[f"b{k}"] = parts["bias"]
    order = ", ".join(layers)[:200]
    return Layout(found, [f"{name}: the layers are {order}, in this order ({_way(is_transposed)})"])


def _require_order(name: str, layers: Sequence[str]) -> None:
    """Raises InputError where numbers in the names count otherwise than the order of the file."""
    last: dict[str, tuple[list[int], str]] = {}
    for layer in layers:
        numbers = [int(n) for n in _NUMBER.findall(layer)]
        kind = _NUMBER.sub("#", layer)
        before, other = last.get(kind, (numbers, layer))
        if numbers < before:
            raise InputError(
                f"{name}: the layer {layer[:40]!r} comes behind {other[:40]!r} in the file, and "
                "the numbers say that it comes before; store the layers in their order, or as "
                "W0, b0, W1, b1, ..."
            )
        last[kind] = (numbers, layer)


def _plain(name: str, arrays: Arrays) -> Layout:
    """arr_0, arr_1, ...: weights and biases in turn, round the one way that fits."""
    numbers = sorted(int(m[1]) for m in map(_PLAIN.fullmatch, arrays) if m)
    members = [arrays[f"arr_{n}"] for n in numbers]
    ranks = [array.ndim for array in members]
    if numbers != list(range(len(numbers))) or ranks != [2, 1] * (len(ranks) // 2):
        raise InputError(
            f"{name}: arr_0, arr_1, ... are expected to be matrices and biases in turn; store them "
            "as W0, b0, W1, b1, ..."
        )
    weights, biases = members[::2], members[1::2]
    straight, turned = _fits(weights, biases), _fits([w.T for w in weights], biases)
    if straight and turned:
        raise InputError(
            f"{name}: the matrices are square, and nothing says whether y = W x + b or y = x W + b "
            "is meant; store them as W0, b0, W1, b1, ... with y = W x + b"
        )
    if not (straight or turned):
        raise InputError(
            f"{name}: the shapes of arr_0, arr_1, ... do not fit together, neither for "
            "y = W x + b nor for y = x W + b"
        )
    found = {key: array for key, array in arrays.items() if not _PLAIN.fullmatch(key)}
    for k, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        found |= {f"W{k}": weight.T if turned else weight, f"b{k}": bias}
    return Layout(found, [f"{name}: arr_0, arr_1, ... are W, b, W, b, ... ({_way(turned)})"])


def _way(is_transposed: bool) -> str:
    way = "y = x W + b" if is_transposed else "y = W x + b"
    return f"{way}, a relu after all but the last"


def _fits(weights: Sequence[np.ndarray], biases: Sequence[np.ndarray]) -> bool:
    """Whether layers with y = W x + b follow each other."""
    ends = all(w.shape[0] == len(b) for w, b in zip(weights, biases, strict=True))
    return ends and all(one.shape[0] == two.shape[1] for one, two in pairwise(weights))
