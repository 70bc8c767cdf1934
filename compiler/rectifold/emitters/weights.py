"""The numbers of a network as emitted code holds them, under names from a fixed table.

T1_0, b1, T2_1, b2, ...     layers by number: no name of the network reaches code
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import PurePath

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float
from rectifold.formats.float_range import COMPUTED, STORED, require_range
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.runtime.caps import CAPS

LONG = 10**CAPS.decimal_digits  # integers from here on are written in hexadecimal
# the modules of emitted code, and those that they import
_IMPORTED = frozenset([
    "abc", "base64", "binascii", "codecs", "collections", "copyreg", "decimal", "enum",
    "fractions", "functools", "hashlib", "io", "itertools", "json", "keyword", "math", "numbers",
    "numpy", "operator", "os", "re", "reprlib", "stat", "struct", "sys", "time", "types",
])  # fmt: skip

EXACT = '''def _exact(word):
    """The fraction that the word "p/q" says; decimal or hexadecimal."""
    top, _, bottom = word.partition("/")
    return Fraction(int(top, 0), int(bottom or "1", 0))
'''


def weights_of(network: Network, precision: str = "float64") -> dict[str, Floats]:
    """Every parameter by its safe name: T<layer>_<source> (transposed) and b<layer>.

    Numbers of the floats that the precision stores, as float64. Raises InputError if one is beyond
    the range.
    """
    require_range(network, precision)
    stored = STORED[precision]
    number = numbers(network)
    arrays: dict[str, Floats] = {}
    for layer in network.layers:
        k = number[layer.name]
        for source, weight in layer.weights.items():
            arrays[f"T{k}_{number[source]}"] = _kept(weight.approximation[0].T, stored)
        arrays[f"b{k}"] = _kept(layer.bias.approximation[0].ravel(), stored)
    return arrays


def stored_bytes(arrays: Mapping[str, Floats], precision: str) -> bytes:
    """The arrays one after the other, as a file of weights has them: little-endian."""
    kind = np.dtype(STORED[precision]).newbyteorder("<")
    return b"".join(array.astype(kind).tobytes() for array in arrays.values())


def _kept(values: Floats, stored: str) -> Floats:
    """The floats nearest to these; numbers below the smallest may become 0."""
    with np.errstate(under="ignore"):
        return np.ascontiguousarray(values.astype(stored).astype(np.float64))


def input_box(
    domain: Domain | None, size: int, precision: str = "float64"
) -> tuple[list[float], list[float]]:
    """The float box of the input check: ends are rounded to the nearest float, as a typed input.

    So 0.1 is inside [0, 1/10], although this float is a little more than a tenth (see
    bounds/code_error). Raises InputError for a range without a number of the format.
    """
    if domain is None:
        return [-np.inf] * size, [np.inf] * size
    kind = np.dtype(COMPUTED[precision]).type
    with np.errstate(over="ignore", under="ignore"):
        low = [-np.inf if v is None else float(kind(nearest_float(v))) for v in domain.lower]
        high = [np.inf if v is None else float(kind(nearest_float(v))) for v in domain.upper]
    largest = float(np.finfo(kind).max)
    for k, (lower, upper) in enumerate(zip(domain.lower, domain.upper, strict=True)):
        if (lower is not None and lower > largest) or (upper is not None and upper < -largest):
            raise InputError(
                f"input {k} has a range beyond every {kind.__name__} number (about {largest:.2g}); "
                "give a smaller domain, or another precision"
            )
    return low, high


def require_module_name(name: str) -> None:
    """Raises InputError where the file `name` would hide a module that emitted Python imports."""
    stem = PurePath(name).stem
    if stem in _IMPORTED:
        raise InputError(
            f"{name!r} would hide the module {stem} of Python from itself, and from what lies "
            "beside it; choose another name"
        )


def exact_word(value: Fraction) -> str:
    """The word "p/q" for _exact in emitted code.

    In hexadecimal where it is long, because Python reads 4,300 decimal digits at most.
    """
    top, bottom = (str(v) if abs(v) < LONG else hex(v) for v in value.as_integer_ratio())
    return top if bottom == "1" else f"{top}/{bottom}"


def constraint_words(domain: Domain | None) -> list[list[object]]:
    """Per linear constraint [coefficients, bound], as words."""
    rows = [] if domain is None else domain.constraints
    return [[[exact_word(c) for c in row.coefficients], exact_word(row.bound)] for row in rows]


def numbers(network: Network) -> dict[str, int]:
    """0 for the input, 1, 2, ... for the layers: the only names that reach code."""
    return {network.input_name: 0} | {
        layer.name: k for k, layer in enumerate(network.layers, start=1)
    }
