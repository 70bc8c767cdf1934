"""Estimators that are refused, each with the beginning of the message; needs scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    StandardScaler,
)

from objects.sklearn_estimators import THREE, TWO, Build, X, Y, behind, perceptron, scaled


class MyScaler(StandardScaler):  # type: ignore[misc]
    """Of a user's own: it may compute anything."""


def column(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, 1)


def one_by_one() -> Any:
    model = LogisticRegression().fit(X, THREE)
    model.multi_class = "ovr"
    return model


REFUSED: dict[str, tuple[Build, str]] = {
    "tanh": (
        lambda: perceptron(activation="tanh"),
        "MLPRegressor: activation='tanh' makes no ReLU network; fit it with activation='relu'",
    ),
    "logistic in a pipeline": (
        lambda: make_pipeline(perceptron(activation="logistic")),
        "step 'mlpregressor' \\(MLPRegressor\\): activation='logistic' makes no ReLU network",
    ),
    "unfitted": (
        MLPRegressor,
        "MLPRegressor: it is not fitted, so that the number of features is not known; fit it",
    ),
    "unfitted pipeline": (
        lambda: make_pipeline(StandardScaler(), MLPRegressor()),
        "Pipeline: it is not fitted, so that",
    ),
    "unfitted end": (
        lambda: make_pipeline(StandardScaler().fit(X), MLPRegressor()),
        "step 'mlpregressor' \\(MLPRegressor\\): it has no coefs_; fit it first",
    ),
    "unfitted search": (
        lambda: GridSearchCV(Ridge(), {"alpha": [1]}),
        "GridSearchCV: it has no best_estimator_; fit it first",
    ),
    "unfitted step": (
        lambda: behind(StandardScaler()),
        "Pipeline: it is not fitted, so that the number of features is not known",
    ),
    "one class": (
        lambda: perceptron(np.full(len(X), "cat")),
        "MLPClassifier: it was fitted on one class only, so that its label is cat for every input",
    ),
    "Normalizer": (
        lambda: make_pipeline(Normalizer(), MLPRegressor(hidden_layer_sizes=(2,), max_iter=1)).fit(
            X, Y
        ),
        "step 'normalizer' \\(Normalizer\\): it divides by the norm of each sample",
    ),
    "PolynomialFeatures": (
        lambda: make_pipeline(PolynomialFeatures(), LinearRegression()).fit(X, Y),
        "step 'polynomialfeatures' \\(PolynomialFeatures\\): it multiplies features",
    ),
    "FunctionTransformer": (
        lambda: make_pipeline(FunctionTransformer(np.abs), LinearRegression()).fit(X, Y),
        "step 'functiontransformer' \\(FunctionTransformer\\): it calls a function of yours",
    ),
    "OneHotEncoder": (
        lambda: make_pipeline(OneHotEncoder(sparse_output=False), LinearRegression()).fit(X, Y),
        "step 'onehotencoder' \\(OneHotEncoder\\): it is not read; known are StandardScaler, MinM",
    ),
    "a step in a step": (
        lambda: behind(make_pipeline(scaled(MaxAbsScaler()), Normalizer().fit(X))),
        "step 'step0', step 'normalizer' \\(Normalizer\\): it divides by the norm",
    ),
    "RandomForest": (
        lambda: RandomForestRegressor(2).fit(X, Y),
        "RandomForestRegressor: it is not read; known are MLPRegressor, MLPClassifier",
    ),
    "a class of one's own": (
        lambda: behind(MyScaler().fit(X)),
        "step 'step0' \\(MyScaler\\): .*MyScaler is no class of scikit-learn itself",
    ),
    "no end": (
        lambda: make_pipeline(StandardScaler().fit(X), "passthrough"),
        "step 'passthrough' \\(str\\): the last step is 'passthrough'; a regressor or classifier",
    ),
    "one column as a vector": (
        lambda: behind(ColumnTransformer([("f", FunctionTransformer(column), 1)]).fit(X)),
        "step 'step0' \\(ColumnTransformer\\): the step 'f' reads one column as a vector; give",
    ),
    "weights of columns": (
        lambda: behind(
            ColumnTransformer([("f", MaxAbsScaler(), [1])], transformer_weights={"f": 2}).fit(X)
        ),
        "transformer_weights are not read; scale the features in a step instead",
    ),
    "nothing left": (
        lambda: behind(ColumnTransformer([("f", "drop", [1])]).fit(X)),
        "step 'step0' \\(ColumnTransformer\\): every step is 'drop', so that no feature is left",
    ),
    "imputer with another mark": (
        lambda: behind(SimpleImputer(missing_values=-1).fit(X)),
        "step 'step0' \\(SimpleImputer\\): it is read with missing_values=NaN and add_indicator",
    ),
    "target behind a function": (
        lambda: TransformedTargetRegressor(
            Ridge(), func=np.cbrt, inverse_func=lambda y: y**3, check_inverse=False
        ).fit(X, Y),
        "step 'transformer' \\(FunctionTransformer\\): how it is undone is not read; known are St",
    ),
    "LogisticRegression one by one": (
        one_by_one,
        "LogisticRegression: multi_class='ovr' with 3 classes is not read; fit it without multi",
    ),
    "sparse weights": (
        lambda: LogisticRegression().fit(X, TWO).sparsify(),
        "LogisticRegression: coef_ is a .* of object entries; a dense array of numbers is expected",
    ),
}
