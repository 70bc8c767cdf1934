"""Every way a command can end has its own exit status and one line; 1 is only for refuted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rectifold.cli.main import main
from rectifold.cli.status import Commands, unexpected
from rectifold.errors import InputError

SLEEPER = """
import time
import click
from rectifold.cli.status import Commands

@click.group(cls=Commands)
def main():
    pass

@main.command()
def work():
    try:
        click.echo("working")
        time.sleep(60)
    except KeyboardInterrupt:
        click.echo("ending")
        if {slow}:
            time.sleep(60)
        return 3

main()
"""


def group_with(command: Callable[[], int]) -> Commands:
    group = Commands("all")
    group.add_command(click.Command("it", callback=command))
    return group


def raising(error: BaseException) -> Commands:
    def it() -> int:
        raise error

    return group_with(it)


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (InputError("the weight is odd"), 2, "error: the weight is odd"),
        (InputError("a.relu:1:2: error: odd"), 2, "a.relu:1:2: error: odd"),
        (
            MemoryError(),
            2,
            "error: not enough memory for this (with --memory-limit: give more, or a smaller "
            "network)",
        ),
        (RecursionError("deep"), 2, "error: the input is nested too deeply to be read"),
        (PermissionError(13, "Permission denied", "/x/y"), 2, "error: /x/y: Permission denied"),
        (OSError("odd"), 2, "error: odd"),
        (KeyboardInterrupt(), 3, "interrupted before the end; no file is left half-written"),
        (click.Abort(), 3, "interrupted before the end; no file is left half-written"),
    ],
)
def test_each_error_has_its_status_and_one_line(
    error: BaseException, status: int, line: str
) -> None:
    result = CliRunner().invoke(raising(error), ["it"])
    assert result.exit_code == status
    assert result.stderr == f"{line}\n"


@pytest.mark.parametrize(
    "error", [ValueError("two\nlines"), OverflowError(), AssertionError("so"), KeyError("k")]
)
def test_a_fault_of_ours_ends_with_70_and_says_where_to_report_it(error: Exception) -> None:
    result = CliRunner().invoke(raising(error), ["it"])
    assert result.exit_code == 70
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"error: this is a fault of rectifold ({type(error).__name__}:")
    assert "report it with the file that caused it at" in result.stderr


def test_the_traceback_is_shown_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Traceback" not in unexpected(ValueError("odd"))
    monkeypatch.setenv("RECTIFOLD_DEBUG", "1")
    shown = CliRunner().invoke(raising(ValueError("odd")), ["it"])
    assert shown.exit_code == 70
    assert shown.stderr.startswith("Traceback")
    assert "in it" in shown.stderr


@pytest.mark.parametrize("arguments", [["it", "--no-such"], ["no such"], ["it", "extra"]])
def test_wrong_use_is_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(group_with(lambda: 0), arguments).exit_code == 2


def test_a_command_ends_with_what_it_returns() -> None:
    groups = [group_with(partial(int, status)) for status in range(5)]
    assert [CliRunner().invoke(group, ["it"]).exit_code for group in groups] == [0, 1, 2, 3, 4]
    assert CliRunner().invoke(main, ["--help"]).exit_code == 0


def test_errors_are_the_callers_without_standalone_mode() -> None:
    with pytest.raises(click.UsageError):
        main(["no-such-command"], standalone_mode=False)


def started(slow: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SLEEPER.format(slow=slow), "work"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    return process


def test_a_first_interrupt_ends_with_the_result_so_far() -> None:
    process = started(slow=False)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (3, "ending\n")
    assert err == "\ninterrupted: ending with what is proved so far (Ctrl-C again ends at once)\n"


def test_a_second_interrupt_ends_at_once() -> None:
    process = started(slow=True)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == "ending\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


@pytest.mark.parametrize(
    "arguments", [["show", "n.relu"], ["show", "n.relu", "--text"], ["--help"], ["show", "--help"]]
)
def test_a_reader_that_goes_away_refutes_nothing(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "n.relu").write_text("input x[1] in [0, 1]\noutput relu(x)\n")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "rectifold", *arguments],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
