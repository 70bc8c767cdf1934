"""Pages are self-contained, escape what they show, and work in a browser by mouse and keyboard."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from browser import dom_after, needs_browser
from rectifold.language.elaborate import parse
from rectifold.operations.compiling import compile_network
from rectifold.reports.diagram import SIZE, diagram
from rectifold.reports.pages.about import (
    CompileStory,
    answer_page,
    compile_page,
    image,
    result_page,
    stability_page,
)
from rectifold.reports.pages.model import REPORT, Page
from rectifold.reports.pages.pixels import grey_png
from rectifold.reports.pages.render import fragment, page_bytes

TEXT = """network tricky "<b>&"
input x[2] in [-1, 1]
h = relu([[1, 1], [1, 1], [1, -1], [2, 2]] @ x + [3, -3, 0, 0])
g = relu([[1, 1, 1, 1], [1, 0, -1, 0]] @ h)
output g[0] - g[1]
"""
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
VOID = {"meta", "link", "img"}


class Outline(HTMLParser):
    """Every tag with its attributes; fails where tags are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def compiled_page(name: str = "thing") -> Page:
    compiled = compile_network(parse(TEXT, "tricky.relu"))
    story = CompileStory(
        compiled.network,
        f"equal to {name}",
        "holds",
        "holds",
        f"rectifold check {name} c",
        ((f"{name}.onnx", "1,234", "6.4e-6"),),
        lines=(f"note about {name}",),
        made_by=f"rectifold compile {name}",
    )
    return compile_page(compiled, story)


def pages() -> dict[str, Page]:
    network = parse(TEXT, "tricky.relu")
    facts = compile_network(network).facts
    point = image("Counterexample", "an image", grey_png([0.0, 1.0, 2.0, 3.0], 2), "image/png")
    return {
        "compiled": compiled_page(),
        "evil": compiled_page(EVIL),
        "stability": stability_page(network, facts),
        "answer": answer_page(
            EVIL, "[0, 1]", ["different", "  x[0] = 1", EVIL], "refuted", [point]
        ),
        "result": result_page("rectifold local", {"samples": 12, "said": EVIL, "list": [1, 2]}),
    }


PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_asks_no_network(name: str) -> None:
    text = page_bytes(PAGES[name]).decode()
    assert text.encode().startswith(REPORT)
    outline = Outline(text)
    for tag, attributes in outline.tags:
        for key in ("src", "href", "action", "data"):
            assert str(attributes.get(key) or "data:").startswith("data:"), (tag, attributes)
    assert "@import" not in text
    assert "url(" not in text
    assert [a["lang"] for a in outline.all("html")] == ["en"]
    assert len(outline.all("h1")) == 1
    assert all(a.get("alt") for a in outline.all("img"))
    assert all(a.get("aria-label") for a in outline.all("svg"))


@pytest.mark.parametrize("name", ["evil", "answer", "result"])
def test_texts_are_escaped(name: str) -> None:
    text = page_bytes(PAGES[name]).decode()
    assert EVIL not in text
    assert "&lt;/script&gt;" in text
    assert len(Outline(text).all("script")) == 1
    assert not [a for _, a in Outline(text).tags if "onerror" in a]


def test_every_unit_is_a_cell_that_says_what_is_known() -> None:
    cells = [
        a for a in Outline(page_bytes(PAGES["compiled"]).decode()).all("span") if a.get("role")
    ]
    assert len(cells) == 6
    said = [str(a["aria-label"]) for a in cells]
    assert said[0].startswith("h[0]: active; proved 0.9999 ≤ z ≤ 5.001 (by ")
    assert "h[1]: inactive; proved -5.001 ≤ z ≤ -0.9999" in said[1]
    assert "It is removed (rule " in said[1]
    assert "It is kept." in " ".join(said)
    assert [a["tabindex"] for a in cells].count("0") == 2  # one stop of Tab for each strip


def test_a_compiled_network_is_drawn_before_and_after() -> None:
    text = page_bytes(PAGES["compiled"]).decode()
    assert "before: 2-4-2-1" in text
    assert len(Outline(text).all("svg")) == 2
    assert "rectifold check thing c" in text
    assert "6.4e-6" in text


def test_more_units_than_are_drawn_are_said() -> None:
    wide = parse(
        "input x[1] in [0, 1]\nh = relu(ones(7000, 1) @ x)\noutput ones(1, 7000) @ h\n", "w.relu"
    )
    page = stability_page(wide, compile_network(wide).facts)
    text = page_bytes(page).decode()
    assert "7,000 units, not drawn one by one: 7,000 active" in text


def test_large_layers_are_bars_in_parts_and_bands() -> None:
    text = "input x[1] in [0, 1]\nh = relu(ones(90, 1) @ x)\noutput ones(1, 90) @ h\n"
    looks = {"h": ["kept"] * 30 + ["removed"] * 60}
    found = diagram(parse(text, "w.relu"), "w", looks)
    assert [(bar.look, round(bar.height / SIZE.bar, 3)) for bar in found.bars] == [
        ("kept", 0.333),
        ("removed", 0.667),
    ]
    assert [link.look for link in found.links] == ["band", "band"]


def test_small_layers_are_dots_and_a_line_for_each_weight() -> None:
    found = diagram(parse(TEXT, "tricky.relu"), "t", {"h": ["kept"] * 4, "g": ["kept"] * 2})
    assert len(found.dots) == 2 + 4 + 2 + 1
    assert [link.look for link in found.links].count("minus") == 1 + 1 + 1
    assert all(0 < dot.x < found.width and 0 < dot.y < found.height for dot in found.dots)


def test_a_part_for_a_notebook_has_no_script() -> None:
    text = fragment(PAGES["compiled"])
    assert "<script" not in text
    assert "<html" not in text
    assert "before: 2-4-2-1" in text


def test_pixels_are_a_png_that_matplotlib_reads(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.image import imread

    path = tmp_path / "p.png"
    path.write_bytes(grey_png([0.0, 0.5, 1.0, 1.0, 0.0, 0.25], 3))
    assert (imread(path) * 255).round().tolist() == [[0, 128, 255], [255, 0, 64]]
    path.write_bytes(grey_png([2.0, 2.0], 1))
    assert imread(path).tolist() == [[0], [0]]


@needs_browser
def test_a_unit_is_told_by_mouse_and_keyboard(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(page_bytes(PAGES["compiled"]))
    # A browser without a window does not always give a page the focus, and then tells of no focus.
    script = """
      const focus = HTMLElement.prototype.focus;
      HTMLElement.prototype.focus = function () {
        focus.call(this);
        if (!document.hasFocus()) this.dispatchEvent(new FocusEvent('focusin', {bubbles: true}));
      };
      const strip = document.querySelector('.strip'), told = document.querySelector('.told');
      const say = (name) => document.body.append(` ${name}=${told.textContent.slice(0, 4)};`);
      strip.children[2].dispatchEvent(new MouseEvent('mouseover', {bubbles: true})); say('mouse');
      const key = (name) => document.activeElement.dispatchEvent(
        new KeyboardEvent('keydown', {key: name, bubbles: true}));
      strip.children[0].focus(); say('focus');
      key('ArrowRight'); say('right');
      key('End'); say('end');
      key('Home'); say('home');
    """
    said = dom_after(path, script)
    for what in ("mouse=h[2]", "focus=h[0]", "right=h[1]", "end=h[3]", "home=h[0]"):
        assert f" {what};" in said


@needs_browser
@pytest.mark.parametrize("width", [360, 1200])
def test_a_page_fits_a_phone_and_a_screen(tmp_path: Path, width: int) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(page_bytes(PAGES["compiled"]))
    script = "document.body.append(` over=${document.documentElement.scrollWidth - innerWidth};`)"
    over = re.search(r" over=(-?\d+);", dom_after(path, script, width))
    assert over is not None
    assert int(over[1]) <= 0
