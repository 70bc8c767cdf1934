"""Certificates written by hand: the header, and the checker's answer about some steps."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from rectifold_check import check
from support import BOX

LEAF: dict[str, list[Any]] = {"l": []}
FINAL: list[Any] = ["final", {}]


def sha(network: str) -> str:
    return hashlib.sha256(network.encode()).hexdigest()


def header(a: str, b: str, /, eps: tuple[str, ...] = ("0",), **changes: Any) -> dict[str, Any]:
    return {
        "format": "rectifold-certificate/1",
        "a": sha(a),
        "b": sha(b),
        "eps": list(eps),
        "result": b,
    } | changes


def verdict(a: str, b: str, /, *steps: Any, domain: str = BOX, **changes: Any) -> str:
    """ "holds", perhaps with trusted claims, or "refused: reason"."""
    lines = [json.dumps(header(a, b, **changes)), *(json.dumps(s) for s in steps)]
    result = check(a, domain, lines)
    return result.status if result.holds else f"refused: {result.reason}"
