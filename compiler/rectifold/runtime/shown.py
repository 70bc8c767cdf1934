"""Results that show themselves in a notebook: as a part of a page, and as a picture.

    Regions, Facts, Compiled, Shallow, Equal, ...   →   _repr_html_, plot(ax=...)

Pages and pictures lie above the packages of these values, which know of this one name only; what is
shown is imported when somebody looks.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_SHOWING = "rectifold.reports.notebook"


class Shown:
    """A value that notebooks display as HTML."""

    def _repr_html_(self) -> str:
        return str(import_module(_SHOWING).html_of(self))


class Plotted(Shown):
    """One that is drawn, too."""

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draws it on `ax`, axes of Matplotlib (left out: those of a new figure); the axes.

        `options`: of regions `colour`, "gradient", "pattern" or "output". Raises InputError where
        Matplotlib is not installed, and for what has no picture, such as regions of three inputs.
        """
        return import_module(_SHOWING).drawn_on(self, ax, **options)
