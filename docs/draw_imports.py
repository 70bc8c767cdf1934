"""Draws who imports whom, and writes the table of packages: python docs/draw_imports.py

    tests/test_imports.py (ALLOWED)    becomes    docs/imports.svg, a table in architecture.md

An arrow is left out of the picture where a longer way says the same; the table has all of them.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE, PAGE = ROOT / "docs" / "imports.svg", ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- made by docs/draw_imports.py -->", "<!-- end -->"
BENEATH, CHECKER = "beneath", "rectifold_check"
WIDE, HIGH, GAP, BOX = 150, 34, 30, 26  # pixels: a column, a box, between rows, of margin

Graph = Mapping[str, set[str]]


def tables() -> tuple[dict[str, set[str]], set[str]]:
    """(package → what it may import, the packages beneath all), from the test that holds them."""
    path = ROOT / "tests" / "test_imports.py"
    spec = importlib.util.spec_from_file_location("import_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    allowed = {name: set(found) for name, found in module.ALLOWED.items()}
    return allowed | {"cli": set(allowed)}, set(module.BASE)


# ---- the table ----------------------------------------------------------------------------------


def table() -> str:
    """A row per package: its job, as its docstring says, and what it may import."""
    allowed, base = tables()
    rows = ["| package | job | may import, besides what is beneath |", "|---|---|---|"]
    for name, targets in allowed.items():
        others = [v for v in (*allowed, CHECKER) if v in targets - base]
        says = "everything" if name == "cli" else ", ".join(others) or "—"
        rows.append(f"| `{name}` | {_job(name)} | {'(beneath)' if name in base else says} |")
    return "\n".join(rows)


def _job(name: str) -> str:
    place = ROOT / "compiler" / "rectifold" / name.replace(".", "/")
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def page() -> str:
    """The page with its table made anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


# ---- the picture --------------------------------------------------------------------------------


def graph() -> dict[str, set[str]]:
    """The packages beneath as one, and only the arrows that no longer way implies."""
    allowed, base = tables()
    every: dict[str, set[str]] = {BENEATH: set(), CHECKER: set()}
    for name in allowed.keys() - base:
        every[name] = {BENEATH if v in base else v for v in allowed[name]}
    below = {name: _reached(every, [name]) for name in every}
    return {
        name: {v for v in every[name] if not any(v in below[w] for w in every[name])}
        for name in sorted(every)
    }


def _reached(every: Graph, start: Iterable[str]) -> set[str]:
    """What stands below these packages."""
    found: set[str] = set()
    for name in start:
        found |= every[name] | _reached(every, every[name])
    return found


def levels(arrows: Graph) -> dict[str, int]:
    """How many packages stand in a line beneath each."""
    found: dict[str, int] = {}
    while len(found) < len(arrows):
        for name, below in arrows.items():
            if name not in found and below <= found.keys():
                found[name] = 1 + max((found[v] for v in below), default=-1)
    return found


def places(arrows: Graph) -> dict[tuple[str, int], tuple[float, int]]:
    """(package, level it is drawn or passed on) → (column, level); a long arrow takes a place on
    every level that it passes.
    """
    level = levels(arrows)
    rows: dict[int, list[tuple[str, int]]] = {k: [] for k in range(max(level.values()) + 1)}
    above: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for name in sorted(arrows, key=lambda v: (-level[v], v)):
        rows[level[name]].append((name, level[name]))
    for name, below in arrows.items():
        for target in below:
            way = [(f"{name}>{target}", k) for k in range(level[name] - 1, level[target], -1)]
            line = [(name, level[name]), *way, (target, level[target])]
            for upper, lower in pairwise(line):
                above.setdefault(lower, []).append(upper)
            for place in way:
                rows[place[1]].append(place)
    return _columns(rows, above)


def _columns(
    rows: Mapping[int, list[tuple[str, int]]],
    above: Mapping[tuple[str, int], list[tuple[str, int]]],
) -> dict[tuple[str, int], tuple[float, int]]:
    """From the top row down, each place below the middle of those that point to it."""
    width = max(map(len, rows.values()))
    found: dict[tuple[str, int], tuple[float, int]] = {}
    for k in sorted(rows, reverse=True):
        wish = {
            place: sum(found[v][0] for v in above[place]) / len(above[place])
            if place in above
            else float(width)
            for place in rows[k]
        }
        ordered = sorted(rows[k], key=lambda place: (wish[place], place))
        step = width / len(ordered)
        for i, place in enumerate(ordered):
            found[place] = (i + 0.5) * step, k
    return found


def picture() -> str:
    """The picture as SVG: an arrow goes from a package to one that it may import."""
    arrows = graph()
    level, place = levels(arrows), places(arrows)
    top = max(level.values())
    width = int(max(x for x, _ in place.values()) * WIDE + WIDE / 2 + 2 * BOX)

    def at(key: tuple[str, int]) -> tuple[float, float]:
        x, k = place[key]
        return BOX + x * WIDE, BOX + (top - k) * (HIGH + GAP) + HIGH / 2

    parts = [_HEAD.format(width=width, height=2 * BOX + (top + 1) * (HIGH + GAP) - GAP)]
    for name, below in arrows.items():
        for target in sorted(below):
            way = [(f"{name}>{target}", k) for k in range(level[name] - 1, level[target], -1)]
            points = [at((name, level[name])), *map(at, way), at((target, level[target]))]
            points[0] = points[0][0], points[0][1] + HIGH / 2
            points[-1] = points[-1][0], points[-1][1] - HIGH / 2 - 2
            line = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
            parts.append(f'<polyline class="arrow" points="{line}"/>')
    for name in arrows:
        x, y = at((name, level[name]))
        parts.append(_box(name, x, y))
    return "\n".join([*parts, "</svg>\n"])


_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">
<style>.arrow {{ fill: none; stroke: #567; stroke-width: 1.2; marker-end: url(#tip) }}
rect {{ fill: #eef3f8; stroke: #345 }} text {{ font-size: 13px; text-anchor: middle }}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#567"/></marker></defs>
<rect x="0" y="0" width="{width}" height="{height}" style="fill: #fff; stroke: none"/>"""


def _box(name: str, x: float, y: float) -> str:
    text = name
    if name == BENEATH:
        text = ", ".join(v for v in tables()[0] if v in tables()[1])
    wide = max(len(text) * 7.6 + 16, WIDE * 0.7)
    left, upper = x - wide / 2, y - HIGH / 2
    return (
        f'<rect x="{left:.0f}" y="{upper:.0f}" width="{wide:.0f}" height="{HIGH}" rx="5"/>'
        f'<text x="{x:.0f}" y="{y + 5:.0f}">{text}</text>'
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PICTURE} and the table of {PAGE}\n")
