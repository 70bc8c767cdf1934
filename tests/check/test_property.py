"""Certificates of properties: the network that the checker builds, and what it accepts.

The networks by hand are y_0 = relu(x_0), y_1 = x_1 on [-1, 1]^2.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from certificate_lines import FINAL, LEAF, sha
from rectifold.certificate.property import PartEvidence, certify_property
from rectifold.equivalence.certified import evidence_of
from rectifold.ir.canonical import canonical_text, property_text
from rectifold.ir.property import Condition, Property, Unsafe
from rectifold.ir.property_network import property_network as ours
from rectifold.properties.part import PartSearch
from rectifold.runtime.run import Limits, Run
from rectifold_check import check_property
from rectifold_check.networks import Network, read_network
from rectifold_check.property import property_network, read_property
from support import BOX, canonical_chain, net, random_network

NETWORK = canonical_chain(("R", "", ["0:1", "1:1"]), ("L", "", ["0:1", "1:1"]))
FORMAT = "rectifold-property-certificate/1"


def condition(y: str, bound: str, *, x: str = "", strict: bool = False) -> dict[str, Any]:
    return {"x": x, "y": y, "bound": bound, "strict": strict}


def asked(*cases: list[dict[str, Any]], domain: str = BOX) -> str:
    """A property of one part."""
    return written({"domain": json.loads(domain), "cases": list(cases)})


def written(*parts: Any, **changes: Any) -> str:
    return json.dumps({"format": "rectifold-property/1", "parts": list(parts)} | changes)


def verdict(text: str, *steps: Any, margins: Any = None, **changes: Any) -> str:
    head = {
        "format": FORMAT,
        "network": sha(NETWORK),
        "property": sha(text),
        "margins": margins or [["1/8"]],
    } | changes
    lines = [json.dumps(row) for row in (head, *steps)]
    found = check_property(NETWORK, text, lines)
    return found.status if found.holds else f"refused: {found.reason}"


# y_0 ≥ 2 is met nowhere: the last unit, layer 4, is 1/8 − (2 − y_0) ≤ 1/8 − 2 + 1
HIGH = asked([condition("0:-1", "-2")])
UP_0 = ["bound", [0, 1, 0], "up", "1", LEAF]
DONE = ["bound", [0, 4, 0], "up", "0", LEAF]


def test_a_certificate_holds() -> None:
    assert verdict(HIGH, UP_0, DONE, FINAL) == "holds"


def test_a_strict_case_needs_no_margin() -> None:
    text = asked([condition("0:-1", "-1", strict=True)])
    assert verdict(text, UP_0, DONE, FINAL, margins=[["0"]]) == "holds"


def test_claims_without_proof_are_counted() -> None:
    steps = ["trusted", [0, 4, 0], "up", "0", "somebody"], FINAL
    assert verdict(HIGH, *steps) == "holds given trusted claims"


TWO = written(*(json.loads(HIGH)["parts"] * 2))
REFUSED: dict[str, tuple[Callable[[], str], str]] = {
    "without the last bound": (lambda: verdict(HIGH, UP_0, FINAL), "case 0 is not proved"),
    "with a bound above 0": (
        lambda: verdict(HIGH, UP_0, ["bound", [0, 4, 0], "up", "1/9", LEAF], FINAL),
        "case 0 is not proved",
    ),
    "with a bound that does not follow": (lambda: verdict(HIGH, DONE, FINAL), ""),
    "without the final comparison": (lambda: verdict(HIGH, UP_0, DONE), "ends without the final"),
    "with steps after it": (lambda: verdict(HIGH, UP_0, DONE, FINAL, DONE), "steps follow"),
    "with a final comparison of networks": (
        lambda: verdict(HIGH, UP_0, DONE, ["final", {"0": {}}]),
        'is ["final", {}]',
    ),
    "of another property": (
        lambda: verdict(HIGH, UP_0, DONE, FINAL, property="0" * 64),
        "another property",
    ),
    "of another network": (
        lambda: verdict(HIGH, UP_0, DONE, FINAL, network="0" * 64),
        "another network",
    ),
    "of another format": (
        lambda: verdict(HIGH, UP_0, DONE, FINAL, format="rectifold-certificate/1"),
        "another format",
    ),
    "with another key": (lambda: verdict(HIGH, UP_0, DONE, FINAL, more=1), "exactly the keys"),
    "with the margin 0 of a case that is not strict": (
        lambda: verdict(HIGH, UP_0, DONE, FINAL, margins=[["0"]]),
        "a margin is not above 0",
    ),
    "with a margin below 0": (
        lambda: verdict(HIGH, UP_0, DONE, FINAL, margins=[["-1"]]),
        "a margin is not above 0",
    ),
    "with too many margins": (
        lambda: verdict(HIGH, UP_0, DONE, FINAL, margins=[["1/8", "1/8"]]),
        "one margin for every case",
    ),
    "with margins of too many parts": (
        lambda: verdict(HIGH, UP_0, DONE, FINAL, margins=[["1/8"], ["1/8"]]),
        "not as many lists of margins",
    ),
    "of the first part only": (
        lambda: verdict(TWO, UP_0, DONE, FINAL, margins=[["1/8"], ["1/8"]]),
        "ends without the final",
    ),
    "that takes what is known of one part to the next": (
        lambda: verdict(TWO, UP_0, DONE, FINAL, FINAL, margins=[["1/8"], ["1/8"]]),
        "case 0 is not proved",
    ),
    "about no part": (lambda: verdict(written(), FINAL, margins=[]), "there is no part"),
    "about a part without cases": (lambda: verdict(asked(), FINAL), "a part has no case"),
    "about a domain of another size": (
        lambda: verdict(asked([condition("0:1", "0")], domain=BOX.replace('"-1",', "", 1)), FINAL),
        "differ in length",
    ),
    "about an output that is not there": (
        lambda: verdict(asked([condition("2:1", "0")]), FINAL),
        "out of range",
    ),
    "about strictness that is no truth": (
        lambda: verdict(asked([condition("0:1", "0") | {"strict": 1}]), FINAL),
        "strict is true or false",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    made, reason = REFUSED[name]
    got = made()
    assert got.startswith("refused: ")
    assert reason in got


def test_both_parts_hold() -> None:
    steps = UP_0, DONE, FINAL, UP_0, DONE, FINAL
    assert verdict(TWO, *steps, margins=[["1/8"], ["1/8"]]) == "holds"


# ---- the network --------------------------------------------------------------------------------


def numbers(network: Network) -> list[Any]:
    """Everything as fractions, rows in the order of their sources."""
    return [
        [
            layer.is_relu,
            [Fraction(b, layer.den) for b in layer.bias],
            [
                sorted((r.source, j, Fraction(c, layer.den)) for r in unit for j, c in r.entries)
                for unit in layer.rows
            ],
        ]
        for layer in network.layers
    ]


@pytest.mark.parametrize("seed", range(12))
def test_the_checker_builds_the_same_network(seed: int) -> None:
    random = Random(seed)
    network = random_network(seed)
    text = canonical_text(network)
    cases = tuple(
        tuple(_condition(random, network.input_size, network.output_size) for _ in range(size))
        for size in random.choices(range(5), k=random.randint(1, 3))
    )
    domain = net(f"input x[{network.input_size}] in [0, 1]\noutput x\n").domain
    assert domain is not None
    property_ = Property((Unsafe(domain, cases),))
    read = read_network(text, "A")
    (part,) = read_property(property_text(property_), read).parts
    margins = [Fraction(random.randint(1, 9), 16) for _ in cases]
    built = property_network(read, part.cases, margins)
    expected = read_network(canonical_text(ours(network, cases, margins)), "P")
    assert numbers(built) == numbers(expected)
    assert built.output == expected.output


def _condition(random: Random, inputs: int, outputs: int) -> Condition:
    x, y = (
        tuple((k, Fraction(random.randint(1, 7), -3)) for k in range(size) if random.random() < 0.6)
        for size in (inputs, outputs)
    )
    return Condition(x, y, Fraction(random.randint(-9, 9), 7), random.random() < 0.5)


def test_mutated_certificates_never_prove_what_is_false() -> None:
    """The certificate of y ≤ 9/8, whatever is changed in it, does not prove y < 15/16."""
    network = net(
        "input x[2] in [-1, 1]\n"
        "h = relu([[1, 1], [-1, 1], [1, -2]] @ x + [1/8, 0, -1/16])\n"
        "output relu(h[0]/4 + h[1]/8 - h[2]/4 + 3/8)\n"
    )
    assert network.domain is not None
    text = canonical_text(network)

    def below(bound: Fraction) -> Property:
        case = (Condition((), ((0, Fraction(-1)),), -bound),)
        assert network.domain is not None
        return Property((Unsafe(network.domain, (case,)),))

    true, false = below(Fraction(9, 8)), below(Fraction(15, 16))
    found = PartSearch(network, true.parts[0], Run(Limits(100.0))).by_boxes()
    evidence = PartEvidence(found.margins, evidence_of(found.agreed))
    lines = list(certify_property(network, true, [evidence]).lines)
    assert check_property(text, property_text(true), lines).holds
    random = Random(3)
    head = json.loads(lines[0]) | {"property": sha(property_text(false))}
    for _ in range(60):
        mutated = [json.dumps(head), *lines[1:]]
        for _ in range(random.randint(0, 3)):
            _mutate(mutated, random)
        assert not check_property(text, property_text(false), mutated).holds


def _mutate(lines: list[str], random: Random) -> None:
    k = random.randrange(1, len(lines))
    match random.randrange(3):
        case 0:
            lines.insert(k, lines[random.randrange(1, len(lines))])
        case 1 if len(lines) > 2:
            del lines[k]
        case _:
            digits = [i for i, c in enumerate(lines[k]) if c.isdigit()]
            if digits:
                i = random.choice(digits)
                lines[k] = lines[k][:i] + random.choice("0123456789") + lines[k][i + 1 :]
