"""What commands tell about themselves: open units, the file written, how far a search is."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main
from rectifold.errors import Unfinished
from rectifold.formats.load import load
from rectifold.language.printer import print_network
from rectifold.runtime.run import Limits
from rectifold.runtime.run import Run as OneRun
from rectifold.two_layers.shallow import shallow_form
from support import float_network, net

Run = Callable[..., Result]

DEEP = """network deep
input x[2] in [-1, 1]
h = relu([[1, 1/2], [-1, 1]] @ x + [1/8, 1/4])
k = relu([[1, -1], [-1/2, 1]] @ h + [1/16, -1/8])
m = relu([[1, -2], [-1, 1]] @ k + [1/8, 1/32])
output [[1, 1]] @ m
"""
TOUCHING = """network touching
input x[1] in [-2, 2]
h = relu([[1/2], [-3/2], [3], [1], [3]] @ x + [2, -2/3, 3, 0, 1/2])
k = relu([[-1, 1, 0, -3/2, -3], [-1, -1, 3, -2, -3]] @ h + [0, 3])
y = relu([[-2, -1], [-2, -3]] @ k + [-2, 1])
output y
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("deep.relu").write_text(DEEP)
    Path("touching.relu").write_text(TOUCHING)
    return lambda *words: CliRunner().invoke(main, list(words), catch_exceptions=False)


def test_open_units_are_told_and_end_with_3_where_time_ended(run: Run) -> None:
    done = run("compile", "deep.relu", "-o", "o.relu", "--time-limit", "0", "--json", "r.json")
    report = json.loads(Path("r.json").read_text())
    assert done.exit_code == 3
    assert report["open"] == sum(layer["open"] for layer in report["layers"]) > 1
    assert (
        f"{report['open']} units stayed open (neither proved stable nor shown unstable) and kept"
        in done.output
    )


def test_a_search_that_came_to_its_end_is_done_whatever_it_left_open(run: Run) -> None:
    done = run("compile", "touching.relu", "-o", "o.relu", "--prover", "bounds", "--json", "r.json")
    report = json.loads(Path("r.json").read_text())
    assert done.exit_code == 0
    assert report["complete"]
    assert ("stayed open" in done.output) == (report["open"] > 0)


def test_after_shallow_everything_is_about_the_file_written(run: Run) -> None:
    done = run("compile", "deep.relu", "--shallow", "-o", "o.relu", "--json", "r.json")
    assert done.exit_code == 0, done.output
    report, written = json.loads(Path("r.json").read_text()), load("o.relu").network
    assert report["after"] == {
        "units": written.sizes.units, "weights": written.sizes.weights, "macs": written.sizes.macs,
        "layers": written.sizes.layers,
    }  # fmt: skip
    assert report["hidden"] == written.hidden_sizes()
    assert f"{load('deep.relu').network.shape_text()} → {written.shape_text()}\n" in done.output
    assert report["rewritten"]["units"] == sum(load("deep.relu").network.hidden_sizes())


def test_a_shallow_form_tells_its_stages() -> None:
    network = net(DEEP)
    assert network.domain is not None
    stages: list[str] = []
    told = OneRun(progress=lambda what, *_: stages.append(what))
    shallow_form(network, network.domain, run=told)
    assert stages[0] == "linear regions: 1 so far"
    assert stages[-1] == "the forms of all linear regions"


def test_many_inputs_are_not_silent_and_end_with_the_time(run: Run, tmp_path: Path) -> None:
    wide = float_network(1, 64, 16, 8, 3)
    assert wide.domain is not None
    stages: list[str] = []
    told = OneRun(Limits(0.5), progress=lambda what, *_: stages.append(what))
    with pytest.raises(Unfinished, match="the time limit ended the search after"):
        shallow_form(wide, wide.domain, run=told)
    assert stages
    Path("wide.relu").write_text(print_network(wide))
    done = run("shallow", "wide.relu", "--time-limit", "0")
    assert done.exit_code == 3
    assert done.stderr.startswith("undecided: the time limit ended the search after ")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_progress_is_on_a_terminal_only(run: Run) -> None:
    command = [sys.executable, "-m", "rectifold", "shallow", "deep.relu"]
    parent, child = pty.openpty()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=child, check=False)
    os.close(child)
    seen = os.read(parent, 100_000).decode()
    os.close(parent)
    assert done.returncode == 0
    assert "\x1b[" in seen  # which stage a spinner shows is a matter of time
    piped = subprocess.run(command, capture_output=True, check=False)
    assert (piped.returncode, piped.stderr) == (0, b"")


def test_one_thing_is_one_thing(run: Run) -> None:
    Path("one.relu").write_text(
        "network one\ninput x[1] in [0, 1]\nassume x[0] <= 1\noutput relu(x)\n"
    )
    shown = run("show", "one.relu").output
    assert "one: 1 input, 1 output" in shown
    assert "with 1 linear constraint\n" in shown
    assert "1 linear region, 1 affine map" in run("regions", "one.relu").output
    assert run("emit", "one.relu", "-o", "one.py").exit_code == 0
    assert "a ReLU network with 1 input and 1 output" in Path("one.py").read_text()
