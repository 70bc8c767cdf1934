"""The one writer of files: a name holds its old contents or all of the new, whatever happens
meanwhile.

    stage    every file whole, without a name (O_TMPFILE), in the folder it will lie in
    publish  one link or rename per file, the main one last

Sound because an error or a kill while staging leaves nothing that has a name, and publishing copies
no bytes. SIGINT, SIGTERM and SIGHUP wait until all files of a call are published. Where a file
without a name cannot be made, a hidden one stands in; only SIGKILL can leave that behind.

An existing file keeps its mode (and its owner, where the process may give files away). A symbolic
link stays one: the file that it points to is replaced. Other hard links of a replaced file keep the
old contents.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rectifold.errors import InputError
from rectifold.runtime.staging import Staged, open_staged
from rectifold.runtime.targets import STANDARD_OUTPUT, file_at, named, refuse_existing

_HELD_SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)
]


def write_whole(path: Path, data: bytes) -> None:
    """Write one file, or replace it. Raises InputError, and then the name holds what it held
    before.
    """
    write_files({path: data})


def write_files(files: Mapping[Path, bytes], *, force: bool = True) -> None:
    """Write all files: every one is staged before the first appears, and they appear in the given
    order.

    Raises InputError if one cannot be written, or exists and `force` is not given; a file that was
    new is then taken away again.
    """
    for path in files:
        refuse_existing(path, force=force)
    with _signals_wait(), ExitStack() as open_files:
        _publish(
            [open_files.enter_context(_whole_file(path, data)) for path, data in files.items()]
        )


def write_standard_output(data: bytes) -> None:
    """All of it, or InputError (a full disk). A pipe that nobody reads is no mistake:
    BrokenPipeError goes on.
    """
    if sys.stdout is None:
        raise InputError("standard output is closed; give the name of a file")
    try:
        sys.stdout.flush()
        stream = getattr(sys.stdout, "buffer", None)
        if stream is None:  # a test or a notebook has put a text stream in its place
            sys.stdout.write(data.decode("utf-8"))
        else:
            stream.write(data)
            stream.flush()
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        _forget_standard_output()
        reason = error.strerror if isinstance(error, OSError) else "it takes text only"
        raise InputError(
            f"cannot write to standard output: {reason}; give the name of a file"
        ) from None


def write_result(target: str, data: bytes) -> None:
    """To the file of that name, or to standard output for -."""
    if target == STANDARD_OUTPUT:
        write_standard_output(data)
    else:
        write_whole(Path(target), data)


def append_line(path: Path, line: bytes) -> None:
    """Add a line (without its end) by one write; a line that an earlier run left unfinished is
    ended first.
    """
    try:
        with path.open("ab+") as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
            unfinished = end > 0 and file.read(1) != b"\n"
            file.write((b"\n" if unfinished else b"") + line + b"\n")
    except OSError as error:
        raise InputError(f"cannot write {named(path)}: {error.strerror}") from None


# ---- inside ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    """A whole file that waits for its name: `path` as the user said it, `target` with links
    followed.
    """

    path: Path
    target: Path
    existed: bool
    staged: Staged


@contextmanager
def _whole_file(path: Path, data: bytes) -> Iterator[_File]:
    """The file with these contents, until the context ends: what is not published by then is
    gone.
    """
    target = file_at(path)
    existed = target.exists()
    with _refuse_errors(path):
        staged = open_staged(target.parent)
    try:
        with _refuse_errors(path):
            staged.write(data)
            if existed:
                staged.take_mode_of(target)
        yield _File(path, target, existed, staged)
    finally:
        staged.drop()


def _publish(files: list[_File]) -> None:
    done: list[_File] = []
    try:
        for file in files:
            with _refuse_errors(file.path):
                file.staged.publish(file.target, replace=file.existed)
            done.append(file)
    except InputError:
        for earlier in done:
            if not earlier.existed:
                earlier.target.unlink(missing_ok=True)
        raise


@contextmanager
def _refuse_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot write {named(path)}: {error.strerror}") from None


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Signals that would end the program act when the context ends. Other threads than the main one
    get none anyway.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []

    def keep(number: int, frame: FrameType | None) -> None:
        caught.append(number)

    before = {}
    for number in _HELD_SIGNALS:
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            before[number] = signal.signal(number, keep)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in caught:
            signal.raise_signal(number)


def _forget_standard_output() -> None:
    """Python would try to write the rest at its end, and complain a second time."""
    with suppress(OSError, ValueError):  # it is no real file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
