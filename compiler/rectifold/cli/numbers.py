"""Numbers of options, and options that are numbers: what is no such number is said in one line.

    --jobs 0x10         '0x10' is given; a whole number from 1 to 1000 is expected
    --time-limit nan    'nan' is given; a number of seconds from 0 on is expected, such as 90

Python's own conversions take underscores, digits of every script, "nan", and numbers that no timer
and no counter of the system holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

import click

from rectifold.cli.values import Decorator
from rectifold.exact.literals import NumberError, parse_rational
from rectifold.runtime.caps import CAPS

_WHOLE = re.compile(r"\s*([+-]?\d{1,30})\s*", re.ASCII)
_SECONDS = re.compile(r"\s*\+?((\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?|inf)\s*", re.ASCII)


def whole(least: int, most: int = CAPS.whole_number) -> Callable[..., int | None]:
    """What reads an option's text as a whole number from `least` to `most`.

    It raises BadParameter for anything else.
    """

    def number(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
        if value is None:
            return None
        match = _WHOLE.fullmatch(value)
        if match is None or not least <= int(match[1]) <= most:
            ends = f"{least} on" if most == CAPS.whole_number else f"{least} to {most:,}"
            raise click.BadParameter(
                f"{value[:40]!r} is given; a whole number from {ends} is expected"
            )
        return int(match[1])

    return number


def seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """The seconds; for inf, and what no timer holds, the longest time. Raises BadParameter."""
    if value is None:
        return None
    if not _SECONDS.fullmatch(value):
        raise click.BadParameter(
            f"{value[:40]!r} is given; a number of seconds from 0 on is expected, such as 90"
        )
    return min(float(value), CAPS.seconds)


def time_limit(what: str) -> Decorator:
    """--time-limit of the command, or of what it says."""
    text = f"end the {what} after S seconds"
    return click.option("--time-limit", callback=seconds, metavar="S", help=text)


def seed(of: str) -> Decorator:
    """--seed of a random search."""
    return click.option(
        "--seed",
        callback=whole(0),
        metavar="N",
        default="0",
        show_default=True,
        help=f"seed of the {of}",
    )


JOBS = click.option(
    "--jobs",
    callback=whole(1, CAPS.processes),
    metavar="N",
    default="1",
    show_default=True,
    help="processes that share the work",
)


def number_of(ctx: click.Context, param: click.Parameter, value: str | None) -> Fraction | None:
    """An exact number. Raises BadParameter for anything else."""
    return None if value is None else _number(value)


def numbers_of(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[Fraction, ...] | None:
    """Exact numbers with commas between them. Raises BadParameter for anything else."""
    return None if value is None else tuple(_number(word) for word in value.split(","))


def _number(text: str) -> Fraction:
    try:
        return parse_rational(text)
    except NumberError as error:
        raise click.BadParameter(f"{error}; give a number such as 0.01 or 1/100") from None
