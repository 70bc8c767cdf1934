"""A network as one standalone Python module: standard library only.

evaluate(x)        floats, bias first, in index order, never sum() (compensated since 3.12)
evaluate_exact(x)  the exact network on exact inputs: integers over one denominator per layer
self_test()        compares with exact outputs at stored points
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from math import lcm
from pathlib import PurePath
from typing import TypeAlias

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin, header_lines
from rectifold.emitters.self_test import self_test_tolerance, self_test_vectors
from rectifold.emitters.weights import EXACT, LONG, constraint_words, exact_word, input_box, numbers
from rectifold.formats.float_range import require_range
from rectifold.ir.network import Layer, Network
from rectifold.runtime.caps import CAPS

_Integers: TypeAlias = int | Sequence["_Integers"]
_Words: TypeAlias = int | str | Sequence["_Words"]


def python_code(network: Network, origin: Origin, name: str) -> Artifact:
    """The module `name` (and its weights beside it if there are many)."""
    require_range(network, "float64")
    data = _data(network)
    if network.parameters <= CAPS.inline_parameters:
        return Artifact(
            {name: _python_module(network, origin, _inline_layers(data)).encode("ascii")}
        )
    weights = json.dumps(data, separators=(",", ":")).encode("ascii")
    beside = f"{PurePath(name).stem}_weights.json"
    loader = _JSON_LOADER.format(file=ascii(beside), digest=hashlib.sha256(weights).hexdigest())
    loader += _decoding(weights.decode("ascii"))
    return Artifact(
        {name: _python_module(network, origin, loader).encode("ascii"), beside: weights}
    )


def _data(network: Network) -> list[_Words]:
    """Per layer: [is relu, exact denominator, exact biases, [[source, exact rows], ...]].

    Rows are [index, integer, ...].
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
        rows = [
            [v for j in range(width) if (c := integers[i * width + j]) for v in (j, c * scale)]
            for i in range(layer.size)
        ]
        sources.append([number[source], rows])
    return [int(layer.is_relu), den, [b * (den // bias_den) for b in bias], sources]


def _inline_layers(data: list[_Words]) -> str:
    rows = ",\n".join(f"    {json.dumps(layer, separators=(',', ':'))}" for layer in data)
    return (
        "# Per layer: relu?, denominator, biases, [source, rows]; "
        "a row is index, integer, index, integer, ...\n"
        f"_LAYERS = [\n{rows},\n]\n{_decoding(rows)}"
    )


def _decoding(text: str) -> str:
    return _INTEGER_DECODER if '"' in text else ""


_INTEGER_DECODER = """

def _integers(form):
    if isinstance(form, list):
        return [_integers(value) for value in form]
    return int(form, 16) if isinstance(form, str) else form


_LAYERS = _integers(_LAYERS)
"""


_JSON_LOADER = """def _load():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), {file})
    with open(path, "rb") as file:
        data = file.read()
    if hashlib.sha256(data).hexdigest() != "{digest}":
        raise ValueError("the weights beside this module are not the ones it was emitted with")
    return json.loads(data)


_LAYERS = _load()
"""


def _python_module(network: Network, origin: Origin, layers: str) -> str:
    low, high = input_box(network.domain, network.input_size)
    header = "\n".join(header_lines(network, origin))
    vectors = [
        ([v.hex() for v in t.inputs], [exact_word(y) for y in t.outputs])
        for t in self_test_vectors(network)
    ]
    imports = (
        "import hashlib\nimport json\nimport math\nimport os\n"
        if "_load" in layers
        else "import math\n"
    )
    return _PYTHON_MODULE.format(
        header=header,
        imports=imports,
        inputs=network.input_size,
        output=numbers(network)[network.output],
        lower=_end_words(low),
        upper=_end_words(high),
        constraints=json.dumps(constraint_words(network.domain)),
        exact=EXACT,
        layers=layers,
        vectors=json.dumps(vectors),
        tolerance=", ".join(v.hex() for v in self_test_tolerance(network, origin)),
    )


def _end_words(values: list[float]) -> str:
    words = [
        f'"{v}"' if v in (float("inf"), float("-inf")) else f'"{float(v).hex()}"' for v in values
    ]
    return f"[{', '.join(words)}]"


_PYTHON_MODULE = '''"""{header}
"""
{imports}from fractions import Fraction

INPUTS = {inputs}
_OUTPUT = {output}
_LOWER = [float.fromhex(v) for v in {lower}]
_UPPER = [float.fromhex(v) for v in {upper}]

{exact}
# rows c and bounds d: c . x <= d
_CONSTRAINTS = [([_exact(c) for c in row], _exact(bound)) for row, bound in {constraints}]

{layers}

def _rounded(layer):
    """The layer in floats; a quotient of integers rounds correctly."""
    relu, den, bias, sources = layer
    rows = [(s, [[(row[k], row[k + 1] / den) for k in range(0, len(row), 2)] for row in rs]) for s, rs in sources]
    return relu, [b / den for b in bias], rows


_FLOATS = [_rounded(layer) for layer in _LAYERS]


def check_input(x):
    """Raise ValueError unless x has the right length, is finite, and lies in the domain."""
    if len(x) != INPUTS:
        raise ValueError("expected %d inputs, got %d" % (INPUTS, len(x)))
    for k, v in enumerate(x):
        if not math.isfinite(v):
            raise ValueError("input %d is not finite" % k)
        if not _LOWER[k] <= v <= _UPPER[k]:
            raise ValueError("input %d = %r is outside the domain [%r, %r]" % (k, v, _LOWER[k], _UPPER[k]))
    for row, bound in _CONSTRAINTS:
        products = [c * Fraction(v) for c, v in zip(row, x)]
        if sum(products) - sum(map(abs, products)) / 2**53 > bound:  # v may be a rounded number
            raise ValueError("%r violates a linear constraint of the domain" % (list(x),))


def evaluate(x, check=True):
    """The outputs at x (a sequence of floats) in float64."""
    x = [float(v) for v in x]
    if check:
        check_input(x)
    values = [x]
    for relu, bias, sources in _FLOATS:
        a = list(bias)
        for source, rows in sources:
            before = values[source]
            for i, row in enumerate(rows):
                total = a[i]
                for j, w in row:
                    total += w * before[j]
                a[i] = total
        values.append([0.0 if v < 0.0 else v for v in a] if relu else a)
    return values[_OUTPUT]


def evaluate_exact(x):
    """The exact outputs (fractions) at x: numbers or strings such as "1/3". No domain check."""
    point = [Fraction(v) for v in x]
    if len(point) != INPUTS:
        raise ValueError("expected %d inputs, got %d" % (INPUTS, len(point)))
    den = math.lcm(*(v.denominator for v in point)) if point else 1
    values = [([v.numerator * (den // v.denominator) for v in point], den)]
    for relu, own, bias, sources in _LAYERS:
        common = math.lcm(1, *(values[s][1] for s, _ in sources))
        a = [b * common for b in bias]
        for source, rows in sources:
            before, scale = values[source][0], common // values[source][1]
            for i, row in enumerate(rows):
                total = 0
                for k in range(0, len(row), 2):
                    total += row[k + 1] * before[row[k]]
                a[i] += total * scale
        values.append(([max(0, v) for v in a] if relu else a, own * common))
    outputs, den = values[_OUTPUT]
    return [Fraction(v, den) for v in outputs]


_VECTORS = {vectors}
_TOLERANCE = [float.fromhex(v) for v in "{tolerance}".split(", ") if v]


def self_test():
    """Compare with exact outputs at stored points; raise AssertionError on a difference. The number of points."""
    for inputs, outputs in _VECTORS:
        x = [float.fromhex(v) for v in inputs]
        expected = [_exact(v) for v in outputs]
        if evaluate_exact(x) != expected:
            raise AssertionError("the exact form differs at %r" % (x,))
        for got, want, allowed in zip(evaluate(x, check=False), expected, _TOLERANCE):
            if not abs(Fraction(got) - want) <= Fraction(allowed):
                raise AssertionError("the float form differs at %r: %r, expected %r" % (x, got, float(want)))
    return len(_VECTORS)


if __name__ == "__main__":
    import sys

    if len(sys.argv) > 1:
        print(*evaluate([float(v) for v in sys.argv[1:]]))
    else:
        print("self-test passed at %d points" % self_test())
'''
