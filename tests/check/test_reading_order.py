"""The checker can be read top to bottom: a file imports those above it in the map, and no more."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

import rectifold_check

ROOT = Path(rectifold_check.__file__).parent
MAP = re.findall(r"^    ((?:\w+/?(?:, )?)+) {2,}", str(rectifold_check.__doc__), re.MULTILINE)
ORDER = [name.rstrip("/") for line in MAP for name in line.split(", ")]
FILES = [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "__init__.py"]


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return found


def test_the_map_names_every_file_once() -> None:
    assert sorted(ORDER) == sorted({part_of(path) for path in FILES})


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_the_standard_library_and_what_stands_above_it(path: Path) -> None:
    own = ORDER.index(part_of(path))
    for name in imported(path):
        head, *rest = name.split(".")
        if head == "rectifold_check":
            is_in_its_folder = path.parent != ROOT and rest[0] == part_of(path)
            assert ORDER.index(rest[0]) < own or is_in_its_folder, name
        else:
            assert head in sys.stdlib_module_names, name
