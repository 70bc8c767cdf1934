"""The page about PyTorch: its examples run, and its operations are those of the table."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

from rectifold.objects.torch_operations.table import OPERATIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "pytorch.md"


def test_the_examples_run() -> None:
    flags = doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags)
    assert result.attempted >= 8
    assert result.failed == 0


def test_the_message_on_the_page_is_the_message_given() -> None:
    from torch import nn

    import rectifold
    from rectifold.errors import InputError

    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    with pytest.raises(InputError) as caught:
        rectifold.compile(nn.Sequential(nn.Linear(4, 2), nn.GELU()), "[0,1]")
    assert f"InputError: {caught.value} To add" in text


def test_the_operations_on_the_page_are_those_of_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    listed = text.partition("<!-- held")[2].partition("<!-- end -->")[0]
    assert sorted(re.findall(r"`([a-z_0-9]+)`", listed)) == sorted(OPERATIONS)
