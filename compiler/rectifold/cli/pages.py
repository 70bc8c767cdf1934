"""What --report writes: the result of a command as a page (reports/pages).

    Facts, Regions, Shallow, a sentence with its lines   →   FILE.html   (compile: compiled_page.py)

A command without a page of its own gets one of what its JSON result says.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from fractions import Fraction
from math import isqrt
from pathlib import Path

import click

from rectifold.cli.reading import reading_words
from rectifold.exact.numerals import counted, nearest_float, readable
from rectifold.linear_regions.summary import Regions
from rectifold.reports.pages.about import COUNTEREXAMPLE, image
from rectifold.reports.pages.model import Section, State, Table
from rectifold.reports.pages.pixels import grey_png
from rectifold.runtime.caps import CAPS
from rectifold.runtime.status import Status

_STATES: dict[int, State] = {
    Status.DONE: "holds",
    Status.TRUSTED: "holds",
    Status.REFUTED: "refuted",
    Status.UNDECIDED: "undecided",
}


def state_of(status: int) -> State:
    """How an answer with this exit status stands."""
    return _STATES.get(status, "plain")


def command_line() -> str:
    """The command as it was typed; its name alone where nobody typed it."""
    program = Path(sys.argv[0]).name
    if program in ("rectifold", "__main__.py"):
        return shlex.join(["rectifold", *sys.argv[1:]])
    return f"rectifold {click.get_current_context().info_name}"


def recheck_command(
    network: str, certificate: str | None, domain: str | None, asked: Sequence[str] = ()
) -> str | None:
    """The command that replays a certificate that was kept; `asked`: options that say of what.

    It reads the network as the running command does.
    """
    if certificate is None:
        return None
    words = ["rectifold", "check", network, certificate, *asked, *reading_words()]
    return shlex.join(words if domain is None else [*words, "--domain", domain])


def region_pictures(found: Regions) -> list[Section]:
    """The map of two free inputs, where Matplotlib is installed."""
    from importlib.util import find_spec

    if len(found.free) not in (1, 2) or find_spec("matplotlib") is None:
        return []
    from rectifold.reports.pictures.regions import regions_svg

    text = f"Linear regions of {found.network.name}, coloured by the output's gradient"
    return [image("Map", text, regions_svg(found), "image/svg+xml")]


def file_pictures(files: Sequence[str | None]) -> list[Section]:
    """Pictures that the command has just written."""
    kinds = {".svg": "image/svg+xml", ".png": "image/png"}
    return [
        image(Path(file).stem, f"{Path(file).name}, as written", Path(file).read_bytes(), kind)
        for file in files
        if file is not None and (kind := kinds.get(Path(file).suffix)) is not None
    ]


def point_sections(point: Sequence[Fraction]) -> list[Section]:
    """A counterexample: its first numbers, and before them an image where its inputs can be one."""
    sections: list[Section] = []
    if (side := isqrt(len(point))) ** 2 == len(point) and side >= CAPS.smallest_image:
        text = f"The counterexample as an image of {side} by {side} (the first input above left)"
        values = [nearest_float(v) for v in point]
        picture = image(COUNTEREXAMPLE, text, grey_png(values, side), "image/png", pixels=True)
        sections.append(picture)
    rows = [(f"x[{k}]", readable(v)) for k, v in enumerate(point[: CAPS.shown_inputs])]
    if left := len(point) - len(rows):
        rows.append(("…", counted(left, "more input")))
    heading = "Its numbers" if sections else COUNTEREXAMPLE
    return [*sections, Table(heading, ("input", "value"), tuple(rows))]
