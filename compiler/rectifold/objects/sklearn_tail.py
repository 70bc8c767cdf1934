"""What follows the network in a classifier of scikit-learn, read off the nodes of its model.

    Softmax, Identity, ArgMax, ArrayFeatureExtractor, Reshape      softmax, labels a, b, c

Sound because a tail is compared with the one that `sklearn_model` writes: every operator, what it
reads, and every attribute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from rectifold.errors import InputError
from rectifold.formats.interface import Interface
from rectifold.formats.onnx_tail import tail_parts


@dataclass(frozen=True, eq=False)
class Ending:
    """`function` of the outputs, as scikit-learn names it; `classes` of a classifier.

    A classifier without them has a label of 0 or 1 for each output.
    """

    function: str
    classes: np.ndarray | None = None


_LABELS = ("ArrayFeatureExtractor(classes, ArgMax)", "Reshape(ArrayFeatureExtractor, flat)")
_TWO = (
    "Sigmoid(end)", "Sub(one, Sigmoid)", "Concat(Sub, Sigmoid) axis=1",
    "ArgMax(Concat) axis=1", *_LABELS,
)  # fmt: skip
_MANY = ("Softmax(end)", "Identity(Softmax)", "ArgMax(Identity) axis=1", *_LABELS)
_TRUTH = f"Cast(Reshape) to={int(TensorProto.BOOL)}"
_SEVERAL = (
    "Sigmoid(end)", "Identity(Sigmoid)", "Greater(Identity, half)",
    f"Cast(Greater) to={int(TensorProto.INT64)}",
)  # fmt: skip
_FORMS: Mapping[tuple[str, ...], str] = {
    ("gives end",): "identity",
    ("Identity(end)", "gives Identity"): "identity",
    ("Exp(end)", "Identity(Exp)", "gives Identity"): "exp",
    (*_TWO, "gives Reshape, Concat"): "logistic",
    (*_TWO, _TRUTH, "gives Cast, Concat"): "logistic",
    (*_MANY, "gives Reshape, Identity"): "softmax",
    (*_MANY, _TRUTH, "gives Cast, Identity"): "softmax",
    (*_SEVERAL, "gives Cast, Identity"): "logistic",
}
"""Tails as they are written: a node with what it reads, which is the end, an array, or a node."""
_ARRAYS: Mapping[str, object] = {"one": [1.0], "half": [0.5], "flat": [-1]}


def ending_of(interface: Interface) -> Ending:
    """How the model ends. Raises InputError for one that scikit-learn's networks do not have."""
    arrays = {t.name: numpy_helper.to_array(t) for t in tail_parts(interface).tensors}
    words = tuple(_words(interface, arrays))
    if words not in _FORMS or len(interface.ends) != 1:
        operators = ", ".join(node.op_type for node in interface.tail) or "several values"
        raise InputError(
            f"the model ends with {operators}, which no MLPRegressor or MLPClassifier does; "
            "to_onnx() keeps it. Read with until= the value before it, the model is a regressor"
        )
    found = [arrays[node.input[0]] for node in interface.tail if node.op_type == _LOOKUP]
    classes = _classes(found[0], interface.outputs[0].dtype) if found else None
    return Ending(_FORMS[words], classes)


_LOOKUP = "ArrayFeatureExtractor"


def _words(interface: Interface, arrays: Mapping[str, np.ndarray]) -> Iterator[str]:
    """The tail as the table has it: node by node, then what makes the outputs."""
    made = {port.name: "end" for port in interface.ends}
    made |= {n: word for n, a in arrays.items() for word, v in _ARRAYS.items() if a.tolist() == v}
    for node in interface.tail:
        if node.op_type == _LOOKUP and node.input[0] in arrays:
            made[node.input[0]] = "classes"
        attributes = [f" {a.name}={helper.get_attribute_value(a)}" for a in node.attribute]
        read = ", ".join(made.get(name, name) for name in node.input)
        yield f"{node.op_type}({read}){''.join(attributes)}"
        made[node.output[0]] = node.op_type
    yield f"gives {', '.join(made[port.name] for port in interface.outputs)}"


def _classes(stored: np.ndarray, dtype: str) -> np.ndarray:
    """The classes that a label is looked up in, as NumPy has them."""
    if dtype == "string":
        texts = [one.decode() if isinstance(one, bytes) else one for one in stored.tolist()]
        return np.array(texts)
    return stored.astype(dtype)
