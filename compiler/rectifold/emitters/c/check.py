"""The check of an input in C: finite by x - x == 0, in the box by floats, exactly by constraints.

A range that all inputs share stands in the code; else the ends are two tables. NAME_NO_DOMAIN_CHECK
takes all of it out but the check for NaN and infinity.
"""

from __future__ import annotations

import numpy as np

from rectifold.emitters.c.constraints import constraint_check
from rectifold.emitters.c.names import CNames
from rectifold.emitters.c.numbers import c_float, c_table, real_type
from rectifold.emitters.weights import input_box
from rectifold.exact.conversion import Floats
from rectifold.formats.float_range import COMPUTED, significand_bits
from rectifold.ir.network import Network


def check_code(network: Network, names: CNames, precision: str) -> str:
    """The function `check`, with the tables that it reads."""
    real = real_type(precision)
    box = input_box(network.domain, network.input_size, precision)
    low, high = (np.array(end, dtype=np.float64) for end in box)
    constraints = constraint_check(network.domain, significand_bits(COMPUTED[precision]))
    ends, test = _box(low, high, real)
    macro = f"{names.upper}_NO_DOMAIN_CHECK"
    tables = "".join([ends, constraints])
    return "".join(
        [
            f"#ifndef {macro}\n{tables}#endif\n\n" if tables else "",
            _inside(names, macro, test) if network.input_size else "",
            "static int check(const real *x)\n{\n",
            _every_input(names, macro, test) if network.input_size else "    (void)x;\n",
            f"#ifndef {macro}\n    if (violated(x)) return {names.upper}_OUTSIDE;\n#endif\n"
            if constraints
            else "",
            f"    return {names.upper}_OK;\n}}\n\n",
        ]
    )


def has_one_range(low: Floats, high: Floats) -> bool:
    """Do all inputs, if there are any, share their ends? Then these are no tables."""
    return bool((low == low[:1]).all() and (high == high[:1]).all())


def _every_input(names: CNames, macro: str, test: str) -> str:
    upper = names.upper
    quick = "#ifndef __OPTIMIZE_SIZE__\n    if (!inside(x))\n#endif\n"
    outside = f"        if (!({test})) return {upper}_OUTSIDE;\n"
    return (
        "    size_t j;\n" + quick + f"    for (j = 0; j < {upper}_INPUTS; j++) {{\n"
        f"        if (!(x[j] - x[j] == 0)) return {upper}_NOT_FINITE;\n"
        + (f"#ifndef {macro}\n{outside}#endif\n" if test else "")
        + "    }\n"
    )


def _inside(names: CNames, macro: str, test: str) -> str:
    """A look at all inputs without a jump, which takes a tenth of the time of one that stops.

    What is in a range is finite, as its ends are.
    """
    every = f"    for (j = 0; j < {names.upper}_INPUTS; j++) all &= "
    finite = f"{every}(x[j] - x[j] == 0);\n"
    ranges = f"#ifndef {macro}\n{every}{test.replace(' && ', ' & ')};\n#else\n{finite}#endif\n"
    return f"""#ifndef __OPTIMIZE_SIZE__
static int inside(const real *x)
{{
    size_t j;
    int all = 1;
{ranges if test else finite}    return all;
}}
#endif

"""


def _box(low: Floats, high: Floats, real: str) -> tuple[str, str]:
    """The tables of the ends, and the test whether x[j] is inside; no test where nothing is."""
    if np.isinf(low).all() and np.isinf(high).all() and (low < high).all():
        return "", ""
    if has_one_range(low, high):
        ends = c_float(low[0], real), c_float(high[0], real)
        return "", f"({ends[0]} <= x[j]) && (x[j] <= {ends[1]})"
    tables = c_table(real, "LOWER", low) + c_table(real, "UPPER", high)
    return tables, "(LOWER[j] <= x[j]) && (x[j] <= UPPER[j])"
