"""Every recipe: its diff applies to the sources, touches the files it says, and its tests pass."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RECIPES = ROOT / "docs" / "recipes"
SOURCES = ("compiler", "docs", "examples", "grammar", "tests")
FILES: Mapping[str, tuple[int, ...]] = {  # files that each diff of a page touches
    "function": (5,),
    "pass": (4,),
    "stage": (5,),
    "emitter": (4,),
    "format": (5, 5),
    "certificate-rule": (8,),
    "command": (4,),
}
_EXAMPLE = re.compile(r"```diff\n(.*?)```\n\n```sh\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Example:
    """A diff, and the commands that stand below it."""

    diff: str
    commands: tuple[str, ...]

    @property
    def files(self) -> list[str]:
        return re.findall(r"^\+\+\+ b/(.*)$", self.diff, re.MULTILINE)


def examples(page: str) -> list[Example]:
    text = (RECIPES / f"{page}.md").read_text(encoding="utf-8")
    return [
        Example(diff, tuple(re.findall(r"^\$ (.*)$", lines, re.MULTILINE)))
        for diff, lines in _EXAMPLE.findall(text)
    ]


EXAMPLES = [
    pytest.param(example, id=f"{page}{k or ''}")
    for page in FILES
    for k, example in enumerate(examples(page))
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources in a folder of their own."""
    without = shutil.ignore_patterns("__pycache__")
    for name in SOURCES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=without)
    for path in (*ROOT.glob("*.md"), ROOT / "pyproject.toml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def ran(folder: Path, *command: str, text: str = "") -> str:
    """What a command prints in the copy, which is the first on the path. It must end with 0."""
    apart = {
        "PYTHONPATH": str(folder / "compiler"),
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    result = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **apart},
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{shlex.join(command)}\n{result.stdout}"
    return result.stdout


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_recipe_applies_and_its_tests_pass(example: Example, copy: Path) -> None:
    ran(copy, "git", "apply", "-", text=example.diff)
    changed = [name for name in example.files if name.endswith(".py")]
    ran(copy, sys.executable, "-m", "ruff", "check", "--quiet", *changed)
    ran(copy, sys.executable, "-m", "ruff", "format", "--check", "--quiet", *changed)
    assert any("pytest" in command for command in example.commands)
    for command in example.commands:
        program, *arguments = shlex.split(command)
        assert program == "python"
        printed = ran(copy, sys.executable, *arguments)
        assert "pytest" not in command or " passed" in printed


def test_the_copy_is_what_is_imported(copy: Path) -> None:
    command = "import rectifold, rectifold_check; print(rectifold.__file__)"
    assert ran(copy, sys.executable, "-c", command).startswith(str(copy))


@pytest.mark.parametrize("page", FILES)
def test_a_recipe_touches_as_many_files_as_it_may(page: str) -> None:
    assert tuple(len(set(example.files)) for example in examples(page)) == FILES[page]


@pytest.mark.parametrize("page", FILES)
def test_a_recipe_lists_the_files_that_its_diff_touches(page: str) -> None:
    text = (RECIPES / f"{page}.md").read_text(encoding="utf-8")
    for example in examples(page):
        for name in example.files:
            folder, _, file = name.rpartition("/")
            known = rf"{file}|(\w*_)?NAME\.\w+"
            assert re.search(rf"^\| .*({known}|`{folder}/`|beside it)", text, re.MULTILINE), name


def test_every_recipe_is_tested_and_listed() -> None:
    pages = {path.stem for path in RECIPES.glob("*.md")} - {"README"}
    index = (RECIPES / "README.md").read_text(encoding="utf-8")
    assert pages == set(FILES)
    assert set(re.findall(r"\]\(([a-z-]+)\.md\)", index)) == pages
