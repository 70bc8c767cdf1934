"""Where results go: tables to the screen, JSON to a file or to standard output."""

from __future__ import annotations

import json
import math
import sys

from rich.console import Console

from rectifold.runtime.files import write_result
from rectifold.runtime.json import Json, JsonObject


class _Screen(Console):
    """A console that leaves a closed pipe to the door of all commands.

    Rich would end with status 1.
    """

    def on_broken_pipe(self) -> None:
        raise  # called where rich handles the BrokenPipeError


def console() -> Console:
    """Where tables go. A pipe gets plain text of a fixed width."""
    return _Screen(file=sys.stdout, width=None if sys.stdout.isatty() else 100, highlight=False)


def write_json(target: str | None, result: JsonObject, *, force: bool = True) -> None:
    """To a file (whole or not at all) or to standard output.

    A float that is no number is null: JSON has none.
    """
    if target is not None:
        write_result(
            target, (json.dumps(_strict(result), indent=2, allow_nan=False) + "\n").encode("utf-8")
        )


def _strict(value: Json) -> Json:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _strict(v) for key, v in value.items()}
    return [_strict(v) for v in value] if isinstance(value, list | tuple) else value
