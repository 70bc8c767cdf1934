"""Where results go: tables to the screen, JSON to a file or to standard output."""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from rectifold.reports.pages.model import Page
from rectifold.runtime.files import write_result, write_whole
from rectifold.runtime.json import Json, JsonObject


class _Screen(Console):
    """A console that leaves a closed pipe to the door of all commands.

    Rich would end with status 1.
    """

    def on_broken_pipe(self) -> None:
        raise  # called where rich handles the BrokenPipeError


def console() -> Console:
    """Where tables go. A pipe gets plain text of a fixed width, a closed output nothing."""
    stream = sys.stdout or io.StringIO()
    return _Screen(file=stream, width=None if stream.isatty() else 100, highlight=False)


def write_json(target: str | None, result: JsonObject, *, force: bool = True) -> None:
    """To a file (whole or not at all) or to standard output.

    A float that is no number is null: JSON has none.
    """
    if target is not None:
        write_result(
            target, (json.dumps(_strict(result), indent=2, allow_nan=False) + "\n").encode("utf-8")
        )


def require_page_name(
    context: click.Context, parameter: click.Parameter, file: str | None
) -> str | None:
    """The file of --report. Raises BadParameter for one that no browser takes for a page."""
    if file is not None and Path(file).suffix not in (".html", ".htm"):
        raise click.BadParameter(f"a page is written, and {file} does not end in .html")
    return file


def write_page(file: str, result: JsonObject, page: Callable[[], Page] | None) -> None:
    """The page that is made, else one of what the result says: whole, or not at all."""
    from rectifold.reports.pages.about import result_page  # jinja2 takes a while to import
    from rectifold.reports.pages.render import page_bytes

    name = f"rectifold {click.get_current_context().info_name}"
    made = page() if page is not None else result_page(name, result)
    write_whole(Path(file), page_bytes(made))


def _strict(value: Json) -> Json:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _strict(v) for key, v in value.items()}
    return [_strict(v) for v in value] if isinstance(value, list | tuple) else value
