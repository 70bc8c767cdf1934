"""Writes the table of docs/reference/exporters.md: python docs/make_exporters_table.py"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "compiler"), str(ROOT / "tests")]

from exporters.models import CASES  # noqa: E402  found beside this file's folder
from exporters.table import table  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "exporters.md"
_PLACE = re.compile(r"(?<=exporters_table.py -->\n).*?(?=<!-- end -->)", re.DOTALL)


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    made = f"\n{table(CASES)}\n"
    PAGE.write_text(_PLACE.sub(lambda _: made, text), encoding="utf-8")


if __name__ == "__main__":
    main()
