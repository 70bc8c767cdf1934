"""Where memory is limited, only a status that the command itself said is believed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rectifold.runtime.watched import is_watched

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "sigwaitinfo"), reason="this system cannot watch a process so"
)
WATCHED = "import os, signal, sys, time\nfrom rectifold.runtime.watched import run_watched\n"


def started(command: str) -> subprocess.Popen[str]:
    text = f"{WATCHED}def command():\n    {command}\nsys.exit(run_watched(command))"
    return subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("sys.exit(0)", 0, ""),
        ("sys.exit(1)", 1, ""),
        ("sys.exit(70)", 70, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit('a text')", 70, ""),
        ("os._exit(130)", 130, ""),
        ("os._exit(1)", 2, "a library ended the process (status 1)"),
        ("os._exit(0)", 2, "a library ended the process (status 0)"),
        ("os.abort()", 2, "a library ended the process (SIGABRT)"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", 2, "a library ended the process (SIGSEGV)"),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
        ("os.fork() or time.sleep(9)\n    os._exit(1)", 2, "ended the process (status 1)"),
    ],
)
def test_the_status_is_the_one_that_was_said(command: str, status: int, said: str) -> None:
    with started(command) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert process.wait() == status
    assert said in line
    assert bool(line) == bool(said)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_command_once(number: signal.Signals) -> None:
    command = [
        "got = []",
        f"signal.signal({int(number)}, lambda *_: got.append(1))",
        "print('ready', flush=True)",
        "while not got: time.sleep(0.01)",
        "time.sleep(0.1)",
        "sys.exit(10 + len(got))",
    ]
    with started("\n    ".join(command)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait() == 11


def test_a_second_interrupt_is_no_lack_of_memory() -> None:
    lines = [
        "from rectifold.cli.status import _interrupts",
        "with _interrupts():",
        "    try: os.kill(os.getpid(), signal.SIGINT)",
        "    except KeyboardInterrupt: os.kill(os.getpid(), signal.SIGINT)",
    ]
    with started("\n    ".join(lines)) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait() == 130
    assert "memory" not in said


def test_the_command_ends_with_a_parent_that_is_killed() -> None:
    sleeping = "print(os.getpid(), flush=True)\n    time.sleep(60)\n    sys.exit(0)"
    with started(sleeping) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()
        assert process.stdout.read() == ""  # its other end is closed: the child is gone
    while Path(f"/proc/{child}").exists() and "Z" not in state(child):
        time.sleep(0.01)


def state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").split()[2]
    except FileNotFoundError:
        return "Z"


def test_a_limit_of_the_option_or_of_the_system_is_noticed() -> None:
    assert is_watched(["verify", "a", "b", "--memory-limit", "300"])
    assert is_watched(["verify", "a", "b", "--memory-limit=300"])
    code = "from rectifold.runtime.watched import is_watched as w; print(w([]))"
    limited = f"ulimit -v 4000000; exec {sys.executable} -c '{code}'"
    done = subprocess.run(["sh", "-c", limited], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize("kilobytes", [100_000, 150_000, 200_000])
def test_too_little_memory_to_begin_is_no_traceback(kilobytes: int) -> None:
    limited = f"ulimit -v {kilobytes}; exec {sys.executable} -m rectifold --version"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        ["sh", "-c", limited], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode in (0, 2)
    assert "Traceback" not in done.stderr
    assert "memory" in done.stderr or done.returncode == 0


def test_a_library_that_gives_up_refutes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.relu").write_text("input x[2]\ny = relu(x[0] - x[1])\noutput y\n")
    (tmp_path / "b.relu").write_text("input x[2]\ny = relu(x[0] - x[1]) + 1\noutput y\n")
    command = ["verify", "a.relu", "b.relu", "--domain", "[0,1]"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    for limit in (100, 135, 150):
        done = subprocess.run(
            [sys.executable, "-m", "rectifold", *command, "--memory-limit", str(limit)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment,
        )
        assert done.returncode == 2 or "differ" in done.stdout, done
