"""Estimators of scikit-learn: the same predictions, exactly where floats are exact."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import rectifold
from rectifold.errors import InputError
from rectifold.formats.load import Loaded
from rectifold.ir.evaluate import evaluate
from rectifold.objects.doors import opened

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from objects import sklearn_estimators as estimators  # noqa: E402
from objects.sklearn_estimators import POINTS, X  # noqa: E402
from objects.sklearn_refused import REFUSED  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


def answers(model: Any, points: np.ndarray) -> np.ndarray:
    found = (model.predict if hasattr(model, "predict") else model.transform)(points)
    return np.asarray(found).reshape(len(points), -1)


@pytest.mark.parametrize("title", estimators.EXACT)
def test_predictions_are_equal_where_floats_are_exact(title: str) -> None:
    model = estimators.EXACT[title]()
    loaded = opened(model)
    ours = [evaluate(loaded.network, [Fraction(v) for v in x]) for x in POINTS[:40].tolist()]
    assert ours == [[Fraction(v) for v in y] for y in answers(model, POINTS[:40]).tolist()]
    assert (run(loaded, POINTS)["variable"] == answers(model, POINTS)).all()


def run(loaded: Loaded, points: np.ndarray) -> dict[str, np.ndarray]:
    """What onnxruntime computes for the model that was made."""
    assert loaded.interface is not None
    session = onnxruntime.InferenceSession(
        loaded.interface.model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"X": points}), strict=True))


@pytest.mark.parametrize("title", estimators.ROUNDED)
def test_predictions_are_those_of_the_estimator_but_for_rounding(title: str) -> None:
    model = estimators.ROUNDED[title]()
    loaded = opened(model)
    theirs = answers(model, POINTS)
    scale = 1 + np.abs(theirs).max()
    ours = [evaluate(loaded.network, [Fraction(v) for v in x]) for x in POINTS[:20].tolist()]
    assert np.abs(np.array(ours, dtype=np.float64) - theirs[:20]).max() <= 1e-10 * scale
    assert np.abs(run(loaded, POINTS)["variable"] - theirs).max() <= 1e-10 * scale


@pytest.mark.parametrize("title", estimators.CLASSIFIERS)
def test_labels_and_probabilities_are_those_of_the_estimator(title: str) -> None:
    model = estimators.CLASSIFIERS[title]()
    loaded = opened(model)
    found = run(loaded, POINTS)
    assert sorted(found) == ["label", "probabilities"]
    theirs = model.predict_proba(POINTS)
    assert found["probabilities"].shape == theirs.shape
    assert np.abs(found["probabilities"] - theirs).max() <= 1e-12
    clear = np.abs(np.sort(theirs, axis=1)[:, -1] - np.sort(theirs, axis=1)[:, -2]) > 1e-9
    if "several" in title:
        clear = (np.abs(theirs - 0.5) > 1e-9).all(axis=1)
    assert clear.sum() > 100
    assert (found["label"][clear] == model.predict(POINTS)[clear]).all()
    assert loaded.interface is not None
    assert loaded.interface.tail


def test_the_network_of_two_classes_is_the_logit() -> None:
    model = estimators.perceptron(estimators.TWO)
    network = opened(model).network
    for x, p in zip(POINTS[:30], model.predict_proba(POINTS[:30])[:, 1], strict=True):
        (logit,) = evaluate(network, [Fraction(v) for v in x.tolist()])
        assert abs(1 / (1 + np.exp(-float(logit))) - p) <= 1e-12


def test_columns_by_name() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas has columns with names")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    for columns in (["d", "b"], slice("b", "c")):
        model = estimators.of_named_columns(columns, frame)
        theirs = model.predict(pandas.DataFrame(POINTS, columns=list("abcd"))).reshape(-1, 1)
        assert np.abs(run(opened(model), POINTS)["variable"] - theirs).max() <= 1e-9


def test_columns_in_another_order_are_refused() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas has columns with names")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model = estimators.of_named_columns(["d", "b"], frame)
    compiled = rectifold.compile(model, (-4, 4))
    assert np.abs(compiled.predict(frame) - compiled.predict(X)).max() <= 1e-9
    other = frame[["b", "a", "c", "d"]]
    with pytest.raises(InputError, match="columns b, a, c, d; the model was fitted to a, b, c, d,"):
        compiled.predict(other)
    rectifold.compile(model, (frame.min(), frame.max()))
    for domain in ((other.min(), other.max()), (other.iloc[0], 0.5)):
        with pytest.raises(InputError, match="the columns b, a, c, d; the model was fitted to a,"):
            rectifold.compile(model, domain)
    back = compiled.to_sklearn()
    assert back.predict(frame).shape == (len(X),)
    with pytest.raises(ValueError, match="feature names"):
        back.predict(other)
    again = rectifold.compile(compiled.to_onnx(), (-4, 4))
    with pytest.raises(InputError, match="give frame"):
        again.predict(other)


@pytest.mark.parametrize("title", REFUSED)
def test_what_is_no_relu_network_is_refused(title: str) -> None:
    build, message = REFUSED[title]
    model = build()
    with pytest.raises(InputError, match=message):
        opened(model)
