"""A verdict says what it is about: a certificate that holds and proves nothing is plain to see."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import rectifold_check
from rectifold.cli.main import main
from rectifold.ir.canonical import canonical_text
from rectifold_check.__main__ import main as checker_main
from support import BOX, canonical_chain, net

A = "input x[2] in [-1, 1]\nh = relu([[1, 1], [1, -1]] @ x)\ny = [[1, 1]] @ h\noutput y\n"
ZERO = canonical_chain(("L", "", [""]))  # the constant 0
SEVEN = canonical_chain(("R", "0:7/2", [""]), ("L", "", ["0:2"]))


def lines(b: str, eps: str, *steps: Any) -> list[str]:
    a = canonical_text(net(A))
    header = {
        "format": "rectifold-certificate/1", "a": hashlib.sha256(a.encode()).hexdigest(),
        "b": hashlib.sha256(b.encode()).hexdigest(), "eps": [eps], "result": b,
    }  # fmt: skip
    return [json.dumps(row) for row in (header, *steps)]


def huge_eps() -> list[str]:
    """|A − 0| ≤ 10⁹: true, and worth nothing."""
    return lines(
        ZERO,
        "1000000000",
        ["intervals", 0, 1],
        ["final", {"0": {"ge": {"l": []}, "le": {"l": []}}}],
    )


def trusted(count: int) -> list[str]:
    """A is 0, which is false; each step says so on somebody's word."""
    ends = [["trusted", [0, 1, k % 2], "up", "0", "me"] for k in range(count)]
    return lines(ZERO, "0", *ends, ["final", {}])


def verdict(certificate: list[str]) -> rectifold_check.Verdict:
    return rectifold_check.check(canonical_text(net(A)), BOX, certificate)


def test_a_huge_eps_and_the_zero_network_are_plain_to_see() -> None:
    told = verdict(huge_eps())
    assert told.holds
    first, a, b, eps, domain = told.text.splitlines()
    assert first == "holds: |A - B| is at most 1000000000 for every output, on the whole domain"
    assert a.startswith("  A: 2 inputs, 1 output, 2 layers, 2 relu units, 6 weights, sha256 ")
    assert b.startswith("  B: 2 inputs, 1 output, 1 layer, 0 relu units, 0 weights, sha256 ")
    assert b.endswith(" (the constant 0)")
    assert (eps, domain) == ("  eps: 1000000000", "  domain: [-1, 1]^2")
    claim = json.loads(json.dumps(told.json()))["claim"]
    assert claim["eps"] == ["1000000000"]
    assert claim["b"]["constant"] == ["0"]
    assert claim["a"]["constant"] is None
    assert claim["domain"] == {"lower": ["-1", "-1"], "upper": ["1", "1"], "constraints": []}


def test_a_constant_is_told_by_its_value() -> None:
    claim = verdict(
        lines(
            SEVEN, "100", ["intervals", 0, 1], ["final", {"0": {"ge": {"l": []}, "le": {"l": []}}}]
        )
    ).claim
    assert claim is not None
    assert claim.b.constant == (Fraction(7),)
    assert "(the constant 7)" in claim.lines[1]


def test_a_refused_certificate_says_what_it_claims_where_that_can_be_read() -> None:
    told = verdict(lines(ZERO, "1/3", ["final", {}]))
    assert not told.holds
    assert told.claim is not None
    assert told.text.startswith(
        "refused: output 0: the difference is not 0 and no proof is given\n  A: 2 inputs"
    )
    assert "  eps: 1/3" in told.text
    unread = verdict(["{}"])
    assert unread.claim is None
    assert unread.text == "refused: the first line is no certificate header"
    assert unread.json()["claim"] is None


def test_long_numbers_are_rounded_so_that_no_less_is_claimed() -> None:
    eps = f"{3 * 10**60 + 1}/{10**61}"
    told = verdict(lines(ZERO, eps, ["final", {}]))
    assert told.claim is not None
    assert told.claim.lines[2] == "eps: 3.00000001e-1"
    assert told.claim.json()["eps"] == [eps]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.relu").write_text(A)
    Path("a.json").write_text(canonical_text(net(A)))
    Path("box.json").write_text(BOX)
    for name, certificate in (
        ("huge", huge_eps()),
        ("trusted", trusted(8)),
        ("bad", lines(ZERO, "0", ["final", {}])),
    ):
        Path(f"{name}.cert").write_text("\n".join(certificate) + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "extra", "status"),
    [
        ("huge", [], 0), ("bad", [], 1), ("bad", ["--allow-trusted"], 1), ("trusted", [], 4),
        ("trusted", ["--allow-trusted"], 0), ("no such file", [], 2),
    ],
)  # fmt: skip
def test_the_exit_status_of_both_commands(
    folder: Path, name: str, extra: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = checker_main(["a.json", "box.json", f"{name}.cert", *extra])
    capsys.readouterr()
    ours = CliRunner().invoke(main, ["check", "a.relu", f"{name}.cert", *extra])
    assert (theirs, ours.exit_code) == (status, status)


def test_claims_on_trust_are_counted_in_the_first_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = CliRunner().invoke(main, ["check", "a.relu", "trusted.cert"]).output
    checker_main(["a.json", "box.json", "trusted.cert"])
    assert capsys.readouterr().out == ours
    assert ours.startswith(
        "holds, given 8 claims taken without proof: A and B are equal on the whole domain\n"
    )


def test_both_commands_give_the_claim_as_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checker_main(["a.json", "box.json", "huge.cert", "--json"])
    theirs = json.loads(capsys.readouterr().out)
    ours = json.loads(
        CliRunner().invoke(main, ["check", "a.relu", "huge.cert", "--json", "-"]).output
    )
    assert ours.pop("seconds") >= 0
    assert ours == theirs
    assert set(theirs) == {"verdict", "trusted", "reason", "claim"}
