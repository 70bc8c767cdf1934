"""In which order values can be computed: each after those that it reads, and else by name.

    b reads x;  a reads b;  c reads x        x, b, a, c

Sound because a value is taken only when all that it reads were taken before.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence


def first_order(sources: Mapping[str, Sequence[str]]) -> list[str]:
    """Of the orders in which every value stands after its sources, the first by name.

    Without those that depend on themselves. Precondition: every source is a key, and is named once.
    """
    readers = readers_of(sources)
    waiting = {name: len(read) for name, read in sources.items()}
    ready = [name for name, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        name = heapq.heappop(ready)
        order.append(name)
        for reader in readers[name]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heapq.heappush(ready, reader)
    return order


def readers_of(sources: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """For each value those that read it."""
    readers: dict[str, list[str]] = {name: [] for name in sources}
    for name, read in sources.items():
        for source in read:
            readers[source].append(name)
    return readers


def ancestors(name: str, sources: Mapping[str, Sequence[str]]) -> set[str]:
    """All that a value depends on, without itself. What is no key depends on nothing."""
    found: set[str] = set()
    pending = list(sources.get(name, ()))
    while pending:
        source = pending.pop()
        if source not in found:
            found.add(source)
            pending.extend(sources.get(source, ()))
    return found
