"""A network as one Rust module: `core` alone, no allocation, no unsafe code.

    mod net;      net::evaluate(&[0.5, 1.0], &mut y)?      Err(Refusal::Outside(0)), ...

Sums begin with the bias and go in index order, an activation of 0 is passed over, and Rust neither
contracts nor reorders: one of the orders that the bound on rounding is about. Weights stand in the
text up to 100,000 parameters; above, in a file beside it, whose length and SHA-256 the compiler
compares, and whose bytes a test sums.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

import numpy as np

from rectifold.emitters.artifact import Artifact, weights_beside
from rectifold.emitters.constraint_sums import (
    ROUNDING,
    Term,
    constraint_terms,
    digits_of_sums,
)
from rectifold.emitters.header import Origin, header_lines
from rectifold.emitters.self_test import self_test_floats
from rectifold.emitters.tail_code import choice_in
from rectifold.emitters.templates import template
from rectifold.emitters.weights import input_box, numbers, stored_bytes, weights_of
from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.formats.float_range import COMPUTED, STORED, significand_bits
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network
from rectifold.runtime.caps import CAPS

_TYPES = {"float32": "f32", "float64": "f64"}
_FACTOR = 0x100000001B3  # of FNV-1a


def rust_code(network: Network, origin: Origin, name: str) -> Artifact:
    """The module `name`, and for many parameters a file of weights.

    Raises InputError for a tail that is no choice among outputs, for weights beyond the range, and
    for a name that the module cannot say where it has a file beside it.
    """
    arrays = weights_of(network, origin.precision)
    if network.parameters <= CAPS.inline_parameters:
        storage = "".join(_arrays(arrays, origin.precision))
        text = _module(network, origin, _inline(origin.precision) + storage, "")
        return Artifact({name: text.encode("ascii")})
    beside = weights_beside(name, ".bin")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", beside):
        raise InputError(
            f"{name!r}: the code names the file of weights beside it, {beside!r}; choose a name of "
            "letters, digits and _"
        )
    return _with_file(network, origin, name, beside)


def _with_file(network: Network, origin: Origin, name: str, beside: str) -> Artifact:
    weights = stored_bytes(weights_of(network, origin.precision), origin.precision)
    plain = _module(network, origin, "", "")
    digest = hashlib.sha256(plain.encode("ascii") + weights).digest()
    words = [f"0x{byte:02x}" for byte in digest]
    storage = template("rust_beside").format(
        file=beside,
        length=len(digest) + len(weights),
        digest=",\n    ".join(", ".join(words[k : k + 8]) for k in range(0, 32, 8)),
        word=", ".join(f"word[{k}]" for k in range(np.dtype(STORED[origin.precision]).itemsize)),
        stored=_widened("stored", origin.precision),
    )
    intact = template("rust_intact").rstrip("\n").format(checksum=_fnv(digest + weights))
    text = _module(network, origin, storage, intact)
    return Artifact({name: text.encode("ascii"), beside: digest + weights})


def _fnv(data: bytes) -> int:
    """FNV-1a: the checksum that a test of the module compares."""
    total = 0xCBF29CE484222325
    for byte in data:
        total = (total ^ byte) * _FACTOR % 2**64
    return total


def _module(network: Network, origin: Origin, storage: str, intact: str) -> str:
    precision, kind = origin.precision, COMPUTED[origin.precision]
    low, high = input_box(network.domain, network.input_size, precision)
    tests = self_test_floats(network, origin)
    constraints = _constraints(network.domain, kind)
    return template("rust_module").format(
        header="\n".join(f"//! {line}" for line in header_lines(network, origin, in_order=True)),
        inputs=network.input_size,
        outputs=network.output_size,
        real=_TYPES[kind],
        weight=_TYPES[STORED[precision]],
        lower=_list(low, kind),
        upper=_list(high, kind),
        check=_CHECK if constraints else "Ok(())",
        body="\n".join(_body(network, origin)),
        storage=storage,
        constraints=constraints + _predict(origin),
        count=len(tests.points),
        points=", ".join(f"[{_list(row, kind)}]" for row in tests.points),
        expected=", ".join(f"[{_list(row, 'float64')}]" for row in tests.expected),
        allowed=", ".join(f"[{_list(row, 'float64')}]" for row in tests.allowed),
        widened="f64::from(value)" if kind == "float32" else "value",
        intact=intact,
    )


_CHECK = """match ROWS.iter().position(|terms| is_violated(terms, x)) {
        Some(k) => Err(Refusal::Violated(k)),
        None => Ok(()),
    }"""


def _list(values: Sequence[float], kind: str) -> str:
    """Literals of the type, which give these floats back: the shortest that do."""
    return ", ".join(_literal(v, kind) for v in values)


def _literal(value: float, kind: str) -> str:
    if np.isinf(value):
        return f"Real::{'NEG_' if value < 0 else ''}INFINITY"
    return str(np.float32(value)) if kind == "float32" else repr(float(value))


def _inline(precision: str) -> str:
    return template("rust_inline").format(
        bias=_widened("bias", precision), product=_widened("weight", precision)
    )


def _widened(word: str, precision: str) -> str:
    return f"Real::from({word})" if precision == "mixed" else word


def _arrays(arrays: dict[str, Floats], precision: str) -> Iterator[str]:
    for key, array in arrays.items():
        words = [_literal(v, STORED[precision]) for v in array.ravel().tolist()]
        lines = [f"    {', '.join(words[k : k + 8])},\n" for k in range(0, len(words), 8)]
        yield f"static {key.upper()}: [Weight; {len(words)}] = [\n{''.join(lines)}];\n"


def _body(network: Network, origin: Origin) -> Iterator[str]:
    number, sizes = numbers(network), _starts(network, origin)
    read = {layer.name: _read(network, layer) for layer in network.layers}
    if not any(network.input_name in sources for sources in read.values()):
        yield "    let _ = a0;"
    for layer in network.layers:
        k, sources = number[layer.name], read[layer.name]
        changed = "mut " if layer.is_relu or sources else ""
        yield f"    let {changed}a{k}: [Real; {layer.size}] = begun({sizes[f'b{k}']});"
        for source in sources:
            s = number[source]
            before = f"&a{s}" if s else "a0"
            yield f"    add(&mut a{k}, {sizes[f'T{k}_{s}']}, {before});"
        if layer.is_relu:
            yield f"    relu(&mut a{k});"
    yield f"    *y = a{number[network.output]};"


def _read(network: Network, layer: Layer) -> list[str]:
    """The layers, or the input, that the layer has weights on."""
    return [source for source in layer.weights if layer.size and network.size_of(source)]


def _starts(network: Network, origin: Origin) -> dict[str, str]:
    """How code says an array: its name, or the byte of the file where it begins."""
    arrays = weights_of(network, origin.precision)
    if network.parameters <= CAPS.inline_parameters:
        return {key: f"&{key.upper()}" for key in arrays}
    places, start = {}, 32  # the digest comes first
    for key, array in arrays.items():
        places[key] = str(start)
        start += array.size * np.dtype(STORED[origin.precision]).itemsize
    return places


def _constraints(domain: Domain | None, kind: str) -> str:
    """What decides the linear constraints; empty where there are none."""
    if domain is None or not domain.constraints:
        return ""
    rows = [
        f"&[\n{''.join(_term(term) for term in constraint_terms(row))}    ],"
        for row in domain.constraints
    ]
    return template("rust_constraints").format(
        rows=len(rows),
        table="\n    ".join(rows),
        slack=f"2^-{significand_bits(kind)}",
        size=digits_of_sums(domain.constraints),
        wide="f64::from(x[k])" if kind == "float32" else "x[k]",
        rounding=ROUNDING,
        lower=ROUNDING - significand_bits(kind),
    )


def _predict(origin: Origin) -> str:
    """The function `predict`; empty where there is no tail."""
    found = choice_in(origin.interface)
    if found is None:
        return ""
    tail, choice = found
    step, chosen, function = choice.step, "usize::from(y[n] > 0.0)", ""
    if step is not None:
        chosen = "place(&y, n)"
        is_most = step.function == "argmax"
        function = template("rust_place").format(
            what="largest" if is_most else "least",
            sign=">" if is_most else "<",
            length=step.length,
            inner=step.inner,
            group=step.length * step.inner,
        )
    labels = ", ".join(map(str, choice.labels))
    return template("rust_choice").format(
        size=tail.size,
        labels=f"static LABELS: [i64; {len(choice.labels)}] = [{labels}];\n" if labels else "",
        which=tail.which,
        words=tail.words,
        chosen=chosen,
        answer="LABELS[chosen]" if labels else "chosen as i64",
        function=function.rstrip("\n"),
    )


def _term(term: Term) -> str:
    place = "None" if term.place < 0 else f"Some({term.place})"
    positive = "true" if term.sign > 0 else "false"
    digits = ", ".join(f"{word:#x}" for word in term.words)
    return f"        Term {{ input: {place}, is_positive: {positive}, digits: &[{digits}] }},\n"
