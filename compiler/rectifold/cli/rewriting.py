"""How `rectifold compile` is to rewrite: its options as one value.

--objective units --max-error-growth 10     →     Rewriting(objective="units", ...).options
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import click

from rectifold.approximate.budget import Within, parse_margin, parse_within
from rectifold.approximate.goal import Goal
from rectifold.cli.numbers import whole
from rectifold.cli.options import allow_trusted_option, certificate_option
from rectifold.cli.values import Decorator, as_value
from rectifold.effort.running import CompileEffort
from rectifold.emitters.precision import float_kind, usual_precision
from rectifold.emitters.table import FORMATS
from rectifold.errors import InputError
from rectifold.passes.result import Objective, Options


@dataclass(frozen=True)
class Rewriting:
    """What the result should be like, and how it is certified and shown.

    `written`: the format it is rewritten for; its costs and its rounding are looked at.
    """

    certificate_file: str | None
    no_certificate: bool
    plain: bool
    objective: Objective | None
    max_error_growth: float
    allow_trusted: bool
    shallow: bool
    larger: bool
    verbose: bool
    within: Within | None = None
    max_units: int | None = None
    max_weights: int | None = None
    keep_argmax: bool = False
    margin: Fraction | None = None
    ensure: bool = False
    written: str = "relu"
    precision: str | None = None

    def __post_init__(self) -> None:
        if self.no_certificate and self.certificate_file is not None:
            raise InputError(
                "--certificate asks for a certificate and --no-certificate for none; "
                "leave out one of them"
            )
        if not self.max_error_growth >= 1:
            raise InputError(
                f"--max-error-growth is {self.max_error_growth}; a number from 1 on is expected "
                "(inf: no limit)"
            )
        self._require_one_goal()
        if self.is_approximate:
            self._require_rewritten_alone()

    def _require_one_goal(self) -> None:
        """Raises InputError where the options of approximations do not go together."""
        if self.goal is not None and self.keep_argmax:
            given = "--within" if self.within is not None else "a size that is asked for"
            raise InputError(f"{given} and --keep-argmax are different goals; choose one of them")
        if self.margin is not None and not self.keep_argmax:
            raise InputError("--margin goes with --keep-argmax")

    def _require_rewritten_alone(self) -> None:
        """Raises InputError for what is about the same function."""
        if self.ensure:
            raise InputError(
                "--ensure proves something of NET, and what is compiled within a tolerance may be "
                "another function; compile first, and prove it of the result"
            )
        if self.shallow:
            given = "--keep-argmax" if self.keep_argmax else "--within, or for a size,"
            raise InputError(
                f"--shallow writes the same function in another form, and {given} another "
                f"function; compile with {given} first, then compile the result --shallow"
            )

    @property
    def is_approximate(self) -> bool:
        """May the result be another function?"""
        return self.goal is not None or self.keep_argmax

    @property
    def goal(self) -> Goal | None:
        """What an approximation is to reach; None: the same function is wanted, or the argmax."""
        if self.within is None and self.max_units is None and self.max_weights is None:
            return None
        return Goal(self.within, self.max_units, self.max_weights)

    @property
    def options(self) -> Options:
        """A shallow form is made of exact numbers, whatever they are written in."""
        chosen = "relu" if self.shallow else self.written
        precision = None if self.shallow else self.precision or usual_precision(chosen)
        return Options(
            skips=not self.plain,
            objective=self.objective or ("weights" if self.is_approximate else "macs"),
            leaky=FORMATS[chosen].leaky,
            precision=float_kind(precision),
            most_error_growth=self.max_error_growth,
        )


def _within(ctx: click.Context, param: click.Parameter, value: str | None) -> Within | None:
    """What is allowed. Raises InputError for anything else."""
    return None if value is None else parse_within(value)


def _margin(ctx: click.Context, param: click.Parameter, value: str | None) -> Fraction | None:
    """By how much an output must lead. Raises InputError for anything else."""
    return None if value is None else parse_margin(value)


_size = whole(0)
_APPROXIMATE: tuple[Decorator, ...] = (
    click.option(
        "--within",
        metavar="EPS",
        callback=_within,
        help="allow another function: every output within EPS (0.01, or 1% of its proven range; "
        "or one per output, 0.01,1%), certified",
    ),
    click.option(
        "--max-units",
        callback=_size,
        metavar="N",
        help="allow another function: at most N relu units, with the smallest certified error that "
        "is found; with --within, within that",
    ),
    click.option(
        "--max-weights",
        callback=_size,
        metavar="N",
        help="the same for weights and biases that are not 0",
    ),
    click.option(
        "--keep-argmax",
        is_flag=True,
        help="allow another function with the same largest output",
    ),
    click.option(
        "--margin",
        metavar="M",
        callback=_margin,
        help="with --keep-argmax: only where the largest output of NET leads all others by more "
        "than M, certified",
    ),
)

rewriting_options = as_value(
    "rewriting",
    Rewriting,
    certificate_option("write the certificate to FILE"),
    click.option(
        "--no-certificate",
        is_flag=True,
        help="make and check no certificate (the result is then unchecked)",
    ),
    click.option(
        "--plain/--skips",
        default=True,
        help="a chain stays a chain, or skip edges may carry linear parts",
    ),
    click.option(
        "--objective",
        type=click.Choice(["macs", "weights", "units"]),
        show_default="macs; weights with --within and --keep-argmax",
        help="what to make small",
    ),
    click.option(
        "--max-error-growth",
        type=float,
        metavar="FACTOR",
        default=CompileEffort.most_error_growth,
        show_default=True,
        help="in formats of floats, take no carrier that multiplies the source's rounding error "
        "(estimated) by more; inf: no limit",
    ),
    allow_trusted_option,
    click.option(
        "--shallow",
        is_flag=True,
        help="write the result with at most two hidden layers (see the command shallow)",
    ),
    click.option(
        "--larger",
        is_flag=True,
        help="rewrite every layer even where nodes of the source's ONNX file are smaller",
    ),
    *_APPROXIMATE,
    click.option(
        "--ensure",
        is_flag=True,
        help="prove what NET, a .relu file, ensures before; nothing is written where it is false",
    ),
    click.option("-v", "--verbose", is_flag=True, help="list every rewrite"),
)
