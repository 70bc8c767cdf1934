"""Two bar charts side by side as SVG: stable units and linear regions of each training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LABEL, BAR, GAP, HIGH = 190, 220, 70, 24  # pixels: of labels, a whole bar, between, of a row
HEAD = 34


@dataclass(frozen=True)
class Bars:
    """A chart: its title, a value of at least 0 for each row, and how values are written."""

    title: str
    values: Sequence[float]
    colour: str
    suffix: str = ""


def picture(labels: Sequence[str], charts: Sequence[Bars]) -> str:
    """The SVG text; bars of a chart are as long as their values, the longest fills it."""
    width = LABEL + len(charts) * (BAR + GAP)
    height = HEAD + HIGH * len(labels) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for k, label in enumerate(labels):
        parts.append(_text(LABEL - 8, _middle(k), label, "end"))
    for place, chart in enumerate(charts):
        parts += _chart(LABEL + place * (BAR + GAP), chart)
    return "\n".join([*parts, "</svg>", ""])


def _chart(left: int, chart: Bars) -> list[str]:
    parts = [_text(left, 20, chart.title, "start", ' font-weight="bold"')]
    longest = max([*chart.values, 1e-9])
    for k, value in enumerate(chart.values):
        length = round(BAR * value / longest, 1)
        top = HEAD + k * HIGH + 4
        parts.append(
            f'<rect x="{left}" y="{top}" width="{length}" height="{HIGH - 8}" '
            f'fill="{chart.colour}"/>'
        )
        parts.append(_text(left + length + 5, _middle(k), f"{value:.0f}{chart.suffix}", "start"))
    return parts


def _middle(k: int) -> int:
    return HEAD + k * HIGH + HIGH // 2 + 4


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{more}>{escape(text)}</text>'
