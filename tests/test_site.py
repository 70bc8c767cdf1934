"""The documentation site: it builds without a warning, and asks no network for anything."""

from __future__ import annotations

import re
import subprocess
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import rectifold

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(
    find_spec("material") is None or find_spec("mkdocstrings") is None,
    reason="the site needs mkdocs-material and mkdocstrings: make site",
)


def build(site: Path, **extra: str) -> None:
    """docs/make_site.py, with pages besides."""
    spec = spec_from_file_location("make_site", ROOT / "docs" / "make_site.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.build(site, {f"{name}.md": text for name, text in extra.items()})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    build(place)
    return place


def test_every_page_that_the_menu_names_is_there(site: Path) -> None:
    menu = (ROOT / "docs" / "site.yml").read_text("utf-8").partition("\nnav:")[2]
    pages = re.findall(r": (\S+)\.md$", menu, re.MULTILINE)
    assert len(pages) > 25
    for page in pages:
        name = page.removesuffix("/README")
        place = site / "index.html" if page == "index" else site / name / "index.html"
        assert place.is_file(), page


def test_every_document_is_in_the_menu_or_reached_from_a_page() -> None:
    menu = (ROOT / "docs" / "site.yml").read_text("utf-8")
    for folder in ("guide", "reference"):
        for path in (ROOT / "docs" / folder).glob("*.md"):
            assert f"docs/{folder}/{path.name}" in menu, path


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        text = page.read_text("utf-8")
        assert not re.search(r'<(?:script|link|img)[^>]*(?:src|href)="https?:', text), page


def test_every_public_name_has_its_docstring(site: Path) -> None:
    text = (site / "docs" / "api" / "index.html").read_text("utf-8")
    for place in rectifold.PUBLIC.values():
        assert f'id="{place}"' in text, place


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        build(tmp_path, broken="# Broken\n\n[nowhere](gone.md)\n")
