"""Fitted estimators for tests, by what is special about them; needs scikit-learn.

Those of EXACT have numbers with few bits, so that scikit-learn's floats are exact at POINTS.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import RFE, SelectKBest, VarianceThreshold, f_regression
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

RANDOM = np.random.default_rng(7)
X = RANDOM.integers(-64, 65, (40, 4)) / 16
Y = X @ [1.0, -2.0, 0.5, 0.0] + np.abs(X[:, 0])
Z = np.column_stack([Y, X[:, 1] - Y])
POINTS = RANDOM.integers(-128, 129, (200, 4)) / 32
TWO = (X[:, 0] > 0).astype(int)
THREE = TWO + (X[:, 1] > 1)

Build = Callable[[], Any]


def dyadic(values: np.ndarray) -> np.ndarray:
    """The nearest multiples of 1/16: sums of products of few of them are exact floats."""
    rounded: np.ndarray = np.round(values * 16) / 16
    return rounded


def perceptron(targets: np.ndarray = Y, hidden: tuple[int, ...] = (5, 3), **options: Any) -> Any:
    kind = MLPRegressor if targets.dtype == np.float64 else MLPClassifier
    model = kind(hidden_layer_sizes=hidden, max_iter=3, random_state=0, **options)
    model.fit(X, targets)
    model.coefs_ = [dyadic(w) for w in model.coefs_]
    model.intercepts_ = [dyadic(b) for b in model.intercepts_]
    return model


def idle(features: np.ndarray, targets: np.ndarray) -> Any:
    """A fitted pipeline with three hidden units that are never active."""
    kind = MLPRegressor if targets.dtype == np.float64 else MLPClassifier
    model = make_pipeline(
        StandardScaler(), kind(hidden_layer_sizes=(10, 6), max_iter=5, random_state=0)
    )
    model.fit(features, targets)
    model[-1].coefs_[0][:, :3] = 0
    model[-1].intercepts_[0][:3] = -1
    return model


def scaled(scaler: Any, **numbers: np.ndarray) -> Any:
    """A fitted scaler whose numbers are powers of two, or multiples of 1/16."""
    scaler.fit(X)
    for name, values in numbers.items():
        assert hasattr(scaler, name)
        setattr(scaler, name, values)
    return scaler


POWERS = np.array([0.5, 2.0, 4.0, 1.0])
SHIFTS = np.array([0.25, -1.0, 0.0, 3.5])


def behind(*steps: Any) -> Any:
    """Steps that are fitted, before a regressor."""
    names = [(f"step{k}", step) for k, step in enumerate(steps)]
    return Pipeline([*names, ("net", perceptron())])


def linear(model: Any, targets: np.ndarray = Y) -> Any:
    model.fit(X, targets)
    model.coef_, model.intercept_ = dyadic(model.coef_), dyadic(model.intercept_)
    return model


def halves(**arguments: Any) -> Any:
    """A ColumnTransformer of two scalers, each on its own columns."""
    first = StandardScaler(with_mean=arguments.pop("with_mean", True))
    parts = [("a", first, [2, 0]), ("b", MaxAbsScaler(), arguments.pop("columns", [1]))]
    made = ColumnTransformer(parts, **arguments).fit(X)
    made.transformers_[0][1].mean_ = SHIFTS[:2]
    made.transformers_[0][1].scale_ = POWERS[:2]
    made.transformers_[1][1].scale_ = np.ones_like(made.transformers_[1][1].scale_) * 4
    return made


EXACT: dict[str, Build] = {
    "MLPRegressor": perceptron,
    "two outputs": lambda: perceptron(Z),
    "identity": lambda: perceptron(activation="identity"),
    "no hidden layer": lambda: perceptron(hidden=()),
    "LinearRegression": lambda: linear(LinearRegression()),
    "LinearRegression of two outputs": lambda: linear(LinearRegression(), Z),
    "without intercept": lambda: linear(LinearRegression(fit_intercept=False)),
    "Ridge": lambda: linear(Ridge()),
    "Lasso": lambda: linear(Lasso()),
    "StandardScaler": lambda: behind(scaled(StandardScaler(), mean_=SHIFTS, scale_=POWERS)),
    "StandardScaler without mean": lambda: behind(
        scaled(StandardScaler(with_mean=False), scale_=POWERS)
    ),
    "StandardScaler without std": lambda: behind(
        scaled(StandardScaler(with_std=False), mean_=SHIFTS)
    ),
    "MinMaxScaler": lambda: behind(scaled(MinMaxScaler(), min_=SHIFTS, scale_=POWERS)),
    "MinMaxScaler that clips": lambda: behind(
        scaled(MinMaxScaler((-1, 2), clip=True), min_=SHIFTS, scale_=POWERS)
    ),
    "MaxAbsScaler": lambda: behind(scaled(MaxAbsScaler(), scale_=POWERS)),
    "RobustScaler": lambda: behind(scaled(RobustScaler(), center_=SHIFTS, scale_=POWERS)),
    "RobustScaler without centre": lambda: behind(
        scaled(RobustScaler(with_centering=False), scale_=POWERS)
    ),
    "RobustScaler without scale": lambda: behind(
        scaled(RobustScaler(with_scaling=False), center_=SHIFTS)
    ),
    "PCA": lambda: behind(scaled(PCA(), mean_=SHIFTS, components_=np.eye(4)[::-1] / 2)),
    "SimpleImputer": lambda: behind(SimpleImputer().fit(X)),
    "FunctionTransformer without function": lambda: behind(FunctionTransformer().fit(X)),
    "passthrough": lambda: behind("passthrough", None),
    "a pipeline in a pipeline": lambda: behind(
        make_pipeline(scaled(StandardScaler(), mean_=SHIFTS, scale_=POWERS), "passthrough")
    ),
    "a pipeline at the end": lambda: make_pipeline(
        scaled(MaxAbsScaler(), scale_=POWERS), make_pipeline("passthrough", perceptron())
    ),
    "ColumnTransformer": lambda: behind(halves(remainder="passthrough")),
    "ColumnTransformer with a slice": lambda: behind(
        halves(columns=slice(1, None, 2), remainder="drop")
    ),
    "ColumnTransformer with a mask": lambda: behind(
        halves(columns=np.array([False, True, False, True]))
    ),
    "ColumnTransformer with a column from behind": lambda: behind(halves(columns=[-1, 1])),
    "FeatureUnion": lambda: make_pipeline(
        FeatureUnion(
            [
                ("a", scaled(MaxAbsScaler(), scale_=POWERS)),
                ("gone", "drop"),
                ("b", VarianceThreshold().fit(X)),
            ],
            transformer_weights={"a": 0.5},
        ),
        twice_as_wide(),
    ),
    "scaler alone": lambda: scaled(StandardScaler(), mean_=SHIFTS, scale_=POWERS),
}


def twice_as_wide() -> Any:
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=1).fit(
        np.hstack([X, X]), Y
    )
    model.coefs_ = [dyadic(w) for w in model.coefs_]
    model.intercepts_ = [dyadic(b) for b in model.intercepts_]
    return model


SCALERS = (StandardScaler(), MinMaxScaler(), MaxAbsScaler(), RobustScaler())


def target_behind(scaler: Any) -> Any:
    net = MLPRegressor(hidden_layer_sizes=(4,), max_iter=9)
    return TransformedTargetRegressor(make_pipeline(StandardScaler(), net), transformer=scaler).fit(
        X, Y
    )


ROUNDED: dict[str, Build] = {
    "scalers as fitted": lambda: make_pipeline(
        StandardScaler(),
        MinMaxScaler(clip=True),
        RobustScaler(),
        MLPRegressor(hidden_layer_sizes=(6,), max_iter=9),
    ).fit(X, Y),
    "PCA": lambda: make_pipeline(PCA(3), MLPRegressor(hidden_layer_sizes=(6,), max_iter=9)).fit(
        X, Y
    ),
    "PCA that whitens": lambda: make_pipeline(
        PCA(2, whiten=True), MLPRegressor(hidden_layer_sizes=(6,), max_iter=9)
    ).fit(X, Y),
    "PCA of flat data": lambda: make_pipeline(
        PCA(whiten=True), MLPRegressor(hidden_layer_sizes=(6,), max_iter=9)
    ).fit(X * [1, 1, 0, 0], Y),
    "TruncatedSVD": lambda: make_pipeline(TruncatedSVD(2), LinearRegression()).fit(X, Y),
    "SelectKBest": lambda: make_pipeline(
        SelectKBest(f_regression, k=2), MLPRegressor(hidden_layer_sizes=(6,), max_iter=9)
    ).fit(X, Y),
    "RFE": lambda: make_pipeline(RFE(Ridge(), n_features_to_select=2), Ridge()).fit(X, Y),
    "float32": lambda: MLPRegressor(hidden_layer_sizes=(6,), max_iter=9).fit(
        X.astype(np.float32), Y
    ),
    "search": lambda: GridSearchCV(Ridge(), {"alpha": [1, 2]}).fit(X, Y),
    "search in a pipeline": lambda: make_pipeline(
        StandardScaler(), GridSearchCV(MLPRegressor(max_iter=2), {"alpha": [1]}, cv=2)
    ).fit(X, Y),
    **{f"target behind {type(s).__name__}": partial(target_behind, s) for s in SCALERS},
    "target as it is": lambda: TransformedTargetRegressor(Ridge()).fit(X, Z),
    "target without mean": lambda: TransformedTargetRegressor(
        Ridge(), transformer=StandardScaler(with_mean=False)
    ).fit(X, Z),
}


WORDS = np.array(["no", "yes", "maybe"])
CLASSIFIERS: dict[str, Build] = {
    "two classes": lambda: perceptron(TWO),
    "three classes": lambda: perceptron(THREE),
    "classes that are words": lambda: perceptron(WORDS[THREE]),
    "two words as objects": lambda: perceptron(WORDS[TWO].astype(object)),
    "classes that are true or false": lambda: perceptron(TWO > 0),
    "classes that are other numbers": lambda: perceptron(THREE * 5 - 2),
    "LogisticRegression of two": lambda: LogisticRegression().fit(X, TWO),
    "LogisticRegression of three": lambda: LogisticRegression().fit(X, WORDS[THREE]),
    "behind a scaler": lambda: make_pipeline(
        StandardScaler(), MLPClassifier(hidden_layer_sizes=(5,), max_iter=5)
    ).fit(X, THREE),
    "several labels": lambda: perceptron(np.column_stack([TWO, X[:, 1] > 0, X[:, 2] > 1])),
    "several labels of two": lambda: perceptron(np.column_stack([TWO, X[:, 1] > 0])),
}


def of_named_columns(columns: object, frame: Any) -> Any:
    """A regressor behind a scaler of some columns, which the frame names."""
    chosen = ColumnTransformer([("s", StandardScaler(), columns)], remainder="passthrough")
    return make_pipeline(chosen, LinearRegression()).fit(frame, Y)
