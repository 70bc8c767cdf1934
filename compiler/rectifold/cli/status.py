"""How a command ends: its exit status, and one line instead of a traceback.

    0 done or proved      1 refuted           2 bad input           3 undecided, or ended early
    4 proved, but for claims that were taken on trust               70 a fault of rectifold
    130 ended by a second Ctrl-C              141 the reader of standard output went away

Sound because there is one door, `Commands.main`: no status of Python or of click reaches the shell
unseen (both say 1 for much that refutes nothing).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, metadata
from multiprocessing import active_children
from typing import Any

import click

from rectifold.certificate.refused import ClaimRefused
from rectifold.errors import InputError, Unfinished, as_options
from rectifold.runtime.caps import CAPS
from rectifold.runtime.interrupts import NOTICED
from rectifold.runtime.status import Status

_INTERRUPTED = "interrupted before the end; no file is left half-written"


class Commands(click.Group):
    """The group of all commands, which return their exit status."""

    def main(  # type: ignore[override]  # click has an overload for each mode
        self, args: Sequence[str] | None = None, **extra: Any
    ) -> object:
        """As click's, but every way to end has its own status.

        Without `standalone_mode` errors are the caller's.
        """
        if not extra.pop("standalone_mode", True):
            return super().main(args, standalone_mode=False, **extra)
        _occupy_closed_places()
        with _interrupts():
            status = self._parse_and_run(args, **extra)
        sys.exit(status)

    def _parse_and_run(self, args: Sequence[str] | None, **extra: Any) -> int:
        """What click itself ends: wrong use, --help (its result is no status of ours)."""
        try:
            status = super().main(args, standalone_mode=False, **extra)
        except click.ClickException as error:
            error.show()
            return Status.BAD_INPUT
        except click.Abort:
            return _ended(_INTERRUPTED, Status.UNDECIDED)
        except SystemExit as ended:  # click's words: completion is done, or the reader went away
            return Status.NO_READER if ended.code else Status.DONE
        return status if isinstance(status, int) else Status.DONE

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; its status, or that of the way it ended."""
        try:
            status = super().invoke(ctx)
            if sys.stdout is not None:  # it is None where the shell has closed it
                sys.stdout.flush()
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Unfinished as error:
            return _ended(f"undecided: {as_options(str(error))}", Status.UNDECIDED)
        except InputError as error:
            text = as_options(str(error))
            return _ended(text if ": error: " in text else f"error: {text}", Status.BAD_INPUT)
        except ClaimRefused as refused:
            return _ended(f"undecided: {refused}; nothing was claimed or written", Status.UNDECIDED)
        except KeyboardInterrupt:
            return _ended(_INTERRUPTED, Status.UNDECIDED)
        except MemoryError:
            return _ended(
                "error: not enough memory for this "
                "(with --memory-limit: give more, or a smaller network)",
                Status.BAD_INPUT,
            )
        except RecursionError:
            return _ended("error: the input is nested too deeply to be read", Status.BAD_INPUT)
        except BrokenPipeError:
            return _without_reader()
        except OSError as error:
            place = "" if error.filename is None else f"{error.filename}: "
            return _ended(f"error: {place}{error.strerror or error}", Status.BAD_INPUT)
        except Exception as error:  # noqa: BLE001  # the last door: all else is a fault of ours
            return _ended(unexpected(error), Status.INTERNAL)
        return status


def _occupy_closed_places() -> None:
    """No file of ours is opened in the place of an output that the shell has closed.

    Libraries that write there would write into it.
    """
    for place in (0, 1, 2):
        try:
            os.fstat(place)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest place that is free


def unexpected(error: Exception) -> str:
    """One line about a fault of ours and where to report it.

    With RECTIFOLD_DEBUG=1 the traceback stands above it.
    """
    above = (
        "".join(traceback.format_exception(error))
        if os.environ.get("RECTIFOLD_DEBUG") == "1"
        else ""
    )
    what = " ".join(f"{type(error).__name__}: {error}".split())
    what = what if len(what) <= CAPS.error_characters else what[: CAPS.error_characters] + "..."
    return (
        f"{above}error: this is a fault of rectifold ({what}); "
        f"report it with the file that caused it at {_tracker()} "
        "(RECTIFOLD_DEBUG=1 shows where it happened)"
    )


def _tracker() -> str:
    """The address for issues that the package states, if it does."""
    try:
        stated = metadata("rectifold").get_all("Project-URL") or []
    except PackageNotFoundError:
        stated = []
    named = dict(line.partition(", ")[::2] for line in stated)
    return str(named.get("Issues", "the project's issue tracker"))


def _ended(text: str, status: int) -> int:
    click.echo(text, err=True)
    return status


def _without_reader() -> int:
    """The reader of our output has gone (`| head`): nothing can be said.

    Python must not try to at its end.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Status.NO_READER


@contextmanager
def _interrupts() -> Iterator[None]:
    """The first Ctrl-C is a KeyboardInterrupt; a second one ends all at once, children too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = 0

    def on_interrupt(*_: object) -> None:
        nonlocal pressed
        pressed += 1
        if pressed > 1:
            for child in active_children():
                child.kill()
            os._exit(Status.INTERRUPTED)
        os.write(2, NOTICED)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        # after one Ctrl-C the process is about to end, and a second one still ends it at once
        if not pressed:
            signal.signal(signal.SIGINT, before)
