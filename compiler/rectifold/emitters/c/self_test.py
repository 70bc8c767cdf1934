"""The self-test in C: a `main` behind NAME_SELF_TEST that compares stored points.

It opens the weights where they are in a file of their own: named by the first argument, or as it
was written, or compiled in.
"""

from __future__ import annotations

import numpy as np

from rectifold.emitters.c.names import CNames
from rectifold.emitters.c.numbers import c_table, filled, real_type
from rectifold.emitters.c.side import SideFile
from rectifold.emitters.header import Origin
from rectifold.emitters.self_test import self_test_floats
from rectifold.ir.network import Network


def self_test_code(network: Network, origin: Origin, names: CNames, side: SideFile | None) -> str:
    """The block between #ifdef and #endif."""
    tests = self_test_floats(network, origin)
    inputs = np.array([v for point in tests.points for v in point], dtype=np.float64)
    real = real_type(origin.precision)
    opened = ""
    if side is not None:
        opened = filled("c_self_test_open", bin=side.name, upper=names.upper, stem=names.stem)
    return filled(
        "c_self_test",
        points=c_table(real, "POINTS", inputs),
        expected=c_table("double", "EXPECTED", np.array(tests.expected, dtype=np.float64)),
        allowed=c_table("double", "ALLOWED", np.array(tests.allowed, dtype=np.float64)),
        arguments="void" if side is None else "int arguments, char **argument",
        open=opened,
        data="" if side is None else "weights.data, ",
        count=len(tests.points),
        upper=names.upper,
    )
