"""The checker's command, alone: `python -I -m rectifold_check`."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest

from rectifold.certificate.compiled import certify
from rectifold.certificate.file import certificate_of
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.operations.compiling import compile_network
from support import float_network, net

COMMAND = [sys.executable, "-I", "-m", "rectifold_check"]


def written_check(folder: Path) -> list[str]:
    """The command for a certificate that holds, with the result."""
    compiled = compile_network(
        net("input x[1] in [0, 1]\nh = relu([[1], [-1]] @ x)\ny = [[1, 1]] @ h\noutput y")
    )
    files = {
        "a.json": canonical_text(compiled.source),
        "d.json": domain_text(compiled.facts.domain),
        "c.jsonl": certify(compiled).text,
        "b.json": canonical_text(compiled.network),
    }
    for name, content in files.items():
        (folder / name).write_text(content)
    return [*COMMAND, *(str(folder / name) for name in files)]


def test_the_command_runs_alone(tmp_path: Path) -> None:
    command = written_check(tmp_path)
    good = subprocess.run(command, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stderr
    assert good.stdout.startswith(
        "holds: A and B are equal on the whole domain\n"
        "  A: 1 input, 1 output, 2 layers, 2 relu units, "
    )
    bad = subprocess.run(
        [*command[:-1], str(tmp_path / "a.json")], capture_output=True, text=True, check=False
    )
    assert bad.returncode == 1
    assert "another network B" in bad.stdout
    assert subprocess.run(COMMAND, capture_output=True, check=False).returncode == 2
    none = subprocess.run([*COMMAND, "no", "such", "file"], capture_output=True, check=False)
    assert none.returncode == 2


def test_the_status_stands_though_nobody_reads(tmp_path: Path) -> None:
    end, begin = os.pipe()
    os.close(end)
    done = subprocess.run(
        written_check(tmp_path), stdout=begin, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(begin)
    assert done.returncode == 0
    assert done.stderr == ""


def test_the_checker_imports_the_standard_library_only() -> None:
    code = (
        "import sys; before = set(sys.modules); import rectifold_check.__main__; "
        "print([m for m in sys.modules if m not in before])"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    packages = {name.split(".")[0] for name in ast.literal_eval(result.stdout)}
    packages -= {"__mp_main__"}  # multiprocessing's other name for __main__
    assert packages - sys.stdlib_module_names == {"rectifold_check"}


def long_check(folder: Path) -> list[str]:
    """The command for a certificate of very many cells."""
    network = float_network(0, 4, 24, 24, 1)
    assert network.domain is not None
    lines = list(certificate_of(network, network, [], [Fraction(1)]).lines)
    lines[1:1] = ['["work",1000000000000]', '["cells",1000000000]']
    files = {
        "a.json": canonical_text(network),
        "d.json": domain_text(network.domain),
        "c.jsonl": "\n".join(lines),
    }
    for name, content in files.items():
        (folder / name).write_text(content)
    own = [*COMMAND, *(str(folder / name) for name in files)]
    return [*own, "--work", "2000000000000", "--jobs", "2"]


def test_the_time_limit_ends_it_with_nothing_said(tmp_path: Path) -> None:
    command = [*long_check(tmp_path), "--time-limit", "0.5"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (3, "")
    assert result.stdout.startswith("stopped: the check was ended before it was done\n  A: ")


def test_what_is_no_number_is_wrong_use(tmp_path: Path) -> None:
    command = long_check(tmp_path)
    for words in (["--jobs", "0"], ["--jobs", "1001"], ["--time-limit", "nan"], ["--work", "-1"]):
        result = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        assert result.returncode == 2
        assert f"argument {words[0]}: '{words[1]}' is no " in result.stderr


def children_of(process: int) -> list[int]:
    """The processes that it began and that run."""
    tasks = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in tasks.read_text().split()]


def runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up as Linux shows them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_all_its_processes(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        long_check(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while len(children := children_of(process.pid)) < 3:  # two, and the one that clears up
            assert process.poll() is None
            time.sleep(0.05)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        out, err = process.communicate()
    assert out == ""
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert err == "interrupted; nothing is said about the certificate\n"
    while any(map(runs, children)):  # those that are at work see it when their turn is done
        time.sleep(0.05)
