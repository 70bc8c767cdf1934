"""Results show themselves in a notebook, as HTML and as pictures on anybody's axes."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import rectifold
from rectifold.errors import InputError
from rectifold.runtime.shown import Plotted

ROOT = Path(__file__).resolve().parents[2]
PLANE = """input x[2] in [-1, 1]
h = relu([[1, 1], [1, -1], [1, 2]] @ x + [1/2, 0, 0])
k = relu([[1, -2, 1]] @ h)
output k
"""


def results() -> dict[str, Any]:
    network = rectifold.parse(PLANE, "plane.relu")
    other = rectifold.parse(PLANE.replace("output k", "output 2*k"), "other.relu")
    compiled = rectifold.compile(network)
    return {
        "compiled": compiled,
        "facts": compiled.facts,
        "regions": rectifold.regions(network),
        "shallow": rectifold.shallow(network),
        "equal": rectifold.compare(network, network),
        "different": rectifold.compare(network, other),
    }


RESULTS = results()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("compiled", "Units of the source, and what became of them"),
        ("facts", "The phase of every unit is proved"),
        ("regions", "All linear regions were found"),
        ("shallow", "with at most two hidden layers"),
        ("equal", "equal: "),
        ("different", "Counterexample"),
    ],
)
def test_a_result_is_html_in_a_notebook(name: str, said: str) -> None:
    text = RESULTS[name]._repr_html_()
    assert said in text
    assert text.startswith('<div class="rectifold">')
    assert "<script" not in text


@pytest.mark.parametrize("name", ["compiled", "facts", "regions", "shallow"])
def test_a_result_is_drawn_on_axes(name: str) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    shown = RESULTS[name]
    assert isinstance(shown, Plotted)
    assert shown.plot(axes) is axes
    assert axes.has_data() or axes.patches


def test_words_of_a_large_network_do_not_meet_where_the_figure_is_ours() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib import pyplot

    rows = ", ".join(f"[1, {k}/40]" for k in range(30))
    wide = rectifold.parse(f"input x[2] in [-1, 1]\noutput ones(1, 30) @ relu([{rows}] @ x)\n", "w")
    axes = rectifold.compile(wide).plot()
    figure = axes.figure
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    pyplot.close(figure)
    meeting = [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if a.overlaps(b)]
    assert boxes
    assert not meeting


def test_regions_of_three_inputs_have_no_picture_and_no_polygons() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    found = rectifold.regions(
        rectifold.parse("input x[3] in [0, 1]\noutput relu([[1, 1, -1]] @ x)\n", "three.relu")
    )
    with pytest.raises(InputError, match="shows one or two free inputs, and 3 are free"):
        found.plot(Figure().subplots())
    with pytest.raises(InputError, match="polygons are those of two free inputs; here 3 are"):
        _ = found.polygons


def test_polygons_cover_the_box_once_around_each() -> None:
    areas: list[Fraction] = []
    for corners in RESULTS["regions"].polygons:
        x, y = corners.T.tolist()
        pairs = zip(x, y, [*x[1:], x[0]], [*y[1:], y[0]], strict=True)
        parts = (Fraction(a) * Fraction(d) - Fraction(c) * Fraction(b) for a, b, c, d in pairs)
        areas.append(sum(parts, Fraction(0)) / 2)
    assert all(area > 0 for area in areas)
    assert abs(sum(areas, Fraction(-4))) < Fraction(1, 10**9)  # of rounded corners


def test_the_notebook_among_the_examples_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    import matplotlib

    matplotlib.use("agg", force=True)
    monkeypatch.chdir(ROOT / "examples")
    cells = json.loads(Path("notebook.ipynb").read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 4
    names: dict[str, Any] = {}
    for cell in code:
        exec(compile(cell, "notebook.ipynb", "exec"), names)
    assert names["small"].check().holds
    assert len(names["cells"]) > 1
