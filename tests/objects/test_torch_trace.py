"""How a module is called and recorded: its shape, its batch, its hooks, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

from objects.torch_cases import Through  # noqa: E402
from rectifold.errors import InputError  # noqa: E402
from rectifold.ir.evaluate import evaluate  # noqa: E402
from rectifold.objects.doors import opened  # noqa: E402
from rectifold.objects.torch_model import model_of  # noqa: E402


def input_shape(module: Any, shape: tuple[int, ...] | None = None) -> tuple[object, ...]:
    interface = opened(module, input_shape=shape).interface
    assert interface is not None
    return interface.inputs[0].shape


IMAGES = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2))


@pytest.mark.parametrize(
    ("module", "given", "read"),
    [
        (nn.Linear(3, 2), None, ("N", 3)),
        (nn.Linear(3, 2), (3,), ("N", 3)),
        (nn.Linear(3, 2), (1, 3), ("N", 3)),
        (nn.Linear(3, 2), (5, 3), ("N", 5, 3)),
        (IMAGES, (1, 6, 6), ("N", 1, 6, 6)),
        (IMAGES, (1, 1, 6, 6), ("N", 1, 6, 6)),
        (nn.Sequential(nn.Flatten(), nn.Linear(9, 2)), (1, 3, 3), ("N", 1, 3, 3)),
        (Through(lambda m, x: m.linear(x.reshape(4))), (2, 2), (2, 2)),
        (Through(lambda m, x: m.linear(x.reshape(1, 4))), (1, 2, 2), (1, 2, 2)),
    ],
)
def test_the_shape_has_the_batch_in_front(
    module: Any, given: tuple[int, ...] | None, read: tuple[object, ...]
) -> None:
    assert input_shape(module, given) == read


def test_a_shape_with_a_batch_is_refused() -> None:
    message = r"\(8, 1, 6, 6\) begins with a batch of 8; give the shape of one sample, \(1, 6, 6\)"
    with pytest.raises(InputError, match=message):
        opened(IMAGES, input_shape=(8, 1, 6, 6))
    corners = np.zeros((8, 1, 6, 6)), np.ones((8, 1, 6, 6))
    with pytest.raises(InputError, match=message):
        opened(IMAGES, domain=corners)


def test_a_shape_that_is_not_known_is_asked_for() -> None:
    with pytest.raises(InputError, match=r"not known; give it as input_shape=\(3, 32, 32\)"):
        opened(IMAGES)


def test_hooks_are_part_of_the_function() -> None:
    module = nn.Sequential(nn.Linear(2, 1, bias=False)).double()
    with torch.no_grad():
        module[0].weight.fill_(1)
    module[0].register_forward_hook(lambda part, inputs, output: output * 3)
    assert evaluate(opened(module).network, [Fraction(1), Fraction(2)]) == [9]


def test_writing_through_a_view_is_seen() -> None:
    def forward(module: Any, x: Any) -> Any:
        y = x * 2
        y.view(-1, 2, 2).relu_()
        return y

    network = opened(Through(forward), input_shape=(4,)).network
    assert evaluate(network, [Fraction(v) for v in (1, -3, 5, -1)]) == [2, 0, 10, 0]


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_module_wrapped_by_compile_is_the_module() -> None:
    wrapped = torch.compile(nn.Sequential(nn.Linear(3, 2), nn.ReLU()))
    assert opened(wrapped).network.output_size == 2


class Counting(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: Any) -> Any:
        self.calls += 1
        return x + self.calls


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: torch.zeros(3), "a torch Tensor is no module"),
        (lambda: torch.jit.script(nn.Linear(3, 2)), "compiled by torch.jit.*give the nn.Module"),
        (Counting, "changes 'calls' when it is called"),
        (lambda: nn.LazyLinear(2), "is lazy and has no weights yet; call it once"),
        (lambda: nn.Linear(3, 2, device="meta"), r"cannot be copied \(.*with values"),
    ],
)
def test_what_is_no_module_with_values_is_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model_of(make(), (3,))
