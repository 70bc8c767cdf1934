"""What an installed rectifold holds: types, the grammar, the texts of emitted code, FORMAT.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of a wheel that is built here, offline."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize(
    "name",
    [
        "rectifold/py.typed",
        "rectifold/grammar/relu.lark",
        "rectifold_check/py.typed",
        "rectifold_check/FORMAT.md",
    ],
)
def test_a_wheel_holds_what_is_no_module(members: set[str], name: str) -> None:
    assert name in members


def test_a_wheel_holds_every_module_and_every_text_of_emitted_code(members: set[str]) -> None:
    source = ROOT / "compiler"
    files = {p for suffix in ("py", "tmpl") for p in source.rglob(f"*.{suffix}")}
    assert {p.relative_to(source).as_posix() for p in files} <= members


def test_a_wheel_holds_no_test(members: set[str]) -> None:
    assert not [name for name in members if name.startswith(("tests/", "benchmarks/", "docs/"))]
