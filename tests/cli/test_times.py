"""--time-limit is that of the whole command: what is interrupted, and what is said."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path

import pytest
from click.testing import CliRunner

from rectifold.certificate.leaving_out import certify_untouched_in_time, unchanged
from rectifold.cli.main import main
from rectifold.cli.rounding import Rounding, largest_bound, rounding_in_time
from rectifold.cli.shallow import certify_form
from rectifold.cli.targets import To
from rectifold.cli.times import Began, Times
from rectifold.errors import Unfinished
from rectifold.ir.network import Network
from rectifold.language.elaborate import parse
from rectifold.operations.compiling import compile_network
from rectifold.runtime.deadline import Deadline, TimeUp
from rectifold.runtime.targets import Target
from rectifold.two_layers.shallow import shallow_network

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


class Over(Deadline):
    """A deadline that ends every block at its beginning, on any machine."""

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        raise TimeUp
        yield


@pytest.fixture
def network() -> Network:
    return parse(NET, "net.relu")


def test_the_rounding_of_code_is_bounded_only_while_there_is_time(
    network: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    to = To(Path("net.c"), "c", Target("-o", "net.c"))
    assert rounding_in_time(network, None, to, Deadline()).bound is not None
    assert rounding_in_time(network, None, to, Over()) == Rounding(None)
    assert capsys.readouterr().err == (
        "note: the time was up before the rounding of the code was bounded\n"
    )


def test_integers_are_not_written_without_a_bound(network: Network) -> None:
    to = To(Path("net.c"), "c-int16", Target("-o", "net.c"))
    known = rounding_in_time(network, None, to, Deadline())
    assert known.integers is not None
    with pytest.raises(Unfinished, match="before the integers were certified"):
        rounding_in_time(network, None, to, Over())


def test_a_bound_that_was_not_computed_is_not_0() -> None:
    assert largest_bound(None, "c") is None
    assert largest_bound((0.0, 0.5), "c") == 0.5
    assert largest_bound((0.0, inf), "onnx") is None
    assert largest_bound(None, "relu") == 0.0  # exact: nothing is rounded


def test_the_rounding_that_was_not_bounded_is_null_in_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.relu").write_text(NET)
    for command in ("compile", "shallow"):
        monkeypatch.setattr(f"rectifold.cli.{command}.rounding_in_time", lambda *_: Rounding(None))
    for command in ("compile net.relu -o o.c", "compile net.relu -o s.c --shallow"):
        result = CliRunner().invoke(main, [*command.split(), "--json", "r.json", "--force"])
        assert result.exit_code == 0, result.output
        assert json.loads(Path("r.json").read_text())["error_bound"] is None


def test_the_own_nodes_of_a_source_are_certified_only_while_there_is_time(
    network: Network,
) -> None:
    assert network.domain is not None
    same = unchanged(compile_network(network, network.domain))
    certified = certify_untouched_in_time(same, Deadline())
    assert certified is not None
    assert certified.verdict.status == "holds"
    assert certify_untouched_in_time(same, Over()) is None


def test_a_form_whose_check_is_ended_is_written_unchecked_or_refused(
    network: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    assert network.domain is not None
    form, over = shallow_network(network, network.domain), Times(Deadline(), Over())
    assert certify_form(network, network.domain, form, over, required=False) == (None, False)
    assert "the form is not checked by a certificate" in capsys.readouterr().err
    with pytest.raises(Unfinished, match="before the certificate was made and checked"):
        certify_form(network, network.domain, form, over, required=True)
    proved, in_time = certify_form(
        network, network.domain, form, Times(Deadline(), Deadline()), required=True
    )
    assert in_time
    assert proved is not None
    assert proved[1].status == "holds"


def test_the_time_limit_of_compile_ends_reading_and_the_shallow_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.relu").write_text(NET)
    monkeypatch.setattr(Times, "with_certificate", lambda *_, **__: Times(Deadline(), Over()))
    result = CliRunner().invoke(main, ["compile", "net.relu", "-o", "o.relu"])
    assert result.exit_code == 3
    assert result.stderr == (
        "undecided: the time limit was over before the network was read; give more time\n"
    )
    assert not Path("o.relu").exists()


@pytest.mark.parametrize("options", [[], ["--no-certificate"]])
def test_the_time_limit_runs_from_the_beginning_of_the_process(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The libraries took longer than the limit, so nothing is read any more."""
    monkeypatch.chdir(tmp_path)
    Path("net.relu").write_text(NET)
    command = ["compile", "net.relu", "-o", "o.relu", "--time-limit", "1000", *options]
    late = CliRunner().invoke(main, command, obj=Began(time.monotonic() - 2000))
    assert late.exit_code == 3
    assert "the time limit was over before the network was read" in late.stderr
    assert not Path("o.relu").exists()
    early = CliRunner().invoke(main, command, obj=Began(time.monotonic()))
    assert early.exit_code == 0, early.stderr
