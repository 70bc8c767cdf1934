"""What a result says where the library that it should come back to is not installed."""

from __future__ import annotations

import sys

import pytest

import rectifold
from rectifold.errors import InputError
from rectifold.language.elaborate import parse


@pytest.mark.parametrize(
    ("method", "module", "message"),
    [
        ("to_torch", "torch", r"PyTorch is not installed; .*pip install 'rectifold\[torch\]'"),
        ("to_sklearn", "sklearn.neural_network", r"scikit-learn is not .*'rectifold\[sklearn\]'"),
        ("to_keras", "keras", r"Keras, or its backend, is not installed; .*'rectifold\[keras\]'"),
    ],
)
def test_the_extra_to_install_is_named(
    monkeypatch: pytest.MonkeyPatch, method: str, module: str, message: str
) -> None:
    compiled = rectifold.compile(parse("input x[1] in [0, 1]\noutput relu(x)\n", "net.relu"))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=message):
        getattr(compiled, method)()
