"""Builds the documentation site: python docs/make_site.py SITE   (pip install ".[docs]")

    README.md, docs/, grammar/, FORMAT.md, pictures  →  a copy with the same folders  →  SITE/*.html

The copy keeps every link as it is; mkdocs takes a link that leads nowhere for an error.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import rectifold

ROOT = Path(__file__).resolve().parents[1]
SHOWN = (".md", ".svg", ".png", ".py", ".ipynb", ".relu", ".yml")
FOLDERS = ("docs", "grammar", "examples")
FILES = (
    "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "grammar/relu.lark",
    "compiler/rectifold_check/FORMAT.md",
)  # fmt: skip


def build(site: Path, extra: dict[str, str] | None = None) -> None:
    """Writes the pages to `site`. Raises CalledProcessError for a warning of mkdocs.

    `extra`: pages besides, by their names in docs/.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        stage(place / "pages")
        for name, text in (extra or {}).items():
            (place / "pages" / "docs" / name).write_text(text, encoding="utf-8")
        settings = (ROOT / "docs" / "site.yml").read_text(encoding="utf-8")
        settings = settings.replace("paths: [compiler]", f"paths: ['{ROOT / 'compiler'}']")
        settings += f"docs_dir: pages\nsite_dir: '{site.resolve()}'\n"
        (place / "mkdocs.yml").write_text(settings, encoding="utf-8")
        command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
        subprocess.run(command, cwd=place, check=True)


def stage(pages: Path) -> None:
    """Copies what is shown, in the folders where it lies; README.md is the first page."""
    found = [path for name in FOLDERS for path in (ROOT / name).rglob("*")]
    for path in [*found, *(ROOT / name for name in FILES)]:
        if path.is_file() and (path.suffix in SHOWN or path in (ROOT / name for name in FILES)):
            target = pages / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (pages / "index.md").write_text(text, encoding="utf-8")
    (pages / "docs" / "api.md").write_text(api(), encoding="utf-8")


def api() -> str:
    """A page of docstrings: every public name."""
    parts = [f"::: {place}\n" for place in rectifold.PUBLIC.values()]
    return "# Docstrings\n\n" + "\n".join(parts)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
    sys.stdout.write(f"wrote {sys.argv[1]}\n")
