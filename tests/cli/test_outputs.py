"""What commands refuse to write, and what goes to standard output."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from rectifold.cli.main import main
from rectifold.formats.load import load

NET = "input x[2] in [-1, 1]\nh = relu([[1, 2], [-1, 0]] @ x)\ny = [1, 1] @ h\noutput y\n"

REFUSED = [
    ("emit net.relu -o for.c --force", "no C identifier"),
    ("emit net.relu -o net.relu --force", "-o and the input net.relu are one file"),
    ("emit net.relu -o link.relu --force", "-o and the input net.relu are one file"),
    ("emit net.relu -o hard.relu --force", "-o and the input net.relu are one file"),
    (
        "emit net.relu --domain box.vnnlib -o box.vnnlib --to relu --force",
        "-o and the input box.vnnlib",
    ),
    ("compile net.relu -o x.relu --certificate x.relu", "--certificate and -o are one file"),
    (
        "compile net.relu -o c1.c --certificate c1.h",
        "--certificate and -o (which writes c1.h too) are one file",
    ),
    (
        "compile net.relu -o c1.c --json c1_weights.bin",
        "--json and -o (which writes c1_weights.bin too)",
    ),
    (
        "compile net.relu -o q.py --json q_weights.json",
        "--json and -o (which writes q_weights.json too)",
    ),
    ("compile net.relu -o x.relu --json /dev/null", "/dev/null is a device"),
    ("compile net.relu -o x.relu --json net.relu", "--json and the input net.relu are one file"),
    ("compile net.relu -o x.relu --json gone/x", "there is no folder 'gone'"),
    ("compile net.relu -o x.relu --log net.relu", "--log and the input net.relu are one file"),
    ("compile net.relu -o x.relu --log x.relu", "--log and -o are one file"),
    (
        "compile net.relu -o x.relu --log same.relu",
        "same.relu is there, and was not written by --log",
    ),
    ("compile net.relu -o - --to relu --json -", "-o and --json both write to standard output"),
    ("compile net.relu -o -", "standard output has no suffix; give --to relu|"),
    ("compile net.relu -o - --to c", "standard output takes one; give --single-file, -o the name"),
    (
        "compile net.relu -o x.relu --certificate -",
        "--certificate does not write to standard output",
    ),
    ("verify net.relu same.relu --json gone/x", "there is no folder 'gone'"),
    (
        "verify net.relu same.relu --counterexample same.relu --force",
        "--counterexample and the input same.relu",
    ),
    (
        "verify net.relu same.relu --counterexample c --certificate c",
        "--certificate and --counterexample are",
    ),
    ("stability net.relu --json net.relu", "--json and the input net.relu are one file"),
    ("stability net.relu --plot a.svg --json a.svg", "--json and --plot are one file"),
    ("regions net.relu --npz r.npz --plot r.npz", "--plot and --npz are one file"),
    ("shallow net.relu -o s.py --certificate s.py", "--certificate and -o are one file"),
    (
        "shallow net.relu -o s.py --plot s_weights.json",
        "--plot and -o (which writes s_weights.json too)",
    ),
    (
        "stability net.relu --json same.relu",
        "same.relu is there, and was not written by --json",
    ),
    ("emit net.relu -o there.c", "there.h exists already; give --force"),
    ("check net.relu c.txt --json c.txt", "--json and the input c.txt are one file"),
    ("run net.relu p.npy --json p.npy", "--json and the input p.npy are one file"),
    ("show net.relu --json folder", "folder is a folder"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.relu").write_text(NET)
    Path("same.relu").write_text(NET)
    Path("c.txt").write_text("{}\n")
    Path("p.npy").write_text("no array")
    Path("box.vnnlib").write_text("(declare-const X_0 Real)\n")
    Path("there.h").write_text("old")
    Path("folder").mkdir()
    os.symlink("net.relu", "link.relu")
    os.link("net.relu", "hard.relu")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


@pytest.mark.parametrize(("command", "message"), [pytest.param(*m, id=m[0][:60]) for m in REFUSED])
def test_an_output_that_would_destroy_something_is_refused(
    folder: Path, command: str, message: str
) -> None:
    before = contents(folder)
    result = CliRunner().invoke(main, command.split())
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2  # perhaps a note before the error
    assert result.stdout == ""
    assert contents(folder) == before


@pytest.mark.parametrize("command", ["emit", "compile", "shallow"])
def test_a_network_goes_to_standard_output_and_nothing_else_does(
    folder: Path, command: str
) -> None:
    result = CliRunner().invoke(main, [command, "net.relu", "-o", "-", "--to", "relu"])
    assert result.exit_code == 0, result.output
    Path("again.relu").write_text(result.stdout)
    assert load("again.relu").network.input_size == 2
    assert "-" not in [p.name for p in folder.iterdir()]


def test_a_pipe_gets_the_bytes_of_a_binary_format(folder: Path) -> None:
    command = [sys.executable, "-m", "rectifold", "emit", "net.relu", "-o"]
    subprocess.run([*command, "there.onnx"], check=True, capture_output=True)
    piped = subprocess.run([*command, "-", "--to", "onnx"], check=True, capture_output=True)
    assert piped.stdout == Path("there.onnx").read_bytes()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_standard_output_is_one_line(folder: Path) -> None:
    for command in ("emit net.relu -o - --to relu", "show net.relu --json -"):
        with open("/dev/full", "wb") as full:
            words = [sys.executable, "-m", "rectifold", *command.split()]
            result = subprocess.run(
                words, stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert result.returncode == 2
        assert "cannot write to standard output: No space left on device" in result.stderr
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "to", "note"),
    [
        ("a.py", "numpy", None), ("a.onnx", "onnx64", None), ("a.txt", "relu", None),
        ("a.c", "c", None),
        ("a.py", "relu", "note: a.py is written as relu (--to), although its suffix says python"),
        ("a.relu", "onnx", "note: a.relu is written as onnx (--to), although its suffix says relu"),
    ],
)  # fmt: skip
def test_a_suffix_that_says_another_format_is_said(
    folder: Path, name: str, to: str, note: str | None
) -> None:
    result = CliRunner().invoke(main, ["emit", "net.relu", "-o", name, "--to", to])
    assert result.exit_code == 0
    assert result.stderr == ("" if note is None else note + "\n")


def test_what_an_input_reads_itself_is_not_written(folder: Path) -> None:
    np.savez("arrays.npz", w=np.ones((1, 2)))
    Path("reads.relu").write_text(
        'input x[2] in [-1, 1]\nconst w = load("arrays.npz")\ny = w @ x\noutput y\n'
    )
    before = contents(folder)
    for command in (
        "emit reads.relu -o arrays.npz --force",
        "verify net.relu reads.relu --certificate arrays.npz --force",
    ):
        result = CliRunner().invoke(main, command.split())
        assert result.exit_code == 2
        assert "and arrays.npz, which reads.relu reads, are one file" in result.stderr
        assert contents(folder) == before


def test_the_external_data_of_an_onnx_model_are_not_written(folder: Path) -> None:
    CliRunner().invoke(main, ["emit", "net.relu", "-o", "plain.onnx"])
    model = onnx.load("plain.onnx")
    onnx.save(model, "m.onnx", save_as_external_data=True, location="m.npz", size_threshold=0)
    before = contents(folder)
    result = CliRunner().invoke(main, ["emit", "m.onnx", "-o", "m.npz", "--force"])
    assert result.exit_code == 2
    assert "m.npz, which m.onnx reads, are one file" in result.stderr
    assert contents(folder) == before


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize("words", ["stability a.relu", "compile a.relu -o o.relu --force"])
def test_closed_outputs_take_nothing_and_end_nothing(
    words: str, closed: str, tmp_path: Path
) -> None:
    (tmp_path / "a.relu").write_text("input x[1] in [-1, 1]\noutput relu(x)\n")
    command = f"{shlex.quote(sys.executable)} -m rectifold {words} {closed}"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "fault" not in done.stderr


def test_a_result_for_a_closed_output_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.relu").write_text("input x[1] in [-1, 1]\noutput relu(x)\n")
    command = f"{shlex.quote(sys.executable)} -m rectifold stability a.relu --json - >&-"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "standard output is closed; give the name of a file" in done.stderr
