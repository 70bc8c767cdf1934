"""A network as C99: one source and one header, no allocation, no globals that change, the math library only for isfinite.

    int NAME_evaluate(const double x[NAME_INPUTS], double y[NAME_OUTPUTS]);

returns NAME_OK, NAME_NOT_FINITE or NAME_OUTSIDE (then y is left alone). Bias first, index order, no contraction. Weights are hex floats, so
they are the float64 numbers that the certified bound is about. NAME_SELF_TEST compiles a main that compares stored points.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import PurePath

import numpy as np

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.program import (
    INLINE_PARAMETERS,
    Origin,
    box_text,
    header_lines,
    numbers,
    self_test_vectors,
    test_tolerance,
    weights_of,
)
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import round_up
from rectifold.ir.network import Network

_KEYWORDS = {"auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for",
             "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct",
             "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "main"}  # fmt: skip


def c_code(network: Network, origin: Origin, name: str) -> Artifact:
    """`name` (.c), its header, and above INLINE_PARAMETERS parameters the weights in a file beside. Raises InputError for an odd name."""
    path = PurePath(name)
    stem = path.stem
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", stem) or stem in _KEYWORDS:
        raise InputError(f"{name!r}: functions are named after the file, and {stem!r} is no C identifier")
    if path.suffix == ".h":
        raise InputError(
            f"{name!r} is the name of the header that is written beside the source; call the source {stem}.c"
        )
    weights = "".join(_arrays(network))
    files = {name: b"", f"{stem}.h": _header(network, origin, stem).encode("ascii")}
    if network.parameters > INLINE_PARAMETERS:
        files[f"{stem}_weights.h"] = weights.encode("ascii")
        weights = f'#include "{stem}_weights.h"\n'
    files[name] = _source(network, origin, stem, weights).encode("ascii")
    return Artifact(files)


def _header(network: Network, origin: Origin, stem: str) -> str:
    upper = stem.upper()
    comment = "\n".join(f" * {line}" for line in header_lines(network, origin))
    return f"""/*
{comment}
 */
#ifndef {upper}_H
#define {upper}_H

#define {upper}_INPUTS {network.input_size}
#define {upper}_OUTPUTS {network.output_size}

enum {{ {upper}_OK = 0, {upper}_NOT_FINITE = 1, {upper}_OUTSIDE = 2 }};

#ifdef __cplusplus
extern "C" {{
#endif

/* The outputs at x in double. Returns {upper}_OK, or why x is refused; then y is left alone. */
int {stem}_evaluate(const double *x, double *y);

#ifdef __cplusplus
}}
#endif
#endif
"""


def _arrays(network: Network) -> Iterator[str]:
    for key, values in weights_of(network).items():
        table = values.T if values.ndim == 2 else values  # row by row: one row per unit
        yield _array(f"static const double {key}[]", table.ravel())


def _array(declaration: str, values: Floats) -> str:
    words = [float(v).hex() for v in values.tolist()] or ["0"]
    lines = [", ".join(words[k : k + 8]) for k in range(0, len(words), 8)]
    return f"{declaration} = {{\n    " + ",\n    ".join(lines) + "\n};\n"


def _source(network: Network, origin: Origin, stem: str, weights: str) -> str:
    upper = stem.upper()
    low, high = (np.array(end) for end in box_text(network.domain, network.input_size))
    parts = [
        f'#include "{stem}.h"\n#include <math.h>\n\n#if defined(__clang__) || !defined(__GNUC__)\n#pragma STDC FP_CONTRACT OFF\n'
        "#endif /* gcc: compile with -ffp-contract=off, or -std=c99, which says the same */\n\n",
        weights,
        _ends("LOWER", low),
        _ends("UPPER", high),
        "\n",
        _check(network, upper),
        _evaluate(network, stem, upper),
        _self_test(network, origin, stem, upper),
    ]
    return "".join(parts)


def _ends(name: str, values: Floats) -> str:
    words = ["HUGE_VAL" if v == np.inf else "-HUGE_VAL" if v == -np.inf else float(v).hex() for v in values.tolist()]
    return f"static const double {name}[] = {{ {', '.join(words) or '0'} }};\n"


def _check(network: Network, upper: str) -> str:
    """Box exactly; a linear constraint is refused where it is violated beyond the rounding of its own sum."""
    lines = [
        "static int check(const double *x)\n{\n    int j;\n",
        f"    for (j = 0; j < {upper}_INPUTS; j++) {{\n",
        f"        if (!isfinite(x[j])) return {upper}_NOT_FINITE;\n",
        f"        if (!(LOWER[j] <= x[j] && x[j] <= UPPER[j])) return {upper}_OUTSIDE;\n    }}\n",
    ]
    for row in () if network.domain is None else network.domain.constraints:
        used = [(k, c) for k, c in enumerate(row.coefficients) if c]
        total = " + ".join(f"{_hex(c)} * x[{k}]" for k, c in used) or "0.0"
        size = " + ".join(f"fabs({_hex(c)} * x[{k}])" for k, c in used) or "0.0"
        slack = f"{(len(used) + 4) * 2.0**-51!r} * ({size} + {_hex(abs(row.bound))})"
        lines.append(f"    if ({total} - ({_hex(row.bound)}) > {slack}) return {upper}_OUTSIDE;\n")
    lines.append(f"    return {upper}_OK;\n}}\n\n")
    return "".join(lines)


def _hex(value: Fraction) -> str:
    try:
        return float(value).hex()
    except OverflowError:
        raise InputError(
            "a linear constraint of the domain has a number beyond the range of double; C cannot check it"
        ) from None


def _evaluate(network: Network, stem: str, upper: str) -> str:
    number = numbers(network)
    lines = ["static void forward(const double *x, double *y)\n{\n    int i, j;\n    double total;\n"]
    lines += [f"    double a{number[layer.name]}[{max(layer.size, 1)}];\n" for layer in network.layers]
    for layer in network.layers:
        k = number[layer.name]
        lines.append(f"    for (i = 0; i < {layer.size}; i++) {{\n        total = b{k}[i];\n")
        for source, weight in layer.weights.items():
            s, width = number[source], weight.shape[1]
            before = f"a{s}" if s else "x"
            lines.append(f"        for (j = 0; j < {width}; j++) total += T{k}_{s}[i * {width} + j] * {before}[j];\n")
        lines.append(f"        a{k}[i] = {'total < 0.0 ? 0.0 : total' if layer.is_relu else 'total'};\n    }}\n")
    lines.append(
        f"    for (i = 0; i < {upper}_OUTPUTS; i++) y[i] = a{number[network.output]}[i];\n    (void)j;\n    (void)x;\n}}\n\n"
    )
    lines.append(
        f"int {stem}_evaluate(const double *x, double *y)\n{{\n    int status = check(x);\n"
        f"    if (status == {upper}_OK) forward(x, y);\n    return status;\n}}\n"
    )
    return "".join(lines)


def _self_test(network: Network, origin: Origin, stem: str, upper: str) -> str:
    vectors = self_test_vectors(network)
    inputs = np.array([v for vector in vectors for v in vector.inputs])
    outputs = np.array([float(v) for vector in vectors for v in vector.outputs])
    # what is allowed between code and exact value, and the rounding of the stored value itself
    allowed = [
        round_up(Fraction(t) + abs(Fraction(float(v)) - v))
        for vector in vectors
        for t, v in zip(test_tolerance(network, origin), vector.outputs, strict=True)
    ]
    return (
        f"\n#ifdef {upper}_SELF_TEST\n#include <stdio.h>\n"
        + _array("static const double POINTS[]", inputs)
        + _array("static const double EXPECTED[]", outputs)
        + _array("static const double ALLOWED[]", np.array(allowed))
        + f"""
int main(void)
{{
    double y[{upper}_OUTPUTS + 1];
    int k, i;
    for (k = 0; k < {len(vectors)}; k++) {{
        forward(POINTS + k * {upper}_INPUTS, y);
        for (i = 0; i < {upper}_OUTPUTS; i++) {{
            double difference = fabs(y[i] - EXPECTED[k * {upper}_OUTPUTS + i]);
            if (!(difference <= ALLOWED[k * {upper}_OUTPUTS + i] * (1.0 + 1e-9))) {{
                printf("self-test failed at point %d, output %d\\n", k, i);
                return 1;
            }}
        }}
    }}
    printf("self-test passed at {len(vectors)} points\\n");
    return 0;
}}
#endif
"""
    )
