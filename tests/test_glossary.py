"""The glossary of docs/concepts.md: every term has a meaning, and every name in code is there."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "concepts.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| term ")
]
NAMES = [name for row in ROWS for name in re.findall(r"`([\w.]+)`", row[2])]


def found(name: str) -> Any:
    """What a dotted name stands for. Raises LookupError where there is nothing."""
    words = (name if name.startswith("rectifold_check") else f"rectifold.{name}").split(".")
    for count in range(len(words), 0, -1):
        try:
            place: Any = import_module(".".join(words[:count]))
        except ModuleNotFoundError:
            continue
        for word in words[count:]:
            place = inside(place, word)
        return place
    raise LookupError(name)


def inside(place: Any, word: str) -> Any:
    """An attribute, or the field of a dataclass."""
    if hasattr(place, word):
        return getattr(place, word)
    if is_dataclass(place) and word in {field.name for field in fields(place)}:
        return place
    raise LookupError(f"{place} has no {word}")


@pytest.mark.parametrize("name", NAMES)
def test_names_of_the_glossary_are_in_the_code(name: str) -> None:
    assert found(name) is not None


def test_a_name_that_is_not_there_is_found() -> None:
    with pytest.raises(LookupError, match="Nothing"):
        found("ir.network.Nothing")
    with pytest.raises(LookupError, match="nowhere"):
        found("nowhere")


def test_every_term_has_a_meaning_and_a_name() -> None:
    assert len(ROWS) >= 60
    for row in ROWS:
        assert len(row) == 3, row
        assert all(row), row
        assert re.search(r"`[\w.]+`", row[2]), row


def test_no_term_stands_twice() -> None:
    terms = [term for row in ROWS for term in row[0].split(", ")]
    assert len(terms) == len(set(terms))
