"""The canonical form of a network and its digest: what a certificate is bound to.

    {"format": "rectifold-network/1", "inputs": 2, "layers": [
        {"activation": "R", "bias": "0:1/2", "units": 2, "weights": [[0, ["0:1 1:-1", "1:3/8"]]]},
        ...], "output": 1}

Value 0 is the input, layer k is value k (1-based, in topological order). A vector is written as its
nonzero entries `index:p` or `index:p/q` in lowest terms, separated by blanks; a matrix as the list
of its rows. Keys are sorted, no floats, ASCII. Names and titles are left out: they do not change
the function.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from fractions import Fraction
from math import gcd
from weakref import WeakKeyDictionary

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import dyadic_integers
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.ir.property import Condition, Property

NETWORK_FORMAT = "rectifold-network/1"
DOMAIN_FORMAT = "rectifold-domain/1"
PROPERTY_FORMAT = "rectifold-property/1"

_DIGESTS: WeakKeyDictionary[Network, str] = WeakKeyDictionary()  # of equal networks: the same


def canonical_text(network: Network) -> str:
    """The canonical form as one line of JSON. The domain is not part of it."""
    number = {network.input_name: 0} | {
        layer.name: k for k, layer in enumerate(network.layers, start=1)
    }
    layers = [
        {
            "activation": "R" if layer.is_relu else "L",
            "bias": _rows(layer.bias.T)[0],
            "units": layer.size,
            "weights": sorted(
                [number[source], _rows(weight)]
                for source, weight in layer.weights.items()
                if not weight.is_zero
            ),
        }
        for layer in network.layers
    ]
    form = {
        "format": NETWORK_FORMAT,
        "inputs": network.input_size,
        "layers": layers,
        "output": number[network.output],
    }
    return _one_line(form)


def digest(network: Network) -> str:
    """SHA-256 of the canonical form, in hex. Computed once per network."""
    known = _DIGESTS.get(network)  # asked once: an equal network may be gone at a second look
    return known or digested_text(network)[1]


def digested_text(network: Network) -> tuple[str, str]:
    """The canonical form and its digest, where both are needed."""
    text = canonical_text(network)
    known = hashlib.sha256(text.encode("ascii")).hexdigest()
    _DIGESTS[network] = known
    return text, known


def domain_text(domain: Domain) -> str:
    """The domain as one line of JSON: ends as "p/q" or null, constraints as [row, bound]."""
    return _one_line(_domain_form(domain))


def property_text(asked: Property) -> str:
    """The property as one line of JSON: per part its domain and the conditions of every case, and
    where the second of two networks is asked.
    """
    parts = [
        {
            "domain": _domain_form(part.domain),
            "cases": [[_condition_form(c) for c in case] for case in part.cases],
        }
        for part in asked.parts
    ]
    form: dict[str, object] = {"format": PROPERTY_FORMAT, "parts": parts}
    if asked.second is not None:
        each = zip(asked.second.rows, asked.second.offset, strict=True)
        form["second"] = [[_vector(row), str(offset)] for row, offset in each]
    return _one_line(form)


def _one_line(form: object) -> str:
    return json.dumps(form, sort_keys=True, separators=(",", ":"))


def _domain_form(domain: Domain) -> dict[str, object]:
    return {
        "format": DOMAIN_FORMAT,
        "lower": [None if v is None else str(v) for v in domain.lower],
        "upper": [None if v is None else str(v) for v in domain.upper],
        "constraints": [
            [_vector(enumerate(row.coefficients)), str(row.bound)] for row in domain.constraints
        ],
    }


def _condition_form(condition: Condition) -> dict[str, object]:
    return {
        "x": _vector(condition.inputs),
        "y": _vector(condition.outputs),
        "bound": str(condition.bound),
        "strict": condition.strict,
    }


def _vector(entries: Iterable[tuple[int, Fraction]]) -> str:
    return " ".join(f"{k}:{c}" for k, c in entries if c)


def _rows(matrix: Matrix) -> list[str]:
    rows, columns = np.nonzero(matrix.nonzero)
    if matrix.is_float:
        integers, den = dyadic_integers(matrix.floats[rows, columns])
    else:
        values = matrix.integers()[0]
        den = matrix.integers()[1]
        integers = [
            values[i * matrix.shape[1] + j]
            for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        ]
    entries: list[list[str]] = [[] for _ in range(matrix.shape[0])]
    for i, j, value in zip(rows.tolist(), columns.tolist(), integers, strict=True):
        entries[i].append(f"{j}:{_lowest(value, den)}")
    return [" ".join(row) for row in entries]


def _lowest(value: int, den: int) -> str:
    if den & (den - 1) == 0:
        low = min(value & -value, den)
        value, den = value // low, den // low
        return f"{_digits(value)}/{_digits(den)}" if den != 1 else _digits(value)
    common = gcd(value, den)
    return (
        f"{_digits(value // common)}/{_digits(den // common)}"
        if den != common
        else _digits(value // common)
    )


def _digits(value: int) -> str:
    """Raises InputError for more digits than Python (and so the checker) reads."""
    try:
        return str(value)
    except ValueError:
        digits = int(value.bit_length() * 0.302)
        raise InputError(
            f"a number of the network has about {digits:,} digits, and certificates and digests "
            "hold at most 4,300; "
            "scale the weights"
        ) from None
