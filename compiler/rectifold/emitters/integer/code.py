"""A network as C99 in integers alone: one source and one header, no allocation, no division.

    int NAME_evaluate(const NAME_value *x, NAME_value *y);       NAME_value: int16_t or int32_t

A sum begins with the bias, then the values in the order of the layers that are read and of their
units. No float occurs, nor in the self-test, which asks for the very integers that the reference
(integers/network.py) gives. Sound because no sum and no value leaves its word on an accepted input
(integers/sums.py), and the header states the certified bound of integers/bound.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.c.code import bound_files, one_file
from rectifold.emitters.c.names import CNames, c_names
from rectifold.emitters.c.statuses import status_lines
from rectifold.emitters.header import Origin, about_lines, c_comment, comment_lines
from rectifold.emitters.integer.check import Row, accepted, integer_rows
from rectifold.emitters.integer.stored import StoredWeights, definition, stored_weights
from rectifold.emitters.integer.tables import (
    bytes_of_constants,
    constants,
    helpers,
    statements,
)
from rectifold.emitters.integer.tail import tail_declaration, tail_function
from rectifold.emitters.templates import template
from rectifold.exact.numerals import at_most
from rectifold.formats.float_range import require_integers
from rectifold.integers.choose import Certified, certified_integers
from rectifold.integers.network import IntegerNetwork
from rectifold.integers.words import words_of
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.runtime.caps import CAPS


def c_int16(network: Network, origin: Origin, name: str) -> Artifact:
    """`name` (.c) and its header, in words of 16 bits and sums of 32."""
    return _c_integers(network, origin, name, 16)


def c_int32(network: Network, origin: Origin, name: str) -> Artifact:
    """`name` (.c) and its header, in words of 32 bits and sums of 64."""
    return _c_integers(network, origin, name, 32)


def _c_integers(network: Network, origin: Origin, name: str, bits: int) -> Artifact:
    """Of the origin's integers, or of those that suffice for no error in particular.

    Raises InputError for an odd name, and as `certified_integers` does.
    """
    names = c_names(name)
    known = origin.integers
    if known is None:
        require_integers(network)
        known = certified_integers(network, network.domain, words_of(bits, smaller=False))
    domain = network.domain or Domain.everywhere(network.input_size)
    rows, stored = integer_rows(domain, known.code), stored_weights(known.code)
    source = _source(network, origin, (known.code, stored), rows, names)

    def header(digest: str) -> str:
        return _header(network, origin, known, rows, (names, digest))

    if origin.single_file:
        made = Artifact({names.file: one_file(names, header(""), source).encode("ascii")})
    else:
        made = bound_files(names, header, source, {})
    constants = bytes_of_constants(known.code, stored)
    return replace(made, constants=constants, multiply_adds=stored.multiply_adds)


def _header(
    network: Network,
    origin: Origin,
    known: Certified,
    rows: list[Row],
    named: tuple[CNames, str],
) -> str:
    """What the header says; `named`: the names, and the macros of the digest."""
    names, digest = named
    code = known.code
    lines = [*about_lines(network, origin, c_comment), *_promises(known, rows)]
    return template("integer_header").format(
        stem=names.stem,
        upper=names.upper,
        comment=comment_lines(lines),
        statuses=status_lines(("OK", "OUTSIDE"), names.upper),
        inputs=network.input_size,
        outputs=network.output_size,
        input_scale=_macro(code.input_scale),
        output_scale=_macro(code.output_scale),
        value=code.words.value,
        digest=digest,
        tail=tail_declaration(origin, names.stem),
    )


def _macro(value: int) -> str:
    """A number as the value of a macro."""
    return str(value) if value >= 0 else f"({value})"


def _source(
    network: Network,
    origin: Origin,
    stored: tuple[IntegerNetwork, StoredWeights],
    rows: list[Row],
    names: CNames,
) -> str:
    """`stored`: the integers, and how their weights are."""
    code, weights = stored
    count, vectors = _vectors(code, rows)
    return template("integer_source").format(
        stem=names.stem,
        upper=names.upper,
        weight=code.words.weight,
        sum=code.words.sum,
        tables="".join(constants(code, weights)) + _box(code, rows),
        helpers="\n".join(template(f"integer_{v}").format() for v in helpers(code, weights)),
        check=_check(names.upper, rows) if network.input_size else _constant_check(rows),
        forward=statements(code, weights),
        tail=tail_function(network, origin, names.stem),
        vectors=vectors,
        count=count,
        outputs=network.output_size,
    )


def _promises(known: Certified, rows: list[Row]) -> Iterator[str]:
    code = known.code
    yield f"Integers: {code.words}; no floating point."
    for one in known.tried:
        yield f"Shorter ones do not meet the error that was asked for: {one}."
    yield (
        "Certified: at every accepted input, |this code - the exact network| <= "
        f"{at_most(max(known.at_grid, default=0.0), 3)} for every output;"
    )
    yield (
        "and at every real point of the domain, rounded to the nearest integers, "
        f"<= {at_most(max(known.rounded, default=0.0), 3)}."
    )
    yield "No sum and no value can overflow on an accepted input: proved, not clipped."
    yield "Accepted are the integers to which a real point of the domain may be rounded" + (
        "; a linear constraint is widened likewise, by half a step." if rows else "."
    )


def _box(code: IntegerNetwork, rows: list[Row]) -> str:
    if not code.lower:
        return ""
    tables = definition("value LOWER", code.lower) + definition("value UPPER", code.upper)
    if rows:
        tables += definition("int64_t ROW", [c for row, _ in rows for c in row])
        tables += definition("int64_t BOUND", [bound for _, bound in rows])
    return tables


def _constant_check(rows: list[Row]) -> str:
    """The check of no inputs: constraints hold, or do not."""
    return "\n".join(["    (void)x;", *(["    return 1;"] if any(d < 0 for _, d in rows) else [])])


def _check(upper: str, rows: list[Row]) -> str:
    lines = [
        "    size_t j;",
        f"    for (j = 0; j < {upper}_INPUTS; j++)",
        "        if (x[j] < LOWER[j] || x[j] > UPPER[j]) return 1;",
    ]
    if rows:
        lines += [
            "    {",
            "        size_t k;",
            f"        for (k = 0; k < {len(rows)}; k++) {{",
            "            int64_t total = 0;",
            f"            for (j = 0; j < {upper}_INPUTS; j++)",
            f"                total += ROW[k * {upper}_INPUTS + j] * x[j];",
            "            if (total > BOUND[k]) return 1;",
            "        }",
            "    }",
        ]
    return "\n".join(lines)


def _vectors(code: IntegerNetwork, rows: list[Row]) -> tuple[int, str]:
    """How many points the self-test has, and their tables."""
    random = Random(7)
    points: list[list[int]] = []
    for _ in range(50 * CAPS.self_test_points):
        point = [random.randint(a, b) for a, b in zip(code.lower, code.upper, strict=True)]
        if len(points) < CAPS.self_test_points and accepted(point, rows, code):
            points.append(point)
    outputs = [code.evaluate(point) for point in points]
    tables = definition("value POINTS", [v for point in points for v in point])
    return len(points), tables + definition("value EXPECTED", [v for y in outputs for v in y])
