"""How a command ends: its exit status, and a message instead of a traceback for what a user can mend."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

import click

from rectifold.errors import InputError

DONE, REFUTED, BAD_INPUT, UNDECIDED = 0, 1, 2, 3

P = ParamSpec("P")


def exit_with_status(command: Callable[P, int]) -> Callable[P, None]:
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
