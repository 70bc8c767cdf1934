"""The stories of examples/: every command of their pages runs and prints what is shown."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from browser import dom_at, needs_browser
from rectifold.formats.load import load
from rectifold.ir.evaluate import evaluate_float
from test_docs import missing_lines, run_line, shown_in

ROOT = Path(__file__).resolve().parents[1]
STORIES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/README.md"))
NEEDS = {"pytorch-controller": "torch", "milp": "highspy"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_list_of_stories_has_each_of_them() -> None:
    text = (ROOT / "examples" / "README.md").read_text("utf-8")
    assert sorted(re.findall(r"\]\(([\w-]+)/README\.md\)", text)) == STORIES
    assert len(STORIES) >= 7


@pytest.mark.parametrize("story", STORIES)
def test_the_commands_of_a_story_run(story: str, folder: Path) -> None:
    if story in NEEDS and find_spec(NEEDS[story]) is None:
        pytest.skip(f"this story needs {NEEDS[story]}")
    for part in shown_in((ROOT / "examples" / story / "README.md").read_text("utf-8")):
        printed = ""
        for line in part.commands:
            if line.startswith("cc ") and shutil.which("cc") is None:
                continue
            printed += run_line(line)
        assert missing_lines(part.output, printed) == [], printed


def test_both_programs_of_the_solver_story_have_one_optimum(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("highspy")
    (part,) = shown_in((ROOT / "examples" / "milp" / "README.md").read_text("utf-8"))
    printed = "".join(run_line(line) for line in part.commands)
    rows = re.findall(r"(\d+) binary variables, largest output ([-.\d]+)", printed)
    (before, one), (after, other) = rows
    assert int(after) < int(before)
    assert abs(float(one) - float(other)) < 1e-4  # a solver's tolerances


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server of these files; it says nothing."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        extensions_map = {  # noqa: RUF012  # as the base class has it
            **http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript",
        }  # fmt: skip

        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@needs_browser
def test_the_page_computes_what_the_network_does(folder: Path) -> None:
    (part,) = shown_in((ROOT / "examples" / "browser" / "README.md").read_text("utf-8"))
    for line in part.commands:
        run_line(line)
    page = folder / "examples" / "browser" / "index.html"
    moved = """<script type="module">
      const slider = document.querySelectorAll("input")[2];
      slider.value = 0.1;
      slider.dispatchEvent(new Event("input"));
    </script></body>"""
    page.write_text(page.read_text("utf-8").replace("</body>", moved), encoding="utf-8")
    with served(page.parent) as address:
        text = dom_at(f"{address}/index.html", folder)
    shown = re.search(r'id="force"[^>]*>([-.\d]+)<', text)
    assert shown is not None, text
    network = load(ROOT / "examples" / "cartpole.onnx").network
    (expected,) = evaluate_float(network, [[0.0, 0.0, 0.1, 0.0]])[0].tolist()
    assert abs(float(shown[1]) - expected) < 1e-3
