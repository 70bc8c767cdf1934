"""Texts of emitted modules, as files beside this one: `numpy_module.tmpl` and the like.

    template("numpy_module").format(inputs=2, …)

A field stands in braces, a brace of the text is doubled.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def template(name: str) -> str:
    """The text of `name`.tmpl, to be filled by str.format."""
    return (files(__package__) / f"{name}.tmpl").read_text(encoding="ascii")
