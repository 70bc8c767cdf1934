"""One thing of a good model spoilt: an attribute, a list of whole numbers, an input. It is refused,
or still read.
"""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from onnx import AttributeProto, helper, numpy_helper

WHOLE = [0, -1, -7, 100, 2**40]
REAL = [float("inf"), float("-inf"), float("nan"), 1e38, 0.0, -1.0]


def spoil(model: Any, random: Random) -> str:
    """Spoils something that the outputs need; what it was ("unknown" must be refused)."""
    used = _needed(model.graph)
    choices = [(n, a) for n in used for a in n.attribute if a.type != AttributeProto.TENSOR]
    tensors = [
        t
        for t in model.graph.initializer
        if t.data_type == 7 and any(t.name in n.input for n in used)
    ]
    kind = random.choice(["attribute"] * 3 + ["tensor"] * 2 + ["unknown", "input"])
    if kind == "attribute" and choices:
        node, attribute = random.choice(choices)
        return f"{node.op_type}.{attribute.name} " + _attribute(attribute, random)
    if kind == "tensor" and tensors:
        return _tensor(random.choice(tensors), random)
    node = random.choice(used)
    if kind == "input" and node.input:
        del node.input[-1]
        return f"{node.op_type} has one input less"
    node.attribute.append(helper.make_attribute("no_such_attribute", 1))
    return "unknown"


def _needed(graph: Any) -> list[Any]:
    wanted, found = {o.name for o in graph.output}, []
    for _ in graph.node:
        for node in graph.node:
            if node not in found and wanted & set(node.output):
                found.append(node)
                wanted |= set(node.input)
    return found


def _attribute(attribute: Any, random: Random) -> str:
    if attribute.type == AttributeProto.INT:
        attribute.i = random.choice(WHOLE)
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = random.choice(REAL)
    elif attribute.type == AttributeProto.STRING:
        attribute.s = random.choice([b"", b"no_such_mode", b"\xff"])
    elif attribute.type == AttributeProto.INTS and attribute.ints:
        attribute.ints[random.randrange(len(attribute.ints))] = random.choice(WHOLE)
    elif attribute.type == AttributeProto.INTS:
        attribute.ints.append(0)
    elif attribute.type == AttributeProto.FLOATS and attribute.floats:
        attribute.floats[random.randrange(len(attribute.floats))] = random.choice(REAL)
    return "changed"


def _tensor(tensor: Any, random: Random) -> str:
    array = np.array(numpy_helper.to_array(tensor))
    if array.size and random.random() < 0.8:
        array.flat[random.randrange(array.size)] = random.choice(WHOLE)
    else:
        array = np.append(array.ravel(), random.choice(WHOLE))
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return "whole numbers changed"
