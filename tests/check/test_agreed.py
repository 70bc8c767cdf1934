"""Writer and checker choose alike, and FORMAT.md says what."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rectifold_check
from rectifold.bounds import agreed as writer
from rectifold_check import agreed as checker

FORMAT = Path(rectifold_check.__file__).with_name("FORMAT.md").read_text(encoding="utf-8")
MARGINS = {  # what the writer leaves for the checker's rounding
    "SLOPE_MARGIN",
    "BOX_MARGIN",
    "INTERVAL_MARGIN",
    "ZERO_MARGIN",
    "SMALL_SIZE",
    "LARGE_SIZE",
}


def _choices(module: object) -> dict[str, float]:
    return {name: value for name, value in vars(module).items() if name.isupper()}


def test_writer_and_checker_choose_alike() -> None:
    ours, theirs = _choices(writer), _choices(checker)
    assert theirs
    assert {name: value for name, value in ours.items() if name not in MARGINS} == theirs
    assert ours.keys() - theirs.keys() == MARGINS


@pytest.mark.parametrize("module", [writer, checker], ids=["writer", "checker"])
def test_every_choice_stands_under_a_sentence_of_the_format(module: object) -> None:
    text = Path(str(vars(module)["__file__"])).read_text(encoding="utf-8")
    choices = text.partition("# ---- margins")[0].split('"""')[2].strip()
    paragraphs = choices.split("\n\n")
    assert len(paragraphs) > 3
    for paragraph in paragraphs:
        comment = " ".join(re.findall(r"^# (.*)$", paragraph, re.MULTILINE))
        quoted = re.match(r'"([^"]+)"', comment)
        assert quoted, f"no sentence of FORMAT.md above {paragraph!r}"
        assert quoted[1] in " ".join(FORMAT.split())


def test_the_margin_of_a_slope_covers_both_roundings() -> None:
    assert 2.0**-checker.UPPER_SLOPE_BITS <= writer.SLOPE_MARGIN / 2
    assert writer.SLOPE_MARGIN < 1 / checker.STEEP_UPPER
