"""Models of scikit-learn as skl2onnx writes them: regressors, classifiers, scalers in front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from exporters.case import READ, TAIL, Array, Case, Expected, Feed, Made, refused, uniform
from exporters.torch_models import quiet

SKLEARN = "scikit-learn (skl2onnx)"
_LIBRARIES = ("sklearn", "skl2onnx")
_ROWS = 60


class How(NamedTuple):
    """What is fitted and how it is written. `classes`: of a classifier; 0 for a regressor."""

    classes: int = 0
    zipmap: bool = True
    double: bool = False
    activation: str = "relu"


def sklearn_cases() -> list[Case]:
    """Every model of scikit-learn."""
    regressions = [
        _case("dense, ReLU", [], How()),
        _case("float64", [], How(double=True)),
        _case("StandardScaler", ["StandardScaler"], How()),
        _case("MinMaxScaler", ["MinMaxScaler"], How()),
        _case("MaxAbsScaler", ["MaxAbsScaler"], How()),
        _case("RobustScaler", ["RobustScaler"], How()),
        _case("StandardScaler, PCA", ["StandardScaler", "PCA"], How()),
        _case("scalers, float64", ["StandardScaler", "MinMaxScaler"], How(double=True)),
        _case("Normalizer", ["Normalizer"], How(), refused("Normalizer is no ReLU network")),
    ]
    inside = [
        _case("Tanh inside", [], How(activation="tanh"), refused("read with until=")),
        _case("Sigmoid inside", [], How(activation="logistic"), refused("read with until=")),
    ]
    classifiers = [
        _case(
            f"classifier of {'two' if classes == 2 else 'three'} classes"
            f"{', ZipMap' if zipmap else ''}",
            steps,
            How(classes, zipmap, double),
            TAIL,
        )
        for classes in (2, 3)
        for zipmap in (True, False)
        for double in ((False,) if zipmap else (False, True))  # a ZipMap of doubles is no ONNX
        for steps in ([], ["StandardScaler"])
    ]
    return [*regressions, *inside, *classifiers]


def _case(block: str, steps: Sequence[str], how: How, expected: Expected = READ) -> Case:
    words = [block, "skl2onnx", *steps, *(["double"] if how.double else [])]
    make = partial(_make, tuple(steps), how)
    return Case(" ".join(words), SKLEARN, block, _LIBRARIES, make, expected)


def _make(steps: tuple[str, ...], how: How, folder: Path) -> Made:
    from skl2onnx import to_onnx

    kind = "float64" if how.double else "float32"
    with quiet():
        model = _fitted(steps, how)
        options = {id(model): {"zipmap": how.zipmap}} if how.classes else None
        proto = to_onnx(model, uniform(0, (1, 4), kind), options=options)
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    name = proto.graph.input[0].name
    return Made(path, _feed(name, kind), _forward(model, name, how), any_batch=True)


def _fitted(steps: tuple[str, ...], how: How) -> Any:
    import sklearn.decomposition
    import sklearn.neural_network as networks
    import sklearn.pipeline
    import sklearn.preprocessing

    homes = (sklearn.preprocessing, sklearn.decomposition)
    x = uniform(1, (_ROWS, 4), "float64") * [1, 2, 3, 4] + [0, 1, -1, 2]
    wide = {"hidden_layer_sizes": (12, 8), "max_iter": 30, "random_state": 7}
    kind = networks.MLPClassifier if how.classes else networks.MLPRegressor
    last = kind(activation=how.activation, **wide)
    found = [next(getattr(h, s) for h in homes if hasattr(h, s)) for s in steps]
    model = sklearn.pipeline.make_pipeline(*(f() for f in found), last) if steps else last
    y = x @ [1.0, -1.0, 0.5, 0.25]
    classes = np.digitize(y, np.quantile(y, np.arange(1, how.classes) / max(how.classes, 1)))
    return model.fit(x, classes if how.classes else y)


def _feed(name: str, kind: str) -> Callable[[int, int], Feed]:
    return lambda seed, rows: {name: uniform(seed, (rows, 4), kind)}


def _forward(model: Any, name: str, how: How) -> Callable[[Feed], list[Array]]:
    def forward(given: Feed) -> list[Array]:
        x = np.asarray(given[name], dtype=np.float64)
        if how.classes:
            return [model.predict(x), model.predict_proba(x)]
        return [model.predict(x)]

    return forward
