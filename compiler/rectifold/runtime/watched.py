"""A command as a child process, whose end is believed only where the command itself said it.

    this process ──fork──▶ the command ──status──▶ pipe
         └── waits ◀──── its end: the status from the pipe, or "not enough memory"

A library that gets no memory may end the whole process: OpenBLAS with exit(1), which would read as
"refuted", FLINT with abort(). Sound because such an end leaves nothing in the pipe. Done where
memory is limited alone, before any library has started a thread.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence

from rectifold.runtime.status import Status

_ENDED = "error: not enough memory for this: a library ended the process ({how}); " + (
    "give more (--memory-limit, ulimit), or a smaller network"
)
_PASSED_ON = (signal.SIGINT, signal.SIGTERM)
_LIBRARIES = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)  # how a library ends a process
_FROM_KERNEL = 0x80  # SI_KERNEL: no process sent the signal, also none of another container
_PARENT_DIES = 1  # PR_SET_PDEATHSIG of Linux


def is_watched(arguments: Sequence[str]) -> bool:
    """Is memory limited, by an option or by the system, and can this system watch a process?"""
    if not hasattr(signal, "sigwaitinfo"):
        return False
    return any(a.startswith("--memory-limit") for a in arguments) or _has_system_limit()


def _has_system_limit() -> bool:
    import resource

    kinds = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    return any(resource.getrlimit(kind)[0] != resource.RLIM_INFINITY for kind in kinds)


def run_watched(command: Callable[[], None]) -> int:
    """The status with which the command raised SystemExit, in a process of its own.

    An end without one is told in a line of standard error, with the status of bad input; a signal
    from outside ends this process too.
    """
    reads, writes = os.pipe()
    waited = {*_PASSED_ON, signal.SIGHUP, signal.SIGCHLD}
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, nobody could wait
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(reads)
        _end_with(parent)
        return _report_status(command, writes)
    os.close(writes)
    ended = _wait(child)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    status = _said(reads)
    return _unsaid(ended) if status is None else status


def _said(reads: int) -> int | None:
    """What is in the pipe; processes that the child left behind may still hold its other end."""
    os.set_blocking(reads, False)
    try:
        status = os.read(reads, 1)
    except BlockingIOError:
        return None
    finally:
        os.close(reads)
    return status[0] if status else None


def _report_status(command: Callable[[], None], writes: int) -> int:
    """The command's status, which is written to the pipe as well."""
    try:
        command()
    except SystemExit as end:
        status = _status_of(end)
        os.write(writes, bytes([status]))
        return status
    raise AssertionError("a command ends with SystemExit")


def _status_of(end: SystemExit) -> int:
    """As a shell would see it; a text in place of a status is none of ours."""
    if end.code is None:
        return Status.DONE
    return end.code if isinstance(end.code, int) else Status.INTERNAL


def _wait(child: int) -> int:
    """Pass on what was sent to this process alone, until the child has ended; how it did."""
    while True:
        got = signal.sigwaitinfo({*_PASSED_ON, signal.SIGHUP, signal.SIGCHLD})
        if got.si_signo == signal.SIGCHLD:
            done, ended = os.waitpid(child, os.WNOHANG)
            if done == child:
                return os.waitstatus_to_exitcode(ended)
        elif got.si_code != _FROM_KERNEL:  # a terminal sends Ctrl-C to both processes
            os.kill(child, got.si_signo)


def _unsaid(ended: int) -> int:
    """A child that has not said its status: what it was."""
    if ended < 0 and -ended not in _LIBRARIES:
        if -ended != signal.SIGKILL:
            signal.signal(-ended, signal.SIG_DFL)
        os.kill(os.getpid(), -ended)
    if ended == Status.INTERRUPTED:  # a second Ctrl-C ends the command before it can say so
        return ended
    how = signal.Signals(-ended).name if ended < 0 else f"status {ended}"
    print(_ENDED.format(how=how), file=sys.stderr)
    return Status.BAD_INPUT


def _end_with(parent: int) -> None:
    """Should the parent be killed, this process is too."""
    import ctypes

    ctypes.CDLL(None).prctl(_PARENT_DIES, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(Status.BAD_INPUT)
