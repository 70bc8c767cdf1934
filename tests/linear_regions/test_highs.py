"""HiGHS: missing, or giving up."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from rectifold.errors import InputError
from rectifold.linear_regions.highs import CellProgram
from rectifold.linear_regions.summary import linear_regions
from support import float_network


def test_a_solver_that_gives_up_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    network = float_network(4, 6, 5, 1)
    assert network.domain is not None
    monkeypatch.setattr(CellProgram, "highest", lambda *_: None)
    found = linear_regions(network, network.domain)
    assert not found.complete


def test_without_highs_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "highspy":
            raise ImportError(name)
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    network = float_network(0, 7, 4, 1)
    assert network.domain is not None
    with pytest.raises(InputError, match=r"7 here.*rectifold\[lp\]"):
        linear_regions(network, network.domain)
