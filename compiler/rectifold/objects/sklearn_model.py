"""A fitted scikit-learn estimator as an ONNX model, node by node, in float64.

    Pipeline(StandardScaler, MLPClassifier)   →   Sub, Div, MatMul, Add, Relu, ..., Softmax, ArgMax

Names are those of skl2onnx: the input X, the output `variable` of a regressor, `label` and
`probabilities` of a classifier. Sound because every estimator is written as its formula, with the
numbers that it learned: what follows the last affine layer (softmax, the label) is the tail of the
model. Over the real numbers the nodes are what scikit-learn computes but for its rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import cast

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto

from rectifold.errors import InputError
from rectifold.objects.column_names import name_columns
from rectifold.objects.model_graph import ModelGraph, port
from rectifold.objects.sklearn_part import Part
from rectifold.objects.sklearn_steps import STEPS, steps_of, transformed

_SEARCHES = ("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
_LINEAR = (
    "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV",
    "SGDRegressor", "LinearSVR", "HuberRegressor", "BayesianRidge", "LassoLars",
)  # fmt: skip
_OUTPUTS = {"identity": None, "softmax": "Softmax", "logistic": "Sigmoid", "exp": "Exp"}


def model_of(estimator: object) -> ModelProto:
    """The ONNX model of a fitted estimator, a Pipeline or a search over them.

    Raises InputError for one that is not fitted, and for one that is no ReLU network, with its
    place in the whole and the remedy.
    """
    part = _best(Part.whole(estimator))
    graph = ModelGraph()
    x = graph.fresh("X")
    inputs = [port(x, "float64", ["N", _features(part)])]
    outputs = _ended(graph, part, x)
    model = graph.model(type(part.estimator).__name__, inputs, outputs)
    name_columns(model, _names(part))
    return model


def _best(part: Part) -> Part:
    """The estimator that a search found."""
    if part.kind not in _SEARCHES:
        return part
    return Part.whole(part.learned("best_estimator_"))


def _features(part: Part) -> int:
    """How many features go in: what the first part that says so was fitted to."""
    for inner in _inside(part):
        with suppress(InputError):
            return inner.features
    raise part.fail("it is not fitted, so that the number of features is not known; fit it first")


def _names(part: Part) -> Iterable[object]:
    """The names of the columns that it was fitted to, where it was fitted to a data frame."""
    found = (inner.option("feature_names_in_") for inner in _inside(part))
    return cast(Iterable[object], next((names for names in found if names is not None), ()))


def _inside(part: Part) -> Iterator[Part]:
    """The part itself, then the first of its steps that transforms or predicts."""
    yield part
    if part.kind == "Pipeline":
        steps = [s for s in steps_of(part) if s.estimator not in (None, "passthrough")]
        if steps:
            yield from _inside(steps[0])


def _ended(graph: ModelGraph, part: Part, x: str) -> list[ValueInfoProto]:
    """Everything from the features on; the outputs."""
    if part.kind == "Pipeline":
        *before, last = steps_of(part)
        for step in before:
            x = transformed(graph, step, x)
        return _ended_step(graph, last, x)
    return _ended_step(graph, part, x)


def _ended_step(graph: ModelGraph, part: Part, x: str) -> list[ValueInfoProto]:
    if part.estimator is None or part.estimator == "passthrough":
        raise part.fail("the last step is 'passthrough'; a regressor or classifier is expected")
    part = _best(part)
    if part.kind == "Pipeline":
        return _ended(graph, part, x)
    if part.kind in _CLASSIFIERS:
        return _CLASSIFIERS[part.kind](graph, part, x)
    if part.kind in STEPS:
        value = transformed(graph, part, x)
        return [_named(graph, value, "variable", None)]
    value, size = _regressed(graph, part, x)
    return [_named(graph, value, "variable", size)]


def _named(graph: ModelGraph, value: str, name: str, size: int | None) -> ValueInfoProto:
    """`value` as an output of this name."""
    return port(graph.emit("Identity", [value], name), "float64", ["N", size])


# ---- regressors ----------------------------------------------------------------------------------


def _regressed(graph: ModelGraph, part: Part, x: str) -> tuple[str, int]:
    """(the prediction, how many outputs it has)."""
    part = _best(part)
    if part.kind == "Pipeline":
        *before, last = steps_of(part)
        for step in before:
            x = transformed(graph, step, x)
        return _regressed(graph, last, x)
    if part.kind == "MLPRegressor":
        return _perceptron(graph, part, x)
    if part.kind in _LINEAR:
        return _affine(graph, part, x)
    if part.kind == "TransformedTargetRegressor":
        return _target(graph, part, x)
    raise part.unknown(f"{', '.join(ENDS)}, and a step ({', '.join(STEPS)})")


def _perceptron(graph: ModelGraph, part: Part, x: str) -> tuple[str, int]:
    """All layers of an MLPRegressor or MLPClassifier, the function of its outputs too."""
    part.learned("coefs_")
    activation = part.option("activation")
    if activation not in ("relu", "identity"):
        raise part.fail(
            f"activation={activation!r} makes no ReLU network; fit it with activation='relu'"
        )
    weights = cast(Sequence[np.ndarray], part.learned("coefs_"))
    biases = cast(Sequence[np.ndarray], part.learned("intercepts_"))
    for k, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        x = _layer(graph, x, part.floats(weight, f"coefs_[{k}]"), part.floats(bias, "intercepts_"))
        if activation == "relu" and k < len(weights) - 1:
            x = graph.emit("Relu", [x], "hidden")
    function = cast(str, part.learned("out_activation_"))
    if function not in _OUTPUTS:
        raise part.fail(
            f"out_activation_={function!r} is not read; known are {', '.join(_OUTPUTS)}"
        )
    operator = _OUTPUTS[function]
    value = graph.emit(operator, [x], "activated") if operator else x  # Softmax: of the last axis
    return value, int(biases[-1].size)


def _layer(graph: ModelGraph, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
    """x W + b, W inputs × outputs."""
    product = graph.emit("MatMul", [x, graph.store(weight, "coefficients")], "product")
    return graph.emit("Add", [product, graph.store(bias, "intercepts")], "sum")


def _affine(graph: ModelGraph, part: Part, x: str) -> tuple[str, int]:
    """x coef_ᵀ + intercept_ of a linear model."""
    weight = np.atleast_2d(part.array("coef_"))
    bias = np.broadcast_to(np.atleast_1d(part.array("intercept_")), weight.shape[:1])
    return _layer(graph, x, weight.T, bias), len(weight)


def _target(graph: ModelGraph, part: Part, x: str) -> tuple[str, int]:
    """The regressor's prediction, back in the unit of the target."""
    inner = part.inner("regressor", part.learned("regressor_"))
    scaler = part.inner("transformer", part.learned("transformer_"))
    value, size = _regressed(graph, inner, x)
    if scaler.kind == "FunctionTransformer" and scaler.option("inverse_func") is None:
        return value, size
    if scaler.kind not in _INVERSES:
        raise scaler.fail(
            f"how it is undone is not read; known are {', '.join(_INVERSES)}; compile the "
            "regressor_ alone, and undo the transformation afterwards"
        )
    for operator, name, option in _INVERSES[scaler.kind]:
        if option is None or scaler.option(option):
            constant = graph.store(scaler.array(name), name)
            value = graph.emit(operator, [value, constant], f"{scaler.kind}_{operator}")
    return value, size


_INVERSES: Mapping[str, Sequence[tuple[str, str, str | None]]] = {
    "StandardScaler": (("Mul", "scale_", "with_std"), ("Add", "mean_", "with_mean")),
    "RobustScaler": (("Mul", "scale_", "with_scaling"), ("Add", "center_", "with_centering")),
    "MaxAbsScaler": (("Mul", "scale_", None),),
    "MinMaxScaler": (("Sub", "min_", None), ("Div", "scale_", None)),
}


# ---- classifiers ---------------------------------------------------------------------------------


def _mlp_classifier(graph: ModelGraph, part: Part, x: str) -> list[ValueInfoProto]:
    value, size = _perceptron(graph, part, x)
    classes = np.asarray(part.learned("classes_"))
    if len(classes) == 1:
        raise part.fail(
            f"it was fitted on one class only, so that its label is {classes[0]} for every input; "
            "fit it on data of both classes"
        )
    if part.option("out_activation_") == "logistic" and (size > 1 or len(classes) != 2):
        return _several_labels(graph, value, size)
    return _labelled(graph, part, value, classes)


def _logistic(graph: ModelGraph, part: Part, x: str) -> list[ValueInfoProto]:
    classes = np.asarray(part.learned("classes_"))
    several = part.option("multi_class", "auto")
    one_by_one = several == "ovr" or part.option("solver") == "liblinear"
    if (len(classes) > 2 and one_by_one) or (len(classes) == 2 and several == "multinomial"):
        raise part.fail(
            f"multi_class={several!r} with {len(classes)} classes is not read; fit it without "
            "multi_class, with the solver 'lbfgs'"
        )
    value, _ = _affine(graph, part, x)
    if len(classes) == 2:
        value = graph.emit("Sigmoid", [value], "activated")
    else:
        value = graph.emit("Softmax", [value], "activated")
    return _labelled(graph, part, value, classes)


def _labelled(
    graph: ModelGraph, part: Part, value: str, classes: np.ndarray
) -> list[ValueInfoProto]:
    """`label` and `probabilities`, as skl2onnx gives them; one value of two classes is p of the
    second.
    """
    if len(classes) == 2:
        other = graph.emit("Sub", [graph.store(np.ones(1), "one"), value], "other")
        probabilities = graph.emit("Concat", [other, value], "probabilities", axis=1)
    else:
        probabilities = graph.emit("Identity", [value], "probabilities")
    stored, kind = _stored_classes(part, classes)
    place = graph.emit("ArgMax", [probabilities], "place", axis=1)
    found = graph.emit("ArrayFeatureExtractor", [graph.store(stored, "classes"), place], "found")
    wanted = "label" if kind != "bool" else "whole_label"
    label = graph.emit("Reshape", [found, graph.whole([-1], "flat")], wanted)
    if kind == "bool":
        label = graph.emit("Cast", [label], "label", to=int(TensorProto.BOOL))
    return [
        port(label, kind, ["N"]),
        port(probabilities, "float64", ["N", len(classes)]),
    ]


def _stored_classes(part: Part, classes: np.ndarray) -> tuple[np.ndarray, str]:
    """The classes as an array that ONNX holds, and the type of a label."""
    if classes.dtype.kind in "iu":
        return classes.astype(np.int64), "int64"
    if classes.dtype.kind == "f":
        return classes.astype(np.float64), "float64"
    if classes.dtype.kind == "b":
        return classes.astype(np.int64), "bool"
    if all(isinstance(c, str) for c in classes.tolist()):
        return classes.astype(object), "string"
    raise part.fail(
        f"its classes are {classes.dtype} values; whole numbers, floats, texts or truth values "
        "are expected"
    )


def _several_labels(graph: ModelGraph, value: str, size: int) -> list[ValueInfoProto]:
    """A label of 0 or 1 for each output, and its probability."""
    probabilities = graph.emit("Identity", [value], "probabilities")
    above = graph.emit("Greater", [probabilities, graph.store(np.array([0.5]), "half")], "above")
    label = graph.emit("Cast", [above], "label", to=int(TensorProto.INT64))
    return [port(label, "int64", ["N", size]), port(probabilities, "float64", ["N", size])]


_CLASSIFIERS: Mapping[str, Callable[[ModelGraph, Part, str], list[ValueInfoProto]]] = {
    "MLPClassifier": _mlp_classifier,
    "LogisticRegression": _logistic,
    "LogisticRegressionCV": _logistic,
}

ENDS = ("MLPRegressor", *_CLASSIFIERS, *_LINEAR, "TransformedTargetRegressor", *_SEARCHES)
"""The estimators that a model may end with, besides a step."""
