"""A network as a chain: relu layers that each read the one before, then an affine layer.

    x ─ a ─ b ─ y,  y reads a too      →      x ─ a ─ (b, a) ─ y

Affine layers are multiplied into what reads them, exactly. A value that is read further on is
carried by units of its own: a relu unit's value u ≥ 0 as relu(u) = u, an input x as relu(x) and
relu(-x), whose difference is x. Sound because these are identities, in floats too.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import numpy as np

from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.ir.affine import Affine, concat
from rectifold.ir.network import Layer, Network

_INPUT, _OUTPUT = "x", "y"
_PLUS, _MINUS = "+x", "-x"  # no names of layers

Forms = dict[str, Affine]
"""Pre-activations of relu layers, then the output, by name: over the input and relu layers."""


def as_chain(network: Network) -> Network:
    """The same function of the same inputs, as a chain in which the last layer alone is affine.

    Its layers are h1, h2, ..., y. A value that skips layers takes units of its own there.
    """
    forms = _input_carried(_live(_forms(network)))
    levels = _levels(forms)
    state = {_INPUT: Affine.of(_INPUT, network.input_size)}
    layers: list[Layer] = []
    for level in range(1, levels[_OUTPUT]):
        rows = {u: _read_later(forms, u, level) for u in state if u != _INPUT}
        parts = {u: state[u].select(kept) for u, kept in rows.items() if len(kept)}
        for name, form in forms.items():
            if levels[name] == level:
                parts[name], rows[name] = _over(form, state), np.arange(form.size)
        layers.append(_layer(f"h{level}", concat(list(parts.values()))))
        sizes = {u: forms[u].size for u in parts}
        state = _places(f"h{level}", {u: rows[u] for u in parts}, sizes)
    layers.append(_layer(_OUTPUT, _over(forms[_OUTPUT], state)))
    size = network.input_size
    return Network(_INPUT, size, layers, _OUTPUT, network.domain, network.name)


def _forms(network: Network) -> Forms:
    """Those of a network, in an order of evaluation; an output with relu is read by an affine."""
    values = {network.input_name: Affine.of(_INPUT, network.input_size)}
    forms: dict[str, Affine] = {}
    for number, layer in enumerate(network.layers):
        form = _over(Affine(layer.bias, layer.weights), values)
        if layer.is_relu:
            forms[f"relu{number}"] = form
            form = Affine.of(f"relu{number}", layer.size)
        values[layer.name] = form
    return {**forms, _OUTPUT: values[network.output]}


def _over(form: Affine, values: Mapping[str, Affine]) -> Affine:
    """The form of values that are forms themselves; without terms that are zero."""
    found = Affine(form.bias)
    for name, weight in form.weights().items():
        found = found + values[name].apply(weight)
    return Affine(found.bias, {u: w for u, w in found.weights().items() if not w.is_zero})


def _live(forms: Forms) -> Forms:
    """Without relu layers that the output does not depend on."""
    live = {_OUTPUT}
    for name in reversed(forms):
        if name in live:
            live |= set(forms[name].terms)
    return {name: form for name, form in forms.items() if name in live}


def _levels(forms: Forms) -> dict[str, int]:
    """On which layer of the chain each value is made; the output is on the last."""
    levels = {_INPUT: 0}
    for name, form in forms.items():
        levels[name] = 1 + max((levels[u] for u in form.terms), default=0)
    return levels


def _read_later(forms: Forms, value: str, level: int) -> Indices:
    """Which entries of a value are read by layers after the next one of `level`."""
    levels = _levels(forms)
    readers = [f for n, f in forms.items() if levels[n] > level and value in f.terms]
    read = [form.weights()[value].nonzero.any(axis=0) for form in readers]
    return np.flatnonzero(np.any(read, axis=0)) if read else np.zeros(0, dtype=np.int64)


def _input_carried(forms: Forms) -> Forms:
    """With relu(x) and relu(-x) as layers, where the input is read after the first layer."""
    levels, kept = _levels(forms), _read_later(forms, _INPUT, 1)
    if not len(kept):
        return forms
    own = next(f.weights()[_INPUT].shape[1] for f in forms.values() if _INPUT in f.terms)
    x = Affine.of(_INPUT, own).select(kept)
    difference = {u: Affine.of(u, f.size) for u, f in forms.items()}
    spread = Matrix.selection(kept, own).T
    difference[_INPUT] = Affine.of(_PLUS, len(kept)).apply(spread)
    difference[_INPUT] += (-Affine.of(_MINUS, len(kept))).apply(spread)
    later = {n: _over(f, difference) if levels[n] > 1 else f for n, f in forms.items()}
    return {_PLUS: x, _MINUS: -x, **later}


def _places(layer: str, rows: Mapping[str, Indices], sizes: Mapping[str, int]) -> dict[str, Affine]:
    """Each value as a form of the layer that holds its entries `rows`, one value after another.

    Entries that are not held are zero in the form: nothing reads them.
    """
    starts = accumulate((len(held) for held in rows.values()), initial=0)
    width = sum(len(held) for held in rows.values())
    found = {}
    for (name, held), start in zip(rows.items(), starts, strict=False):
        at = np.arange(start, start + len(held))
        matrix = Matrix.selection(held, sizes[name]).T.scatter_columns(at, width)
        found[name] = Affine(Matrix.zeros(sizes[name], 1), {layer: matrix})
    return found


def _layer(name: str, form: Affine) -> Layer:
    return Layer(name, "linear" if name == _OUTPUT else "relu", form.bias, form.weights())
