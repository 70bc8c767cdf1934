"""Help pages: complete, in the order of use, with examples that run; completion of shells."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree

import click
import numpy as np
import pytest
from click.testing import CliRunner

from rectifold.cli.documented import HEADINGS
from rectifold.cli.main import main
from rectifold.cli.table import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = [example for listed in COMMANDS.values() for example in listed.examples]
ALL = main.loaded()


def help_of(*words: str) -> str:
    result = CliRunner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0
    return result.output


def test_the_list_names_every_command_whole_in_the_order_of_use() -> None:
    text = help_of()
    lines = [f"  {name:<9}  {listed.line}" for name, listed in COMMANDS.items()]
    assert "\n".join(lines) in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert text.index("  compile ") < text.index("  verify ") < text.index("  run ")


@pytest.mark.parametrize("name", ["--help", "--version"])
def test_the_list_is_said_without_the_libraries_of_the_commands(name: str) -> None:
    seen = "import sys; from rectifold.cli.main import main; main([*sys.argv[1:]], prog_name='r')"
    after = "print(*{'numpy', 'networkx', 'flint', 'onnx', 'z3'} & {*sys.modules}, file=sys.stderr)"
    code = f"import atexit\natexit.register(lambda: {after})\n{seen}"
    done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout
    assert done.stderr == "\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_has_every_option_once_the_examples_and_the_statuses(name: str) -> None:
    text, listed = help_of(name), COMMANDS[name]
    options = [p for p in ALL[name].params if isinstance(p, click.Option)]
    for option in options:
        shown = re.escape(", ".join(sorted(option.opts, key=len)))
        assert len(re.findall(rf"^  {shown}(?=[ \n])", text, re.MULTILINE)) == 1, option.opts
    assert all(f"  {example}\n" in text for example in listed.examples)
    assert not re.search(r"^  (NET|CERTIFICATE|\[?OUT\]?|INPUT|PROPERTY)$", text, re.MULTILINE)
    statuses = text[text.index("Exit status:") :]
    assert all(f"\n  {status}  " in statuses for status in (2, *dict(listed.ends)))


def test_every_option_that_a_heading_claims_is_one_of_some_command() -> None:
    names = {parameter.name for command in ALL.values() for parameter in command.params}
    claimed = [name for heading in HEADINGS.values() for name in heading]
    assert set(claimed) <= names
    assert len(claimed) == len(set(claimed))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the examples read."""
    place = tmp_path_factory.mktemp("examples")
    copytree(ROOT / "examples", place / "examples")
    np.save(place / "states.npy", np.linspace(-0.05, 0.05, 40).reshape(10, 4))
    return place


@pytest.mark.parametrize("line", [e for e in EXAMPLES if not e.startswith("rectifold train")])
def test_the_examples_run_in_the_order_of_the_list(
    line: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    program, *words = shlex.split(line)
    if program == "python":
        subprocess.run([sys.executable, *words], check=True, capture_output=True)
        return
    if words[0] == "check":  # the tests run in any order; the proof is that of compile's example
        made = shlex.split(COMMANDS["compile"].examples[1])[1:]
        CliRunner().invoke(main, [*made, "--force"], catch_exceptions=False)
    result = CliRunner().invoke(main, [*words, *(["--force"] if writes(words[0]) else [])])
    assert result.exit_code == 0, result.output


def writes(command: str) -> bool:
    """Does it take --force? Examples may run again in the same folder."""
    return any("--force" in parameter.opts for parameter in ALL[command].params)


@pytest.mark.skipif(
    find_spec("torch") is None or find_spec("sklearn") is None,
    reason="training needs PyTorch, and its digits scikit-learn",
)
@pytest.mark.parametrize("line", COMMANDS["train"].examples)
def test_the_examples_of_training_run(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    few = ["--epochs", "1", "--finetune", "0", "--widths", "4"]
    result = CliRunner().invoke(main, [*shlex.split(line)[1:], *few])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_options_and_files(shell: str) -> None:
    assert "compile" in completed(shell, "comp")
    assert "--certificate" in completed(shell, "compile", "--cert")
    assert "c-int16" in completed(shell, "emit", "net.onnx", "--to", "c-i")
    assert "mixed" in completed(shell, "emit", "net.onnx", "--precision", "m")
    assert "file" in completed(shell, "compile", "examples/ti")
    assert "file" in completed(shell, "stability", "net.onnx", "--bounds", "fac")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_script_for_a_shell_asks_rectifold(shell: str) -> None:
    script = ran({"_RECTIFOLD_COMPLETE": f"{shell}_source"})
    assert f"_RECTIFOLD_COMPLETE={shell}_complete" in script


def completed(shell: str, *words: str) -> str:
    """What a shell is told when Tab is pressed behind the last word."""
    if shell == "fish":
        place = {"COMP_WORDS": shlex.join(["rectifold", *words]), "COMP_CWORD": words[-1]}
    else:
        place = {"COMP_WORDS": shlex.join(["rectifold", *words]), "COMP_CWORD": str(len(words))}
    return ran({"_RECTIFOLD_COMPLETE": f"{shell}_complete", **place})


def ran(surroundings: dict[str, str]) -> str:
    code = "from rectifold.cli.main import main; main(prog_name='rectifold')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | surroundings,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("command", ["compile", "emit", "shallow"])
def test_the_file_to_write_may_follow_the_network(
    command: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    name = f"of_{command}.relu"
    result = CliRunner().invoke(main, [command, "examples/tiny.relu", name])
    assert result.exit_code == 0, result.output
    assert Path(name).is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["compile", "examples/cartpole.onnx"],
            "for example: rectifold compile examples/cartpole.onnx cartpole_small.onnx",
        ),
        (["compile", "net.npz"], "for example: rectifold compile net.npz net_small.relu"),
        (
            ["reduce", "a.onnx", "p.vnnlib"],
            "for example: rectifold reduce a.onnx p.vnnlib a_small.onnx",
        ),
        (["compile", "a.relu", "b.py", "-o", "c.py"], "named twice, 'b.py' and -o 'c.py'"),
        (["examples/tiny.relu"], "no command but a file; to make it smaller: rectifold compile"),
        (["compil"], "No such command 'compil'"),
        (
            ["stability", "examples/cartpole.onnx"],
            'for 4 inputs, for example --domain "[0,1]" (the same range for each), '
            '--domain "[[0,1],[-1,1],[-1,1],[-1,1]]"',
        ),
    ],
)
def test_what_is_missing_is_asked_for_with_an_example(
    words: list[str], message: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert message in result.output
