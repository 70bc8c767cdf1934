"""Numbers and tables as text of C.

    1 -> 1.0f       0.1 -> 0x1.99999ap-4f       infinity -> the largest number

Hexadecimal says the bits of a float, whatever a compiler makes of decimals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rectifold.emitters.templates import template
from rectifold.formats.float_range import COMPUTED, STORED
from rectifold.runtime.caps import CAPS

_FIELD = re.compile("@([a-z]+)@")
_TYPES = {"float32": "float", "float64": "double"}


def real_type(precision: str) -> str:
    """The type of inputs, sums and outputs."""
    return _TYPES[COMPUTED[precision]]


def weight_type(precision: str) -> str:
    """The type of stored weights."""
    return _TYPES[STORED[precision]]


def c_float(value: float, kind: str) -> str:
    """A number of the type `kind` (float or double), exactly; an infinity is the largest one."""
    suffix = "f" if kind == "float" else ""
    if np.isinf(value):
        largest = np.finfo(np.float32 if suffix else np.float64).max
        value = float(np.copysign(largest, value))
    if value == int(value) and abs(value) < CAPS.decimal_whole:
        return f"{value:.1f}{suffix}"
    digits, _, exponent = value.hex().partition("p")
    return f"{digits.rstrip('0').rstrip('.')}p{exponent}{suffix}"


def c_table(kind: str, name: str, values: npt.NDArray[Any]) -> str:
    """The definition of a constant table of the type `kind`; a 0 where it is empty."""
    flat = values.ravel().tolist()
    floats = kind in _TYPES.values()
    words = [c_float(v, kind) if floats else str(v) for v in flat] or ["0"]
    return f"static const {kind} {name}[] = {{\n    {in_lines(words)}\n}};\n"


def in_lines(words: Sequence[str]) -> str:
    """Eight in a line."""
    return ",\n    ".join(", ".join(words[k : k + 8]) for k in range(0, len(words), 8))


def filled(name: str, **words: object) -> str:
    """The template `name` of C with words for its @fields@; a word is never looked into."""
    return _FIELD.sub(lambda field: str(words[field[1]]), template(name))
