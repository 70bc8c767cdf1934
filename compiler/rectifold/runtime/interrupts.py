"""Ctrl-C noticed between the rounds of a search, not in the middle of one.

    with noticed_interrupts() as interrupted:
        while not interrupted.is_set():
            one_round()          a round that begins is ended
    answer()                     what is proved so far

Sound where an exception could leave a round half done: a box taken from a queue and not put back
would count as settled. A second Ctrl-C is not held back.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NOTICED = b"\ninterrupted: ending with what is proved so far (Ctrl-C again ends at once)\n"


@contextmanager
def notice_interrupts(said: bytes = NOTICED) -> Iterator[threading.Event]:
    """Yields an event that the first Ctrl-C sets, which is answered by what is `said`. In other
    threads than the main one: none does.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return
    before = signal.getsignal(signal.SIGINT)

    def notice(signum: int, frame: FrameType | None) -> None:
        if event.is_set() and callable(before):
            before(signum, frame)
            return
        event.set()
        os.write(2, said)  # standard error, without its buffer

    signal.signal(signal.SIGINT, notice)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
