"""The names of `import rectifold`: one table, and the same for type checkers."""

from __future__ import annotations

import ast
import doctest
from pathlib import Path

import pytest

import rectifold


@pytest.mark.parametrize("name", rectifold.PUBLIC)
def test_every_public_name_is_what_its_place_says(name: str) -> None:
    assert getattr(rectifold, name).__name__ == rectifold.PUBLIC[name].rpartition(".")[2]
    assert name in rectifold.__all__


def test_type_checkers_see_the_names_of_the_table() -> None:
    assert rectifold.__file__ is not None
    (block,) = (
        node
        for node in ast.parse(Path(rectifold.__file__).read_text(encoding="utf-8")).body
        if isinstance(node, ast.If)
    )
    named = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in block.body:  # check = check_certificate
        if isinstance(node, ast.Assign):
            ((target,), value) = node.targets, node.value
            assert isinstance(target, ast.Name)
            assert isinstance(value, ast.Name)
            named[target.id] = named.pop(value.id)
    assert named == rectifold.PUBLIC


def test_another_name_is_none() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        rectifold.nothing  # noqa: B018


def test_the_example_of_the_package_runs() -> None:
    result = doctest.testmod(rectifold)
    assert result.attempted >= 5
    assert result.failed == 0
