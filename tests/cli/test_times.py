"""--time-limit is that of the whole command: what is interrupted, and what is said."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from rectifold.cli.main import main
from rectifold.cli.times import Times
from rectifold.errors import Unfinished
from rectifold.runtime.deadline import Deadline

NET = "input x[2] in [-1, 1]\nh = relu([[1, 2], [-1, 0]] @ x)\ny = [1, 1] @ h\noutput y\n"


def test_work_without_end_is_ended_and_said() -> None:
    times = Times(Deadline(), Deadline.after(0.1))
    with (
        pytest.raises(Unfinished, match="the time limit was over before the form was built"),
        times.before("the form was built"),
    ):
        threading.Event().wait()  # for what never comes


def test_what_begins_after_the_end_does_not_begin() -> None:
    times = Times(Deadline(), Deadline.after(-1.0))
    begun = []
    with pytest.raises(Unfinished, match="give more time"), times.before("the end"):
        begun.append(1)
    assert begun == []


def test_without_a_limit_nothing_ends() -> None:
    times = Times.of(None)
    with times.before("the end"):
        assert not times.work.is_over


def test_the_reserve_is_beyond_the_limit() -> None:
    times = Times.of(100.0)
    assert times.work.at + 5 < times.end.at < times.work.at + 15


@pytest.mark.parametrize(
    ("command", "status"),
    [("verify net.relu same.relu", 0), ("regions net.relu", 3), ("shallow net.relu", 3)],
)
def test_a_limit_of_0_ends_in_an_answer(
    command: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.relu").write_text(NET)
    Path("same.relu").write_text(NET)
    result = CliRunner().invoke(main, [*command.split(), "--time-limit", "0", "--json", "r.json"])
    assert result.exit_code == status, result.output
    if status == 0:
        assert json.loads(Path("r.json").read_text())["verdict"] == "equal"
