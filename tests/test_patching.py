"""Tests set no private name and no number of the product: where they want another, they pass it.

monkeypatch.setattr("rectifold.smt.process._GRACE", 0.0)      no: private
monkeypatch.setattr(tree, "BATCH", 2)                         no: a number of the product
Solver(effort=RunningEffort(z3_grace_seconds=0.0))            yes
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = sorted(Path(__file__).parent.rglob("*.py"))


def patched_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, name) of what `setattr` or `patch` sets: by a dotted path, or beside a target."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node.func) in ("setattr", "patch", "object"):
            words = [a.value for a in node.args[:2] if isinstance(a, ast.Constant)]
            texts = [word for word in words if isinstance(word, str)]
            yield from ((node.lineno, text.rpartition(".")[2]) for text in texts[:1])


def called(function: ast.expr) -> str:
    """The last name of a call: `monkeypatch.setattr` is `setattr`."""
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def is_ours_alone(name: str) -> bool:
    """Private, or a constant; names with two underscores are Python's."""
    is_private = name.startswith("_") and not name.startswith("__")
    return is_private or name.strip("_").isupper()


@pytest.mark.parametrize("path", TESTS, ids=lambda p: p.name)
def test_no_private_name_and_no_number_is_set(path: Path) -> None:
    found = patched_names(ast.parse(path.read_text(encoding="utf-8")))
    assert [row for row in found if is_ours_alone(row[1])] == []


@pytest.mark.parametrize(
    ("line", "is_refused"),
    [
        ('monkeypatch.setattr("rectifold.smt.process._GRACE", 0.0)', True),
        ('monkeypatch.setattr(tree, "BATCH", 2)', True),
        ('monkeypatch.setattr(tree.Search, "_split", nothing)', True),
        ('mock.patch("rectifold.search.boxes.tree._BATCH", 2)', True),
        ('monkeypatch.setattr(builtins, "__import__", without)', False),
        ('monkeypatch.setattr(Times, "with_certificate", early)', False),
        ('monkeypatch.setenv("RECTIFOLD_DEBUG", "1")', False),
    ],
)
def test_what_is_refused(line: str, is_refused: bool) -> None:
    names = [name for _, name in patched_names(ast.parse(line))]
    assert any(map(is_ours_alone, names)) is is_refused
