"""Reading canonical networks, domains and numbers, strictly: whatever is not exactly as FORMAT.md says is refused."""

import hashlib
import json
import re
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

MOST_INPUTS = 10_000_000
MOST_UNITS = 100_000  # of a network, and one more per byte of its text
MOST_WORDS = 16_000_000  # of 64 bits, of all weights of a layer over one denominator, and
WORDS_EACH = 16  # more per byte of the network's text
_RATIONAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:/[1-9][0-9]*)?")
_HEX_FLOAT = re.compile(r"-?0x[01](?:\.[0-9a-f]{1,13})?p[+-][0-9]{1,4}")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


class Refusal(Exception):
    """The certificate, a network or a domain is not accepted; the message says why."""


@dataclass(frozen=True)
class Row:
    """Σ weights over one predecessor: pairs (index, integer), over the layer's denominator `den`."""

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
        return len(self.bias)


@dataclass(frozen=True)
class Network:
    """Layer k of the file is layers[k - 1]; value 0 is the input."""

    inputs: int
    layers: tuple[Layer, ...]
    output: int
    digest: str

    def size(self, value: int) -> int:
        return self.inputs if value == 0 else self.layers[value - 1].size


@dataclass(frozen=True)
class Domain:
    """lower ≤ x ≤ upper (None: no end), and rows (coefficients by input, bound): Σ c x ≤ bound."""

    lower: tuple[Fraction | None, ...]
    upper: tuple[Fraction | None, ...]
    constraints: tuple[tuple[dict[int, Fraction], Fraction], ...]


def parse_json(text: str, what: str) -> Any:
    """JSON without floats, without repeated keys."""
    try:
        return json.loads(
            text, parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{what} is not well-formed: {error}") from None


def rational(text: Any, what: str) -> Fraction:
    """A number "p" or "p/q"."""
    return Fraction(*_ratio(text, what))


def _ratio(text: Any, what: str) -> tuple[int, int]:
    if not isinstance(text, str) or not _RATIONAL.fullmatch(text):
        raise Refusal(f"{what}: {str(text)[:40]!r} is not a number p or p/q")
    numerator, _, denominator = text.partition("/")
    try:
        return int(numerator), int(denominator or "1")
    except ValueError as error:  # Python's cap on digits
        raise Refusal(f"{what}: {error}") from None


def multiplier(text: Any) -> Fraction:
    """A nonnegative number: "p", "p/q", or a float in hexadecimal, read exactly."""
    if isinstance(text, str) and _HEX_FLOAT.fullmatch(text):
        try:
            value = Fraction(float.fromhex(text))
        except OverflowError:
            raise Refusal("a multiplier is beyond the range of floats") from None
    else:
        value = rational(text, "multiplier")
    if value < 0:
        raise Refusal("a multiplier is negative")
    return value


def read_network(text: str, what: str) -> Network:
    """A canonical network. Raises Refusal."""
    form = _object(parse_json(text, what), {"format", "inputs", "layers", "output"}, what)
    if form["format"] != "rectifold-network/1":
        raise Refusal(f"{what} has format {str(form['format'])[:40]!r}")
    inputs = _whole(form["inputs"], 0, MOST_INPUTS, f"{what}: inputs")
    if not isinstance(form["layers"], list) or not form["layers"]:
        raise Refusal(f"{what} has no layers")
    sizes = [inputs]
    layers = []
    for k, entry in enumerate(form["layers"], start=1):
        layers.append(_layer(entry, sizes, f"{what}: layer {k}", len(text)))
        sizes.append(layers[-1].size)
        if sum(sizes[1:]) > MOST_UNITS + len(text):
            raise Refusal(
                f"{what} has {sum(sizes[1:])} units, more than a text of {len(text)} bytes may describe"
            )
    output = _whole(form["output"], 1, len(layers), f"{what}: output")
    return Network(inputs, tuple(layers), output, hashlib.sha256(text.encode("utf-8")).hexdigest())


def read_domain(text: str) -> Domain:
    """A domain. Raises Refusal for an empty range."""
    form = _object(
        parse_json(text, "domain"), {"format", "lower", "upper", "constraints"}, "domain"
    )
    if form["format"] != "rectifold-domain/1":
        raise Refusal("the domain has another format")
    ends: list[tuple[Fraction | None, ...]] = []
    for key in ("lower", "upper"):
        if not isinstance(form[key], list):
            raise Refusal(f"domain: {key} is no list")
        ends.append(tuple(None if v is None else rational(v, "domain") for v in form[key]))
    if len(ends[0]) != len(ends[1]):
        raise Refusal("domain: lower and upper differ in length")
    if any(
        low is not None and high is not None and low > high
        for low, high in zip(ends[0], ends[1], strict=True)
    ):
        raise Refusal("domain: an empty range")
    rows = []
    for row in _list(form["constraints"], "domain: constraints"):
        if not isinstance(row, list) or len(row) != 2:
            raise Refusal("domain: a constraint is [coefficients, bound]")
        entries = {j: Fraction(p, q) for j, p, q in _entries(row[0], len(ends[0]), "domain")}
        rows.append((entries, rational(row[1], "domain")))
    return Domain(ends[0], ends[1], tuple(rows))


def _layer(entry: Any, sizes: list[int], what: str, length: int) -> Layer:
    """`sizes`: of the values before; `length`: of the network's text."""
    form = _object(entry, {"activation", "bias", "units", "weights"}, what)
    if form["activation"] not in ("R", "L"):
        raise Refusal(f"{what}: activation {str(form['activation'])[:20]!r}")
    units = _whole(form["units"], 0, MOST_UNITS + length, f"{what}: units")
    bias = {i: (p, q) for i, p, q in _entries(form["bias"], units, what)}
    parts: list[list[tuple[int, list[tuple[int, int, int]]]]] = [[] for _ in range(units)]
    previous = -1
    for block in _list(form["weights"], f"{what}: weights"):
        if not isinstance(block, list) or len(block) != 2:
            raise Refusal(f"{what}: a block of weights is [source, rows]")
        source = _whole(block[0], 0, len(sizes) - 1, f"{what}: source")
        if source <= previous:
            raise Refusal(f"{what}: sources are not in order")
        previous = source
        rows = _list(block[1], f"{what}: rows")
        if len(rows) != units:
            raise Refusal(f"{what}: {len(rows)} rows for {units} units")
        for i, row in enumerate(rows):
            if entries := _entries(row, sizes[source], what):
                parts[i].append((source, entries))
    dens = {q for _, q in bias.values()} | {
        q for part in parts for _, row in part for _, _, q in row
    }
    den = _common(
        dens, len(bias) + sum(len(row) for part in parts for _, row in part), what, length
    )
    scaled = tuple(
        tuple(Row(s, tuple((j, p * (den // q)) for j, p, q in row)) for s, row in unit)
        for unit in parts
    )
    biases = (bias.get(i, (0, 1)) for i in range(units))
    return Layer(form["activation"] == "R", den, tuple(p * (den // q) for p, q in biases), scaled)


def _common(dens: set[int], entries: int, what: str, length: int) -> int:
    """The least common multiple, if all entries over it are of a size that the text accounts for."""
    den = 1
    for q in dens:
        den = lcm(den, q)
        if entries * (den.bit_length() >> 6) > MOST_WORDS + WORDS_EACH * length:
            raise Refusal(
                f"{what}: the common denominator of the weights is too long for a network of {length} bytes"
            )
    return den


def _entries(text: Any, size: int, what: str) -> list[tuple[int, int, int]]:
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
        result.append((before, *_ratio(number, what)))
    return result


def _object(value: Any, keys: set[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != keys:
        raise Refusal(f"{what} must be an object with exactly the keys {', '.join(sorted(keys))}")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise Refusal(f"{what} is no list")
    return value


def _whole(value: Any, low: int, high: int, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Refusal(f"{what}: {str(value)[:20]!r} is no whole number from {low} to {high}")
    return value


def _no_float(text: str) -> Any:
    raise ValueError(f"the number {text[:20]} is written as a float")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key occurs twice")
    return result
