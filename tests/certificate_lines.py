"""Certificates written by hand, in titled tables; each is checked when its test runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from rectifold_check import check
from support import BOX

LEAF: dict[str, list[Any]] = {"l": []}
FINAL: list[Any] = ["final", {}]


@dataclass(frozen=True)
class Written:
    """Networks, steps, domain, and the header as it should be but for `changes`."""

    a: str
    b: str
    steps: tuple[Any, ...]
    domain: str = BOX
    changes: Mapping[str, Any] = field(default_factory=dict)

    def verdict(self) -> str:
        """ "holds", perhaps with trusted claims, or "refused: reason"."""
        rows = [header(self.a, self.b, **self.changes), *self.steps]
        result = check(self.a, self.domain, [json.dumps(row) for row in rows])
        return result.status if result.holds else f"refused: {result.reason}"


@dataclass(frozen=True)
class Table:
    """What belongs together: certificates by title; those refused with words of the reason."""

    title: str
    holds: Mapping[str, Written] = field(default_factory=dict)
    refused: Mapping[str, tuple[Written, str]] = field(default_factory=dict)


def holding(tables: Iterable[Table]) -> list[Any]:
    """A parameter for each certificate that holds, named for its table and title."""
    return [
        pytest.param(written, id=f"{table.title}: {title}")
        for table in tables
        for title, written in table.holds.items()
    ]


def refusals(tables: Iterable[Table]) -> list[Any]:
    """A certificate and words of the reason, for each that is refused."""
    return [
        pytest.param(written, reason, id=f"{table.title}: {title}")
        for table in tables
        for title, (written, reason) in table.refused.items()
    ]


def assert_refused(written: Written, reason: str) -> None:
    """The verdict is a refusal, and for this reason."""
    got = written.verdict()
    assert got.startswith("refused: ")
    assert reason in got


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


def certificate(a: str, b: str, /, *steps: Any, domain: str = BOX, **changes: Any) -> Written:
    """Steps about two networks on a domain; `changes` to the header."""
    return Written(a, b, steps, domain, changes)


def verdict(a: str, b: str, /, *steps: Any, domain: str = BOX, **changes: Any) -> str:
    """ "holds", perhaps with trusted claims, or "refused: reason"."""
    return certificate(a, b, *steps, domain=domain, **changes).verdict()


def lo(unit: list[int], value: str, *facts: list[Any]) -> list[Any]:
    """value ≤ z, by these facts."""
    return ["bound", unit, "lo", value, {"l": list(facts)}]


def up(unit: list[int], value: str, *facts: list[Any]) -> list[Any]:
    """z ≤ value, by these facts."""
    return ["bound", unit, "up", value, {"l": list(facts)}]


def box(
    lower: list[str | None],
    upper: list[str | None],
    *constraints: tuple[str, str],
) -> str:
    """A domain: ends of each input, and rows (coefficients, bound)."""
    form = {
        "format": "rectifold-domain/1",
        "lower": lower,
        "upper": upper,
        "constraints": [list(row) for row in constraints],
    }
    return json.dumps(form)
