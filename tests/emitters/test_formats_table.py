"""The guide's table of formats is the table of the code."""

from __future__ import annotations

from pathlib import Path

from rectifold.emitters.table import FORMATS

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "emit.md"


def test_the_guide_lists_every_format_with_its_files_and_precisions() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in GUIDE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    expected = []
    for one in FORMATS.values():
        files = ", ".join(f"`{v}`" for v in (one.suffix, *one.also, *one.beside))
        files += "".join(f" (`{v}`)" for v in one.perhaps)
        floats = ", ".join(f"`{v}`" for v in one.precisions)
        expected.append([f"`{one.name}`", files, floats or ("integers" if one.words else "exact")])
    assert sorted(row[:3] for row in rows if row[0] != "`--to`") == sorted(expected)
