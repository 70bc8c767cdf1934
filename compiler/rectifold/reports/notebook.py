"""How results show themselves in a notebook: the same parts as pages, and the same pictures.

Compiled, Facts, Regions, Shallow, Equal, Different, Unknown   →   HTML
Compiled, Facts, Regions, Shallow                              →   axes of Matplotlib
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rectifold.equivalence.answers import Different, Equal, Unknown
from rectifold.errors import InputError
from rectifold.exact.numerals import readable
from rectifold.facts.facts import Facts
from rectifold.linear_regions.summary import Regions
from rectifold.operations.compiling import Compiled
from rectifold.reports.pages.about import (
    COUNTEREXAMPLE,
    answer_page,
    compiled_page,
    facts_page,
    regions_page,
    shallow_page,
)
from rectifold.reports.pages.model import Page, Table
from rectifold.reports.pages.render import fragment
from rectifold.two_layers.shallow import Shallow

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def html_of(value: object) -> str:
    """The value as a part of a page. Precondition: it is one of the kinds above."""
    return fragment(_page(value))


def _page(value: object) -> Page:
    match value:
        case Compiled():
            return compiled_page(value)
        case Facts():
            return facts_page(value)
        case Regions():
            return regions_page(value)
        case Shallow():
            domain = value.source.domain
            return shallow_page(value, "" if domain is None else domain.describe())
        case Equal():
            return answer_page(
                "Comparison", "", [f"{value.verdict}: {value.statement or value.reason}"], "holds"
            )
        case Different():
            rows = tuple((f"x[{k}]", readable(v)) for k, v in enumerate(value.point))
            point = Table(COUNTEREXAMPLE, ("input", "value"), rows)
            text = f"output {value.output} differs by {readable(abs(value.difference))} there"
            return answer_page("Comparison", "", [text], "refuted", [point])
        case Unknown():
            return answer_page("Comparison", "", [value.reason], "undecided")
        case _:
            raise TypeError(f"{type(value).__name__} has no page")


def drawn_on(value: object, ax: Axes | None, **options: Any) -> Axes:
    """The picture of a value on axes, which are made where none are given.

    Raises InputError where there is none of it, and without Matplotlib.
    """
    axes = _axes(value) if ax is None else ax
    _plotter(value)(axes, value, **options)
    return axes


def _plotter(value: object) -> Callable[..., None]:
    from rectifold.reports.pictures.networks import plot_compiled  # matplotlib is an extra
    from rectifold.reports.pictures.phases import plot_phases
    from rectifold.reports.pictures.regions import plot_regions
    from rectifold.reports.pictures.shallow import plot_forms

    plotters: dict[type, Callable[..., None]] = {
        Compiled: plot_compiled,
        Facts: plot_phases,
        Regions: plot_regions,
        Shallow: plot_forms,
    }
    return next(found for kind, found in plotters.items() if isinstance(value, kind))


def _axes(value: object) -> Axes:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise InputError(
            'pictures need matplotlib; install it with: pip install "rectifold[plot]"'
        ) from None
    from rectifold.reports.pictures.networks import inches_of_compiled

    size = inches_of_compiled(value) if isinstance(value, Compiled) else None
    axes: Axes = pyplot.figure(figsize=size, layout="constrained").subplots()
    return axes
