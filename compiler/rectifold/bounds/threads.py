"""BLAS threads only where matrices are large.

    with threads_for(network): ...      one thread inside, unless a matrix of the network is large

A thread that waits for another one spins, so beside a busy process the time is lost twice; for the
batches of the engines more threads gain little (docs/decisions/0029-one-blas-thread.md). Sound
because it changes no result that is certified, only who computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

from rectifold.effort.proofs import BoundEffort
from rectifold.ir.network import Network

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


@contextmanager
def threads_for(*networks: Network) -> Iterator[None]:
    """Inside, BLAS has one thread where all matrices of these networks are small.

    Outside it has what it had before.
    """
    if any(largest_matrix(network) > BoundEffort.threaded_weights for network in networks):
        yield
        return
    with _libraries().limit(limits=1, user_api="blas"):
        yield


def on_few_threads(function: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
    """The function, with `threads_for` the networks among its arguments."""

    @wraps(function)
    def limited(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
        with threads_for(*(v for v in (*args, *kwargs.values()) if isinstance(v, Network))):
            return function(*args, **kwargs)

    return limited


def largest_matrix(network: Network) -> int:
    """Entries of the largest weight matrix, zeros included."""
    return max(
        (w.shape[0] * w.shape[1] for v in network.layers for w in v.weights.values()), default=0
    )


@cache
def _libraries() -> ThreadpoolController:
    """The BLAS libraries of this process: looking for them takes a millisecond."""
    return ThreadpoolController()
