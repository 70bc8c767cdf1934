"""An empty domain is said by every command: everything would be true there."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from rectifold.cli.main import main
from rectifold.ir.domain import DomainError
from rectifold.ir.property import Property, Unsafe
from rectifold.prover.emptiness import has_contradiction, is_empty, without_empty_parts
from support import net

EMPTY = "the domain is empty: no point of the box satisfies the linear constraints"
NETWORK = (
    "input x[2] in [0, 1]\nassume x[0] + x[1] >= {bound}\nh = relu(x - [1/2, 1/3])\noutput h\n"
)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("show n.relu", 0), ("run n.relu 0,0", 0), ("stability n.relu", 2),
        ("compile n.relu -o o.relu", 2),
        ("emit n.relu -o o.py", 2), ("regions n.relu", 2), ("shallow n.relu -o o.relu", 2),
        ("verify n.relu n.relu", 2),
        ("verify n.relu n.relu --argmax", 2), ("verify n.relu n.relu --within 1/2", 2),
        ("verify n.relu n.relu --tightest", 2), ("verify free.relu free.relu --domain n.relu", 2),
        ("check n.relu c.txt", 2),
    ],
)  # fmt: skip
def test_every_command_says_so(
    words: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("n.relu").write_text(NETWORK.format(bound="5/2"))
    Path("free.relu").write_text("input x[2]\noutput relu(x)\n")
    Path("c.txt").write_text("")
    result = CliRunner().invoke(main, words.split())
    assert result.exit_code == status
    assert EMPTY in result.stderr
    assert not Path("o.relu").exists()


@pytest.mark.parametrize(
    ("bound", "empty"),
    [("2", False), ("2 + 1e-30", True), ("1", False), ("19/10", False), ("-5", False)],
)
def test_emptiness_is_exact(bound: str, empty: bool) -> None:
    domain = net(NETWORK.format(bound=bound)).domain
    assert domain is not None
    assert is_empty(domain) == empty
    assert has_contradiction(domain) == empty


def test_a_thin_or_unbounded_domain_is_not_empty() -> None:
    for text in (
        "input x[2] in [0, 1]\nassume 3*x[0] + 3*x[1] == 1\noutput x",
        "input x[1] in [[5, inf]]\nassume 3*x[0] >= 7\noutput x",
        "input x[2]\nassume x[0] - x[1] == 1e100\noutput x",
    ):
        domain = net(text).domain
        assert domain is not None
        assert not is_empty(domain)


def test_a_contradiction_may_use_ends_that_are_not_there_only_where_they_cancel() -> None:
    for text, found in (
        ("input x[2]\nassume x[0] - x[1] >= 1\nassume x[1] - x[0] >= -1 + 1e-30\noutput x", True),
        ("input x[2]\nassume x[0] - x[1] >= 1\nassume x[1] - x[0] >= -1\noutput x", False),
        ("input x[2] in [0, inf]\nassume x[0] + x[1] <= -1/3\noutput x", True),
        ("input x[2] in [-inf, 0]\nassume x[0] + x[1] <= -1/3\noutput x", False),
    ):
        domain = net(text).domain
        assert domain is not None
        assert has_contradiction(domain) == found


def test_parts_whose_constraints_leave_no_point_are_left_out() -> None:
    parts = []
    for bound in ("5/2", "1"):
        domain = net(NETWORK.format(bound=bound)).domain
        assert domain is not None
        parts.append(Unsafe(domain, ((),)))
    kept = without_empty_parts(Property(tuple(parts), "p"))
    assert kept.parts == (parts[1],)
    assert kept.notes == (
        f"p: part 1 of 2 is met by no input ({EMPTY}); "
        "left out, and the others are numbered without",
    )
    with pytest.raises(DomainError, match="so nothing is asked"):
        without_empty_parts(Property((parts[0],), "p"))
