"""prove on the trap files that lie beside a developer's checkout: their claims as properties."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from rectifold.certificate.property import require_property
from rectifold.formats.layers_json import read_layers_json
from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network
from rectifold.ir.property import Case, Condition, Property, Unsafe
from rectifold.properties.answers import Holds, Refuted
from rectifold.properties.decide import decide_property
from rectifold.runtime.run import Limits, Run

TRAPS = Path(__file__).resolve().parents[3] / "shared" / "traps"
FILES = sorted(p for p in TRAPS.glob("[a-e]*.json")) if TRAPS.is_dir() else []
pytestmark = pytest.mark.skipif(not FILES, reason="the trap files are not beside this checkout")
F = Fraction
Asked = tuple[Network, Network | None, Property, bool]


def number(text: str) -> Fraction:
    head, _, exponent = text.partition("*2^")
    return F(head) * F(2) ** int(exponent) if exponent else F(text)


def above(j: int, bound: Fraction, *, sign: int = 1, strict: bool = True) -> Condition:
    """sign · y_j > sign · bound."""
    return Condition((), ((j, F(-sign)),), -sign * bound, strict)


def claims(path: Path) -> Iterator[Asked]:
    """(network, the one beside it, property, whether it is true) of every claim of a file."""
    form = json.loads(path.read_text())
    a = read_layers_json(path)[0]
    domain = a.domain
    if domain is None or not domain.is_bounded:
        return
    for claim in form["claims"]:
        yield from _of_one(a, domain, claim)
        if "network_b" in form and claim["type"] in ("equal", "different"):
            b = read_layers_json(path, "network_b")[0]
            yield from ((a, b, asked, truth) for asked, truth in _of_pair(a, b, domain, claim))


def _of_one(network: Network, domain: Domain, claim: dict[str, Any]) -> Iterator[Asked]:
    if claim["type"] == "range":
        if "unb" in (claim["min"], claim["max"]):
            return
        before = network.layers[: claim["layer"]]
        read = network.layers[claim["layer"]]
        cut = Layer(read.name, "linear", read.bias, read.weights)
        part = Network(network.input_name, network.input_size, [*before, cut], read.name, None, "n")
        for end, sign in (("max", 1), ("min", -1)):
            bound = number(claim[end])
            for strict in (True, False):
                case: Case = (above(claim["unit"], bound, sign=sign, strict=strict),)
                yield part, None, Property((Unsafe(domain, (case,)),)), strict
    if claim["type"] == "constant":
        cases = _other_than([number(v) for v in claim["outputs"]])
        yield network, None, Property((Unsafe(domain, cases),)), True
    if claim["type"] == "value":
        at = tuple(number(v) for v in claim["at"])
        cases = _other_than([number(v) for v in claim["outputs"]])
        yield network, None, Property((Unsafe(Domain(at, at), cases),)), True


def _other_than(outputs: list[Fraction]) -> tuple[Case, ...]:
    return tuple((above(j, v, sign=s),) for j, v in enumerate(outputs) for s in (1, -1))


def _of_pair(
    a: Network, b: Network, domain: Domain, claim: dict[str, Any]
) -> Iterator[tuple[Property, bool]]:
    """Of both at one point: are they equal, and do they differ by no more than is said?"""
    still = (F(0),) * domain.size
    pairs = Domain(domain.lower + still, domain.upper + still)
    is_equal = claim["type"] == "equal"
    for most, truth in ((F(0), is_equal), (number(claim.get("max_abs", "0")), True)):
        cases = tuple(
            (Condition((), ((j, F(-s)), (a.output_size + j, F(s))), -most, strict=True),)
            for j in range(a.output_size)
            for s in (1, -1)
        )
        if is_equal or most or not truth:
            yield Property((Unsafe(pairs, cases),)), truth


@pytest.mark.parametrize("path", [pytest.param(p, id=p.stem) for p in FILES])
def test_prove_is_not_wrong_on_a_trap(path: Path) -> None:
    for network, beside, asked, truth in claims(path):
        answer = decide_property(network, asked, Run(Limits(1.0)), beside)
        assert not isinstance(answer, Refuted if truth else Holds), asked
        if isinstance(answer, Holds):
            assert require_property(network, asked, answer.certificate, beside=beside).holds
