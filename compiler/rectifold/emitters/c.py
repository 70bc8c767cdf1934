"""A network as C99: one source and one header, no allocation, no globals that change.

    int NAME_evaluate(const double x[NAME_INPUTS], double y[NAME_OUTPUTS]);

returns NAME_OK, NAME_NOT_FINITE or NAME_OUTSIDE (then y is left alone). Bias first, index order, no
contraction; the math library only for isfinite. Weights are hex floats, so they are the float64
numbers that the certified bound is about. NAME_SELF_TEST compiles a main that compares stored
points.

The headers state the SHA-256 of all the files, and the source asks for it: a mix of two networks
does not compile.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import PurePath

import numpy as np

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.c_constraints import constraint_check
from rectifold.emitters.c_tail import c_tail, c_tail_declaration
from rectifold.emitters.header import Origin, c_comment, header_lines
from rectifold.emitters.self_test import self_test_tolerance, self_test_vectors
from rectifold.emitters.weights import input_box, numbers, weights_of
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float, round_up
from rectifold.ir.network import Network
from rectifold.runtime.caps import CAPS

_KEYWORDS = frozenset(
    [
        "auto",
        "break",
        "case",
        "char",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extern",
        "float",
        "for",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "typedef",
        "union",
        "unsigned",
        "void",
        "volatile",
        "while",
        "main",
    ]
)

_HEADERS = frozenset(
    [
        "assert",
        "complex",
        "ctype",
        "errno",
        "fenv",
        "float",
        "inttypes",
        "iso646",
        "limits",
        "locale",
        "math",
        "setjmp",
        "signal",
        "stdarg",
        "stdbool",
        "stddef",
        "stdint",
        "stdio",
        "stdlib",
        "string",
        "tgmath",
        "time",
        "wchar",
        "wctype",
    ]
)


def c_code(network: Network, origin: Origin, name: str) -> Artifact:
    """`name` (.c), its header, and for many parameters a file of weights.

    Raises InputError for an odd name.
    """
    path = PurePath(name)
    stem = path.stem
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", stem) or stem in _KEYWORDS:
        raise InputError(
            f"{name!r}: functions are named after the file, and {stem!r} is no C identifier"
        )
    if stem.lower() in _HEADERS:
        raise InputError(
            f"{name!r}: its header would be named like {stem.lower()}.h of the C library; "
            "choose another name"
        )
    if path.suffix.lower() == ".h":
        raise InputError(
            f"{name!r} is the name of the header that is written beside the source; "
            f"call the source {stem}.c"
        )
    return Artifact(
        {file: text.encode("ascii") for file, text in _files(network, origin, name, stem).items()}
    )


def _files(network: Network, origin: Origin, name: str, stem: str) -> dict[str, str]:
    """The texts by name, bound to each other by the digest of all texts."""
    weights = "".join(_arrays(network))
    apart = network.parameters > CAPS.inline_parameters
    body = _source(network, origin, stem, "" if apart else weights)
    digest = hashlib.sha256(
        "\0".join((_header(network, origin, stem, ""), body, weights)).encode("ascii")
    ).hexdigest()
    upper = stem.upper()
    needed = f'#include "{stem}.h"\n' + _digest_check(
        f"{upper}_SHA256", digest, f"{stem}.h and its source"
    )
    files = {
        name: "",
        f"{stem}.h": _header(network, origin, stem, _digest_macros(f"{upper}_SHA256", digest)),
    }
    if apart:
        beside = f"{stem}_weights.h"
        needed += f'#include "{beside}"\n' + _digest_check(
            f"{upper}_WEIGHTS_SHA256", digest, f"{beside} and its source"
        )
        files[beside] = _digest_macros(f"{upper}_WEIGHTS_SHA256", digest) + weights
    return files | {name: needed + body}


def _digest_words(digest: str) -> list[str]:
    return [f"0x{digest[k : k + 8]}u" for k in range(0, len(digest), 8)]


def _digest_macros(macro: str, digest: str) -> str:
    return "".join(f"#define {macro}_{k} {word}\n" for k, word in enumerate(_digest_words(digest)))


def _digest_check(macro: str, digest: str, names: str) -> str:
    """A macro that is not there counts as 0 in #if, so a header without a digest is refused too."""
    differs = " || \\\n    ".join(
        f"{macro}_{k} != {word}" for k, word in enumerate(_digest_words(digest))
    )
    return f'#if {differs}\n#error "{names} are not of one network; emit them again"\n#endif\n'


def _header(network: Network, origin: Origin, stem: str, digest: str) -> str:
    upper = stem.upper()
    lines = header_lines(network, origin, harmless=c_comment)
    comment = "\n".join(f" * {line}" for line in lines)
    return f"""/*
{comment}
 */
#ifndef {upper}_H
#define {upper}_H

#define {upper}_INPUTS {network.input_size}
#define {upper}_OUTPUTS {network.output_size}
{digest}
enum {{ {upper}_OK = 0, {upper}_NOT_FINITE = 1, {upper}_OUTSIDE = 2 }};

#ifdef __cplusplus
extern "C" {{
#endif

/* The outputs at x in double. Returns {upper}_OK, or why x is refused; then y is left alone. */
int {stem}_evaluate(const double *x, double *y);
{c_tail_declaration(origin, stem)}
#ifdef __cplusplus
}}
#endif
#endif
"""


def _arrays(network: Network) -> Iterator[str]:
    for key, values in weights_of(network).items():
        table = values.T if values.ndim == 2 else values  # row by row: one row per unit
        yield _array_definition(f"static const double {key}[]", table.ravel())


def _array_definition(declaration: str, values: Floats) -> str:
    words = [float(v).hex() for v in values.tolist()] or ["0"]
    lines = [", ".join(words[k : k + 8]) for k in range(0, len(words), 8)]
    return f"{declaration} = {{\n    " + ",\n    ".join(lines) + "\n};\n"


def _source(network: Network, origin: Origin, stem: str, weights: str) -> str:
    upper = stem.upper()
    constraints = constraint_check(network.domain)
    low, high = (np.array(end) for end in input_box(network.domain, network.input_size))
    parts = [
        "#include <math.h>\n",
        "#include <stdint.h>\n" if constraints else "",
        "\n#if defined(__clang__) || !defined(__GNUC__)\n#pragma STDC FP_CONTRACT OFF\n"
        "#endif /* gcc: compile with -ffp-contract=off, or -std=c99, which says the same */\n\n",
        weights,
        _ends_definition("LOWER", low),
        _ends_definition("UPPER", high),
        "\n",
        constraints,
        _check(network, upper),
        _evaluate(network, stem, upper),
        c_tail(network, origin, stem),
        _self_test(network, origin, stem, upper),
    ]
    return "".join(parts)


def _ends_definition(name: str, values: Floats) -> str:
    words = [
        "HUGE_VAL" if v == np.inf else "-HUGE_VAL" if v == -np.inf else float(v).hex()
        for v in values.tolist()
    ]
    return f"static const double {name}[] = {{ {', '.join(words) or '0'} }};\n"


def _check(network: Network, upper: str) -> str:
    """The box in floats, the linear constraints exactly (c_constraints)."""
    lines = [
        "static int check(const double *x)\n{\n    int j;\n",
        f"    for (j = 0; j < {upper}_INPUTS; j++) {{\n",
        f"        if (!isfinite(x[j])) return {upper}_NOT_FINITE;\n",
        f"        if (!(LOWER[j] <= x[j] && x[j] <= UPPER[j])) return {upper}_OUTSIDE;\n    }}\n",
    ]
    if network.domain is not None and network.domain.constraints:
        lines.append(f"    if (violated(x)) return {upper}_OUTSIDE;\n")
    lines.append(f"    return {upper}_OK;\n}}\n\n")
    return "".join(lines)


def _evaluate(network: Network, stem: str, upper: str) -> str:
    number = numbers(network)
    lines = [
        "static void forward(const double *x, double *y)\n{\n    int i, j;\n    double total;\n"
    ]
    lines += [
        f"    double a{number[layer.name]}[{max(layer.size, 1)}];\n" for layer in network.layers
    ]
    for layer in network.layers:
        k = number[layer.name]
        lines.append(f"    for (i = 0; i < {layer.size}; i++) {{\n        total = b{k}[i];\n")
        for source, weight in layer.weights.items():
            s, width = number[source], weight.shape[1]
            before = f"a{s}" if s else "x"
            lines.append(
                f"        for (j = 0; j < {width}; j++) "
                f"total += T{k}_{s}[i * {width} + j] * {before}[j];\n"
            )
        lines.append(
            f"        a{k}[i] = {'total < 0.0 ? 0.0 : total' if layer.is_relu else 'total'};\n"
            "    }\n"
        )
    lines.append(
        f"    for (i = 0; i < {upper}_OUTPUTS; i++) y[i] = a{number[network.output]}[i];\n"
        "    (void)j;\n    (void)x;\n}\n\n"
    )
    lines.append(
        f"int {stem}_evaluate(const double *x, double *y)\n{{\n    int status = check(x);\n"
        f"    if (status == {upper}_OK) forward(x, y);\n    return status;\n}}\n"
    )
    return "".join(lines)


def _self_test(network: Network, origin: Origin, stem: str, upper: str) -> str:
    vectors = self_test_vectors(network)
    inputs = np.array([v for vector in vectors for v in vector.inputs])
    outputs = np.array([nearest_float(v) for vector in vectors for v in vector.outputs])
    # what is allowed between code and exact value, and the rounding of the stored value itself
    allowed = [
        round_up(Fraction(t) + abs(Fraction(nearest_float(v)) - v))
        for vector in vectors
        for t, v in zip(self_test_tolerance(network, origin), vector.outputs, strict=True)
    ]
    return (
        f"\n#ifdef {upper}_SELF_TEST\n#include <stdio.h>\n"
        + _array_definition("static const double POINTS[]", inputs)
        + _array_definition("static const double EXPECTED[]", outputs)
        + _array_definition("static const double ALLOWED[]", np.array(allowed))
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
