"""The table of the documents: what comes of each block as each exporter writes it.

    | | PyTorch, dynamo=True | Keras |
    |---|---|---|
    | LeakyReLU | read | read |

Every cell is a case that a test makes with the real library.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from exporters.case import Case

_WORDS = {"read": "read", "tail": "tail", "refused": "refused"}


def table(cases: Sequence[Case]) -> str:
    """One row a block, one column an exporter, both in the order of the cases."""
    exporters = list(dict.fromkeys(case.exporter for case in cases))
    blocks = list(dict.fromkeys(case.block for case in cases))
    rows = [
        [
            block,
            *(_cell([c for c in cases if (c.block, c.exporter) == (block, e)]) for e in exporters),
        ]
        for block in blocks
    ]
    lines = [["", *exporters], ["---"] * (len(exporters) + 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(cases: Sequence[Case]) -> str:
    """What comes of the cases of one cell, and in which opsets if there are several."""
    outcomes = {case.expected.outcome for case in cases}
    assert len(outcomes) <= 1, [case.name for case in cases]
    opsets = sorted(int(n) for case in cases for n in re.findall(r"opset (\d+)", case.name))
    words = [_WORDS[outcome] for outcome in outcomes]
    return " ".join(words + ([f"({_runs(opsets)})"] if len(opsets) > 1 else []))


def _runs(numbers: Sequence[int]) -> str:
    """7, 8, 9, 11 as "7–9, 11"."""
    ends = [n for n in numbers if n - 1 not in numbers or n + 1 not in numbers]
    text = ""
    for n in ends:
        begins = n - 1 not in numbers
        text += (", " if begins and text else "") + (str(n) if begins else f"–{n}")
    return text
