"""A PyTorch module as an ONNX model, operation by operation, with exact weights.

    Sequential(Linear(2, 3), ReLU(), Linear(3, 1))    →    Gemm, Relu, Gemm

Sound because each operation that torch.export recorded is a row of `torch_operations.table` or is
refused; what does not depend on the input is computed by PyTorch itself, as the module would. The
graph is not simplified here: the reader of ONNX does all that is done to models.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from typing import Any

from onnx import ModelProto, ValueInfoProto, checker, helper

from rectifold.errors import InputError
from rectifold.formats.onnx.versions import VERSIONS
from rectifold.objects.torch_graph import CODES, Call, Graph, Value, module_of, place, value_of
from rectifold.objects.torch_operations.table import ALIKE, OPERATIONS, REMEDIES
from rectifold.objects.torch_trace import Trace, TracedNode, traced

_SIZES = re.compile(r"(?<=conv)[123]d|(?<=conv_transpose)[123]d|(?<=pool)[123]d|(?<=nearest)[123]d")


def model_of(module: object, input_shape: tuple[int, ...] | None = None) -> ModelProto:
    """The ONNX model of an nn.Module in eval mode; the module itself is not changed.

    `input_shape` is the shape of one sample (without it, of what the first Linear reads); a batch
    of one in front of it is understood. A module that takes batches becomes a model with the batch
    N. Raises InputError for a module that is no ReLU network of one tensor, with the operation, its
    module and its line of code.
    """
    return _Writer(traced(module, input_shape)).model(type(module).__name__)


class _Writer:
    """Goes through a record once; `known` is what each step gave."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.graph = Graph(names={id(t): name for name, t in trace.stored.items()})
        self.known: dict[str, Any] = {n: trace.stored[name] for n, name in trace.reads.items()}

    def model(self, name: str) -> ModelProto:
        source, target = self.trace.input, self.trace.output
        given = value_of(self.graph.fresh(source.name), source.meta["val"])
        self.known[source.name] = given
        for node in self.trace.nodes:
            if node.op == "call_function":
                self.known[node.name] = self._run(node)
        result = self.known[target.name]
        if not isinstance(result, Value):
            raise InputError(f"the result of the {name} does not depend on its input")
        if given.shape[:1] == (None,) and _front(target) != _front(source):
            raise InputError(
                f"the result of the {name} has the shape {tuple(target.meta['val'].shape)} for an "
                f"input of shape {tuple(source.meta['val'].shape)}; the batch is expected in "
                "dimension 0 of both"
            )
        output = Value(self.graph.fresh("output"), result.shape, result.dtype)
        self.graph.call_output(result.name, output.name)
        read = {name for node in self.graph.nodes for name in node.input}
        tensors = [tensor for name, tensor in self.graph.tensors.items() if name in read]
        graph = helper.make_graph(self.graph.nodes, name, [_info(given)], [_info(output)], tensors)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", VERSIONS.torch)], ir_version=VERSIONS.ir,
            producer_name="rectifold",
        )  # fmt: skip
        checker.check_model(model)
        return model

    def _run(self, node: TracedNode) -> Any:
        recorded = node.meta.get("val")
        if not node.users or not (isinstance(recorded, list | tuple) or _is_tensor(recorded)):
            return recorded  # a size, or an assertion about sizes
        if node.target is not operator.getitem and not hasattr(node.target, "_schema"):
            raise InputError(
                f"{place(node, str(node.target))}: a part of a module that is run as a whole "
                "(torch.cond, autocast, ...) is not read from PyTorch; write it without"
            )
        args, kwargs = self._argument(node.args), self._argument(node.kwargs)
        if node.target is operator.getitem:
            return _part(args[0], args[1], place(node, "the result"))
        packet = str(node.target).removeprefix("aten.").partition(".")[0].removesuffix("_")
        where = place(node, packet)
        if not any(isinstance(value, Value) for value in _leaves((args, kwargs))):
            return _computed(node, args, kwargs, where)
        known = _SIZES.sub("", packet)
        known = ALIKE.get(known, known)
        name = ".".join(filter(None, (module_of(node)[0], known)))
        call = Call(self.graph, packet, where, name, _by_name(node.target, args, kwargs), recorded)
        return _results(call, known)

    def _argument(self, given: Any) -> Any:
        """What a recorded argument stands for: steps became values, tensors or sizes."""
        if isinstance(given, list | tuple):
            return [self._argument(part) for part in given]
        if isinstance(given, dict):
            return {name: self._argument(part) for name, part in given.items()}
        return self.known[given.name] if hasattr(given, "op") else given


def _part(results: Any, number: int, where: str) -> Any:
    """One of several results. Raises InputError for one that its row does not give."""
    if number >= len(results):
        raise InputError(
            f"{where} number {number} is used (the places of maxima, or statistics), and only "
            f"the first {len(results)} of this operation are read; use the values"
        )
    return results[number]


def _results(call: Call, known: str) -> Any:
    """The value that an operation gives; of several results the first ones, as its row has them.

    Raises InputError without a row.
    """
    row = OPERATIONS.get(known)
    if row is None:
        remedy = REMEDIES.get(known, "replace it, or give the part of the module before it")
        raise call.fail(f"this operation is not read from PyTorch; {remedy}")
    found = row(call)
    if isinstance(found, str) and not isinstance(call.result, list | tuple):
        return _value(call, found, call.result)
    names = [found] if isinstance(found, str) else found
    return [_value(call, name, kept) for name, kept in zip(names, call.result, strict=False)]


def _value(call: Call, name: str, recorded: Any) -> Value:
    value = value_of(name, recorded)
    if value.shape.count(None) > 1:
        raise call.fail(
            "two sizes of its result depend on the batch, so that samples meet each other; keep "
            "the batch in one dimension"
        )
    return value


def _computed(node: TracedNode, args: Any, kwargs: Any, where: str) -> Any:
    """What PyTorch computes of tensors that do not depend on the input."""
    import torch

    if torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ()):
        raise InputError(f"{where}: it draws random numbers; a network computes the same each time")
    if any(isinstance(value, torch.SymInt) for value in _leaves((args, kwargs))):
        raise InputError(
            f"{where}: it makes a tensor whose size depends on the batch; make it of size 1 there"
        )
    with torch.no_grad():
        return node.target(*args, **kwargs)


def _by_name(target: Any, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an operation by name, in the order of its schema, with its defaults."""
    declared = target._schema.arguments
    given = kwargs | {a.name: value for a, value in zip(declared, args, strict=False)}
    return {a.name: given.get(a.name, a.default_value) for a in declared}


def _leaves(given: Any) -> Iterator[Any]:
    if isinstance(given, dict):
        given = list(given.values())
    if isinstance(given, list | tuple):
        for part in given:
            yield from _leaves(part)
    else:
        yield given


def _is_tensor(recorded: object) -> bool:
    import torch

    return isinstance(recorded, torch.Tensor)


def _front(node: TracedNode) -> str:
    """The first size, in the words of the record."""
    return ", ".join(map(str, node.meta["val"].shape[:1]))


def _info(value: Value) -> ValueInfoProto:
    shape = ["N" if size is None else size for size in value.shape]
    return helper.make_tensor_value_info(value.name, CODES[value.dtype], shape)
