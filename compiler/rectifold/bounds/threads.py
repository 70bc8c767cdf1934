"""BLAS threads only where matrices are large.

    2 threads beside a busy process, CPU seconds of A @ B with A rows×k and B k×k, in those of one thread

    k            256    1024    2048    4096
    rows  64    48.0    13.0     6.6     3.4
         512     6.3     2.1     1.4     1.3

A thread that waits for another one spins, so where the other has to wait for a processor the time is lost twice. The engines multiply batches of a few
hundred rows, thousands of times; they run on one thread unless a matrix has more than 4096² weights. Whoever has processors to spare gives `--jobs`.
Sound because it changes no result that is certified, only who computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

from rectifold.ir.network import Network

LARGE = (
    4096 * 4096
)  # weights of a matrix from which on BLAS may use as many threads as it was given

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")


@contextmanager
def threads_for(*networks: Network) -> Iterator[None]:
    """Inside, BLAS has one thread if all matrices of these networks are small; outside, what it had before."""
    if any(largest_matrix(network) > LARGE for network in networks):
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
