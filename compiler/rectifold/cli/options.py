"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rectifold.prover.effort import Limits
from rectifold.runtime.memory import limit_memory

OUTPUTS = "rectifold.outputs"  # where --outputs stands in click's context
CROSSCHECK = "rectifold.crosscheck"  # where --crosscheck stands there


def reading_options(networks: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """How networks are read: --no-crosscheck, and --outputs at most once for each network (see inputs.opened)."""

    def remember(context: click.Context, _: click.Parameter, given: tuple[str, ...]) -> None:
        if len(given) > networks:
            raise click.BadParameter(
                f"it is given {len(given)} times, and the command reads {networks} network(s)"
            )
        context.meta[OUTPUTS] = tuple(tuple(n.strip() for n in names.split(",")) for names in given)

    text = "the outputs of an ONNX model to read: y, or y,z one after the other"
    again = "" if networks == 1 else " (first for A; again for B)"
    choosing = click.option(
        "--outputs",
        metavar="NAMES",
        multiple=True,
        expose_value=False,
        callback=remember,
        help=text + again,
    )
    return lambda command: choosing(_crosscheck_option(command))


def _crosscheck_option(command: Callable[..., Any]) -> Callable[..., Any]:
    def remember(context: click.Context, _: click.Parameter, wanted: bool) -> None:
        context.meta[CROSSCHECK] = wanted

    text = (
        "compare an ONNX model, once it is read, with another program that runs it, at a few points"
    )
    return click.option(
        "--crosscheck/--no-crosscheck",
        default=True,
        show_default=True,
        expose_value=False,
        callback=remember,
        help=text,
    )(command)


def compared() -> bool:
    """Whether the running command compares the ONNX models that it reads with another program."""
    return bool(click.get_current_context().meta[CROSSCHECK])


def network_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """The argument NET, with the options that say how it is read."""
    return click.argument("network", metavar="NET")(reading_options(1)(command))


def domain_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = (
        'the input set: "[0,1]", "[[0,1],[-1,1]]", box.vnnlib, other.relu, "point.npy±0.05" or all'
    )
    return click.option("--domain", "domain_spec", metavar="SPEC", help=text)(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = "write the result as JSON to FILE (- for standard output)"
    return click.option("--json", "json_target", metavar="FILE|-", help=text)(command)


def force_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--force", is_flag=True, help="overwrite existing files")(command)


def quiet_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--quiet", is_flag=True, help="print nothing but errors and the JSON result"
    )(command)


def memory_limit_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """--memory-limit, which holds from when the options are read."""

    def limit(ctx: click.Context, param: click.Parameter, value: int | None) -> None:
        if value is not None:
            limit_memory(value)

    text = "end with an error when a process needs more than MB megabytes"
    return click.option(
        "--memory-limit",
        type=click.IntRange(min=1),
        metavar="MB",
        expose_value=False,
        callback=limit,
        help=text,
    )(command)


def allow_trusted_option(command: Callable[..., Any]) -> Callable[..., Any]:
    text = "exit status 0 (instead of 4) even if some claims rest on a solver's word"
    return click.option("--allow-trusted", is_flag=True, help=text)(command)


def time_limit_option(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--time-limit, which ends the `what`."""
    text = f"end the {what} after S seconds"
    return click.option("--time-limit", type=click.FloatRange(min=0), metavar="S", help=text)


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
        click.option(
            "--scheduler", metavar="ADDRESS", help="a Dask scheduler whose workers share the work"
        ),
        click.option(
            "--jobs",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="processes that share the work",
        ),
    ):
        command = option(command)
    return command


def proof_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--prover, --time-limit, --seed, and those of worker_options."""
    command = worker_options(command)
    for option in (
        click.option("--seed", default=0, show_default=True, help="seed of the random search for witnesses"),
        time_limit_option("work"),
        click.option(
            "--prover", type=click.Choice(["auto", "bounds", "z3"]), default="auto", show_default=True,
            help="auto: all stages; bounds: no solver; z3: exact intervals and Z3 alone",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def limits_from(
    time_limit: float | None, jobs: int, scheduler: str | None, log_file: str | None
) -> Limits:
    return Limits(
        time_limit, jobs=jobs, scheduler=scheduler, log=None if log_file is None else Path(log_file)
    )
