"""Networks and domains, read from their canonical texts.

    {"format":"rectifold-network/1","inputs":1,"layers":[{"activation":"R","bias":"0:1/2",
     "units":2,"weights":[[0,["0:1","0:-3"]]]}],"output":1}

    h0 = relu(x + 1/2), h1 = relu(-3 x)

The numbers of a layer are integers over one denominator, so that its sums need no fractions.
Anything that is not exactly as FORMAT.md says is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from rectifold_check.json import (
    Json,
    Refusal,
    list_of,
    object_of,
    parse_json,
    ratio,
    rational,
    whole,
)
from rectifold_check.limits import MOST_INPUTS, MOST_UNITS, MOST_WORDS, WORDS_PER_BYTE

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")

Entry = tuple[int, int, int]  # index:p/q as (index, p, q)
Part = tuple[int, list[Entry]]  # the entries of a unit's weights on one source


@dataclass(frozen=True)
class Row:
    """Σ weights over one predecessor: pairs (index, integer), over the layer's `den`."""

    source: int
    entries: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Layer:
    """`rows[i]` lists the parts of unit i; bias[i] and all entries are integers over `den`."""

    is_relu: bool
    den: int
    bias: tuple[int, ...]
    rows: tuple[tuple[Row, ...], ...]

    @property
    def size(self) -> int:
        """Units."""
        return len(self.bias)


@dataclass(frozen=True)
class Network:
    """Layer k of the file is layers[k - 1]; value 0 is the input."""

    inputs: int
    layers: tuple[Layer, ...]
    output: int
    digest: str

    def size(self, value: int) -> int:
        """Of the input (0), or of the layer with this number."""
        return self.inputs if value == 0 else self.layers[value - 1].size


@dataclass(frozen=True)
class Domain:
    """lower ≤ x ≤ upper (None: no end), and rows (coefficients by input, bound): Σ c x ≤ bound."""

    lower: tuple[Fraction | None, ...]
    upper: tuple[Fraction | None, ...]
    constraints: tuple[tuple[dict[int, Fraction], Fraction], ...]


def read_network(text: str, what: str) -> Network:
    """A canonical network. Raises Refusal."""
    form = object_of(parse_json(text, what), {"format", "inputs", "layers", "output"}, what)
    if form["format"] != "rectifold-network/1":
        raise Refusal(f"{what} has format {str(form['format'])[:40]!r}")
    inputs = whole(form["inputs"], 0, MOST_INPUTS, f"{what}: inputs")
    if not isinstance(form["layers"], list) or not form["layers"]:
        raise Refusal(f"{what} has no layers")
    sizes = [inputs]
    layers = []
    for k, entry in enumerate(form["layers"], start=1):
        layers.append(_layer(entry, sizes, f"{what}: layer {k}", len(text)))
        sizes.append(layers[-1].size)
        if sum(sizes[1:]) > MOST_UNITS + len(text):
            raise Refusal(
                f"{what} has {sum(sizes[1:])} units, "
                f"more than a text of {len(text)} bytes may describe"
            )
    output = whole(form["output"], 1, len(layers), f"{what}: output")
    return Network(inputs, tuple(layers), output, hashlib.sha256(text.encode("utf-8")).hexdigest())


def read_domain(text: str) -> Domain:
    """A domain. Raises Refusal for an empty range."""
    return domain_of(parse_json(text, "domain"))


def domain_of(value: Json) -> Domain:
    """A domain from its JSON. Raises Refusal for an empty range."""
    form = object_of(value, {"format", "lower", "upper", "constraints"}, "domain")
    if form["format"] != "rectifold-domain/1":
        raise Refusal("the domain has another format")
    lower, upper = _ends(form["lower"], "lower"), _ends(form["upper"], "upper")
    if len(lower) != len(upper):
        raise Refusal("domain: lower and upper differ in length")
    for low, high in zip(lower, upper, strict=True):
        if low is not None and high is not None and low > high:
            raise Refusal("domain: an empty range")
    rows = []
    for row in list_of(form["constraints"], "domain: constraints"):
        if not isinstance(row, list) or len(row) != 2:
            raise Refusal("domain: a constraint is [coefficients, bound]")
        entries = vector(row[0], len(lower), "domain")
        rows.append((dict(entries), rational(row[1], "domain")))
    return Domain(lower, upper, tuple(rows))


def vector(text: Json, size: int, what: str) -> tuple[tuple[int, Fraction], ...]:
    """Nonzero entries "index:p/q", indices rising and below `size`."""
    return tuple((j, Fraction(p, q)) for j, p, q in _entries(text, size, what))


def _ends(values: Json, side: str) -> tuple[Fraction | None, ...]:
    given = list_of(values, f"domain: {side}")
    return tuple(None if v is None else rational(v, "domain") for v in given)


def _layer(entry: Json, sizes: list[int], what: str, length: int) -> Layer:
    """`sizes`: of the values before; `length`: of the network's text, in bytes."""
    form = object_of(entry, {"activation", "bias", "units", "weights"}, what)
    if form["activation"] not in ("R", "L"):
        raise Refusal(f"{what}: activation {str(form['activation'])[:20]!r}")
    units = whole(form["units"], 0, MOST_UNITS + length, f"{what}: units")
    bias = {i: (p, q) for i, p, q in _entries(form["bias"], units, what)}
    parts: list[list[Part]] = [[] for _ in range(units)]
    for source, rows in _blocks(form["weights"], sizes, units, what):
        for i, row in enumerate(rows):
            if entries := _entries(row, sizes[source], what):
                parts[i].append((source, entries))
    dens = {q for _, q in bias.values()}
    dens |= {q for part in parts for _, row in part for _, _, q in row}
    count = len(bias) + sum(len(row) for part in parts for _, row in part)
    den = _common(dens, count, what, length)
    scaled = tuple(
        tuple(Row(s, tuple((j, p * (den // q)) for j, p, q in row)) for s, row in unit)
        for unit in parts
    )
    biases = (bias.get(i, (0, 1)) for i in range(units))
    return Layer(form["activation"] == "R", den, tuple(p * (den // q) for p, q in biases), scaled)


def _blocks(
    weights: Json, sizes: list[int], units: int, what: str
) -> Iterator[tuple[int, list[Json]]]:
    """(source, a row for each unit), sources rising."""
    previous = -1
    for block in list_of(weights, f"{what}: weights"):
        if not isinstance(block, list) or len(block) != 2:
            raise Refusal(f"{what}: a block of weights is [source, rows]")
        source = whole(block[0], 0, len(sizes) - 1, f"{what}: source")
        if source <= previous:
            raise Refusal(f"{what}: sources are not in order")
        previous = source
        rows = list_of(block[1], f"{what}: rows")
        if len(rows) != units:
            raise Refusal(f"{what}: {len(rows)} rows for {units} units")
        yield source, rows


def _common(dens: set[int], entries: int, what: str, length: int) -> int:
    """The least common multiple, if the text accounts for the size of all entries over it."""
    den = 1
    for q in dens:
        den = lcm(den, q)
        if entries * (den.bit_length() >> 6) > MOST_WORDS + WORDS_PER_BYTE * length:
            raise Refusal(
                f"{what}: the common denominator of the weights is too long "
                f"for a network of {length} bytes"
            )
    return den


def _entries(text: Json, size: int, what: str) -> list[Entry]:
    """Nonzero entries "index:p/q" as (index, p, q), indices rising."""
    if not isinstance(text, str):
        raise Refusal(f"{what}: a vector is a string of index:value")
    result = []
    before = -1
    for word in text.split():
        index, _, number = word.partition(":")
        if not _INDEX.fullmatch(index) or not before < int(index) < size:
            raise Refusal(f"{what}: index {index[:20]!r} is out of order or out of range")
        before = int(index)
        p, q = ratio(number, what)
        if not p:
            raise Refusal(f"{what}: entry {before} is 0, and a vector has its nonzero entries only")
        result.append((before, p, q))
    return result
