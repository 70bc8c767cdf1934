"""A list of (W, b): a relu after every layer but the last.

    [(W0, b0), (W1, b1)]    y = W1 relu(W0 x + b0) + b1
    [W0, b0, W1, b1]        the same; a W that no b follows has the bias 0

W is outputs × inputs, as in PyTorch, or inputs × outputs, as in scikit-learn and Keras: all of the
list is read in the one orientation in which the shapes fit. Where both fit (square matrices), W is
outputs × inputs, and a note says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.numerals import counted
from rectifold.formats.load import Loaded
from rectifold.ir.affine import Affine
from rectifold.ir.builder import Builder
from rectifold.objects.numbers import array_of, matrix_of

_BOTH = "the shapes of the list fit W as outputs x inputs and as inputs x outputs; "


@dataclass(frozen=True, eq=False)
class _Pair:
    """A weight as it was given, its bias (None: zeros), and its number in the list."""

    weight: np.ndarray
    bias: np.ndarray | None
    number: int


def network_of_list(given: Sequence[object]) -> Loaded:
    """The network of a list of (W, b), or of the arrays W0, b0, W1, b1, ...

    A bias of None is 0. Raises InputError where the shapes fit in no orientation.
    """
    pairs = _pairs(given)
    fits = {transposed: _misfit(pairs, transposed=transposed) for transposed in (False, True)}
    if all(fits.values()):
        raise InputError(
            f"the layers do not fit together: with W as outputs x inputs, {fits[False]}; with W as "
            f"inputs x outputs, {fits[True]}"
        )
    transposed = fits[False] is not None
    both = not any(fits.values()) and any(p.weight.shape != (1, 1) for p in pairs)
    note = _BOTH + "it was read as outputs x inputs (give W.T for the other)"
    builder = Builder("x", pairs[0].weight.shape[0 if transposed else 1])
    value = builder.input
    for pair in pairs:
        last = pair.number == len(pairs) - 1
        form = _form(pair, value, transposed=transposed)
        value = builder.layer("y" if last else f"h{pair.number + 1}", form, relu=not last)
    return Loaded(builder.finish(value, "net"), (note,) if both else ())


def _pairs(given: Sequence[object]) -> list[_Pair]:
    if not given:
        raise InputError("the list of layers is empty; give [(W0, b0), (W1, b1), ...]")
    pairs: list[_Pair] = []
    for entry in given:
        k = len(pairs)
        if isinstance(entry, tuple | list) and len(entry) == 2 and _is_pair(entry, k):
            bias = None if entry[1] is None else array_of(entry[1], f"b{k}")
            pairs.append(_Pair(array_of(entry[0], f"W{k}"), bias, k))
            continue
        array = array_of(entry, f"entry {len(pairs)} of the list of layers")
        if array.ndim == 1 and pairs and pairs[-1].bias is None:
            pairs[-1] = _Pair(pairs[-1].weight, array, k - 1)
        elif array.ndim == 2:
            pairs.append(_Pair(array, None, k))
        else:
            raise InputError(
                f"an array of shape {array.shape} follows {counted(k, 'layer')}; W with two "
                "dimensions or its b with one is expected"
            )
    return pairs


def _is_pair(entry: Sequence[object], k: int) -> bool:
    """A (W, b), and not a W of two rows."""
    return entry[1] is None or array_of(entry[0], f"W{k}").ndim == 2


def _misfit(pairs: Sequence[_Pair], *, transposed: bool) -> str | None:
    """Where the shapes do not fit, if W is inputs × outputs or (not `transposed`) the other way."""
    before = None
    for pair in pairs:
        name, shape = f"W{pair.number}", pair.weight.shape
        if len(shape) != 2 or 0 in shape:
            return f"{name} has the shape {shape}"
        into, out = shape if transposed else shape[::-1]
        if before is not None and into != before:
            return f"{name} has {counted(into, 'input')} where {counted(before, 'value')} come in"
        if pair.bias is not None and pair.bias.shape != (out,):
            return f"b{pair.number} has the shape {pair.bias.shape} where ({out},) is expected"
        before = out
    return None


def _form(pair: _Pair, value: Affine, *, transposed: bool) -> Affine:
    weight = pair.weight.T if transposed else pair.weight
    bias = np.zeros(weight.shape[0]) if pair.bias is None else pair.bias
    return value.apply(matrix_of(weight, f"W{pair.number}")) + Affine(
        matrix_of(bias.reshape(-1, 1), f"b{pair.number}")
    )
