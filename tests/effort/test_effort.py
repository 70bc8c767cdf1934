"""Every tuning number and every cap is a field of a frozen class, with a sentence."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest

from rectifold.effort.effort import Effort

SOURCE = Path(__file__).resolve().parents[2] / "compiler" / "rectifold"
ROOMS = sorted(path for path in (SOURCE / "effort").glob("*.py") if path.name != "effort.py")
FILES = [*ROOMS, SOURCE / "runtime" / "caps.py"]


def sentence_after(body: list[ast.stmt], k: int) -> str:
    """The string under the k-th statement of a class; "" where there is none."""
    after = body[k + 1] if k + 1 < len(body) else None
    if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
        return str(after.value.value)
    return ""


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_number_has_a_sentence(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            for k, field in enumerate(node.body):
                if isinstance(field, ast.AnnAssign):
                    said = sentence_after(node.body, k)
                    assert said.endswith("."), f"{node.name}.{ast.unparse(field)} says nothing"


@pytest.mark.parametrize("room", dataclasses.fields(Effort), ids=lambda f: f.name)
def test_no_number_changes_during_a_run(room: dataclasses.Field[object]) -> None:
    numbers = getattr(Effort.default(), room.name)
    name = dataclasses.fields(numbers)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(numbers, name, 0)


def test_every_number_is_read_somewhere() -> None:
    owners = {SOURCE / "effort", SOURCE / "runtime" / "caps.py"}
    read = {
        node.attr
        for path in SOURCE.rglob("*.py")
        if not owners & {path, path.parent}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    named = {
        ast.unparse(field.target)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        for field in node.body
        if isinstance(field, ast.AnnAssign)
    }
    assert named - read == set()


def test_a_time_limit_gives_its_seconds_to_the_search_alone() -> None:
    usual, timed = Effort.default(), Effort.timed(60.0)
    assert timed.prover.search_seconds == 60
    assert timed.prover.box_work > usual.prover.box_work
    assert dataclasses.replace(timed, prover=usual.prover) == usual
