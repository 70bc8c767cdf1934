"""A network as one standalone NumPy module; one source for a point and for a batch.

    x = x.dot(T1_0); x += b1; maximum(x, 0, out=x)

Weights are hex floats in the source up to 100,000 parameters, and lie beside it with their SHA-256
above that.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import PurePath

import numpy as np

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin, header_lines
from rectifold.emitters.self_test import self_test_tolerance, self_test_vectors
from rectifold.emitters.weights import (
    EXACT,
    constraint_words,
    exact_word,
    input_box,
    numbers,
    weights_of,
)
from rectifold.exact.conversion import Floats
from rectifold.ir.network import Network
from rectifold.runtime.caps import CAPS


def numpy_code(network: Network, origin: Origin, name: str) -> Artifact:
    """The module `name` (and `…_weights.npz` beside it if there are many)."""
    arrays = weights_of(network)
    if network.parameters <= CAPS.inline_parameters:
        return Artifact(
            {name: _numpy_module(network, origin, _inline_arrays(arrays), "").encode("ascii")}
        )
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy types the keywords as one flag
    beside = f"{PurePath(name).stem}_weights.npz"
    loader = _ARCHIVE_LOADER.format(
        file=ascii(beside), digest=hashlib.sha256(buffer.getvalue()).hexdigest()
    )
    text = _numpy_module(network, origin, loader, "import hashlib\nimport io\nimport os\n")
    return Artifact({name: text.encode("ascii"), beside: buffer.getvalue()})


def _inline_arrays(arrays: dict[str, Floats]) -> str:
    lines = [_ARRAY_DECODER, "_W = {"]
    for key, array in arrays.items():
        words = " ".join(float(v).hex() for v in array.ravel())
        lines.append(f'    "{key}": _array("{words}", {array.shape}),')
    return "\n".join([*lines, "}", ""])


_ARRAY_DECODER = """
def _array(words, shape):
    return np.array([float.fromhex(w) for w in words.split()], dtype=np.float64).reshape(shape)

"""

_ARCHIVE_LOADER = """
def _load():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), {file})
    with open(path, "rb") as file:
        data = file.read()
    if hashlib.sha256(data).hexdigest() != "{digest}":
        raise ValueError("the weights beside this module are not the ones it was emitted with")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {{key: archive[key] for key in archive.files}}


_W = _load()
"""


def _numpy_module(network: Network, origin: Origin, weights: str, imports: str) -> str:
    low, high = input_box(network.domain, network.input_size)
    vectors = self_test_vectors(network)
    return _NUMPY_MODULE.format(
        header="\n".join(header_lines(network, origin)),
        imports=imports,
        inputs=network.input_size,
        outputs=network.output_size,
        lower=_hex(low),
        upper=_hex(high),
        constraints=json.dumps(constraint_words(network.domain)),
        exact=EXACT,
        weights=weights,
        body="\n".join(_body(network)),
        points="; ".join(_hex(v.inputs) for v in vectors),
        expected=json.dumps([[exact_word(y) for y in v.outputs] for v in vectors]),
        tolerance=_hex(self_test_tolerance(network, origin)),
    )


def _hex(values: list[float] | tuple[float, ...]) -> str:
    return " ".join(str(v) if np.isinf(v) else float(v).hex() for v in values)


def _body(network: Network) -> list[str]:
    number = numbers(network)
    lines = []
    for layer in network.layers:
        k = number[layer.name]
        sources = [number[u] for u in layer.weights]
        if sources:
            lines.append(f'    a{k} = a{sources[0]}.dot(_W["T{k}_{sources[0]}"])')
            lines.append(f'    a{k} += _W["b{k}"]')
        else:
            lines.append(f'    a{k} = np.tile(_W["b{k}"], (a0.shape[0], 1))')
        lines += [f'    a{k} += a{s}.dot(_W["T{k}_{s}"])' for s in sources[1:]]
        if layer.is_relu:
            lines.append(f"    np.maximum(a{k}, 0.0, out=a{k})")
    lines.append(f"    y = a{number[network.output]}")
    return lines


_NUMPY_MODULE = '''"""{header}
"""
{imports}from fractions import Fraction

import numpy as np

INPUTS = {inputs}
OUTPUTS = {outputs}
_LOWER = np.array([float.fromhex(v) for v in "{lower}".split()])
_UPPER = np.array([float.fromhex(v) for v in "{upper}".split()])

{exact}
# rows c and bounds d: c . x <= d
_CONSTRAINTS = [([_exact(c) for c in row], _exact(bound)) for row, bound in {constraints}]
{weights}

def check_input(x):
    """Raise ValueError unless every row of x (k, INPUTS) is finite and in the domain."""
    if x.ndim != 2 or x.shape[1] != INPUTS:
        raise ValueError("expected %d inputs, got an array of shape %r" % (INPUTS, x.shape))
    if not np.isfinite(x).all():
        raise ValueError("an input is not finite")
    inside = (x >= _LOWER) & (x <= _UPPER)
    if not inside.all():
        row, k = np.argwhere(~inside)[0]
        raise ValueError("input %d = %r is outside the domain [%r, %r]" % (k, *map(float, (x[row, k], _LOWER[k], _UPPER[k]))))
    for row, bound in _CONSTRAINTS:
        for point in x.tolist():
            products = [c * Fraction(v) for c, v in zip(row, point)]
            if sum(products) - sum(map(abs, products)) / 2**53 > bound:  # v may be a rounded number
                raise ValueError("%r violates a linear constraint of the domain" % (point,))


def evaluate(x, check=True):
    """The outputs in float64 at one point (INPUTS,) or at several (k, INPUTS)."""
    x = np.asarray(x, dtype=np.float64)
    a0 = np.atleast_2d(x)
    if check:
        check_input(a0)
{body}
    return y[0] if x.ndim == 1 else y


_POINTS = "{points}"
_EXPECTED = {expected}
_TOLERANCE = [float.fromhex(v) for v in "{tolerance}".split()]


def self_test():
    """Compare with exact outputs at stored points; raise AssertionError on a difference. The number of points."""
    for words, outputs in zip(_POINTS.split("; "), _EXPECTED):
        x = np.array([float.fromhex(v) for v in words.split()])
        for got, want, allowed in zip(evaluate(x, check=False).tolist(), outputs, _TOLERANCE):
            if not abs(Fraction(got) - _exact(want)) <= Fraction(allowed):
                raise AssertionError("differs at %r: %r, expected %s" % (x.tolist(), got, want))
    return len(_EXPECTED)


if __name__ == "__main__":
    import sys

    if len(sys.argv) > 1:
        print(*evaluate([float(v) for v in sys.argv[1:]]).tolist())
    else:
        print("self-test passed at %d points" % self_test())
'''
