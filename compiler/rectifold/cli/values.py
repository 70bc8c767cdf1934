"""Options that arrive as values: each value of a command is made of a few options.

    @click.command("emit")                      def emit_command(
    @source                                         source: Source,    NET, --domain
    @network_output("-o", required=True)            output: Output,    -o, --to, --force
    @report                                         report: Report,    --json, --quiet
                                                ) -> int: ...

A field of a value is named as click names the parameter of its option.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import TypeAlias

Command: TypeAlias = Callable[..., object]
Decorator: TypeAlias = Callable[[Command], Command]


def as_value(name: str, kind: type, *options: Decorator) -> Decorator:
    """A decorator that adds `options` to a command and hands them over as one argument `name`.

    The value is a `kind` (a dataclass); a field without an option keeps its default.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def gathered(**given: object) -> object:
            own = {f.name: given.pop(f.name) for f in fields(kind) if f.name in given}
            return command(**given, **{name: kind(**own)})

        for option in reversed(options):
            option(gathered)
        return gathered

    return decorate
