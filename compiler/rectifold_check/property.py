"""Properties, read from their canonical texts, and the network in which one is proved.

    {"format":"rectifold-property/1","parts":[{"domain":DOMAIN,"cases":[[CONDITION, ...], ...]}]}
    CONDITION = {"x":"0:1","y":"0:1 2:-1","bound":"3","strict":false}     x_0 + y_0 − y_2 ≤ 3

A case is met where all its conditions are. With their excesses g = Σ − bound it is met nowhere on a
domain if margin − max g ≤ 0 there for some margin > 0, or for margin 0 if all are strict. The
maximum is taken by pairs, max(a, b) = a + relu(b − a), so it is a network again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rectifold_check.json import Json, Refusal, list_of, object_of, parse_json, rational
from rectifold_check.networks import Domain, Layer, Network, domain_of, vector
from rectifold_check.pairs import side_by_side
from rectifold_check.units import layer_of
from rectifold_check.work import Work

Entries = tuple[tuple[int, Fraction], ...]


@dataclass(frozen=True)
class Condition:
    """Σ inputs + Σ outputs ≤ bound, or less than it."""

    inputs: Entries
    outputs: Entries
    bound: Fraction
    strict: bool


@dataclass(frozen=True)
class Unsafe:
    """No point of the domain may meet all conditions of a case."""

    domain: Domain
    cases: tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True)
class Property:
    """What must not happen, part by part; `about`: the network of the inputs and outputs.

    `is_by_steps`: of two networks side by side, the second is asked at x + s.
    """

    parts: tuple[Unsafe, ...]
    digest: str
    about: Network
    is_by_steps: bool = False


def read_property(
    text: str, network: Network, beside: Network | None = None, work: Work | None = None
) -> Property:
    """A canonical property of this network, or of the two side by side. Raises Refusal."""
    value = parse_json(text, "property")
    is_related = isinstance(value, dict) and "second" in value
    keys = {"format", "parts", "second"} if is_related else {"format", "parts"}
    form = object_of(value, keys, "property")
    if form["format"] != "rectifold-property/1":
        raise Refusal("the property has another format")
    about = network
    if beside is not None:
        about = side_by_side(network, beside, form.get("second"), work)
    elif is_related:
        raise Refusal("property: it relates two networks, and there is one")
    parts = tuple(_part(v, about) for v in list_of(form["parts"], "property: parts"))
    if not parts:
        raise Refusal("property: there is no part")
    is_by_steps = beside is not None and not is_related
    return Property(parts, hashlib.sha256(text.encode("utf-8")).hexdigest(), about, is_by_steps)


def _part(value: Json, network: Network) -> Unsafe:
    form = object_of(value, {"domain", "cases"}, "property: a part")
    domain = domain_of(form["domain"])
    if len(domain.lower) != network.inputs:
        raise Refusal("property: a domain has another number of inputs than the network")
    cases = [
        tuple(_condition(c, network) for c in list_of(case, "property: a case"))
        for case in list_of(form["cases"], "property: cases")
    ]
    if not cases:
        raise Refusal("property: a part has no case")
    return Unsafe(domain, tuple(cases))


def _condition(value: Json, network: Network) -> Condition:
    form = object_of(value, {"x", "y", "bound", "strict"}, "property: a condition")
    if not isinstance(form["strict"], bool):
        raise Refusal("property: strict is true or false")
    return Condition(
        vector(form["x"], network.inputs, "property"),
        vector(form["y"], network.size(network.output), "property"),
        rational(form["bound"], "property"),
        form["strict"],
    )


# ---- the network --------------------------------------------------------------------------------


def property_network(
    network: Network, cases: Sequence[Sequence[Condition]], margins: Sequence[Fraction]
) -> Network:
    """The network's layers, then excesses, then rounds of maxima, then margin − maximum per case.

    A case without conditions counts as 0 ≤ 0.
    """
    filled = [tuple(case) or (Condition((), (), Fraction(0), False),) for case in cases]
    layers = [*network.layers, _excesses(network, [c for case in filled for c in case])]
    counts = [len(case) for case in filled]
    while max(counts) > 1:
        layers += _round(len(layers), counts)
        counts = [(count + 1) // 2 for count in counts]
    last = layer_of(
        False, list(margins), [[(len(layers), [(k, Fraction(-1))])] for k in range(len(cases))]
    )
    return Network(network.inputs, (*layers, last), len(layers) + 1, "")


def rows_of(network: Network, rows: Sequence[Sequence[tuple[int, Fraction]]]) -> Network:
    """The network with one linear layer more, whose units are these sums of its outputs."""
    last = layer_of(False, [Fraction(0)] * len(rows), [[(network.output, row)] for row in rows])
    return Network(network.inputs, (*network.layers, last), len(network.layers) + 1, "")


def _excesses(network: Network, conditions: Sequence[Condition]) -> Layer:
    rows = [[(0, list(c.inputs)), (network.output, list(c.outputs))] for c in conditions]
    return layer_of(False, [-c.bound for c in conditions], rows)


def _round(terms: int, counts: Sequence[int]) -> list[Layer]:
    """relu(b − a) for neighbours a, b of each case, then a + that; the last of an odd number
    stays as it is."""
    steps: list[list[tuple[int, list[tuple[int, Fraction]]]]] = []
    maxima: list[list[tuple[int, list[tuple[int, Fraction]]]]] = []
    one, start = Fraction(1), 0
    for count in counts:
        for first in range(start, start + count, 2):
            row = [(terms, [(first, one)])]
            if first + 1 < start + count:
                row.append((terms + 1, [(len(steps), one)]))
                steps.append([(terms, [(first, -one), (first + 1, one)])])
            maxima.append(row)
        start += count
    zeros = [Fraction(0)]
    return [layer_of(True, zeros * len(steps), steps), layer_of(False, zeros * len(maxima), maxima)]
