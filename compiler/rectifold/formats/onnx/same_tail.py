"""Do two models go on alike behind their networks?

    h ─ Softmax(axis 1) ─ p          z ─ Softmax(axis 1) ─ y          the same: names do not count

Sound because a node counts as the same only with the same operator in the same opset, the same
attributes, and inputs that are the same in turn, down to ends in the same place and constants of
the same bytes. What merely computes the same is not found to be so.
"""

from __future__ import annotations

import hashlib

from onnx import NodeProto, TensorProto

from rectifold.formats.interface import Interface
from rectifold.formats.onnx.graph import Model, opened, standard
from rectifold.formats.onnx.tensors import with_external_data


def is_same_tail(a: Interface, b: Interface) -> bool:
    """Whether the outputs of two models are one function of their ends.

    Raises OnnxError, InputError for external data that cannot be read.
    """
    if [(p.dtype, p.shape) for p in a.ends] != [(p.dtype, p.shape) for p in b.ends]:
        return False
    return _digests(a, "a") == _digests(b, "b")


def _digests(interface: Interface, which: str) -> list[str]:
    """What each output is made of, as a digest of all that it is computed from.

    What is not known here (a sparse tensor) is called by its model, and so is like nothing else.
    """
    model = opened(interface.model, "the model", interface.folder)
    known = {port.name: f"input {k}" for k, port in enumerate(interface.inputs)}
    known |= {port.name: f"end {k}" for k, port in enumerate(interface.ends)}
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    made = {name for node in interface.tail for name in node.output}
    constants = [n for n in model.graph.node if not n.input and not {*n.output} & made]
    for node in [*constants, *interface.tail]:
        for name in node.input:
            if name in stored and name not in known:
                known[name] = _tensor_digest(stored[name], model)
        described = _node_text(
            node, model, [known.get(name, f"{which} {name}" if name else "") for name in node.input]
        )
        for k, name in enumerate(node.output):
            known[name] = _hash(f"{described} {k}".encode())
    return [known.get(port.name, f"{which} {port.name}") for port in interface.outputs]


def _node_text(node: NodeProto, model: Model, inputs: list[str]) -> str:
    domain = standard(node.domain)
    attributes = sorted((a.name, a.SerializeToString(deterministic=True)) for a in node.attribute)
    return repr((domain, node.op_type, model.opsets.get(domain), attributes, inputs))


def _tensor_digest(tensor: TensorProto, model: Model) -> str:
    whole = TensorProto()
    whole.CopyFrom(with_external_data(tensor, tensor.name, model.folder))
    whole.ClearField("name")
    whole.ClearField("external_data")
    return _hash(whole.SerializeToString(deterministic=True))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
