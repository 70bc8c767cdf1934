"""`assert` of the product narrows types only: `python -O` leaves it out, and may lose no check.

assert low is not None                        yes: without it the next line fails, or is right
assert not left, "units do not match"         no: if left: raise AssertionError("…")
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

COMPILER = Path(__file__).resolve().parents[1] / "compiler"
FILES = sorted(COMPILER.rglob("*.py"))


def checks(tree: ast.AST) -> Iterator[str]:
    """The asserts that are more than a type."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and (node.msg is not None or not is_type(node.test)):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def is_type(test: ast.expr) -> bool:
    match test:
        case ast.Compare(ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return True
        case ast.Call(func=ast.Name(id="isinstance" | "callable")):
            return True
        case _:
            return False


@pytest.mark.parametrize("package", ["rectifold", "rectifold_check"])
def test_asserts_narrow_types_only(package: str) -> None:
    found = {
        str(path.relative_to(COMPILER)): lines
        for path in FILES
        if path.is_relative_to(COMPILER / package)
        and (lines := list(checks(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert not found


def test_what_counts_as_a_check() -> None:
    text = "assert a is not None\nassert isinstance(a, int)\nassert a\nassert a is not None, 'why'"
    assert [line[:6] for line in checks(ast.parse(text))] == ["line 3", "line 4"]
