"""BLAS runs on one thread while the engines work on small matrices, and as before afterwards."""

from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from rectifold.bounds.threads import largest_matrix, on_few_threads, threads_for
from rectifold.effort.proofs import BoundEffort
from rectifold.equivalence.question import Question
from rectifold.equivalence.tightest import tightest
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Layer, Network
from rectifold.prover.cascade import prove
from rectifold.runtime.run import Limits, Run
from support import float_network


def threads() -> list[int]:
    return [
        library["num_threads"]
        for library in ThreadpoolController().info()
        if library["user_api"] == "blas"
    ]


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        if threads() != [2]:
            pytest.skip("this NumPy has no BLAS of its own whose threads can be counted")
        yield


def wide(size: int) -> Network:
    layer = Layer(
        "y", "linear", Matrix.zeros(size, 1), {"x": Matrix.from_floats(np.zeros((size, size)))}
    )
    return Network("x", size, [layer], "y", None, "wide")


def test_small_matrices_are_multiplied_on_one_thread_and_large_ones_on_all() -> None:
    small, large = float_network(0, 3, 5, 2), wide(4097)
    assert (largest_matrix(small), largest_matrix(large)) == (15, 4097**2)
    assert largest_matrix(small) <= BoundEffort.threaded_weights < largest_matrix(large)
    with threads_for(small):
        assert threads() == [1]
        with threads_for(small):
            assert threads() == [1]
        assert threads() == [1]
    assert threads() == [2]
    with threads_for(small, large):
        assert threads() == [2]
    assert on_few_threads(lambda network, *, more: threads())(small, more=small) == [1]
    assert on_few_threads(lambda network, *, more: threads())(small, more=large) == [2]


def test_proofs_and_searches_run_on_one_thread_and_leave_the_threads_as_they_were() -> None:
    network = float_network(1, 3, 6, 6, 2)
    seen: list[int] = []
    prove(network, limits=Limits(0.5), progress=lambda *_: seen.extend(threads()))
    assert seen
    assert set(seen) == {1}
    assert network.domain is not None
    tightest(Question.of(network, network, network.domain), Run(Limits(1e-9)))
    assert threads() == [2]


def test_threads_are_restored_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), threads_for(float_network(0, 2, 2, 1)):
        _ = 1 // 0
    assert threads() == [2]
