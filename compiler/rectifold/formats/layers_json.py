"""`.json` files with a list of layers in exact numbers.

    {"format": "rectifold-layers/1",
     "network": {"inputs": 2, "layers": [{"W": [["1", "-1/3"]], "b": ["0"], "act": "relu"}]},
     "domain": {"lo": ["0", "0"], "hi": ["1", "1"]}}

A number is a string: a decimal "1e-30", a rational "1/3" or a dyadic "3*2^-1074"; "-inf" and "inf"
are allowed as ends of the domain. A file with a second network has it under "network_b". Keys
beside these say something about the file and are named in a note; inside a network, a layer or the
domain an unknown key is refused, since it would change them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from rectifold.errors import InputError
from rectifold.exact.literals import NumberError, parse_rational
from rectifold.exact.matrix_rows import matrix_from_rows
from rectifold.exact.numerals import counted
from rectifold.ir.affine import Affine
from rectifold.ir.builder import Builder
from rectifold.ir.domain import Domain, DomainError
from rectifold.ir.names import safe_name
from rectifold.ir.network import Network
from rectifold.runtime.caps import CAPS
from rectifold.runtime.json import Json, JsonObject

FORMAT_NAMES = ("rectifold-layers/1", "relu-trap/1")  # the second is an older name of the first
_DYADIC = re.compile(r"(-?\d+)\*2\^(-?\d{1,5})", re.ASCII)


class LayersError(InputError):
    """A file that is refused; `code` says the kind of mistake in one word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} [{code}]")
        self.code = code


def read_layers_json(path: Path, which: str = "network") -> tuple[Network, list[str]]:
    """(network, notes). Raises LayersError."""
    data = _json(path)
    if not isinstance(data, dict) or data.get("format") not in FORMAT_NAMES:
        found = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise LayersError(
            "format",
            f"{path.name}: the format is {str(found)[:40]!r}, expected {' or '.join(FORMAT_NAMES)}",
        )
    body = data.get(which)
    if not isinstance(body, dict):
        raise LayersError("format", f"{path.name} has no {which!r}")
    _refuse_unknown(body, ("inputs", "layers"), f"{path.name}: {which}")
    inputs = _inputs(body.get("inputs"), path.name)
    domain = _read_domain(data.get("domain"), inputs, path.name)
    others = sorted(set(data) - {"format", "network", "network_b", "domain"})
    notes = [f"{path.name}: the keys {', '.join(others)[:200]} are not read"] if others else []
    return _network(body, inputs, domain, path), notes


def _refuse_unknown(found: JsonObject, known: Sequence[str], where: str) -> None:
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise LayersError(
            "format",
            f"{where}: the key {unknown[0][:40]!r} is not known; known are {', '.join(known)}",
        )


def _network(body: JsonObject, inputs: int, domain: Domain | None, path: Path) -> Network:
    builder = Builder("x", inputs)
    value = builder.input
    layers = body.get("layers")
    if not isinstance(layers, list):
        raise LayersError("shape", f"{path.name}: 'layers' is not a list")
    for k, layer in enumerate(layers):
        where = f"{path.name}: layer {k}"
        act = layer.get("act") if isinstance(layer, dict) else None
        if act not in ("relu", "linear"):
            raise LayersError(
                "activation", f"{where}: activation {str(act)[:40]!r}; relu and linear are known"
            )
        name = builder.fresh("y" if k == len(layers) - 1 else f"h{k + 1}")
        value = builder.layer(name, _affine_layer(layer, value, where), relu=act == "relu")
    return builder.finish(value, safe_name(path.stem, "net"), domain)


def _affine_layer(layer: JsonObject, value: Affine, where: str) -> Affine:
    _refuse_unknown(layer, ("W", "b", "act", "rows"), where)
    rows, bias = layer.get("W"), layer.get("b")
    if (
        not isinstance(rows, list)
        or not isinstance(bias, list)
        or not all(isinstance(r, list) for r in rows)
    ):
        raise LayersError("shape", f"{where}: W must be a list of rows and b a list")
    if layer.get("rows", len(rows)) != len(rows):
        raise LayersError(
            "shape",
            f"{where}: the number of rows declared is {str(layer['rows'])[:40]}, but {len(rows)} "
            "are there",
        )
    if len(bias) != len(rows):
        raise LayersError(
            "shape",
            f"{where}: {counted(len(rows), 'row')} but {counted(len(bias), 'bias', 'biases')}",
        )
    if bad := [row for row in rows if len(row) != value.size]:
        raise LayersError(
            "shape",
            f"{where}: a row has {counted(len(bad[0]), 'entry', 'entries')}, but the layer below "
            f"has {counted(value.size, 'value')}",
        )
    try:
        weight = matrix_from_rows([_read_numbers(row, where) for row in rows], value.size)
        return value.apply(weight) + Affine(
            matrix_from_rows([[v] for v in _read_numbers(bias, where)], 1)
        )
    except NumberError as error:
        raise LayersError("too-large", f"{where}: {error}") from None


def _read_numbers(texts: Sequence[Json], where: str) -> list[Fraction]:
    return [_read_number(text, where) for text in texts]


def _read_number(text: Json, where: str) -> Fraction:
    if not isinstance(text, str):
        raise LayersError(
            "number", f"{where}: {str(text)[:40]!r} is not a number written as a string"
        )
    word = text.strip().lower()
    if word.lstrip("+-") in ("nan", "inf", "infinity"):
        raise LayersError("nan", f"{where}: a weight is {word}")
    if len(word) > CAPS.digits:
        raise LayersError(
            "too-large",
            f"{where}: a number of {len(word):,} characters; the limit is {CAPS.digits:,}",
        )
    try:
        if match := _DYADIC.fullmatch(word):
            exponent = int(match[2])
            if abs(exponent) > 5000:
                raise LayersError("too-large", f"{where}: exponent {exponent} is too large")
            return int(match[1]) * Fraction(2) ** exponent
        return parse_rational(word)
    except NumberError as error:
        code = "too-large" if "too large" in str(error) else "number"
        raise LayersError(code, f"{where}: {error}") from None


def _inputs(value: Json, name: str) -> int:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,30}", text, re.ASCII):
        raise LayersError("shape", f"{name}: 'inputs' is {text[:40]!r}, a whole number is expected")
    if int(text) > CAPS.units:
        raise LayersError("too-large", f"{name}: {text} inputs; the limit is {CAPS.units:,}")
    return int(text)


def _read_domain(data: Json, inputs: int, name: str) -> Domain | None:
    if data is None:
        return None
    if isinstance(data, dict):
        _refuse_unknown(data, ("lo", "hi"), f"{name}: domain")
    ends: list[tuple[Fraction | None, ...]] = []
    for key, infinite in (("lo", "-inf"), ("hi", "inf")):
        texts = data.get(key) if isinstance(data, dict) else None
        if not isinstance(texts, list) or len(texts) != inputs:
            given = len(texts) if isinstance(texts, list) else "no"
            raise LayersError(
                "domain",
                f"{name}: the domain has {given} {key} ends for {counted(inputs, 'input')}",
            )
        ends.append(
            tuple(None if text == infinite else _domain_number(text, name) for text in texts)
        )
    try:
        return Domain(ends[0], ends[1])
    except DomainError as error:
        raise LayersError("domain", f"{name}: {error}") from None


def _domain_number(text: Json, name: str) -> Fraction:
    try:
        return _read_number(text, f"{name}: domain")
    except LayersError as error:
        raise LayersError(
            "domain" if error.code == "nan" else error.code, str(error).rsplit(" [", 1)[0]
        ) from None


def _json(path: Path) -> Json:
    try:
        if path.stat().st_size > CAPS.json_bytes:
            raise LayersError("too-large", f"{path.name} is larger than {CAPS.json_bytes:,} bytes")
        text = path.read_text(encoding="utf-8")
        data: Json = json.loads(text, object_pairs_hook=_no_duplicates)
        return data
    except LayersError as error:
        raise LayersError(error.code, f"{path.name}: {str(error).rsplit(' [', 1)[0]}") from None
    except RecursionError:
        raise LayersError(
            "json", f"{path.name} is nested too deep; a file of layers is nested 6 deep"
        ) from None
    except (OSError, ValueError) as error:
        raise LayersError("json", f"{path.name} is no readable JSON ({error})") from None


def _no_duplicates(pairs: list[tuple[str, Json]]) -> JsonObject:
    result = dict(pairs)
    if len(result) != len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise LayersError(
            "json",
            f"the key {twice[:40]!r} occurs twice in one object; which one is meant cannot be told",
        )
    return result
