"""The pages of decisions: numbered, listed, of one form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
PARTS = ["Context", "Decision", "What was measured", "Consequences"]


def test_pages_are_numbered_without_a_gap_and_all_are_listed() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \| \[(.*)\]\((.*)\) \|$", index, re.MULTILINE)
    assert [name for _, _, name in listed] == [path.name for path in PAGES]
    assert [int(number) for number, _, _ in listed] == list(range(1, len(PAGES) + 1))
    for (number, title, name), path in zip(listed, PAGES, strict=True):
        assert name.startswith(f"{int(number):04d}-")
        assert path.read_text(encoding="utf-8").startswith(f"# {number}. {title}\n")


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_a_page_is_short_and_says_what_was_measured(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS
    assert len(text.splitlines()) <= 40
