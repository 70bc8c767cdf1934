"""Ctrl-C between the rounds of a search, and in `verify --tightest`."""

from __future__ import annotations

import signal
from types import FrameType

import numpy as np
import pytest

from rectifold.equivalence.decide import closest
from rectifold.ir.domain import Domain
from rectifold.runtime.interrupts import notice_interrupts
from rectifold.runtime.run import Limits
from support import float_network


def test_the_first_interrupt_is_noticed_and_the_second_is_one() -> None:
    before = signal.getsignal(signal.SIGINT)
    with notice_interrupts() as interrupted:
        assert not interrupted.is_set()
        signal.raise_signal(signal.SIGINT)
        assert interrupted.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupted_search_for_the_tightest_bound_answers_what_is_proved() -> None:
    a, b = (float_network(seed, 5, 16, 16, 1) for seed in (1, 2))
    usual = signal.getsignal(signal.SIGINT)

    def interrupt_the_search(signum: int, frame: FrameType | None) -> None:
        if signal.getsignal(signal.SIGINT) is not usual:  # the search has begun
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGALRM, interrupt_the_search)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        found = closest(a, b, Domain.cube(-1, 1, 5), limits=Limits(600.0))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert not found.complete
    assert 0 < found.lower <= found.upper
    assert np.isfinite(float(found.upper))
    assert found.replayed == "holds"
