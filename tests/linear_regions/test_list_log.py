"""A list with a log goes on where an earlier one was ended: the same list, to the last digit."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main
from rectifold.cli.regions import regions_json
from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.language.printer import print_network
from rectifold.linear_regions.by_vertices import VertexCell, VertexSplitter
from rectifold.linear_regions.cells import Tally
from rectifold.linear_regions.counts import count_regions
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.summary import Regions, linear_regions, list_regions
from rectifold.runtime.json import JsonObject
from rectifold.runtime.run import Limits, Run
from support import float_network, net

PLANE, SPACE, MANY = (2, 8, 7, 1), (3, 6, 4, 1), (6, 4, 3, 1)


def listed(network: Network, path: Path | None, *, jobs: int = 1) -> Regions:
    assert network.domain is not None
    return linear_regions(network, network.domain, log=path, jobs=jobs)


def told(found: Regions) -> JsonObject:
    """All that is said of the regions, but how long it took."""
    return regions_json(found) | {"seconds": 0}


@pytest.mark.parametrize("sizes", [PLANE, SPACE])
def test_the_list_is_that_without_a_log_and_then_all_is_from_the_log(
    sizes: tuple[int, ...], tmp_path: Path
) -> None:
    network, path = float_network(1, *sizes), tmp_path / "r.log"
    plain, first, again = (listed(network, where) for where in (None, path, path))
    assert told(first) == told(plain) == told(again)
    assert [r.walls for r in again] == [r.walls for r in plain]
    assert (first.from_log, again.from_log, again.complete) == (0, len(plain), True)


def test_points_found_by_programs_do_not_depend_on_where_a_list_was_ended(tmp_path: Path) -> None:
    network, path = float_network(1, *MANY), tmp_path / "r.log"
    whole = listed(network, path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[::2]) + "\n")
    again = listed(network, path, jobs=2)
    assert told(again) == told(whole)
    assert [r.walls for r in again] == [r.walls for r in whole]
    assert 0 < again.from_log < len(whole)


def test_an_interrupted_list_is_gone_on_with_by_two_processes(tmp_path: Path) -> None:
    network, path = float_network(1, *PLANE), tmp_path / "r.log"
    assert network.domain is not None

    def interrupt(what: str, done: int, total: int) -> None:
        if done >= 20:
            raise KeyboardInterrupt

    run = Run(Limits(log=path), progress=interrupt)
    ended = list_regions(network, network.domain, run=run)
    whole = listed(network, None)
    assert not ended.complete
    assert 0 < len(ended) < len(whole)
    text, lines = path.read_text(), path.read_text().splitlines()
    assert len(lines) == 20
    path.write_text(text[: len(text) - len(lines[-1]) // 2])  # as a power cut leaves it
    again = listed(network, path, jobs=2)
    assert told(again) == told(whole)
    assert again.from_log == sum(len(json.loads(one)["listed"]["regions"]) for one in lines[:-1])
    assert listed(network, path).from_log == len(whole)


def test_regions_of_a_part_that_ctrl_c_ends_are_listed_and_not_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, path = float_network(1, 2, 60, 1), tmp_path / "r.log"  # more regions than parts
    original = VertexSplitter.region_of
    seen: list[VertexCell] = []

    def region_of(self: VertexSplitter, cell: VertexCell, tally: Tally) -> Region:
        seen.append(cell)
        if len(seen) == 902:
            raise KeyboardInterrupt
        return original(self, cell, tally)

    monkeypatch.setattr(VertexSplitter, "region_of", region_of)
    ended = listed(network, path)
    assert (len(ended), ended.complete) == (901, False)
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert sum(len(line["listed"]["regions"]) for line in written) < 901


def test_a_limit_ends_a_list_with_a_log_and_the_log_is_gone_on_with(tmp_path: Path) -> None:
    network, path = float_network(1, *SPACE), tmp_path / "r.log"
    assert network.domain is not None
    few = linear_regions(network, network.domain, limit=5, log=path)
    assert (len(few), few.complete) == (5, False)
    before = path.read_bytes()
    known = linear_regions(network, network.domain, limit=3, log=path)
    assert (len(known), known.complete, known.from_log) == (3, False, 3)
    assert path.read_bytes() == before
    again = listed(network, path)
    assert told(again) == told(listed(network, None))
    assert 0 < again.from_log < len(again)


def test_a_log_of_something_else_is_refused(tmp_path: Path) -> None:
    network, path = float_network(1, 2, 3, 1), tmp_path / "r.log"
    assert network.domain is not None
    listed(network, path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="none of its lines lists regions of this network"):
        listed(float_network(2, 2, 3, 1), path)
    with pytest.raises(InputError, match=r"r\.log is about other networks, domains or questions"):
        listed(network.with_domain(Domain.cube(0, 1, 2)), path)
    with pytest.raises(InputError, match="none of its lines counts regions"):
        count_regions(network, network.domain, run=Run(Limits(log=path)))
    assert path.read_bytes() == before


def test_lines_that_are_not_as_they_were_written_are_passed_over(tmp_path: Path) -> None:
    network, path = float_network(1, 2, 3, 1), tmp_path / "r.log"
    whole = listed(network, path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0]["listed"]["columns"][0] += "0"  # its sum is another one now
    bodies: list[JsonObject] = [
        {},
        {"columns": "0", "regions": []},
        {"columns": [], "regions": [{}]},
        {"columns": ["x"], "regions": []},
        lines[1]["listed"] | {"columns": lines[1]["listed"]["columns"][:1]},
    ]
    assert len(lines) > len(bodies)
    for line, body in zip(lines[1:], bodies, strict=False):  # made by hand, with the right sum
        text = json.dumps(body, sort_keys=True).encode("ascii")
        line |= {"listed": body, "sum": sha256(text).hexdigest()}
    flawed = lines[: 1 + len(bodies)]
    path.write_text("".join(json.dumps(one, separators=(",", ":")) + "\n" for one in flawed))
    again = listed(network, path)
    assert (told(again), again.from_log) == (told(whole), 0)


def test_integers_of_any_length_are_logged(tmp_path: Path) -> None:
    network = net(
        "network n\ninput x[2] in [-1, 1]\nh = relu([x[0] - 1e-1100, x[0] + x[1]])\n"
        "k = relu([x[1] - 1e-1100*h[0], x[1] + x[0]/2 - 1e-1100*h[1] - 1/3])\n"
        "m = relu([k[1] - k[0]/2, x[1] - 1/7 - 1e-1100*k[0], x[1] + x[0]/3 - 1e-1100*k[0]])\n"
        "output m\n"
    )
    assert network.domain is not None
    whole = listed(network, tmp_path / "r.log")
    longest = max(abs(v) for r in whole.with_vertices for c in r.polytope.vertices for v in c)
    assert longest > 10**4300
    assert told(listed(network, tmp_path / "r.log")) == told(whole)
    counted = count_regions(network, network.domain, run=Run(Limits(log=tmp_path / "c.log")))
    assert counted.count == len(whole)


# ---- the command ---------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.relu").write_text(print_network(float_network(1, 2, 5, 4, 1)))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["regions", *arguments])


def test_files_are_the_same_and_the_screen_says_what_the_log_had(folder: Path) -> None:
    results = [
        run("n.relu", "--npz", f"{name}.npz", *more)
        for name, more in (("a", ()), ("b", ("--log", "r.log")), ("c", ("--log", "r.log")))
    ]
    assert [result.exit_code for result in results] == [0, 0, 0]
    first, *others = ((folder / f"{name}.npz").read_bytes() for name in "abc")
    assert others == [first, first]
    assert "from the log" not in results[1].output
    number = results[2].stdout.split()[0]
    assert f"note: {number} regions are from the log" in results[2].stderr
    assert results[2].stdout.replace("c.npz", "b.npz") == results[1].stdout


KILLED = """
import os, signal
from pathlib import Path
from rectifold.formats.load import load
from rectifold.linear_regions.summary import list_regions
from rectifold.runtime.run import Limits, Run

def kill(what, done, total):
    if done == 12:
        os.kill(os.getpid(), signal.SIGKILL)

network = load("n.relu").network
list_regions(network, network.domain, run=Run(Limits(log=Path("r.log")), progress=kill))
"""


def test_a_list_that_is_killed_is_gone_on_with(folder: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (folder / "r.log").read_bytes().count(b"\n") == 12
    resumed = run("n.relu", "--json", "k.json", "--npz", "k.npz", "--log", "r.log")
    assert "are from the log" in resumed.stderr
    assert run("n.relu", "--json", "w.json", "--npz", "w.npz").exit_code == 0
    first, whole = (json.loads((folder / name).read_text()) for name in ("k.json", "w.json"))
    assert first | {"seconds": 0} == whole | {"seconds": 0}
    assert (folder / "k.npz").read_bytes() == (folder / "w.npz").read_bytes()


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("n.relu", "the input n.relu are one file"),
        ("other.txt", "was not written by --log"),
        ("none/r.log", "there is no folder"),
    ],
)
def test_what_is_no_log_is_refused(folder: Path, log: str, message: str) -> None:
    (folder / "other.txt").write_text("hello\n")
    refused = run("n.relu", "--log", log)
    assert refused.exit_code == 2
    assert message in " ".join(refused.output.split())
