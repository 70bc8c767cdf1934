"""An ONNX graph under construction, and one call of a PyTorch operation on its way into it.

    linear(x, weight, bias)    →    call.emit("Gemm", call.value("input"), ..., transB=1)

Sound because a tensor of the module is stored with the bits it has, and a number that meets a
tensor is rounded to that tensor's type, as PyTorch rounds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from onnx import NodeProto, TensorProto, helper

from rectifold.errors import InputError
from rectifold.formats.fresh_names import fresh_name
from rectifold.objects.torch_trace import Tensor, TracedNode

CODES = {
    "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "float16": TensorProto.FLOAT16,
    "bfloat16": TensorProto.BFLOAT16, "int64": TensorProto.INT64, "int32": TensorProto.INT32,
    "int16": TensorProto.INT16, "int8": TensorProto.INT8, "uint8": TensorProto.UINT8,
    "bool": TensorProto.BOOL,
}  # fmt: skip

_LINE = re.compile(r'File "([^"]+)", line (\d+), in \S+\n\s*(.*)')


@dataclass(frozen=True)
class Value:
    """A tensor that depends on the input: its name, its shape (None: the batch), its type.

    `batch` is the size that is None as it was recorded, such as "s0" or "2*s0".
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    batch: str = ""

    @property
    def rank(self) -> int:
        return len(self.shape)


@dataclass
class Graph:
    """Nodes and stored tensors so far; a name is given once.

    `names`: what the module calls its tensors, by their id.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    nodes: list[NodeProto] = field(default_factory=list)
    tensors: dict[str, TensorProto] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def fresh(self, wanted: str) -> str:
        """`wanted`, or `wanted_1`, `wanted_2`, ..."""
        return fresh_name(wanted, self.taken, first=1)

    def store(self, tensor: Tensor, wanted: str, where: str) -> str:
        """The name under which a tensor is stored, bit for bit; equal ones are stored once."""
        proto = _proto(tensor, where)
        for name, known in self.tensors.items():
            if _content(known) == _content(proto):
                return name
        proto.name = self.fresh(self.names.get(id(tensor), wanted))
        self.tensors[proto.name] = proto
        return proto.name

    def call_output(self, name: str, wanted: str) -> None:
        """Gives a value its name outside; one that is the input, or stored, goes through an
        Identity.
        """
        made = [node for node in self.nodes if name in node.output]
        if not made:
            self.nodes.append(helper.make_node("Identity", [name], [wanted], wanted))
        for node in self.nodes:
            for names in (node.input, node.output):
                names[:] = [wanted if made and n == name else n for n in names]


def _content(proto: TensorProto) -> tuple[int, tuple[int, ...], bytes]:
    return proto.data_type, tuple(proto.dims), proto.raw_data


def _proto(tensor: Tensor, where: str) -> TensorProto:
    import torch

    kind = type_name(tensor.dtype)
    if kind not in CODES or tensor.layout != torch.strided or tensor.device.type == "meta":
        raise InputError(
            f"{where}: it reads a tensor of type {kind}, {tensor.layout}, on {tensor.device}; "
            f"dense tensors with values are read, of the types {', '.join(CODES)}"
        )
    flat = tensor.detach().contiguous().reshape(-1)
    words = (flat.view(torch.int16) if kind == "bfloat16" else flat).numpy()
    data = words.astype(words.dtype.newbyteorder("<")).tobytes()
    return TensorProto(dims=list(tensor.shape), data_type=CODES[kind], raw_data=data)


def type_name(kind: object) -> str:
    """torch.float32 is "float32"."""
    return str(kind).removeprefix("torch.")


def value_of(name: str, recorded: Tensor) -> Value:
    """A value of the shape and type that were recorded."""
    batch = ", ".join(str(size) for size in recorded.shape if not isinstance(size, int))
    return Value(name, sizes_of(recorded), type_name(recorded.dtype), batch)


def sizes_of(recorded: Tensor) -> tuple[int | None, ...]:
    """A recorded shape, None where a size depends on the batch."""
    return tuple(size if isinstance(size, int) else None for size in recorded.shape)


def place(node: TracedNode, operation: str) -> str:
    """What messages call a step: its operation, module, and line of the user's code."""
    path, kind = module_of(node)
    owner = f" in the module {path!r} ({kind})" if path else ""
    lines = _LINE.findall(node.meta.get("stack_trace") or "")
    mine = [(file, number, code) for file, number, code in lines if "/torch/" not in file]
    if not mine:
        return f"{operation}{owner}"
    file, number, code = mine[-1]
    return f"{operation}{owner}, {file.rpartition('/')[2]}:{number}: {code.strip()}"


def module_of(node: TracedNode) -> tuple[str, str]:
    """(path, class) of the module whose forward made the step."""
    stack = list((node.meta.get("nn_module_stack") or {"": ("", "")}).values())
    path, kind = stack[-1]
    return path, str(getattr(kind, "__name__", kind)).rpartition(".")[2]


@dataclass(frozen=True, eq=False)
class Call:
    """One operation with its arguments by name: values, stored tensors, numbers.

    `operation` is ATen's name of it; `result` is what was recorded: a tensor, or several.
    """

    graph: Graph
    operation: str
    where: str
    name: str
    args: Mapping[str, Any]
    result: Any

    def fail(self, text: str) -> InputError:
        return InputError(f"{self.where}: {text}")

    def __getitem__(self, name: str) -> Any:
        return self.args[name]

    @property
    def dtype(self) -> str:
        """The element type of the result."""
        first = self.result[0] if isinstance(self.result, tuple | list) else self.result
        return type_name(first.dtype)

    def value(self, name: str) -> Value:
        """An argument that depends on the input."""
        value = self.args[name]
        if not isinstance(value, Value):
            raise self.fail(f"{name!r} does not depend on the input, which this is not read for")
        return value

    def constant(self, name: str) -> Tensor | None:
        """A tensor of the module, or None where it is left out."""
        value = self.args[name]
        if isinstance(value, Value):
            raise self.fail(f"{name!r} depends on the input; a parameter or buffer is expected")
        return value

    def operand(self, value: object, dtype: str | None = None) -> str:
        """The name of a value, tensor or number, as one of `dtype` (that of the result)."""
        import torch

        kind = dtype or self.dtype
        if isinstance(value, Value):
            if value.dtype == kind:
                return value.name
            return self.emit("Cast", value.name, to=CODES[kind])
        if isinstance(value, bool | int | float):
            value = torch.tensor(value, dtype=getattr(torch, kind))
        if isinstance(value, torch.Tensor):
            tensor = value.to(getattr(torch, kind))  # itself, if it is of this type
            return self.graph.store(tensor, f"{self.name}.constant", self.where)
        raise self.fail(f"an argument is {value!r}; a tensor or a number is expected")

    def whole(self, numbers: Iterable[int]) -> str:
        """The name of a list of whole numbers."""
        import torch

        listed = torch.tensor(list(numbers), dtype=torch.int64)
        return self.graph.store(listed, f"{self.name}.sizes", self.where)

    def vector(self, numbers: Iterable[float]) -> str:
        """The name of a list of float32 numbers."""
        import torch

        listed = torch.tensor(list(numbers), dtype=torch.float32)
        return self.graph.store(listed, f"{self.name}.scales", self.where)

    def number(self, value: int) -> str:
        """The name of one whole number."""
        import torch

        return self.graph.store(torch.tensor(value), f"{self.name}.number", self.where)

    def emit(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node with one output; the name of that output."""
        return self.emit_several(operator, inputs, 1, **attributes)[0]

    def emit_several(
        self, operator: str, inputs: Iterable[str], count: int, **attributes: Any
    ) -> list[str]:
        """Adds a node; the names of its outputs."""
        names = [self.graph.fresh(self.name) for _ in range(count)]
        node = helper.make_node(operator, list(inputs), names, names[0], **attributes)
        self.graph.nodes.append(node)
        return names

    def axes(self, value: Value, given: Any, what: str = "dim") -> list[int]:
        """Axes counted from the front; all of them if none is given. None may be the batch."""
        listed = list(range(value.rank)) if given in (None, [], ()) else given
        listed = listed if isinstance(listed, list | tuple) else [listed]
        axes = [int(axis) % max(value.rank, 1) for axis in listed]
        if any(value.shape[axis] is None for axis in axes if value.shape):
            raise self.fail(
                f"{what}={given} goes along the batch, so that one sample changes the result of "
                "another; name the axes of one sample"
            )
        return axes
