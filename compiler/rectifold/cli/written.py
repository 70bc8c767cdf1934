"""The file that a command writes: after what it reads, or as -o.

rectifold compile NET OUT   =   rectifold compile NET -o OUT
"""

from __future__ import annotations

from pathlib import PurePath

import click

from rectifold.cli.values import Command, Decorator

_PLACE = "rectifold.out"  # where OUT stands in click's context, if it is given without -o


def written_file(*, required: bool, text: str, metavar: str = "OUT") -> Decorator:
    """OUT or -o OUT, as one parameter `output`; both, or neither where one is `required`, are
    refused with an example.
    """

    def remember(context: click.Context, _: click.Parameter, given: str | None) -> None:
        named = context.params.get("output")
        if given is not None and named is not None:
            raise click.UsageError(
                f"the file to write is named twice, {given!r} and -o {named!r}; give one of them"
            )
        context.meta[_PLACE] = given

    def chosen(context: click.Context, _: click.Parameter, named: str | None) -> str | None:
        found: str | None = context.meta.get(_PLACE) if named is None else named
        if found is None and required:
            raise click.UsageError(f"name the file to write, for example: {_example(context)}")
        return found

    place = click.argument(
        "out", metavar=f"[{metavar}]", required=False, expose_value=False, callback=remember
    )
    option = click.option("-o", "--output", metavar=metavar, help=text, callback=chosen)

    def both(command: Command) -> Command:
        return place(option(command))

    return both


def _example(context: click.Context) -> str:
    """The command as it was meant, most likely: a name beside that of the network."""
    files = [
        context.params[name] for name in ("network", "property_file") if name in context.params
    ]
    read = [str(name) for name in files if name is not None]
    network = PurePath(read[0]) if read else PurePath("net.onnx")
    suffix = ".onnx" if network.suffix == ".onnx" else ".relu"
    return " ".join(["rectifold", context.info_name or "", *read, f"{network.stem}_small{suffix}"])
