"""The table of the documents is that of the cases, each of which another test makes and reads."""

from __future__ import annotations

from pathlib import Path

from exporters.models import CASES
from exporters.table import table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "exporters.md"


def test_the_table_of_the_documents_is_that_of_the_cases() -> None:
    assert table(CASES) in PAGE.read_text(encoding="utf-8")


def test_names_of_cases_are_distinct() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_cases_of_a_cell_come_to_one_outcome() -> None:
    found: dict[tuple[str, str], str] = {}
    for case in CASES:
        assert found.setdefault((case.block, case.exporter), case.expected.outcome) == (
            case.expected.outcome
        )
