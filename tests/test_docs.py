"""Every command and example in the documents runs."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from rectifold.cli.main import main
from rectifold.exact.matrix import Matrix
from rectifold.formats.load import load
from rectifold.language.elaborate import parse
from rectifold.language.printer import print_network
from rectifold.prover.cascade import prove
from support import module_of

ROOT = Path(__file__).resolve().parents[1]
FENCE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(file: str, kind: str) -> list[str]:
    found = [
        text
        for name, text in FENCE.findall((ROOT / file).read_text(encoding="utf-8"))
        if name == kind
    ]
    assert found, f"{file} has no {kind} example"
    return found


@pytest.fixture
def copy_of_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "examples").mkdir()
    for path in (ROOT / "examples").iterdir():
        if path.is_file():
            (tmp_path / "examples" / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


DOCUMENTS = [
    "README.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
]
WITH_COMMANDS = [name for name in DOCUMENTS if "```console" in (ROOT / name).read_text("utf-8")]


def test_the_guides_have_commands() -> None:
    assert len(WITH_COMMANDS) >= 6


@dataclass(frozen=True)
class Shown:
    """Commands that stand together in a document, and the output shown below them, if any."""

    commands: tuple[str, ...]
    output: tuple[str, ...]


def shown_in(text: str) -> list[Shown]:
    """Every console block, with the text block that follows it directly."""
    found, after_console = list[Shown](), -1
    for fence in FENCE.finditer(text):
        kind, body = fence.groups()
        lines = tuple(line.strip() for line in body.splitlines())
        if kind == "console":
            commands = tuple(line[2:] for line in lines if line.startswith("$ "))
            found.append(Shown(commands, ()))
            after_console = fence.end()
        elif kind == "text" and not text[after_console : fence.start()].strip():
            found[-1] = Shown(found[-1].commands, tuple(v for v in lines if v != "…"))
    return found


def run_line(line: str) -> str:
    """What a command prints. Its status is 0, or what a comment behind it says."""
    words = shlex.split(line, comments=True)
    expected = re.search(r"# ends with status (\d+)$", line)
    status = int(expected[1]) if expected else 0
    if words[0] == "rectifold":
        result = CliRunner().invoke(main, words[1:])
        assert result.exit_code == status, (line, result.output)
        return result.output
    assert words[0] in ("python", "cc") or words[0].startswith("./")
    program = sys.executable if words[0] == "python" else words[0]
    done = subprocess.run([program, *words[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == status, (line, done.stderr)
    return done.stdout


def missing_lines(shown: Iterable[str], printed: str) -> list[str]:
    """The first line shown that is not printed, or not in this order, and those after it."""
    lines = iter([line.strip() for line in printed.splitlines()])
    left = list(shown)
    while left and any(is_shown_by(left[0], line) for line in lines):
        left.pop(0)
    return left


def is_shown_by(shown: str, line: str) -> bool:
    """Is this the line, or its beginning and "…"?"""
    return line == shown or (shown.endswith("…") and line.startswith(shown[:-1]))


def can_train() -> bool:
    return all(importlib.util.find_spec(name) for name in ("torch", "sklearn"))


@pytest.mark.parametrize("file", WITH_COMMANDS)
def test_commands_of_a_document_run_and_print_what_is_shown(
    file: str, copy_of_examples: Path
) -> None:
    found = shown_in((ROOT / file).read_text(encoding="utf-8"))
    assert found
    for part in found:
        if shutil.which("cc") is None and any(v.startswith(("cc ", "./")) for v in part.commands):
            continue  # compiled code needs a compiler, here as in the tests of emitted C
        if any(v.startswith("rectifold train ") for v in part.commands) and not can_train():
            continue  # `make exporters` runs these
        printed = "".join(run_line(line) for line in part.commands)
        assert missing_lines(part.output, printed) == [], printed


@pytest.mark.parametrize("file", ["README.md", "docs/tutorial.md"])
def test_a_first_page_shows_what_is_printed(file: str) -> None:
    assert any(part.output for part in shown_in((ROOT / file).read_text(encoding="utf-8")))


def test_a_line_that_is_not_printed_is_found() -> None:
    (part,) = shown_in("```console\n$ a\n$ b  # ends with status 1\n```\n\n```text\nx\n…\ny\n```\n")
    assert part == Shown(("a", "b  # ends with status 1"), ("x", "y"))
    assert missing_lines(part.output, "x\nz\n  y  \n") == []
    assert missing_lines(part.output, "y\nx\n") == ["y"]
    assert missing_lines(["sum 12…"], "sum 1234\n") == []
    assert missing_lines(["sum 13…"], "sum 1234\n") == ["sum 13…"]
    assert shown_in("```console\n$ a\n```\nWords.\n```text\nx\n```\n") == [Shown(("a",), ())]


def test_readme_library_example_runs(copy_of_examples: Path) -> None:
    for block in blocks("README.md", "python"):
        result = subprocess.run(
            [sys.executable, "-c", block], check=True, capture_output=True, text=True
        )
        assert "holds" in result.stdout


@pytest.mark.parametrize("file", ["README.md", "grammar/README.md"])
def test_language_examples_compile(file: str) -> None:
    for block in blocks(file, "relu"):
        network = parse(block)
        assert parse(print_network(network)) == network


def test_the_error_shown_in_the_reference_is_the_error_given() -> None:
    (shown,) = blocks("grammar/README.md", "text")
    source = "network tiny\ninput x[3]\nconst W = [[1, 0, -1]]\nh = rellu(W @ x)\noutput h\n"
    with pytest.raises(ValueError, match="rellu") as caught:
        parse(source, "tiny.relu")
    assert str(caught.value) == shown.strip()


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.relu")), ids=lambda p: p.stem)
def test_example_networks_read_and_prove(path: Path) -> None:
    network = load(path).network
    assert prove(network).complete
    assert parse(print_network(network)) == network


def test_the_trained_example_can_be_made_again(tmp_path: Path) -> None:
    script = ROOT / "examples" / "train_cartpole.py"
    subprocess.run([sys.executable, str(script), str(tmp_path / "c.onnx")], check=True)
    made, stored = (
        load(tmp_path / "c.onnx").network,
        load(ROOT / "examples" / "cartpole.onnx").network,
    )
    assert [layer.size for layer in made.layers] == [layer.size for layer in stored.layers]
    assert isinstance(made.layers[0].bias, Matrix)


def test_the_reference_of_commands_is_made_from_the_commands() -> None:
    script = ROOT / "docs" / "make_cli_reference.py"
    module = module_of(script)
    written = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert written == module.reference(), "run: python docs/make_cli_reference.py"
