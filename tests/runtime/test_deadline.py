"""Deadlines by an injected clock, and work that is interrupted at one."""

import signal
import threading
from collections.abc import Callable
from math import inf

import pytest

from rectifold.certificate.leaving_out import certify_in_time, certify_what_holds
from rectifold.ir.evaluate import evaluate
from rectifold.ir.sampling import sample_points
from rectifold.operations.compiling import compile_network
from rectifold.passes.result import Options
from rectifold.runtime.deadline import Deadline, TimeUp
from rectifold.runtime.run import Limits
from support import net

SMALL = """network small

input x[2] in [-1, 1]
h = relu([[1, 1], [2, 2], [1, -1], [-1, 1]] @ x + [0, 0, 3, -5])
k = relu([[1, 1, 1, 1], [1, -1, 1, 0]] @ h + [1, 0])
y = [[1, 1]] @ k
output y
"""


def ticking(step: float = 1.0) -> Callable[[], float]:
    """A clock that goes on by `step` each time it is read."""
    now = 0.0

    def read() -> float:
        nonlocal now
        now += step
        return now

    return read


def test_a_deadline_is_over_by_its_own_clock() -> None:
    deadline = Deadline.after(2.0, ticking())
    assert deadline.at == 3.0
    assert deadline.left == 1.0
    assert deadline.is_over
    assert deadline.left == 0.0
    with pytest.raises(TimeUp):
        deadline.check()
    assert not deadline.later(100.0).is_over
    never = Deadline.after(None)
    assert (never.left, never.is_over, never.later(1.0).at) == (inf, False, inf)
    never.check()


def test_a_loop_without_end_is_interrupted_and_the_timer_is_given_back() -> None:
    with pytest.raises(TimeUp), Deadline.after(0.0).interrupting():
        threading.Event().wait()  # for what never comes
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    with Deadline.after(1000.0).interrupting():
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_somebody_elses_timer_and_other_threads_are_left_alone() -> None:
    ran: list[str] = []

    def work() -> None:
        with Deadline.after(0.0).interrupting():
            ran.append(threading.current_thread().name)

    thread = threading.Thread(target=work, name="other")
    thread.start()
    thread.join()
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        work()
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGALRM, before)
    assert ran == ["other", "MainThread"]


def test_a_rewriting_that_is_ended_early_leaves_an_equal_network_whose_certificate_holds() -> None:
    source = net(SMALL)
    assert source.domain is not None
    whole = compile_network(source, prover="bounds")
    assert whole.rewritten
    seen = set()
    for steps in range(3, 3 * len(whole.steps) + 12):
        deadline = Deadline(float(steps), ticking())  # read a few times per step
        compiled = compile_network(source, prover="bounds", limits=Limits(5), deadline=deadline)
        seen.add((compiled.rewritten, len(compiled.steps)))
        for point in sample_points(source.domain, 10):
            assert evaluate(compiled.network, point) == evaluate(source, point)
        assert certify_what_holds(compiled, Options()).verdict.holds
    assert (False, 0) in seen
    assert (True, len(whole.steps)) in seen
    assert any(not rewritten and steps for rewritten, steps in seen)


def test_a_certificate_that_is_not_checked_in_time_is_no_certificate() -> None:
    compiled = compile_network(net(SMALL), prover="bounds")
    assert certify_in_time(compiled, Options(), Deadline(0.0, ticking())) is None
    known = certify_in_time(compiled, Options(), Deadline(1e6, ticking()))
    assert known is not None
    assert known.verdict.holds


def test_a_block_inside_another_ends_at_the_earlier_deadline() -> None:
    outer, inner = Deadline.after(0.0), Deadline.after(1000.0)
    with pytest.raises(TimeUp), outer.interrupting(), inner.interrupting():
        threading.Event().wait()  # for what never comes


def test_the_outer_timer_goes_on_after_an_inner_one() -> None:
    with Deadline.after(1000.0).interrupting():
        with pytest.raises(TimeUp), Deadline.after(0.0).interrupting():
            threading.Event().wait()
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] < 1001
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
