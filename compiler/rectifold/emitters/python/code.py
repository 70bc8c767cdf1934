"""A network as one standalone Python module: standard library only.

evaluate(x)        floats, bias first, in index order, never sum() (compensated since 3.12)
evaluate_exact(x)  the exact network on exact inputs: integers over one denominator per layer

Both go through the units of a source and add a column of weights for each that is not 0: few are,
and a comprehension over two lists is as fast as an expression of literals, in a fifth of the text.
Floats do so for a block of units at a time, which changes no sum.
self_test()        compares with exact outputs at stored points
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from math import isfinite, lcm
from typing import TypeAlias

from rectifold.effort.writing import PythonEffort
from rectifold.emitters.artifact import Artifact, weights_beside
from rectifold.emitters.header import Origin, header_lines
from rectifold.emitters.python.straight import is_straight, straight_lines
from rectifold.emitters.self_test import self_test_tolerance, self_test_vectors
from rectifold.emitters.tail_code import python_tail, tail_of
from rectifold.emitters.templates import template
from rectifold.emitters.weights import (
    EXACT,
    LONG,
    constraint_words,
    exact_word,
    input_box,
    numbers,
    require_module_name,
)
from rectifold.formats.float_range import require_range
from rectifold.ir.network import Layer, Network
from rectifold.runtime.caps import CAPS

_Integers: TypeAlias = int | Sequence["_Integers"]
_Words: TypeAlias = int | str | Sequence["_Words"]

_LOOPS = """    values = [x]
    for relu, bias, sources in _FLOATS:
        a = bias
        for source, dense, blocks in sources:
            a = _added(a, values[source], dense, blocks)
        values.append([0.0 if v < 0.0 else v for v in a] if relu else a)
    return list(values[{output}])"""


def python_code(network: Network, origin: Origin, name: str) -> Artifact:
    """The module `name` (and its weights beside it if there are many).

    Raises InputError for the name of a module that others import.
    """
    require_module_name(name)
    require_range(network, "float64")
    data = _data(network)
    if network.parameters <= CAPS.inline_parameters:
        return Artifact(
            {name: _python_module(network, origin, _inline_layers(data)).encode("ascii")}
        )
    weights = json.dumps(data, separators=(",", ":")).encode("ascii")
    beside = weights_beside(name, ".json")
    loader = template("python_loader").format(
        file=ascii(beside), digest=hashlib.sha256(weights).hexdigest()
    )
    loader += _decoding(weights.decode("ascii"))
    return Artifact(
        {name: _python_module(network, origin, loader).encode("ascii"), beside: weights}
    )


def _data(network: Network) -> list[_Words]:
    """Per layer: [is relu, exact denominator, exact biases, [[source, is dense, columns], ...]].

    A column belongs to a unit of the source: an integer per unit of the layer, or index, integer,
    index, integer, ... where that is shorter.
    """
    number = numbers(network)
    return [_written(_layer_data(layer, number)) for layer in network.layers]


def _written(form: _Integers) -> _Words:
    """Long integers as hexadecimal words, which Python and JSON read at any length."""
    if isinstance(form, int):
        return form if abs(form) < LONG else hex(form)
    return [_written(value) for value in form]


def _layer_data(layer: Layer, number: dict[str, int]) -> list[_Integers]:
    matrices = {u: w.integers() for u, w in layer.weights.items()}
    bias, bias_den = layer.bias.integers()
    den = lcm(bias_den, *(d for _, d in matrices.values()))
    sources: list[_Integers] = []
    for source, (integers, own) in matrices.items():
        width, scale = layer.weights[source].shape[1], den // own
        columns = [[scale * c for c in integers[j::width]] for j in range(width)]
        pairs = [[v for i, c in enumerate(column) if c for v in (i, c)] for column in columns]
        is_dense = width > 0 and _length(columns) <= _length(pairs)
        sources.append([number[source], int(is_dense), columns if is_dense else pairs])
    return [int(layer.is_relu), den, [b * (den // bias_den) for b in bias], sources]


def _length(columns: Sequence[Sequence[int]]) -> int:
    """Some measure of the characters that the integers take: their bits, and their commas."""
    return sum(6 + max(value.bit_length(), 3) for column in columns for value in column)


def _inline_layers(data: list[_Words]) -> str:
    rows = ",\n".join(f"    {json.dumps(layer, separators=(',', ':'))}" for layer in data)
    return (
        "# Per layer: relu?, denominator, biases, [source, dense?, columns]; "
        "else a column is index, integer, index, integer, ...\n"
        f"_LAYERS = [\n{rows},\n]\n{_decoding(rows)}"
    )


def _decoding(text: str) -> str:
    return template("python_decoder") if '"' in text else ""


def _python_module(network: Network, origin: Origin, layers: str) -> str:
    low, high = input_box(network.domain, network.input_size)
    output, straight = numbers(network)[network.output], is_straight(network)
    header = "\n".join(header_lines(network, origin, in_order=True))
    vectors = [(t.inputs, [exact_word(y) for y in t.outputs]) for t in self_test_vectors(network)]
    imports = (
        "import hashlib\nimport json\nimport math\nimport os\n"
        if "_load" in layers
        else "import math\n"
    )
    return template("python_module").format(
        header=header,
        imports=imports,
        inputs=network.input_size,
        output=output,
        lower=_end_words(low),
        upper=_end_words(high),
        constraints=json.dumps(constraint_words(network.domain)),
        exact=EXACT,
        layers=layers,
        floats="" if straight else template("python_floats").format(block=PythonEffort.block),
        body="\n".join(straight_lines(network)) if straight else _LOOPS.format(output=output),
        tail=python_tail(origin),
        called="evaluate" if tail_of(origin.interface) is None else "predict",
        vectors=json.dumps(vectors),
        tolerance=self_test_tolerance(network, origin),
    )


def _end_words(values: list[float]) -> str:
    """As numbers of Python, which has no literal for infinity; one where all are the same."""
    same = len(set(values)) == 1
    words = [repr(v) if isfinite(v) else f'float("{v}")' for v in (values[:1] if same else values)]
    return f"[{', '.join(words)}]" + (" * INPUTS" if same else "")
