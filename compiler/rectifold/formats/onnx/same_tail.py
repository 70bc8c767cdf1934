"""Do two models go on alike behind their networks?

    h ─ Softmax(axis 1) ─ p          z ─ Softmax(axis 1) ─ y          the same: names do not count

Sound because a node counts as the same only with the same operator in the same opset, the same
attributes, and inputs that are the same in turn, down to the same values of the network in the same
shape (end_views), inputs of the same shapes and constants of the same bytes. What merely computes
the same is not found to be so.
"""

from __future__ import annotations

import hashlib

from onnx import NodeProto, TensorProto

from rectifold.formats.interface import Interface, Port
from rectifold.formats.onnx.end_views import View, end_views
from rectifold.formats.onnx.graph import Model, opened, standard
from rectifold.formats.onnx.tensors import with_external_data


def is_same_tail(a: Interface, b: Interface) -> bool:
    """Whether the outputs of two models are one function of their ends.

    Raises OnnxError, InputError for external data that cannot be read.
    """
    return _digests(a, "a") == _digests(b, "b")


def _digests(interface: Interface, which: str) -> list[str]:
    """What each output is made of, as a digest of all that it is computed from.

    What is not known here (a sparse tensor) is called by its model, and so is like nothing else.
    """
    model = opened(interface.model, "the model", interface.folder)
    inputs = [_port_text(port) for port in interface.inputs]
    known = {port.name: f"input {k} of {inputs}" for k, port in enumerate(interface.inputs)}
    views = {name: _view_digest(view) for name, view in end_views(interface, model).items()}
    known |= views
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
            known[name] = views.get(name) or _hash(f"{described} {k}".encode())
    return [known.get(port.name, f"{which} {port.name}") for port in interface.outputs]


def _port_text(port: Port) -> str:
    """Element type and shape; what a size that is not fixed is called does not count."""
    return f"{port.dtype} {[n if isinstance(n, int) else None for n in port.shape]}"


def _view_digest(view: View) -> str:
    return _hash(repr((view.dtype, view.index.shape, view.index.ravel().tolist())).encode())


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
