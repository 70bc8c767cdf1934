"""--report: every command that reports writes a page of what it found."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from browser import dom_after, needs_browser
from rectifold.cli.main import main

TINY = """input x[2] in [-1, 1]
h = relu([[1, 1], [1, -1], [1, 2]] @ x + [3, 0, 0])
output [[1, 1, 1]] @ h
"""
OTHER = TINY.replace("[[1, 1, 1]]", "[[1, 1, 2]]")
COMMANDS = {
    "compile a.relu o.py --certificate c.jsonl": (
        "equal to the source at every point of the domain",
        "rectifold check a.relu c.jsonl",
        "relu units",
        "o.py",
        "h[0]: active",
    ),
    "compile a.relu p.relu --no-certificate": ("no certificate was checked", "not made"),
    "compile a.relu q.relu --within 1/100": ("certified is: ",),
    "compile a.relu r.relu --shallow": ("rewriting",),
    "stability a.relu": ("The phase of every unit is proved", "h[2]: unstable"),
    "verify a.relu a.relu": ("equal", "HOLDS".lower()),
    "verify a.relu b.relu": ("refuted", "Counterexample", "x[0]"),
    "verify a.relu b.relu --within 9": ("within",),
    "verify a.relu b.relu --tightest": ("a.relu and b.relu", "output 0: at most"),
    "regions a.relu": ("All linear regions were found", "linear regions", "data:image/svg+xml"),
    "regions a.relu --count": ("count",),
    "shallow a.relu --plot s.svg": ("hidden units per layer", "s.svg, as written"),
    "prove a.relu --lipschitz 100": ("holds",),
    "prove a.relu --lipschitz 1": ("refuted", "Counterexample"),
    "check a.relu proof.jsonl": (
        "holds: A and B are equal",
        "sha256",
        "for a.relu",
    ),
    "emit a.relu e.py": (
        "net as python",
        "3 units",
        "rounding of the code: at most",
        "e.py</th>",
    ),
    "local a.relu --data d.npy --radius 1/10": ("3 samples",),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.relu").write_text(TINY)
    Path("b.relu").write_text(OTHER)
    np.save("d.npy", np.zeros((3, 2)))
    return tmp_path


def run(line: str) -> Result:
    return CliRunner().invoke(main, shlex.split(line))


@pytest.mark.parametrize("line", COMMANDS)
def test_the_page_says_what_was_found(line: str) -> None:
    if "--plot" in line or line == "regions a.relu":
        pytest.importorskip("matplotlib")
    if line.startswith("check"):
        run("compile a.relu o.relu --certificate proof.jsonl")
    result = run(f"{line} --report page.html")
    assert result.exit_code in (0, 1), result.output
    text = Path("page.html").read_text("utf-8")
    for what in COMMANDS[line]:
        assert what in text, what


def test_every_command_that_writes_a_result_and_may_be_quiet_has_it() -> None:
    has = {name for name, c in main.loaded().items() if any("--report" in p.opts for p in c.params)}
    assert {line.split()[0] for line in COMMANDS} | {"reduce", "train"} == has


@pytest.mark.parametrize("name", ["page.txt", "page", "-"])
def test_a_page_ends_in_html(name: str) -> None:
    result = run(f"stability a.relu --report {name}")
    assert result.exit_code == 2
    assert "does not end in .html" in result.output


def test_a_page_of_ours_is_replaced_and_no_other_file() -> None:
    assert run("stability a.relu --report page.html").exit_code == 0
    result = run("stability a.relu --report page.html")
    assert result.exit_code == 0
    assert "wrote page.html" in result.stderr
    Path("mine.html").write_text("<!doctype html>\nmine")
    result = run("stability a.relu --report mine.html")
    assert result.exit_code == 2
    assert "mine.html" in result.output
    assert Path("mine.html").read_text() == "<!doctype html>\nmine"


def test_a_page_is_no_file_that_is_read_or_written_too() -> None:
    Path("page.html").write_text(TINY)
    assert run("compile a.relu x.html --to relu --report x.html").exit_code == 2
    assert not Path("x.html").exists()


def test_nothing_is_printed_and_the_page_is_there() -> None:
    result = run("verify a.relu a.relu --quiet --report page.html")
    assert result.output == ""
    assert Path("page.html").is_file()


def test_an_image_is_shown_where_the_input_is_one() -> None:
    Path("big.relu").write_text("input x[64] in [0, 1]\noutput relu(ones(1, 64) @ x)\n")
    Path("big2.relu").write_text("input x[64] in [0, 1]\noutput relu(ones(1, 64) @ x - 1)\n")
    assert run("verify big.relu big2.relu --report page.html").exit_code == 1
    text = Path("page.html").read_text("utf-8")
    assert re.search(r'<img class="pixels" src="data:image/png;base64,', text)
    assert "Its numbers" in text
    assert "52 more inputs" in text


def test_the_page_of_a_reduction_says_what_carries_over() -> None:
    Path("p.vnnlib").write_text(
        "(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)"
        "(assert (>= X_0 0))(assert (<= X_0 1))(assert (>= X_1 0))(assert (<= X_1 1))"
        "(assert (>= Y_0 100))"
    )
    result = run("reduce a.relu p.vnnlib -o small.onnx --report page.html")
    assert result.exit_code == 0, result.output
    text = Path("page.html").read_text("utf-8")
    for what in ("the same verdict: the networks are equal", "small.vnnlib", "relu units"):
        assert what in text, what


def test_the_page_of_a_refused_certificate_says_why() -> None:
    run("compile a.relu o.relu --certificate proof.jsonl")
    assert run("check b.relu proof.jsonl --report page.html").exit_code == 1
    assert "refused: " in Path("page.html").read_text("utf-8")


@needs_browser
def test_the_page_of_a_compilation_has_no_errors_in_a_browser(folder: Path) -> None:
    run("compile a.relu o.py --certificate c.jsonl --report page.html")
    assert "Units of the source" in dom_after(folder / "page.html")


def test_the_page_of_a_property_says_how_its_certificate_is_replayed() -> None:
    kept = "prove a.relu --lipschitz 9 --certificate p.jsonl --report page.html --force"
    assert run(kept).exit_code == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert "rectifold check a.relu p.jsonl --lipschitz 9" in page
    assert run("check a.relu p.jsonl --lipschitz 9").exit_code == 0
    assert run("prove a.relu --lipschitz 9 --report page.html").exit_code == 0
    assert "With --certificate FILE it is kept." in Path("page.html").read_text(encoding="utf-8")


def test_the_page_of_emitted_code_has_what_was_measured() -> None:
    result = run("emit a.relu --to numpy --benchmark --report page.html")
    assert result.exit_code == 0, result.output
    page = Path("page.html").read_text(encoding="utf-8")
    assert "a sample on this machine, one thread" in page
    assert "microseconds" in page


def test_a_certificate_is_listed_among_what_was_written() -> None:
    result = run("compile a.relu -o o.relu --certificate c.jsonl --force")
    assert result.output.rstrip().endswith("wrote o.relu, c.jsonl")
    assert run("compile a.relu -o o.relu --force").output.rstrip().endswith("wrote o.relu")
