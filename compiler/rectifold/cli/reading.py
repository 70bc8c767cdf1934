"""Options of how networks are read: they lie in click's context, and are asked for there.

--outputs y,z    --until NODE    --no-crosscheck         at most once for each network
"""

from __future__ import annotations

import click

from rectifold.cli.values import Command, Decorator

OUTPUTS = "rectifold.outputs"  # where --outputs stands in click's context
UNTIL = "rectifold.until"  # where --until stands there
CROSSCHECK = "rectifold.crosscheck"  # where --crosscheck stands there


def reading_options(networks: int, called: tuple[str, str] = ("A", "B")) -> Decorator:
    """--no-crosscheck, and --outputs and --until at most once for each network (see
    inputs.read_network). `called`: two networks, in the help.
    """
    again = "" if networks == 1 else f" (first for {called[0]}; again for {called[1]})"
    outputs = _once_each(
        networks, "outputs", OUTPUTS, "NAMES",
        f"the outputs of an ONNX model to read: y, or y,z one after the other{again}",
    )  # fmt: skip
    whole = "" if networks == 1 else "; - is all of it"
    until = _once_each(
        networks, "until", UNTIL, "NODE",
        f"the node or tensor of an ONNX model with which the network ends{again}{whole}",
    )  # fmt: skip
    return lambda command: outputs(until(_crosscheck_option(command)))


def _once_each(networks: int, name: str, place: str, metavar: str, text: str) -> Decorator:
    """An option that is given at most once for each network, and lies in click's context."""

    def remember(context: click.Context, _: click.Parameter, given: tuple[str, ...]) -> None:
        if len(given) > networks:
            raise click.BadParameter(
                f"it is given {len(given)} times, and the command reads {networks} network(s)"
            )
        context.meta[place] = given

    return click.option(
        f"--{name}",
        metavar=metavar,
        multiple=True,
        expose_value=False,
        callback=remember,
        help=text,
    )


def _crosscheck_option(command: Command) -> Command:
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


def reading_words(networks: int = 1) -> list[str]:
    """How the running command was told to read so many of its networks, as options."""
    given = click.get_current_context().meta
    pairs = [("--outputs", given.get(OUTPUTS, ())), ("--until", given.get(UNTIL, ()))]
    return [word for name, texts in pairs for text in texts[:networks] for word in (name, text)]


def is_crosschecked() -> bool:
    """Whether the running command compares the ONNX models that it reads with another program."""
    return bool(click.get_current_context().meta[CROSSCHECK])
