"""A count with a log goes on where an earlier one was ended, and believes no other log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main
from rectifold.errors import InputError
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.language.printer import print_network
from rectifold.linear_regions.counts import Count, count_regions
from rectifold.runtime.run import Limits, Run
from support import float_network

PLANE, SPACE, MANY = (2, 10, 9, 1), (3, 7, 6, 1), (8, 4, 2, 1)


def counted(network: Network, path: Path | None, *, run: Run = Run(), jobs: int = 1) -> Count:
    assert network.domain is not None
    limits = Limits(run.limits.seconds, jobs=jobs, log=path)
    return count_regions(network, network.domain, run=Run(limits, 0, run.progress, run.clock))


def test_a_second_count_takes_all_from_the_log(tmp_path: Path) -> None:
    for sizes in (PLANE, SPACE, MANY):
        network, path = float_network(0, *sizes), tmp_path / f"{sizes[0]}.log"
        first = counted(network, path)
        assert first == counted(network, None)
        again = counted(network, path)
        assert (again.count, again.complete, again.from_log) == (first.count, True, first.count)


@pytest.mark.parametrize("sizes", [PLANE, SPACE])
def test_an_interrupted_count_is_gone_on_with(sizes: tuple[int, ...], tmp_path: Path) -> None:
    network, path = float_network(1, *sizes), tmp_path / "c.log"
    whole = counted(network, None).count

    def interrupt(what: str, done: int, total: int) -> None:
        if done >= 20:
            raise KeyboardInterrupt

    ended = counted(network, path, run=Run(progress=interrupt))
    assert not ended.complete
    assert 0 < ended.count < whole
    lines = path.read_text().splitlines()
    assert len(lines) == 20
    text = path.read_text()
    path.write_text(text[: len(text) - len(lines[-1]) // 2])  # as a power cut leaves it
    again = counted(network, path)
    assert (again.count, again.complete) == (whole, True)
    known = sum(json.loads(line)["regions"] for line in lines[:-1])
    assert again.from_log == known > 0
    assert counted(network, path).from_log == whole


def test_a_log_of_one_process_is_gone_on_with_by_two(tmp_path: Path) -> None:
    network, path = float_network(1, *PLANE), tmp_path / "c.log"
    whole = counted(network, path).count
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-9]) + "\n")
    again = counted(network, path, jobs=2)
    assert (again.count, again.complete) == (whole, True)
    assert 0 < again.from_log < whole


def ticks() -> Iterator[float]:
    return map(float, count())


def test_at_the_deadline_only_whole_parts_are_in_the_log(tmp_path: Path) -> None:
    network, path = float_network(1, *PLANE), tmp_path / "c.log"
    time = ticks()
    ended = counted(network, path, run=Run(Limits(150), clock=lambda: next(time)))
    assert not ended.complete
    written = sum(json.loads(line)["regions"] for line in path.read_text().splitlines())
    again = counted(network, path)
    assert (again.count, again.complete) == (counted(network, None).count, True)
    assert again.from_log == written <= ended.count


def test_a_log_of_another_network_or_domain_is_refused(tmp_path: Path) -> None:
    network, path = float_network(1, 2, 3, 1), tmp_path / "c.log"
    counted(network, path)
    before = path.read_bytes()
    with pytest.raises(InputError, match="none of its lines counts regions of this network"):
        counted(float_network(2, 2, 3, 1), path)
    with pytest.raises(InputError, match=r"c\.log is about other networks, domains or questions"):
        counted(network.with_domain(Domain.cube(0, 1, 2)), path)
    assert path.read_bytes() == before


def test_a_log_that_is_cut_off_anywhere_is_gone_on_with(tmp_path: Path) -> None:
    """As a power cut leaves it, in the key of its first line too; another network's is not."""
    network, path = float_network(1, 2, 3, 1), tmp_path / "c.log"
    whole = counted(network, path).count
    text = path.read_text()
    for length in [*range(120), len(text) - 1]:
        path.write_text(text[:length])
        again = counted(network, path)
        assert (again.count, again.complete) == (whole, True)
    line = text.partition("\n")[0]
    path.write_text(line[: line.index("part")])
    with pytest.raises(InputError, match="none of its lines counts regions"):
        counted(float_network(2, 2, 3, 1), path)


def test_lines_that_are_no_counts_are_passed_over(tmp_path: Path) -> None:
    network, path = float_network(1, 2, 3, 1), tmp_path / "c.log"
    whole = counted(network, path).count
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    flaws = ({"regions": "3"}, {"regions": 0}, {"regions": None}, {"part": 7}, {"part": "else"})
    bad = [line | flaw for line, flaw in zip(lines, flaws, strict=False)]
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in bad))
    again = counted(network, path)
    assert (again.count, again.from_log) == (whole, 0)


# ---- the command ---------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.relu").write_text(print_network(float_network(1, 2, 5, 4, 1)))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["regions", *arguments])


def test_the_command_says_what_the_log_had(folder: Path) -> None:
    first = run("n.relu", "--count", "--log", "c.log")
    assert first.exit_code == 0, first.output
    assert "from the log" not in first.output
    again = run("n.relu", "--count", "--log", "c.log")
    number = first.output.split()[0]
    assert again.output.startswith(f"{number} linear regions, {number} of them from the log (")
    report = json.loads(run("n.relu", "--count", "--log", "c.log", "--json", "-").output)
    assert report["from_log"] == report["count"] == int(number)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "--log", "n.relu"], "the input n.relu are one file"),
        (["--count", "--log", "other.txt"], "was not written by --log"),
        (["--count", "--log", "none/c.log"], "there is no folder"),
    ],
)
def test_what_is_no_log_is_refused(folder: Path, arguments: list[str], message: str) -> None:
    (folder / "other.txt").write_text("hello\n")
    refused = run("n.relu", *arguments)
    assert refused.exit_code == 2
    assert message in " ".join(refused.output.split())
