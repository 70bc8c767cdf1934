"""What newcomers with PyTorch, scikit-learn and Keras try first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rectifold
from rectifold.errors import InputError
from rectifold.objects.doors import opened

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn
BOX = ([0] * 4, [1] * 4)


def classifier() -> Any:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3), nn.Softmax(dim=1))


def test_a_module_is_cut_at_the_names_of_its_graph() -> None:
    compiled = rectifold.compile(classifier(), BOX, until="2.linear")
    assert compiled.interface is not None
    assert not compiled.interface.tail
    with pytest.raises(InputError, match="until= names 'fc', .* the nodes are 0.linear, 1.relu"):
        rectifold.compile(classifier(), BOX, until="fc")


def test_a_tensor_with_a_gradient_is_predicted() -> None:
    compiled = rectifold.compile(classifier(), BOX)
    x = torch.full((2, 4), 0.5, requires_grad=True)
    assert np.array_equal(compiled.predict(x), compiled.predict(x.detach().numpy()))


def test_a_tensor_with_a_gradient_is_evaluated() -> None:
    x = torch.full((4,), 0.5, requires_grad=True)
    assert rectifold.evaluate(classifier(), x) == rectifold.evaluate(classifier(), [0.5] * 4)


def test_a_domain_of_another_shape_is_said() -> None:
    with pytest.raises(InputError, match=r"the shape \(3,\).* of input_shape=, or of the arrays"):
        rectifold.compile(classifier(), ([0] * 3, [1] * 3))


def test_a_state_dict_is_no_model() -> None:
    with pytest.raises(InputError, match="a OrderedDict of 0.weight, 0.bias, ... says no order"):
        rectifold.compile(classifier().state_dict(), BOX)


def test_labels_do_not_become_tensors() -> None:
    neural_network = pytest.importorskip("sklearn.neural_network", reason="no scikit-learn")
    X = np.random.default_rng(0).normal(size=(60, 4))
    y = np.where(X[:, 0] > 0, "yes", "no")
    net = neural_network.MLPClassifier((4,), max_iter=20, random_state=0, tol=1.0).fit(X, y)
    compiled = rectifold.compile(net, BOX)
    with pytest.raises(InputError, match=r"gives text \(no, yes\), and PyTorch has no tensors"):
        compiled.to_torch()
    numbers = rectifold.compile(net, BOX, outputs="probabilities").to_torch()
    assert numbers(torch.zeros(5, 4, dtype=torch.float64)).shape == (5, 2)


def test_a_keras_model_is_cut_at_the_names_of_its_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, name="fc"), keras.layers.Softmax(name="end")]
    )
    nodes = opened(model).interface.model.graph.node  # type: ignore[union-attr]
    cut = next(node.input[0] for node in nodes if node.op_type == "Softmax")
    assert not rectifold.compile(model, BOX, until=cut).interface.tail  # type: ignore[union-attr]
    with pytest.raises(InputError, match="until= names 'nothing', .* the nodes are"):
        rectifold.compile(model, BOX, until="nothing")
