"""The progress line: what is done, of how many where that is known, and for how long."""

from __future__ import annotations

import pytest

from rectifold.cli.progress import progress_line, progress_text


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("h", 0, 3, 0.4), "h (1 of 3), 0 s"),
        (("rewriting", 0, 0, 59.9), "rewriting, 59 s"),
        (
            ("1,000 regions compared, 7 cells wait", 49, 100, 3605.0),
            "1,000 regions compared, 7 cells wait (50 of 100), 60 min 5 s",
        ),
    ],
)
def test_the_line_says_what_of_how_many_and_since_when(
    given: tuple[str, int, int, float], line: str
) -> None:
    assert progress_text(*given) == line


def test_without_a_terminal_nobody_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet in (False, True):
        with progress_line(quiet=quiet) as progress:
            assert progress is None
    assert capsys.readouterr() == ("", "")
