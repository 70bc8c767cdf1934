"""What is released: a wheel and an sdist, built here offline, and the wheel installed by itself."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import venv
from email.message import Message
from email.parser import Parser
from importlib.metadata import EntryPoint
from pathlib import Path
from zipfile import ZipFile

import pytest

import rectifold

ROOT = Path(__file__).resolve().parents[1]
BUILD = "import sys; from hatchling.build import *; globals()['build_' + sys.argv[1]](sys.argv[2])"


def built(kind: str, folder: Path) -> Path:
    """The file that hatchling makes of this checkout."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def members(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path, members: set[str]) -> Message:
    (name,) = (name for name in members if name.endswith(".dist-info/METADATA"))
    with ZipFile(wheel) as archive:
        return Parser().parsestr(archive.read(name).decode())


@pytest.mark.parametrize(
    "name",
    [
        "rectifold/py.typed",
        "rectifold/grammar/relu.lark",
        "rectifold/grammar/relu_lexer.py",
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


def test_a_wheel_says_what_it_is(metadata: Message) -> None:
    assert metadata["Version"] == rectifold.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Author"]
    classifiers = metadata.get_all("Classifier") or []
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    for version in ("3.11", "3.12", "3.13"):
        assert f"Programming Language :: Python :: {version}" in classifiers
        assert f'"{version}"' in workflow
    assert "Typing :: Typed" in classifiers


def test_the_first_entry_of_the_changelog_is_this_version() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    first = next(line for line in lines if line.startswith("## "))
    assert first.split()[1] == rectifold.__version__


def test_an_sdist_holds_what_builds_tests_and_documents_need(
    tmp_path: Path, members: set[str]
) -> None:
    with tarfile.open(built("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        archive.extractall(tmp_path / "source", filter="data")
    for name in (
        "pyproject.toml",
        "grammar/relu.lark",
        "tests/test_wheel.py",
        "examples/tiny.relu",
    ):
        assert name in names
    (source,) = (tmp_path / "source").iterdir()
    wheel = tmp_path / "again"
    done = subprocess.run([sys.executable, "-c", BUILD, "wheel", str(wheel)], cwd=source)
    assert done.returncode == 0
    (file,) = wheel.iterdir()
    with ZipFile(file) as archive:
        assert set(archive.namelist()) == members


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The command, in a fresh environment with the wheel; libraries are those of the tests."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    place = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    with ZipFile(wheel) as archive:
        archive.extractall(place)
    (libraries,) = {str(Path(rectifold_library).parents[1]) for rectifold_library in (_numpy(),)}
    (place / "libraries.pth").write_text(libraries + "\n")
    return folder / "bin" / "python"


def _numpy() -> str:
    import numpy

    return str(numpy.__file__)


def test_an_installed_wheel_compiles_and_checks(
    program: Path, metadata: Message, tmp_path: Path
) -> None:
    def say(*words: str) -> str:
        done = subprocess.run(
            [str(program), "-m", *words], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert say("rectifold", "--version") == f"rectifold, version {metadata['Version']}\n"
    network = str(ROOT / "examples" / "thermostat.relu")
    assert "certificate: holds" in say(
        "rectifold", "compile", network, "out.py", "--certificate", "c.jsonl"
    )
    assert say("rectifold", "check", network, "c.jsonl").startswith("holds: ")
    where = subprocess.run(
        [str(program), "-c", "import rectifold; print(rectifold.__file__)"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert Path(where.stdout.strip()).is_relative_to(program.parents[1])


def test_the_command_and_the_lexer_are_entries_of_the_wheel(wheel: Path, program: Path) -> None:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        text = archive.read(name).decode()
    command = EntryPoint("rectifold", "rectifold.__main__:start", "console_scripts")
    lexer = EntryPoint("relu", "rectifold.grammar.relu_lexer:ReluLexer", "pygments.lexers")
    assert f"{command.name} = {command.value}" in text
    assert f"{lexer.name} = {lexer.value}" in text
    code = "from pygments.lexers import get_lexer_by_name as l; print(l('relu').name)"
    done = subprocess.run([str(program), "-c", code], capture_output=True, text=True)
    assert done.stdout == "rectifold network\n", done.stderr
