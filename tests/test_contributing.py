"""CONTRIBUTING.md and SECURITY.md: what they show runs, and what they name is there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rectifold.runtime.arrays import load_array
from test_imports import ALLOWED

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.*?)(?:  +#.*)?$", TEXT, re.MULTILINE)


def test_it_is_read_in_a_quarter_of_an_hour() -> None:
    assert len(TEXT.splitlines()) <= 165


@pytest.mark.parametrize("command", COMMANDS)
def test_a_campaign_that_is_shown_runs(command: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "python"
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)


def test_every_campaign_is_shown() -> None:
    assert len(COMMANDS) >= 6


def test_targets_of_make_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^    |`)make (\w+)", TEXT, re.MULTILINE))
    assert {"test", "check", "golden"} <= named
    assert all(f"\n{target}:" in makefile for target in named)


def test_the_map_has_every_package() -> None:
    rooms = set(re.findall(r"^      (\w+)", TEXT, re.MULTILINE))
    assert rooms == {name for name in ALLOWED if "." not in name} | {"cli"}


def test_there_are_as_many_questions_sentences_and_recipes_as_announced() -> None:
    parts = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
    questions = parts["Which room does my change belong to?"]
    assert len(re.findall(r"^\d+\. ", questions, re.MULTILINE)) == 8
    assert len(re.findall(r"^\d+\. ", parts["Style"], re.MULTILINE)) == 15
    linked = set(re.findall(r"docs/recipes/([a-z-]+)\.md", TEXT))
    assert linked == {path.stem for path in (ROOT / "docs" / "recipes").glob("[a-z]*.md")}


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md"])
def test_files_that_are_named_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", text):
        assert (ROOT / "compiler" / "rectifold" / name).exists(), name


def test_an_array_outside_the_folder_is_refused_as_promised(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "w.npy").write_bytes(b"")
    with pytest.raises(ValueError, match="outside"):
        load_array(tmp_path / "inner", "../w.npy", None)
