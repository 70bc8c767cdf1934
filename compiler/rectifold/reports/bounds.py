"""Proved ends of every relu unit as files for other programs: JSON, or NumPy arrays.

    bounds.npz:   lower/h1, upper/h1, lower/h2, ...     one float64 number per unit
    bounds.json:  {"layers": [{"layer": "h1", "lower": [...], "upper": [...]}, ...]}

What holds is lower ≤ z ≤ upper on the domain, for the pre-activation z; the ends are floats rounded
outward, so they can be taken as they are (a big-M formulation takes max(0, -lower) and upper).
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np

from rectifold.errors import InputError
from rectifold.exact.conversion import Floats
from rectifold.facts.facts import Facts
from rectifold.ir.network import Network

SUFFIXES = (".json", ".npz")


def require_bounds_file(file: str) -> None:
    """Raises InputError for a suffix in which bounds are not written."""
    if Path(file).suffix not in SUFFIXES:
        raise InputError(
            f"bounds are written as {' or '.join(SUFFIXES)}, and {file} is neither; name the file "
            "bounds.json or bounds.npz"
        )


def bounds_bytes(network: Network, facts: Facts, suffix: str) -> bytes:
    """The file. Ends without a bound are infinite in arrays and null in JSON."""
    ends = {
        v.name: (facts.layers[v.name].lower, facts.layers[v.name].upper)
        for v in network.relu_layers
    }
    return _archive(ends) if suffix == ".npz" else _text(network, ends)


def _text(network: Network, ends: dict[str, tuple[Floats, Floats]]) -> bytes:
    layers = [
        {"layer": name, "lower": _numbers(lower), "upper": _numbers(upper)}
        for name, (lower, upper) in ends.items()
    ]
    return (json.dumps({"network": network.name, "layers": layers}, indent=1) + "\n").encode()


def _numbers(values: Floats) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]


def _archive(ends: dict[str, tuple[Floats, Floats]]) -> bytes:
    """As numpy.savez writes it, but the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, both in ends.items():
            for side, values in zip(("lower", "upper"), both, strict=True):
                member = io.BytesIO()
                np.save(member, np.asarray(values, dtype=np.float64))
                info = zipfile.ZipInfo(f"{side}/{name}.npy")  # of 1980: no clock in the file
                archive.writestr(info, member.getvalue())
    return buffer.getvalue()
