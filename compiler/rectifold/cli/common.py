"""Options and manners that the commands share: errors end with status 2 and a message, never a traceback."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec

import click
from rich.console import Console

from rectifold.cascade import Limits
from rectifold.emitters.artifact import write_whole
from rectifold.errors import InputError

DONE, REFUTED, BAD_INPUT, UNDECIDED = 0, 1, 2, 3

P = ParamSpec("P")


def console() -> Console:
    """Where tables go. A pipe gets plain text of a fixed width."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else 100, highlight=False)


def polite(command: Callable[P, int]) -> Callable[P, None]:
    """Ends with the command's status; bad input becomes a message and status 2."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            status = command(*args, **kwargs)
        except InputError as error:
            text = str(error)
            click.echo(text if ": error: " in text else f"error: {text}", err=True)
            status = BAD_INPUT
        except KeyboardInterrupt:
            click.echo("interrupted before there was a result; nothing was written", err=True)
            status = UNDECIDED
        except MemoryError:
            click.echo("error: not enough memory for this network", err=True)
            status = BAD_INPUT
        sys.exit(status)

    return run


def domain_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = 'the input set: "[0,1]", "[[0,1],[-1,1]]", box.vnnlib, other.relu, "point.npy±0.05" or all'
    return click.option("--domain", "domain_spec", metavar="SPEC", help=text)(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = "write the result as JSON to FILE (- for standard output)"
    return click.option("--json", "json_target", metavar="FILE|-", help=text)(command)


def force_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--force", is_flag=True, help="overwrite existing files")(command)


def quiet_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--quiet", is_flag=True, help="print nothing but errors and the JSON result")(command)


def worker_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--jobs, --scheduler, --log."""
    for option in (
        click.option(
            "--log",
            "log_file",
            metavar="FILE",
            help="append what is proved to FILE, and check and use what it has already",
        ),
    ):
        command = option(command)
    return share_options(command)


def share_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--jobs, --scheduler."""
    for option in (
        click.option("--scheduler", metavar="ADDRESS", help="a Dask scheduler whose workers share the work"),
        click.option(
            "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="processes that share the work"
        ),
    ):
        command = option(command)
    return command


def proof_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--prover, --time-limit, --seed, and those of worker_options."""
    command = worker_options(command)
    for option in (
        click.option("--seed", default=0, show_default=True, help="seed of the random search for witnesses"),
        click.option("--time-limit", type=click.FloatRange(min=0), metavar="S", help="end the proofs after S seconds"),
        click.option(
            "--prover", type=click.Choice(["auto", "bounds", "z3"]), default="auto", show_default=True,
            help="auto: all stages; bounds: no solver; z3: exact intervals and Z3 alone",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def limits_from(time_limit: float | None, jobs: int, scheduler: str | None, log_file: str | None) -> Limits:
    return Limits(time_limit, jobs=jobs, scheduler=scheduler, log=None if log_file is None else Path(log_file))


def write_json(target: str | None, result: dict[str, Any], *, force: bool = True) -> None:
    """To a file (whole or not at all) or to standard output."""
    if target is None:
        return
    text = json.dumps(result, indent=2) + "\n"
    if target == "-":
        click.echo(text, nl=False)
    else:
        write_whole(Path(target), text.encode("utf-8"))
