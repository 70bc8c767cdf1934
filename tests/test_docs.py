"""Every command and example in the documents runs."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rectifold.cli.main import main
from rectifold.exact.matrix import Matrix
from rectifold.formats.load import load
from rectifold.language.elaborate import parse
from rectifold.language.printer import print_network
from rectifold.prover.cascade import prove

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


@pytest.mark.parametrize("file", WITH_COMMANDS)
def test_commands_of_a_document_run_in_order(file: str, copy_of_examples: Path) -> None:
    lines = [
        line[2:]
        for block in blocks(file, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    assert lines
    for line in lines:
        program, *arguments = shlex.split(line)
        if program == "rectifold":
            result = CliRunner().invoke(main, arguments)
            assert result.exit_code == 0, (line, result.output)
        else:
            assert program == "python"
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def test_the_output_in_the_readme_is_what_the_command_prints(copy_of_examples: Path) -> None:
    (command,) = [line[2:] for line in blocks("README.md", "console")[0].splitlines()]
    printed = CliRunner().invoke(main, shlex.split(command)[1:]).output.splitlines()
    (shown,) = blocks("README.md", "text")
    for line in shown.splitlines():
        assert line in printed


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 140


def long_lines(text: str) -> list[str]:
    """Lines of more than 100 characters, but for tables, commands to copy and links."""
    return [
        line
        for line in text.splitlines()
        if len(line) > 100 and not re.match(r"\||\$ |!?\[[^]]*\]\([^)]*\)$", line)
    ]


WRAPPED = [*DOCUMENTS, "CHANGELOG.md", "CONTRIBUTING.md", "grammar/README.md"]


@pytest.mark.parametrize("file", WRAPPED)
def test_lines_of_a_document_have_at_most_100_characters(file: str) -> None:
    assert long_lines((ROOT / file).read_text(encoding="utf-8")) == []


def test_a_long_line_is_found_and_a_row_of_a_table_is_not() -> None:
    words = "word " * 21
    assert long_lines(f"| {words}\n$ {words}\nshort\n{words}") == [words]


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


def test_make_targets_named_in_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(
        re.findall(r"(?:^    |`)make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    ):
        assert f"\n{target}:" in makefile


@pytest.mark.parametrize(
    "file",
    [*DOCUMENTS, "CONTRIBUTING.md", "grammar/README.md", "compiler/rectifold_check/FORMAT.md"],
)
def test_links_in_the_documents_lead_somewhere(file: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / file).read_text(encoding="utf-8")):
        assert (ROOT / file).parent.joinpath(target).exists(), (file, target)


def test_the_reference_of_commands_is_made_from_the_commands() -> None:
    script = ROOT / "docs" / "make_cli_reference.py"
    spec = importlib.util.spec_from_file_location("make_cli_reference", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert written == module.reference(), "run: python docs/make_cli_reference.py"


def anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", v.lower()).replace(" ", "-") for v in headings}


def test_references_from_code_to_the_documents_lead_to_a_heading() -> None:
    found = [
        (path, *reference)
        for path in sorted((ROOT / "compiler").rglob("*.py"))
        for reference in re.findall(
            r"(docs/[\w/-]+\.md)#([a-z0-9-]+)", path.read_text(encoding="utf-8")
        )
    ]
    assert len(found) >= 14
    for path, file, anchor in found:
        assert anchor in anchors(ROOT / file), (path, file, anchor)


def test_code_cites_no_document_by_section_number() -> None:
    for path in sorted((ROOT / "compiler").rglob("*.py")):
        assert "mathematics \u00a7" not in path.read_text(encoding="utf-8"), path
