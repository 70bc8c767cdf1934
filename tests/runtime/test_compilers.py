"""Programs of the machine: found or not, refused, slow, and ended with what they started."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from rectifold.errors import InputError
from rectifold.runtime.compilers import ToolFailed, c_compiler, found_tool, run_tool


def test_a_program_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert found_tool(["no-such-compiler"]) is None
    with pytest.raises(ToolFailed, match="no-such-compiler cannot be started"):
        run_tool(["no-such-compiler"], tmp_path)


def test_a_compiler_that_is_named_must_be_there() -> None:
    with pytest.raises(InputError, match="no compiler 'no-such-compiler'.*one of cc, gcc, clang"):
        c_compiler("no-such-compiler")


def test_the_first_program_that_says_its_version_is_taken(tmp_path: Path) -> None:
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    tool = found_tool([str(broken), sys.executable])
    assert tool is not None
    assert tool.path == sys.executable
    name, version = tool.says.split()
    assert (name, version) == (Path(sys.executable).name, sys.version.split()[0])


def test_the_line_that_names_an_error_is_said_without_a_folder(tmp_path: Path) -> None:
    text = "import sys; sys.stderr.write('note: so\\nx.c:1: error: no such thing\\n'); sys.exit(1)"
    with pytest.raises(ToolFailed) as caught:
        run_tool([sys.executable, "-c", text], tmp_path)
    assert str(caught.value) == f"{Path(sys.executable).name}: x.c:1: error: no such thing"


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups here")
def test_what_a_slow_program_started_is_ended_too(tmp_path: Path) -> None:
    inner = "import time; time.sleep(60)"
    text = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {inner!r}])\n"
        "open('child', 'w').write(str(child.pid))\ntime.sleep(60)\n"
    )
    with pytest.raises(ToolFailed, match="took more than 2 s and was ended"):
        run_tool([sys.executable, "-c", text], tmp_path, 2)
    child = int((tmp_path / "child").read_text())
    for _ in range(200):
        if not is_running(child):
            return
        time.sleep(0.05)
    pytest.fail("the child still runs")


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"  # killed, and its new parent has not looked yet
