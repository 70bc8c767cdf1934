"""FORMAT.md and the code say the same: rules, how each is written, facts, and no long line."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

import rectifold_check
from certificate_lines import FINAL, verdict
from rectifold.certificate.steps import FactKind
from rectifold_check.rules import RULES
from rectifold_check.rules.facts import FACTS
from support import canonical_chain

FORMAT = Path(rectifold_check.__file__).with_name("FORMAT.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n\n(.*?)(?=^##|\Z)", FORMAT, re.MULTILINE | re.DOTALL))


def test_there_is_a_heading_per_rule_in_the_order_of_the_table() -> None:
    assert list(SECTIONS) == list(RULES)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_written_as_its_heading_says_and_told_to_be_sound(name: str) -> None:
    first, _, rest = SECTIONS[name].partition("\n")
    assert first.strip() == RULES[name].written
    assert ("*Sound*: " in rest) == (name != "trusted")


def test_rules_of_one_file_stand_together() -> None:
    modules = [rule.apply.__module__ for rule in RULES.values()]
    changes = sum(a != b for a, b in pairwise(modules))
    assert changes == len(set(modules)) - 1


def test_the_table_of_facts_is_complete() -> None:
    assert re.findall(r"^\| `(\w+)` \|", FORMAT, re.MULTILINE) == [*FACTS, "dom"]
    assert set(get_args(FactKind)) == set(FACTS)


def test_no_line_of_the_format_is_long() -> None:
    assert max(map(len, FORMAT.splitlines())) <= 100


@pytest.mark.parametrize("name", RULES)
def test_a_malformed_step_is_refused_with_how_it_is_written(name: str) -> None:
    network = canonical_chain(("R", "", ["0:1"]))
    told = verdict(network, network, [name], *([] if name == "final" else [FINAL]))
    assert told == f"refused: a step {name!r} is malformed, expected {RULES[name].written}"


def test_an_unknown_step_is_refused_with_those_that_are_known() -> None:
    network = canonical_chain(("R", "", ["0:1"]))
    told = verdict(network, network, ["believe", [0, 1, 0]], FINAL)
    assert told == f"refused: unknown step 'believe', expected one of {', '.join(RULES)}"
