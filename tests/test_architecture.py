"""docs/architecture.md: its table and its picture are those of the table of imports."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from support import module_of

ROOT = Path(__file__).resolve().parents[1]
REMEDY = "run: python docs/draw_imports.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "docs" / "draw_imports.py"
    return module_of(path)


def test_the_picture_is_drawn_from_the_table_of_imports(script: ModuleType) -> None:
    assert script.PICTURE.read_text(encoding="utf-8") == script.picture(), REMEDY


def test_the_table_of_packages_is_made_from_the_table_of_imports(script: ModuleType) -> None:
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), REMEDY
    assert script.table() in script.page()


def test_arrows_lead_to_all_that_may_be_imported_and_to_nothing_else(script: ModuleType) -> None:
    allowed, base = script.tables()
    arrows = script.graph()
    for name in allowed.keys() - base:
        targets = {script.BENEATH if v in base else v for v in allowed[name]}
        assert arrows[name] <= targets
        below, front = set(), set(arrows[name])
        while front:
            below |= front
            front = {w for v in front for w in arrows[v]} - below
        assert targets <= below


def test_every_recipe_is_linked() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for path in (ROOT / "docs" / "recipes").glob("*.md"):
        assert path.name == "README.md" or f"(recipes/{path.name})" in text
