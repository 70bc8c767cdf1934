"""Colours that are told apart with every kind of colour vision and in print.

Okabe and Ito, *Color Universal Design*, 2008, and viridis for amounts; a look never rests on colour
alone where two meet: phases have hatches, lines have dashes, regions have dark borders.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ORANGE, SKY, GREEN, YELLOW = "#e69f00", "#56b4e9", "#009e73", "#f0e442"
BLUE, VERMILION, PURPLE, GREY = "#0072b2", "#d55e00", "#cc79a7", "#999999"
DARK = "#333333"
COLOURS = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW, DARK)
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
BORDER: dict[str, Any] = {"edgecolor": "#222222", "linewidth": 0.45}
HALO: dict[str, Any] = {"edgecolor": "white", "linewidth": 1.5}  # under a border on dark colours
AMOUNTS = "viridis"


def line_looks(count: int) -> list[tuple[str, Any]]:
    """A colour and a dash for each of so many lines: no two alike up to 40, neighbours least."""
    return [
        (COLOURS[k % len(COLOURS)], DASHES[(k // len(COLOURS)) % len(DASHES)]) for k in range(count)
    ]


def neighbours_apart(touching: Sequence[Sequence[int]]) -> list[int]:
    """A colour number for each area so that no two that touch share one: the first that is free.

    `touching[k]`: the areas that share a side with area k. Large degrees are coloured first.
    """
    found = [-1] * len(touching)
    for k in sorted(range(len(touching)), key=lambda k: -len(touching[k])):
        taken = {found[j] for j in touching[k]}
        found[k] = next(c for c in range(len(touching) + 1) if c not in taken)
    return found
