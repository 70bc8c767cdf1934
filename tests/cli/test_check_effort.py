"""check: several processes, a time limit, and how far it is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rectifold.certificate.file import certificate_of
from rectifold.cli.check import Effort
from rectifold.cli.main import main
from rectifold.cli.times import Times
from rectifold.language.printer import print_network
from support import float_network

CELLS = 971


def check(*words: str) -> Result:
    return CliRunner().invoke(main, ["check", "a.relu", "c.cert", *words])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network, and a certificate of many cells that it equals itself, within 1."""
    monkeypatch.chdir(tmp_path)
    write_certificate(8)


def write_certificate(width: int) -> None:
    """Of a network with two layers of so many units; of width 8 it names the right number."""
    network = float_network(0, 4, width, width, 1)
    Path("a.relu").write_text(print_network(network))
    lines = list(certificate_of(network, network, [], [Fraction(1)]).lines)
    lines.insert(1, f'["cells",{CELLS}]')
    Path("c.cert").write_text("\n".join(lines))


def test_several_processes_say_the_same() -> None:
    assert Effort(jobs=2).means(Times.of(None), None)["jobs"] == 2
    alone, together = check(), check("--jobs", "2")
    assert alone.exit_code == together.exit_code == 0, alone.output
    assert alone.output == together.output
    Path("c.cert").write_text(Path("c.cert").read_text().replace(f"{CELLS}]", f"{CELLS + 1}]"))
    refused = check("--jobs", "2")
    assert refused.exit_code == 1
    assert f"refused: there are {CELLS} cells, not {CELLS + 1}" in refused.output


def test_the_time_limit_leaves_it_undecided() -> None:
    write_certificate(24)  # whose cells are more work than is done between two questions
    ended = check("--time-limit", "0")
    assert ended.exit_code == 3
    assert ended.output.startswith("stopped: the check was ended before it was done\n")


def test_progress_says_how_many_cells_and_what_part_of_the_domain() -> None:
    told: list[tuple[str, int, int]] = []
    means = Effort().means(Times.of(None), lambda *what: told.append(what))
    tell = means["progress"]
    assert tell is not None
    tell(12_768, 0.5)
    assert told == [("replaying the certificate: 12,768 cells", 49, 100)]
    tell = Effort(jobs=2).means(Times.of(None), None)["progress"]
    assert tell is not None
    tell(1, 0.1)
