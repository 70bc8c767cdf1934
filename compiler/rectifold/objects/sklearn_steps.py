"""Steps of scikit-learn that transform features, as nodes of ONNX.

    StandardScaler   (x − mean_) / scale_   →   Sub, Div        float64, as scikit-learn divides

Sound because each step is written as the formula of its class: over the real numbers the nodes are
that formula, with the float64 numbers that the step learned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

import numpy as np

from rectifold.objects.model_graph import ModelGraph
from rectifold.objects.sklearn_part import Part

Step = Callable[[ModelGraph, Part, str], str]


def transformed(graph: ModelGraph, part: Part, x: str) -> str:
    """The result of a step for the features `x`. Raises InputError for one that is not read."""
    if part.estimator is None or part.estimator == "passthrough":
        return x
    kind = part.kind
    if kind in _REFUSED:
        raise part.fail(_REFUSED[kind])
    if kind not in STEPS:
        raise part.unknown(", ".join(STEPS))
    return STEPS[kind](graph, part, x)


def steps_of(part: Part) -> Iterable[Part]:
    """The steps of a Pipeline, each in its place."""
    for name, estimator in cast(Sequence[tuple[str, object]], part.option("steps")):
        yield part.inner(name, estimator)


def _constant(
    graph: ModelGraph, operator: str, x: str, part: Part, value: np.ndarray, name: str
) -> str:
    return graph.emit(operator, [x, graph.store(value, name)], f"{part.kind}_{operator}")


def _shifted(graph: ModelGraph, part: Part, x: str, names: Sequence[str | None]) -> str:
    """(x − offset) / scale with the learned arrays of these names; None leaves a part out."""
    for operator, name in zip(("Sub", "Div"), names, strict=True):
        if name is not None:
            x = _constant(graph, operator, x, part, part.array(name), name)
    return x


def _standard(graph: ModelGraph, part: Part, x: str) -> str:
    part.learned("scale_")
    mean = "mean_" if part.option("with_mean") else None
    return _shifted(graph, part, x, [mean, "scale_" if part.option("with_std") else None])


def _robust(graph: ModelGraph, part: Part, x: str) -> str:
    part.learned("scale_")
    centre = "center_" if part.option("with_centering") else None
    return _shifted(graph, part, x, [centre, "scale_" if part.option("with_scaling") else None])


def _max_abs(graph: ModelGraph, part: Part, x: str) -> str:
    x = _shifted(graph, part, x, [None, "scale_"])
    return _clipped(graph, part, x, (-1.0, 1.0)) if part.option("clip", False) else x


def _min_max(graph: ModelGraph, part: Part, x: str) -> str:
    x = _constant(graph, "Mul", x, part, part.array("scale_"), "scale_")
    x = _constant(graph, "Add", x, part, part.array("min_"), "min_")
    limits = cast(tuple[float, float], part.option("feature_range"))
    return _clipped(graph, part, x, limits) if part.option("clip", False) else x


def _clipped(graph: ModelGraph, part: Part, x: str, limits: tuple[float, float]) -> str:
    ends = [graph.store(np.array(end, dtype=np.float64), "limit") for end in limits]
    return graph.emit("Clip", [x, *ends], f"{part.kind}_Clip")


def _selected(graph: ModelGraph, part: Part, x: str) -> str:
    """The features that a selector keeps."""
    if part.kind == "VarianceThreshold":
        part.learned("variances_")
    elif part.kind == "SelectFromModel":
        part.learned("estimator_")
    elif part.kind in ("RFE", "RFECV", "SequentialFeatureSelector"):
        part.learned("support_")
    else:
        part.learned("scores_")
    get_support = cast(Callable[[], np.ndarray], part.option("get_support"))
    return columns(graph, x, np.flatnonzero(get_support()).tolist())


def columns(graph: ModelGraph, x: str, numbers: Sequence[int]) -> str:
    """Some features, in this order."""
    return graph.emit("Gather", [x, graph.whole(numbers, "columns")], "selected", axis=1)


def _pca(graph: ModelGraph, part: Part, x: str) -> str:
    """(x − mean_) components_ᵀ, over √explained_variance_ (a float64) where it whitens."""
    x = _constant(graph, "Sub", x, part, part.array("mean_"), "mean_")
    x = _constant(graph, "MatMul", x, part, part.array("components_").T, "components_")
    if not part.option("whiten"):
        return x
    variance = np.asarray(part.learned("explained_variance_"))
    scale = np.sqrt(variance)
    scale[scale < np.finfo(scale.dtype).eps] = np.finfo(scale.dtype).eps
    return _constant(graph, "Div", x, part, part.floats(scale, "scale"), "scale")


def _svd(graph: ModelGraph, part: Part, x: str) -> str:
    components = part.array("components_").T
    return _constant(graph, "MatMul", x, part, components, "components_")


def _imputed(graph: ModelGraph, part: Part, x: str) -> str:
    """Nothing: no real number is missing."""
    missing = part.option("missing_values")
    if not (isinstance(missing, float) and math.isnan(missing)) or part.option("add_indicator"):
        raise part.fail(
            "it is read with missing_values=NaN and add_indicator=False only, where it changes no "
            "number; leave it out, or replace the values before the model"
        )
    if np.isnan(part.array("statistics_")).any():
        raise part.fail("it drops features that were missing in all data; leave them out before")
    return x


def _function(graph: ModelGraph, part: Part, x: str) -> str:
    if part.option("func") is not None:
        raise part.fail(
            "it calls a function of yours, which is not read; apply it to the data before the "
            "pipeline, and say the domain after it"
        )
    return x


def _pipeline(graph: ModelGraph, part: Part, x: str) -> str:
    for step in steps_of(part):
        x = transformed(graph, step, x)
    return x


def _union(graph: ModelGraph, part: Part, x: str) -> str:
    weights = cast(Mapping[str, float], part.option("transformer_weights") or {})
    parts = []
    for name, estimator in cast(Sequence[tuple[str, object]], part.option("transformer_list")):
        if estimator == "drop":
            continue
        inner = part.inner(name, estimator)
        value = transformed(graph, inner, x)
        if name in weights:
            factor = np.array(weights[name], dtype=np.float64)
            value = graph.emit("Mul", [value, graph.store(factor, "weight")], "weighted")
        parts.append(value)
    return _joined(graph, part, parts)


def _joined(graph: ModelGraph, part: Part, parts: Sequence[str]) -> str:
    if not parts:
        raise part.fail("every step is 'drop', so that no feature is left")
    return parts[0] if len(parts) == 1 else graph.emit("Concat", parts, "joined", axis=1)


def _columns_apart(graph: ModelGraph, part: Part, x: str) -> str:
    """A ColumnTransformer: each step on its own columns, side by side."""
    weights = part.option("transformer_weights") or {}
    if weights:
        raise part.fail("transformer_weights are not read; scale the features in a step instead")
    parts = []
    for name, estimator, chosen in cast(
        Sequence[tuple[str, object, object]], part.learned("transformers_")
    ):
        numbers = _numbers(part, name, chosen)
        if not numbers or estimator == "drop":
            continue
        taken = columns(graph, x, numbers)
        parts.append(transformed(graph, part.inner(name, estimator), taken))
    return _joined(graph, part, parts)


def _numbers(part: Part, name: str, chosen: object) -> list[int]:
    """The columns that a step of a ColumnTransformer reads: numbers, names, a mask or a slice."""
    everything = list(range(part.features))
    if isinstance(chosen, str | int):
        raise part.fail(
            f"the step {name!r} reads one column as a vector; give a list of columns: [{chosen!r}]"
        )
    names = [str(n) for n in cast(Iterable[object], part.option("feature_names_in_", ()))]
    if isinstance(chosen, slice):
        if not any(isinstance(end, str) for end in (chosen.start, chosen.stop)):
            return everything[chosen]
        start = None if chosen.start is None else names.index(chosen.start)
        stop = None if chosen.stop is None else names.index(chosen.stop) + 1
        return everything[start : stop : chosen.step]
    listed = np.asarray(chosen)
    if listed.dtype.kind == "b":
        return [k for k, kept in zip(everything, listed.tolist(), strict=True) if kept]
    if listed.dtype.kind in "UO":
        return [names.index(str(n)) for n in listed.tolist()]
    return [everything[int(k)] for k in listed.tolist()]


_REFUSED = {
    "Normalizer": "it divides by the norm of each sample, which is no ReLU network; leave it out, "
    "or normalise before the model",
    "PolynomialFeatures": "it multiplies features, which is no ReLU network; compute them before "
    "the model, and say a domain of the products",
}

STEPS: Mapping[str, Step] = {
    "StandardScaler": _standard,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "RobustScaler": _robust,
    "PCA": _pca,
    "TruncatedSVD": _svd,
    "SelectKBest": _selected,
    "SelectPercentile": _selected,
    "VarianceThreshold": _selected,
    "SelectFromModel": _selected,
    "RFE": _selected,
    "RFECV": _selected,
    "SequentialFeatureSelector": _selected,
    "SimpleImputer": _imputed,
    "FunctionTransformer": _function,
    "Pipeline": _pipeline,
    "FeatureUnion": _union,
    "ColumnTransformer": _columns_apart,
}
