"""PyTorch modules as ONNX models: exact weights, names, batches, and modules left as they were."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from onnx import numpy_helper

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from rectifold.formats.onnx.reader import read_model  # noqa: E402
from rectifold.ir.evaluate import evaluate  # noqa: E402
from rectifold.ir.network import Network  # noqa: E402
from rectifold.objects.torch_model import model_of  # noqa: E402

nn = torch.nn


def network_of(module: Any, shape: tuple[int, ...] | None = None) -> Network:
    return read_model(model_of(module, shape), "net").network


def whole_weights(module: Any, seed: int = 0) -> Any:
    """The module in float64 with small whole weights, at which its arithmetic is exact."""
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.tensor(random.integers(-3, 4, parameter.shape)))
    return module.double()


def test_a_sequential_is_read_with_its_values() -> None:
    module = whole_weights(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)))
    network = network_of(module)
    for point in ([1, -2, 3], [0, 0, 0], [-5, 7, 2]):
        expected = module(torch.tensor([point], dtype=torch.float64))[0].tolist()
        assert evaluate(network, [Fraction(v) for v in point]) == expected


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_weights_are_stored_bit_for_bit(dtype: str) -> None:
    module = nn.Sequential(nn.Linear(5, 3), nn.ReLU()).to(getattr(torch, dtype))
    tensors = {t.name: numpy_helper.to_array(t) for t in model_of(module).graph.initializer}
    stored = tensors["0.weight"].astype(np.float64)
    assert np.array_equal(stored, module[0].weight.detach().double().numpy())
    assert str(tensors["0.weight"].dtype) == dtype


def test_the_module_is_left_as_it_was() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.ReLU(inplace=True), nn.Linear(4, 1))
    module[1].eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    flags = [part.training for part in module.modules()]
    owned = [id(parameter) for parameter in module.parameters()]
    model_of(module)
    assert [part.training for part in module.modules()] == flags
    assert [id(parameter) for parameter in module.parameters()] == owned
    assert all(torch.equal(before[name], t) for name, t in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())


def test_the_model_has_a_batch_and_the_names_of_forward() -> None:
    class Named(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(3, 2)

        def forward(self, features: Any) -> Any:
            return self.first(features).relu()

    interface = read_model(model_of(Named()), "net").interface
    assert [(p.name, p.shape) for p in interface.inputs] == [("features", ("N", 3))]
    assert [(p.name, p.shape) for p in interface.outputs] == [("output", ("N", 2))]
