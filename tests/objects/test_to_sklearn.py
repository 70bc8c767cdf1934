"""Networks as estimators of scikit-learn: the given one, smaller, with the same predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rectifold
from rectifold.errors import InputError
from rectifold.language.elaborate import parse
from rectifold.objects.doors import opened

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.base import is_classifier, is_regressor
from sklearn.neural_network import MLPRegressor
from sklearn.utils.validation import check_is_fitted

from objects import sklearn_estimators as estimators
from objects.sklearn_estimators import POINTS, X
from rectifold.objects.to_sklearn import to_sklearn

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
RANDOM = np.random.default_rng(13)
INPUTS = RANDOM.uniform(X.min(axis=0), X.max(axis=0), (10_000, 4))


def made(model: Any) -> Any:
    loaded = opened(model)
    return to_sklearn(loaded.network, loaded.interface)


def answers(model: Any, points: np.ndarray) -> np.ndarray:
    found = (model.predict if hasattr(model, "predict") else model.transform)(points)
    return np.asarray(found).reshape(len(points), -1)


@pytest.mark.parametrize("title", estimators.EXACT)
def test_predictions_are_equal_where_floats_are_exact(title: str) -> None:
    model = estimators.EXACT[title]()
    back = made(model)
    assert is_regressor(back)
    assert (answers(back, POINTS) == answers(model, POINTS)).all()


@pytest.mark.parametrize("title", estimators.ROUNDED)
def test_predictions_are_equal_but_for_rounding(title: str) -> None:
    model = estimators.ROUNDED[title]()
    theirs = answers(model, POINTS)
    assert np.abs(answers(made(model), POINTS) - theirs).max() <= 1e-10 * (1 + np.abs(theirs).max())


@pytest.mark.parametrize("title", estimators.CLASSIFIERS)
def test_classes_and_probabilities_come_back(title: str) -> None:
    model = estimators.CLASSIFIERS[title]()
    back = made(model)
    assert is_classifier(back)
    assert back.classes_.tolist() == model.classes_.tolist()
    theirs = model.predict_proba(POINTS)
    assert back.predict_proba(POINTS).shape == theirs.shape
    assert np.abs(back.predict_proba(POINTS) - theirs).max() <= 1e-12
    ordered = np.sort(theirs, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > 1e-9
    if "several" in title:
        clear = (np.abs(theirs - 0.5) > 1e-9).all(axis=1)
    assert clear.sum() > 100
    assert (back.predict(POINTS)[clear] == model.predict(POINTS)[clear]).all()


def smaller(model: Any) -> tuple[rectifold.CompiledModel, Any]:
    """(the compiled model, the estimator), which has fewer units than the source."""
    compiled = rectifold.compile(model, rectifold.Domain.of(X))
    back = compiled.to_sklearn()
    assert type(back) is type(model[-1])
    check_is_fitted(back)
    assert sum(back.hidden_layer_sizes) <= sum(model[-1].hidden_layer_sizes) - 3
    assert compiled.check().status == "holds"
    return compiled, back


@pytest.mark.parametrize("targets", [estimators.Y, estimators.Z], ids=["one", "two"])
def test_a_smaller_regressor_predicts_the_same(targets: np.ndarray) -> None:
    model = estimators.idle(X, targets)
    compiled, back = smaller(model)
    assert back.predict(INPUTS).shape == model.predict(INPUTS).shape
    ours, theirs = answers(back, INPUTS), answers(model, INPUTS)
    bound = compiled.error_bound("numpy")
    assert bound is not None
    assert (np.abs(ours - theirs) <= 1e-12 + 2 * np.array(bound)).all()
    assert max(bound) < 1e-9
    assert back.score(X, targets) == pytest.approx(model.score(X, targets), abs=1e-9)


@pytest.mark.parametrize("targets", [estimators.TWO, estimators.WORDS[estimators.THREE]])
def test_a_smaller_classifier_says_the_same(targets: np.ndarray) -> None:
    model = estimators.idle(X, targets)
    _, back = smaller(model)
    theirs = model.predict_proba(INPUTS)
    assert np.abs(back.predict_proba(INPUTS) - theirs).max() <= 1e-12
    assert np.abs(back.predict_log_proba(INPUTS) - model.predict_log_proba(INPUTS)).max() <= 1e-9
    clear = np.ptp(np.sort(theirs, axis=1)[:, -2:], axis=1) > 1e-9
    assert clear.sum() > 9_000
    assert (back.predict(INPUTS)[clear] == model.predict(INPUTS)[clear]).all()
    assert back.score(X, targets) == model.score(X, targets)


def test_it_can_be_trained_further() -> None:
    for targets in (estimators.Y, estimators.TWO):
        model = estimators.idle(X, targets)
        _, back = smaller(model)
        before = back.coefs_[0].copy()
        back.partial_fit(X, targets)
        assert back.n_features_in_ == 4
        assert (back.coefs_[0] != before).any()
        assert back.get_params()["hidden_layer_sizes"] == back.hidden_layer_sizes


def test_values_that_skip_layers_are_carried() -> None:
    text = "input x[3]\nh = relu(x)\ng = relu(h[0] - 1)\noutput [g + h[1], x[2]]\n"
    network = parse(text, "skip.relu")
    back = to_sklearn(network)
    assert back.hidden_layer_sizes == (5, 4)
    points = RANDOM.integers(-8, 9, (50, 3)) / 4
    wanted = [[float(v) for v in rectifold.evaluate(network, x.tolist())] for x in points]
    assert (answers(back, points) == np.array(wanted)).all()


def test_a_constant_has_no_hidden_layer() -> None:
    back = to_sklearn(parse("input x[2]\noutput [0.5, 3]\n", "constant.relu"))
    assert back.hidden_layer_sizes == ()
    assert back.predict(np.zeros((2, 2))).tolist() == [[0.5, 3], [0.5, 3]]


def test_counts_are_predicted_behind_an_exponential() -> None:
    if "loss" not in MLPRegressor().get_params():
        pytest.skip("scikit-learn has the Poisson loss from 1.7 on")
    model = MLPRegressor(hidden_layer_sizes=(5,), loss="poisson", max_iter=3, random_state=0)
    model.fit(X, np.abs(estimators.Z))
    theirs, back = model.predict(POINTS), made(model)
    assert back.get_params()["loss"] == "poisson"
    assert (np.abs(back.predict(POINTS) - theirs) <= 1e-9 * theirs).all()


def test_a_model_of_another_library_is_a_regressor_where_it_ends_with_the_network() -> None:
    layers = [(np.eye(3), np.zeros(3)), (np.ones((2, 3)), np.ones(2))]
    back = made(layers)
    assert isinstance(back, MLPRegressor)
    assert back.predict([[1, -2, 3]]).tolist() == [[5, 5]]


def onnx_model(operator: str, inputs: int = 1) -> Any:
    """x · W of one or two inputs, then `operator`."""
    from onnx import helper, numpy_helper

    float64 = 11
    names = [f"x{k}" for k in range(inputs)]
    weight = numpy_helper.from_array(np.eye(2), "w")
    nodes = [helper.make_node("MatMul", [name, "w"], [f"m{name}"]) for name in names]
    summed = helper.make_node("Sum", [f"m{name}" for name in names], ["h"])
    graph = helper.make_graph(
        [*nodes, summed, helper.make_node(operator, ["h"], ["y"])],
        "net",
        [helper.make_tensor_value_info(name, float64, ["N", 2]) for name in names],
        [helper.make_tensor_value_info("y", float64, ["N", 2])],
        [weight],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: onnx_model("Tanh"), "the model ends with Tanh, which no MLPRegressor or"),
        (lambda: onnx_model("Softmax"), r"ends with Softmax.*; to_onnx\(\) keeps it. Read with"),
        (lambda: onnx_model("Identity", 2), r"the model has 2 inputs \(x0, x1\), and an estimator"),
        (
            lambda: parse("input x[1]\noutput 1e308 * (10 * x)\n", "big.relu"),
            "beyond the range of float64",
        ),
    ],
)
def test_what_no_estimator_computes_is_refused(model: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        made(model())


def test_classes_that_do_not_fit_the_network_are_refused() -> None:
    three = opened(estimators.CLASSIFIERS["three classes"]())
    two = opened(estimators.CLASSIFIERS["two classes"]())
    for network, interface in ((two.network, three.interface), (three.network, two.interface)):
        with pytest.raises(InputError, match=r"outputs? for the classes \[0"):
            to_sklearn(network, interface)


def test_the_values_of_an_image_are_a_row() -> None:
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Flatten", ["x"], ["row"]),
        helper.make_node("Gemm", ["row", "w"], ["y"]),
    ]
    ports = [
        helper.make_tensor_value_info("x", TensorProto.DOUBLE, ["N", 1, 2, 2]),
        helper.make_tensor_value_info("y", TensorProto.DOUBLE, ["N", 2]),
    ]
    weight = numpy_helper.from_array(np.arange(8.0).reshape(4, 2), "w")
    graph = helper.make_graph(nodes, "net", ports[:1], ports[1:], [weight])
    opsets = [helper.make_opsetid("", 17)]
    back = made(helper.make_model(graph, opset_imports=opsets, ir_version=8))
    assert back.predict([[1, 0, 2, 0]]).tolist() == [[8, 11]]
