"""`rectifold prove` within limits: log, processes, time and Ctrl-C end with an honest answer."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main
from rectifold.runtime.deadline import TimeUp

NETWORK = "input x[2] in [-1, 1]\noutput relu([[1, 1/2], [-1, 1]] @ x)\n"
BOX = "(assert (and (>= X_0 -1) (<= X_0 1) (>= X_1 -1) (<= X_1 1)))\n"
# y_0 reaches 3/2 and not more, but a margin above 0 is asked for, as one end is closed
UNDECIDABLE = "(assert (and (> Y_0 1.5) (<= Y_0 5)))"
Invoke = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.chdir(tmp_path)
    Path("n.relu").write_text(NETWORK)
    Path("true.vnnlib").write_text(f"{BOX}(assert (>= Y_0 1.75))")
    Path("just.vnnlib").write_text(f"{BOX}{UNDECIDABLE}")

    def invoke(*arguments: str) -> Result:
        words = ["prove", "n.relu", *arguments]
        return CliRunner().invoke(main, words, catch_exceptions=False)

    return invoke


def test_a_log_is_used_again(run: Invoke) -> None:
    assert run("true.vnnlib", "--log", "p.log").exit_code == 0
    first = Path("p.log").read_text()
    assert '"signs"' in first
    done = run("true.vnnlib", "--log", "p.log", "--json", "-")
    assert json.loads(done.output)["certificate"] == "holds"
    assert Path("p.log").read_text() == first  # nothing had to be proved once more


def test_a_log_of_another_property_is_of_no_use_and_no_harm(run: Invoke) -> None:
    Path("false.vnnlib").write_text(f"{BOX}(assert (>= Y_0 1.25))")
    assert run("true.vnnlib", "--log", "p.log").exit_code == 0
    assert run("false.vnnlib", "--log", "p.log").exit_code == 1


def test_several_processes_say_the_same(run: Invoke) -> None:
    done = run("true.vnnlib", "--jobs", "2")
    assert done.exit_code == 0
    assert "the certificate holds" in done.output


def test_the_end_of_the_time_is_undecided(run: Invoke) -> None:
    done = run("just.vnnlib", "--time-limit", "0.5")
    assert done.exit_code == 3
    assert "just is undecided: no unsafe point was found; 0 of 1 case proved" in done.output


def test_a_certificate_that_takes_long_is_not_replayed_and_said_so(
    run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_: object, **__: object) -> None:
        raise TimeUp

    monkeypatch.setattr("rectifold.properties.decide.require_property", too_long)
    done = run("true.vnnlib", "--certificate", "p.cert")
    assert done.exit_code == 0
    assert "the certificate was not replayed here" in done.output
    assert "wrote p.cert" in done.output
    told = json.loads(run("true.vnnlib", "--json", "-").output)
    assert (told["verdict"], told["certificate"]) == ("holds", "not replayed")
    checked = CliRunner().invoke(main, ["check", "n.relu", "p.cert", "--property", "true.vnnlib"])
    assert checked.exit_code == 0  # where it is judged to its end


def is_inside(frame: FrameType | None, function: str) -> bool:
    while frame is not None:
        if frame.f_code.co_name == function:
            return True
        frame = frame.f_back
    return False


@pytest.fixture
def interrupting() -> Iterator[Callable[[str], None]]:
    """Ctrl-C, once, as soon as a function of this name runs."""
    usual = signal.getsignal(signal.SIGALRM)

    def within(function: str) -> None:
        def strike(_: int, frame: FrameType | None) -> None:
            if is_inside(frame, function):
                signal.setitimer(signal.ITIMER_REAL, 0.0)
                signal.raise_signal(signal.SIGINT)

        signal.signal(signal.SIGALRM, strike)
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)

    yield within
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, usual)


def test_an_interrupt_ends_with_what_is_proved(
    run: Invoke, interrupting: Callable[[str], None]
) -> None:
    interrupting("by_boxes")
    done = run("just.vnnlib", "--time-limit", "100", "--json", "r.json")
    assert done.exit_code == 3
    told = json.loads(Path("r.json").read_text())
    assert told["verdict"] == "undecided"
    assert told["reason"].startswith("it was interrupted; no unsafe point was found; 0 of 1 case")
