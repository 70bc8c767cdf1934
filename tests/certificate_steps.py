"""Steps of certificates in titled groups, each tried on a replay of its own when its test runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from rectifold_check import Replay
from support import BOX


@dataclass(frozen=True)
class Trial:
    """Steps one after the other, about a network and another one (by default itself)."""

    a: str
    steps: tuple[list[Any], ...]
    b: str | None = None
    domain: str = BOX
    eps: tuple[str, ...] | None = None

    def replay(self) -> Replay:
        """Before the first step."""
        eps = None if self.eps is None else list(self.eps)
        return Replay(self.a, self.a if self.b is None else self.b, self.domain, eps)

    def are_accepted(self) -> bool:
        """Does every step hold?"""
        replay = self.replay()
        return all(replay.accepts(step) for step in self.steps)

    def show_equality(self) -> bool:
        """Does every step hold, and are the outputs equal within eps then?"""
        replay = self.replay()
        return all(replay.accepts(step) for step in self.steps) and replay.is_equal()


@dataclass(frozen=True)
class Group:
    """What belongs together: trials by title, those that hold and those that are refused."""

    title: str
    accepted: dict[str, Trial] = field(default_factory=dict)
    refused: dict[str, Trial] = field(default_factory=dict)


def accepted_of(groups: Iterable[Group]) -> list[Any]:
    """A parameter for each accepted trial, named for its group and title."""
    return [
        pytest.param(trial, id=f"{group.title}: {title}")
        for group in groups
        for title, trial in group.accepted.items()
    ]


def refused_of(groups: Iterable[Group]) -> list[Any]:
    """A parameter for each refused trial, named for its group and title."""
    return [
        pytest.param(trial, id=f"{group.title}: {title}")
        for group in groups
        for title, trial in group.refused.items()
    ]
