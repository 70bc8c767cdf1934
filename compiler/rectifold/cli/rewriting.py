"""How `rectifold compile` is to rewrite: its options as one value.

--objective units --max-error-growth 10     →     Rewriting(objective="units", ...).options
"""

from __future__ import annotations

from dataclasses import dataclass

import click

from rectifold.cli.options import allow_trusted_option, certificate_option
from rectifold.cli.values import as_value
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
    objective: Objective
    max_error_growth: float
    allow_trusted: bool
    shallow: bool
    larger: bool
    verbose: bool
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

    @property
    def options(self) -> Options:
        """A shallow form is made of exact numbers, whatever they are written in."""
        chosen = "relu" if self.shallow else self.written
        precision = None if self.shallow else self.precision or usual_precision(chosen)
        return Options(
            skips=not self.plain,
            objective=self.objective,
            leaky=FORMATS[chosen].leaky,
            precision=float_kind(precision),
            most_error_growth=self.max_error_growth,
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
        default="macs",
        show_default=True,
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
    click.option("-v", "--verbose", is_flag=True, help="list every rewrite"),
)
