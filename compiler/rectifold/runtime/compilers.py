"""Compilers and emulators of this machine: found by name, run in a folder, never required.

    found_tool(["cc", "gcc", "clang"])        the first that is there, or None
    run_tool([tool.path, "-c", "net.c"], ...) what it says, or ToolFailed and in a line why

A program gets a list of arguments and no shell, works in a folder of ours, and is ended with all
that it started when its time is up or the caller is interrupted.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rectifold.effort.running import ToolEffort
from rectifold.errors import InputError

C_COMPILERS = ("cc", "gcc", "clang")


class ToolFailed(Exception):
    """A program was not there, refused its input, or ran too long; the message says which."""


@dataclass(frozen=True)
class Tool:
    """A program: where it lies, and how it is called where people read it."""

    path: str
    says: str  # "gcc 12.2.0"

    def part(self, name: str, folder: Path) -> str:
        """Another program of the same toolchain, such as `size`. Raises ToolFailed."""
        said = run_tool([self.path, f"-print-prog-name={name}"], folder).strip()
        return said or name


def found_tool(names: Sequence[str]) -> Tool | None:
    """The first of these programs that is in the search path and says its version."""
    for name in names:
        path = shutil.which(name)
        if path is not None:
            try:
                first = run_tool([path, "--version"], Path.cwd()).splitlines()[:1]
            except ToolFailed:
                continue
            return Tool(path, _called(name, first))
    return None


def c_compiler(wanted: str | None) -> Tool | None:
    """The C compiler that the user names, else one of C_COMPILERS.

    Raises InputError where the named one is no program of this machine.
    """
    tool = found_tool(C_COMPILERS if wanted is None else [wanted])
    if tool is None and wanted is not None:
        raise InputError(
            f"there is no compiler {wanted!r} that answers --version; give the name of one in the "
            f"search path, or its path, or leave it out for one of {', '.join(C_COMPILERS)}"
        )
    return tool


def run_tool(
    command: Sequence[str], folder: Path, seconds: float = ToolEffort.compile_seconds
) -> str:
    """Standard output of a command that works in `folder`. Raises ToolFailed."""
    name = Path(command[0]).name
    process = started_tool(name, command, folder, stdin=subprocess.DEVNULL)
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ToolFailed(f"{name} took more than {seconds:g} s and was ended") from None
    finally:
        end_tool(process)
    if process.returncode:
        raise ToolFailed(_reason(name, errors))
    return output


def started_tool(
    name: str,
    command: Sequence[str],
    folder: Path,
    *,
    stdin: int,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """A program that works in `folder`, with what it starts, until `end_tool`.

    `stdin`: as of subprocess.Popen. `environment`: None is ours. Raises ToolFailed.
    """
    try:
        return subprocess.Popen(
            list(command),
            cwd=folder,
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ToolFailed(f"{name} cannot be started ({error.strerror})") from None


def end_tool(process: subprocess.Popen[str]) -> None:
    """End a program that is still there, and what it started."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()


def _reason(name: str, errors: str) -> str:
    """The line that names an error, else the first one."""
    lines = [line for line in errors.splitlines() if line.strip()]
    named = [line for line in lines if "error" in line.lower()]
    return f"{name}: {(named or lines or ['it failed and said nothing'])[0].strip()}"


def _called(name: str, first: Sequence[str]) -> str:
    """The program and its version, without the folder in which it lies.

    >>> _called("/opt/bin/gcc", ["gcc (Debian 12.2.0-14) 12.2.0"])
    'gcc 12.2.0'
    """
    versions = re.findall(r"\d+(?:\.\d+)+", first[0]) if first else []
    return " ".join([Path(name).name, *versions[-1:]])
