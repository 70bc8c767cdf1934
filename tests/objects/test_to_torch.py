"""Networks as PyTorch modules: called as their source, differentiable, as near as floats allow."""

from __future__ import annotations

import copy
import io
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

from objects.torch_cases import Through, eighths  # noqa: E402
from rectifold.bounds.code_error import code_error  # noqa: E402
from rectifold.errors import InputError  # noqa: E402
from rectifold.formats.load import Loaded  # noqa: E402
from rectifold.formats.onnx.reader import read_model  # noqa: E402
from rectifold.ir.domain import Domain  # noqa: E402
from rectifold.ir.evaluate import evaluate  # noqa: E402
from rectifold.ir.network import Network  # noqa: E402
from rectifold.language.elaborate import parse  # noqa: E402
from rectifold.objects.doors import opened  # noqa: E402
from rectifold.objects.to_torch import to_torch  # noqa: E402
from rectifold.operations.compiling import compile_network  # noqa: E402


def planes() -> Any:
    """A convolutional classifier with a residual sum, in float32."""
    torch.manual_seed(0)
    first = Through(lambda m, x: (x + nn.functional.conv2d(x, m.kernel.weight, padding=1)).relu())
    return nn.Sequential(first, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3)).eval()


def back(module: Any, shape: tuple[int, ...] | None = None, dtype: object = None) -> Any:
    loaded = opened(module, input_shape=shape)
    return to_torch(loaded.network, loaded.interface, dtype)


def test_a_module_comes_back_with_its_shapes_and_type() -> None:
    module = planes()
    made = back(module, (2, 6, 6))
    x = torch.rand(5, 2, 6, 6)
    assert made(x).shape == (5, 3)
    assert made(x).dtype == torch.float32
    assert torch.allclose(made(x), module(x), atol=1e-5)


def test_values_are_equal_where_floats_are_exact() -> None:
    module = eighths(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2)))
    x = torch.tensor(np.random.default_rng(0).integers(-8, 9, (20, 4)) / 4)
    made = back(module)
    assert made.rounded == 0
    assert torch.equal(made(x), module(x))


def test_compiled_modules_are_within_their_bounds() -> None:
    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Linear(4, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 3)
    )
    loaded = opened(module)
    domain = Domain((Fraction(0),) * 4, (Fraction(1),) * 4)
    compiled = compile_network(loaded.network, domain)
    made = to_torch(compiled.network, loaded.interface)
    assert compiled.network.sizes.units < loaded.network.sizes.units
    x = torch.rand(10_000, 4)
    with torch.no_grad():
        off = (made(x) - module(x)).abs().max(dim=0).values.double().numpy()
    ours = code_error(compiled.network, domain, None, "float32")
    theirs = code_error(loaded.network, domain, None, "float32")
    assert (off <= ours + theirs).all()


def test_gradients_are_those_of_the_source() -> None:
    module = eighths(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 1)))
    made = back(module)
    points = np.random.default_rng(2).integers(-8, 9, (6, 4)) / 4 + 1 / 64
    found = []
    for each in (module, made):
        x = torch.tensor(points, requires_grad=True)
        each(x).sum().backward()
        found.append(x.grad)
        assert all(p.grad is not None for p in each.parameters())
    assert torch.equal(*found)


def test_it_is_copied_saved_and_loaded_as_any_module() -> None:
    made = back(planes(), (2, 6, 6))
    other = copy.deepcopy(made)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    buffer = io.BytesIO()
    torch.save(made.state_dict(), buffer)
    buffer.seek(0)
    other.load_state_dict(torch.load(buffer, weights_only=True))
    x = torch.rand(2, 2, 6, 6)
    assert torch.equal(made(x), other(x))
    assert "72 → 72" in repr(made)
    assert "Through" not in repr(made)


def test_layers_that_read_several_and_none() -> None:
    network = parse(
        "input x[2]\nh = relu([[1, -1]] @ x)\ng = relu(h + [[0, 2]] @ x + [1])\n"
        "output h + 2*g + 1/4\n",
        "skips.relu",
    )
    made = to_torch(network, dtype="float64")
    x = torch.tensor([[1.0, 0.5], [-1.0, 2.0]], dtype=torch.float64)
    assert made(x).tolist() == [[0.5 + 2 * 2.5 + 0.25], [2 * 5 + 0.25]]
    constant = parse("input x[2]\noutput [1/2, 3]\n", "constant.relu")
    assert to_torch(constant)(torch.zeros(2, 2)).tolist() == [[0.5, 3], [0.5, 3]]


def test_rounded_weights_are_counted() -> None:
    network = parse("input x[2]\noutput [[1/3, 1/4], [1/10, 2049]] @ x\n", "thirds.relu")
    assert to_torch(network, dtype="float64").rounded == 2
    assert to_torch(network, dtype=torch.float16).rounded == 3
    assert "3 weights rounded" in repr(to_torch(network, dtype="float16"))


ENDS = {
    "softmax": nn.Softmax(dim=1),
    "log softmax": nn.LogSoftmax(dim=-1),
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "a label": Through(lambda m, x: x.argmax(1)),
    "the best two": Through(lambda m, x: x.topk(2).values),
    "one probability": Through(lambda m, x: x[:, 0].sigmoid()),
    "both probabilities": Through(lambda m, x: torch.cat([1 - x.sigmoid(), x.sigmoid()], 1)),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_tail_comes_back(name: str) -> None:
    module = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3), ENDS[name])
    eighths(module)
    made = back(module)
    x = torch.tensor(np.random.default_rng(3).integers(-8, 9, (9, 4)) / 4)
    assert made(x).shape == module(x).shape
    assert made(x).dtype == module(x).dtype
    assert torch.allclose(made(x), module(x), atol=1e-14, rtol=0)


def onnx_loaded(nodes: list[Any], output: Any, opset: int) -> Loaded:
    """x of shape (N, 2, 3), then the nodes."""
    source = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2, 3])
    graph = helper.make_graph(nodes, "g", [source], [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    read = read_model(model, "g")
    return Loaded(read.network, tuple(read.notes), interface=read.interface)


def test_softmax_of_old_opsets_goes_over_all_later_axes() -> None:
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2, 3])
    nodes = [helper.make_node("Abs", ["x"], ["h"]), helper.make_node("Softmax", ["h"], ["y"])]
    x = torch.rand(4, 2, 3)
    for opset, sums in ((11, [1.0]), (13, [1.0, 1.0])):
        loaded = onnx_loaded(nodes, output, opset)
        found = to_torch(loaded.network, loaded.interface)(x).reshape(4, len(sums), -1).sum(2)
        assert torch.allclose(found, torch.tensor(sums), atol=1e-6)


def test_a_tail_without_a_form_is_refused() -> None:
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2, 3])
    nodes = [helper.make_node("Abs", ["x"], ["h"]), helper.make_node("Hardmax", ["h"], ["y"], "hm")]
    loaded = onnx_loaded(nodes, output, 13)
    with pytest.raises(InputError, match=r"node 'hm' \(Hardmax\).*no form in PyTorch; known are"):
        to_torch(loaded.network, loaded.interface)


def small() -> Network:
    return parse("input x[2]\noutput relu([[1, 2]] @ x)\n", "small.relu")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: to_torch(small(), dtype="int8"), "the dtype 'int8' is not known; known are"),
        (lambda: to_torch(small(), opened(nn.Linear(3, 1)).interface), "has 3 inputs and 1 values"),
        (lambda: to_torch(parse("input x[1]\noutput 1e39*x\n", "big.relu")), "dtype='float64'"),
    ],
)
def test_mistakes_are_told(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_a_wrong_shape_is_told() -> None:
    with pytest.raises(ValueError, match=r"input x has the shape \(3,\); \(N, 2\) is expected"):
        to_torch(small())(torch.zeros(3))


def test_what_comes_back_goes_in_again() -> None:
    module = eighths(planes())
    made = back(module, (2, 6, 6))
    again = opened(made, input_shape=(2, 6, 6))
    assert again.interface is not None
    assert again.interface.inputs[0].shape == ("N", 2, 6, 6)
    first = opened(module, input_shape=(2, 6, 6)).network
    for point in np.random.default_rng(4).integers(-9, 10, (3, 72)).tolist():
        x = [Fraction(v, 7) for v in point]
        assert evaluate(again.network, x) == evaluate(first, x)


@pytest.mark.parametrize("dynamo", [True, False])
@pytest.mark.filterwarnings("ignore::Warning")
def test_it_can_be_exported(dynamo: bool, tmp_path: Any) -> None:
    pytest.importorskip("onnxscript" if dynamo else "onnx")
    made = back(planes(), (2, 6, 6)).eval()
    path = tmp_path / "made.onnx"
    names = {"dynamic_axes": {"x": {0: "N"}}} if not dynamo else {}
    torch.onnx.export(made, (torch.rand(3, 2, 6, 6),), path, input_names=["x"], dynamo=dynamo,
                      **names)  # fmt: skip
    assert opened(path).network.input_size == 72 * (3 if dynamo else 1)
