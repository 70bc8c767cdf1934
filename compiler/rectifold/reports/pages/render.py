"""A page as one HTML file: no network access, light and dark, for phones, keyboards and readers.

    Page  →  templates/page.html.tmpl  →  bytes

Every text passes the template's escaping; pictures are images that hold their own bytes.
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from rectifold.reports.pages.model import Page
from rectifold.runtime.version import __version__


def page_bytes(page: Page) -> bytes:
    """The file."""
    text = _template("page.html.tmpl").render(page=page, version=__version__)
    return text.encode("utf-8")


def fragment(page: Page) -> str:
    """The same as a part of another page: a notebook's cell."""
    return _template("cell.html.tmpl").render(page=page, version=__version__)


@cache
def _template(name: str) -> Template:
    loader = PackageLoader("rectifold.reports.pages", "templates")
    surroundings = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    return surroundings.get_template(name)
