"""A network as one JavaScript module (ES2020) without dependencies, for browsers and servers.

    import { evaluate, selfTest } from "./net.mjs";      evaluate([0.5, 1])  →  Float64Array

Sums are in doubles, bias first, then in index order, and an activation of 0 is passed over: this is
one of the orders that the bound on rounding is about. Weights stand in the module as base64, at any
size: 5.4 characters for a float32, and they need no parser. Linear constraints are decided in
integers of any length.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

import numpy as np

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin, c_comment, comment_lines, header_lines
from rectifold.emitters.self_test import self_test_floats
from rectifold.emitters.tail_code import tail_of
from rectifold.emitters.templates import template
from rectifold.emitters.weights import input_box, numbers, stored_bytes, weights_of
from rectifold.exact.conversion import Floats
from rectifold.formats.float_range import STORED
from rectifold.formats.tail import Step
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network

_HELPED = ("softmax", "log_softmax", "argmax", "argmin")  # functions that take `groups`


def javascript_code(network: Network, origin: Origin, name: str) -> Artifact:
    """The module `name`.

    Raises InputError for weights beyond the range of its floats, and for a tail that code cannot
    hold.
    """
    tail, kind = _tail(origin), np.dtype(STORED[origin.precision])
    arrays = weights_of(network, origin.precision)
    stored = stored_bytes(arrays, origin.precision)
    low, high = input_box(network.domain, network.input_size)
    tests = self_test_floats(network, origin)
    text = template("javascript_module").format(
        header=comment_lines(header_lines(network, origin, in_order=True, harmless=c_comment)),
        inputs=network.input_size,
        outputs=network.output_size,
        lower=_list(low),
        upper=_list(high),
        constraints=", ".join(_constraints(network.domain)),
        weights=base64.b64encode(stored).decode("ascii"),
        array=f"Float{8 * kind.itemsize}Array",
        getter=f"getFloat{8 * kind.itemsize}",
        bytes=kind.itemsize,
        size=len(stored) // kind.itemsize,
        places="\n".join(_places(arrays)),
        body="\n".join(_body(network)),
        tail=tail,
        points=_rows(tests.points),
        expected=_rows(tests.expected),
        allowed=_rows(tests.allowed),
    )
    return Artifact({name: text.encode("ascii")})


def _rows(rows: Sequence[Sequence[float]]) -> str:
    return ", ".join(f"[{_list(row)}]" for row in rows)


def _list(values: Sequence[float]) -> str:
    return ", ".join(repr(float(v)).replace("inf", "Infinity") for v in values)


def _constraints(domain: Domain | None) -> Iterator[str]:
    for row in () if domain is None else domain.constraints:
        coefficients, bound = row.integers()
        terms = [f"[{k}, {_integer(c)}]" for k, c in enumerate(coefficients) if c]
        yield f"[[{', '.join(terms)}], {_integer(bound)}]"


def _integer(value: int) -> str:
    """In hexadecimal: Python writes 4,300 decimal digits at most."""
    return f"{value:#x}n"


def _places(arrays: dict[str, Floats]) -> Iterator[str]:
    start = 0
    for key, array in arrays.items():
        yield f"const {key} = NUMBERS.subarray({start}, {start + array.size});"
        start += array.size


def _body(network: Network) -> Iterator[str]:
    number = numbers(network)
    for layer in network.layers:
        k = number[layer.name]
        yield f"  const a{k} = new Float64Array(b{k});"
        for source in layer.weights:
            s = number[source]
            yield f"  add(a{k}, T{k}_{s}, a{s});"
        if layer.is_relu:
            yield f"  relu(a{k});"
    yield f"  return a{number[network.output]};"


def _tail(origin: Origin) -> str:
    """The function `predict` and what it calls; an empty line where there is no tail."""
    tail = tail_of(origin.interface)
    if tail is None:
        return ""
    used = {step.function for step in tail.steps}
    names = used | ({"groups"} if used & set(_HELPED) else set())
    starts = (*(f"function {name}(" for name in names), "/** The places")
    kept = [
        text.strip("\n")
        for text in template("javascript_tail").split("\n\n\n")
        if text.strip("\n").startswith(starts) and ("groups" in names or "function*" not in text)
    ]
    steps = "\n".join(f"  y = {step.function}(y, {_sizes(step)});" for step in tail.steps)
    predict = (
        f"/**\n * What the source model gives at x{tail.which}:\n * {tail.words} of the outputs.\n"
        " * @param {ArrayLike<number>} x as of `evaluate`, which may throw\n"
        " * @returns {number[]}\n */\nexport function predict(x) {\n"
        f"  let y = evaluate(x);\n{steps}\n  return y;\n}}"
    )
    return "\n" + "\n\n".join([*kept, predict]) + "\n"


def _sizes(step: Step) -> str:
    if step.function == "label":
        return repr(list(step.numbers))
    return f"{step.outer}, {step.length}, {step.inner}"
