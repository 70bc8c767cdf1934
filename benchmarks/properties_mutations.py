"""Ten changes of a certificate of a property, each of which leaves no proof: all must be refused.

    another network's or another property's digest     a margin below 0, or beyond all excesses
    no final comparison, or a step after it            the first or the last claim too good
    all proofs left out, or the last one cut short

Sound as a test because each changed certificate claims something false, or lacks what it needs: a
checker that accepts one is wrong. Digests are left alone but in the first two.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from properties_common import Pair

from rectifold.formats.load import load
from rectifold.formats.vnnlib_property import read_property
from rectifold.ir.canonical import canonical_text, property_text
from rectifold_check import check_property

BEYOND = str(10**12)
"""More than any value of a network here."""
Lines = list[str]


def count_refused(pair: Pair, certificate: Path) -> tuple[int, int]:
    """(refused, tried) changes of the certificate."""
    network = load(str(pair.network)).network
    asked = read_property(pair.property_file, network.input_size, network.output_size)
    texts = canonical_text(network), property_text(asked)
    lines = certificate.read_text().splitlines()
    verdicts = [check_property(*texts, tuple(change(list(lines)))) for change in CHANGES]
    return sum(not verdict.holds for verdict in verdicts), len(verdicts)


def _with_head(change: Callable[[dict[str, Any]], None]) -> Callable[[Lines], Lines]:
    def changed(lines: Lines) -> Lines:
        head = json.loads(lines[0])
        change(head)
        return [json.dumps(head), *lines[1:]]

    return changed


def _another_network(head: dict[str, Any]) -> None:
    head["network"] = head["property"]


def _another_property(head: dict[str, Any]) -> None:
    head["property"] = head["network"]


def _a_negative_margin(head: dict[str, Any]) -> None:
    head["margins"][0][0] = "-1"


def _too_large_a_margin(head: dict[str, Any]) -> None:
    head["margins"][0][0] = BEYOND


def _no_comparison(lines: Lines) -> Lines:
    return lines[:-1]


def _a_step_after_it(lines: Lines) -> Lines:
    return [*lines, lines[-1]]


def _no_proofs(lines: Lines) -> Lines:
    """The comparisons alone. (Without the last proof, bounds of units may be enough.)"""
    return [lines[0], *(line for line in lines if line.startswith('["final"'))]


def _too_good_a_claim(lines: Lines) -> Lines:
    return _with_step(lines, len(lines) - 2)


def _too_good_a_bound(lines: Lines) -> Lines:
    """Of the first step that claims something."""
    proofs = [k for k, line in enumerate(lines) if line.startswith(('["cases"', '["boxes"'))]
    return _with_step(lines, proofs[0])


def _a_short_proof(lines: Lines) -> Lines:
    last = json.loads(lines[-2])
    return [*lines[:-2], json.dumps(last[:-1]), lines[-1]]


def _with_step(lines: Lines, at: int) -> Lines:
    """The step at a line with its first claim false."""
    step = json.loads(lines[at])
    claim = step[3][0] if step[0] == "boxes" else step
    place = 2 if step[0] == "boxes" else 3
    claim[place] = BEYOND if "lo" in claim else f"-{BEYOND}"
    return [*lines[:at], json.dumps(step), *lines[at + 1 :]]


CHANGES = (
    *map(
        _with_head,
        (_another_network, _another_property, _a_negative_margin, _too_large_a_margin),
    ),
    _no_comparison,
    _a_step_after_it,
    _no_proofs,
    _too_good_a_claim,
    _too_good_a_bound,
    _a_short_proof,
)
