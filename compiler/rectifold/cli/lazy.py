"""The group of all commands, each of which is imported when it is called.

rectifold --help         the table alone            0.1 s of processor time
rectifold compile ...    and cli/compile.py with all that it needs
"""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath

import click
from click.shell_completion import CompletionItem

from rectifold.cli.status import Commands
from rectifold.cli.table import COMMANDS


class ListedCommands(Commands):
    """The commands of the table, in its order."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for one that there is not."""
        if cmd_name not in COMMANDS:
            return None
        listed = COMMANDS[cmd_name]
        found = getattr(import_module(f"rectifold.cli.{listed.module}"), listed.attribute)
        assert isinstance(found, click.Command)
        return found

    def loaded(self) -> dict[str, click.Command]:
        """All commands by name, imported: for what looks at every option."""
        context = click.Context(self)
        found = {name: self.get_command(context, name) for name in COMMANDS}
        return {name: command for name, command in found.items() if command is not None}

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without an import."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.line) for name, listed in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands, without an import; else as click does it."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=listed.line)
            for name, listed in COMMANDS.items()
            if name.startswith(incomplete)
        ]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's; a file in the place of a command is told which command reads it."""
        if args and args[0] not in COMMANDS and PurePath(args[0]).suffix in _NETWORKS:
            ctx.fail(
                f"{args[0]!r} is no command but a file; to make it smaller: "
                f"rectifold compile {args[0]} OUT (rectifold --help lists all commands)"
            )
        return super().resolve_command(ctx, args)


_NETWORKS = (".onnx", ".relu", ".npz", ".nnet", ".json")
