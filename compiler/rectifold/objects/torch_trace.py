"""What a PyTorch module computes, as torch.export records it.

    self.relu(self.fc(x))      becomes      linear(x, weight, bias), relu(linear)

Sound because a record is made of a run of the module itself, in eval mode, with every hook; what
depends on values, on chance or on earlier calls is refused. A record with operations that write
into their arguments is taken apart by PyTorch into one without. The user's module is copied.
"""

from __future__ import annotations

import copy
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, Protocol, TypeAlias

from rectifold.effort.reading import TraceEffort
from rectifold.errors import InputError

Shape = tuple[int, ...]
Tensor: TypeAlias = Any  # a torch.Tensor
Module: TypeAlias = Any  # a torch.nn.Module

# What a forward may raise by a mistake in it, and torch.export (its own errors are RuntimeErrors).
_RAISED = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError,
    RuntimeError, TypeError, ValueError,
)  # fmt: skip
_RANKS = {"1d": 3, "2d": 4, "3d": 5}  # of a batch, by the end of the name of a module that knows it


class TracedNode(Protocol):
    """A step of the record: a torch.fx.Node."""

    name: str
    op: str
    target: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    meta: dict[str, Any]
    users: Mapping[Any, Any]


@dataclass(frozen=True, eq=False)
class Trace:
    """The steps in order, and those of input and output. `reads` says which steps stand for which
    of the `stored` tensors, parameters and buffers by their paths.

    Sizes that depend on the batch are torch.SymInt in the records of shapes; there are none if the
    module takes no batch.
    """

    nodes: Sequence[TracedNode]
    stored: Mapping[str, Tensor]
    reads: Mapping[str, str]
    input: TracedNode
    output: TracedNode


def traced(module: object, shape: Shape | None) -> Trace:
    """The record of the module for inputs of this shape, of one sample or with a batch of one.

    Without `shape` it is that of the first Linear. Raises InputError if the module cannot be
    called so, or is no one function of one tensor.
    """
    own = _own_copy(module)
    if shape is None:
        shape = _first_linear(own)
    complaints: list[str] = []
    for tried, batched in _candidates(own, shape):
        example = _example(own, tried)
        if complaint := _refusal(own, example):
            complaints.append(f"an input of shape {tried}: {complaint}")
            continue
        if not batched:
            _require_no_batch(own, shape)
        trace = _recorded(own, example, batched)
        if not batched or _is_dynamic(trace.input):
            return trace
        complaints.append(f"an input of shape {tried}: the batch is fixed by the module")
    raise InputError(
        f"the {type(own).__name__} cannot be called with the shape {shape}, with or without a "
        f"batch: {'; '.join(complaints)}; the shape is that of "
        "input_shape=, or of the arrays of the domain: give that of one sample"
    )


def _own_copy(module: object) -> Module:
    """A copy in eval mode and in the memory of the processor."""
    given: Module = getattr(module, "_orig_mod", module)  # what torch.compile wraps
    name = type(given).__name__
    from torch import nn
    from torch.jit import ScriptModule

    if not isinstance(given, nn.Module):
        raise InputError(f"a torch {name} is no module; give an nn.Module that takes one tensor")
    if isinstance(given, ScriptModule):
        raise InputError(
            f"the {name} is compiled by torch.jit, which does not show what it computes; give the "
            "nn.Module it was made of, or its ONNX file"
        )
    if any(map(nn.parameter.is_lazy, (*given.parameters(), *given.buffers()))):
        raise InputError(f"the {name} is lazy and has no weights yet; call it once before")
    try:
        return copy.deepcopy(given).cpu().eval()
    except _RAISED as error:
        raise InputError(
            f"the {name} cannot be copied ({_first_line(error)}); give a module whose tensors are "
            "parameters or buffers with values"
        ) from None


# ---- the shape of the input -----------------------------------------------------------------


def _first_linear(module: Module) -> Shape:
    from torch import nn

    for part in module.modules():
        if isinstance(part, nn.Linear):
            return (int(part.in_features),)
        if next(part.parameters(recurse=False), None) is not None:
            break
    raise InputError(
        f"the shape of the input of the {type(module).__name__} is not known; give it as "
        "input_shape=(3, 32, 32), of one sample without the batch, or give the domain as arrays "
        "of that shape"
    )


def _candidates(module: Module, shape: Shape) -> list[tuple[Shape, bool]]:
    """(shape of the call, is its first size the batch), the likeliest first."""
    if not all(isinstance(size, int) and size > 0 for size in shape):
        raise InputError(f"the input_shape is {shape}; positive sizes are expected")
    found = [((TraceEffort.samples, *shape), True)]
    if shape and shape[0] == 1:
        found.insert(
            0 if _has_batch(module, shape) else 1, ((TraceEffort.samples, *shape[1:]), True)
        )
    return [*found, (shape, False)]


def _has_batch(module: Module, shape: Shape) -> bool:
    """Does a shape that begins with 1 begin with a batch? The first module that knows decides."""
    for part in module.modules():
        rank = _RANKS.get(type(part).__name__[-2:])
        if rank is not None:
            return len(shape) >= rank
        if hasattr(part, "in_features"):
            return len(shape) == 2 and shape[1] == part.in_features
    return len(shape) in (2, 4)


def _require_no_batch(module: Module, shape: Shape) -> None:
    """Raises InputError where the first size of `shape` is that of a batch: one sample more gives
    one row more. A batch of one is a sample.
    """
    if not shape or shape[0] == 1:
        return
    for size in (shape[0], shape[0] + 1):
        example = _example(module, (size, *shape[1:]))
        if _refusal(module, example) or _rows_of(module, example) != size:
            return
    raise InputError(
        f"the shape {shape} begins with a batch of {shape[0]}; give the shape of one sample, "
        f"{shape[1:]}, as input_shape= or in the arrays of the domain"
    )


def _rows_of(module: Module, example: Tensor) -> int | None:
    """The first size of what the module gives."""
    import torch

    with torch.no_grad(), _quiet():
        shape: Sequence[int] = getattr(module(example), "shape", ())
    return int(shape[0]) if len(shape) else None


def _example(module: Module, shape: Shape) -> Tensor:
    import torch

    stored = [*module.parameters(), *module.buffers()]
    kinds = [t.dtype for t in stored if t.is_floating_point()]
    return torch.zeros(shape, dtype=kinds[0] if kinds else None)


# ---- running and recording -----------------------------------------------------------------


def _refusal(module: Module, example: Tensor) -> str | None:
    """Why the module cannot be called with the example, or None."""
    import torch

    try:
        with torch.no_grad(), _quiet():
            module(example)
    except _RAISED as error:
        return f"{type(error).__name__}: {_first_line(error)}"
    return None


def _recorded(module: Module, example: Tensor, batched: bool) -> Trace:
    import torch

    sizes = {0: torch.export.Dim.AUTO} if batched else None
    given = ((sizes,),) if _takes_any_number(module) else (sizes,)
    try:
        with torch.no_grad(), _quiet():
            program = torch.export.export(module, (example,), dynamic_shapes=given, strict=False)
            if any(map(_writes, program.graph.nodes)):
                program = program.run_decompositions({})
    except _RAISED as error:
        raise InputError(
            f"torch.export cannot record the {type(module).__name__}: {_first_line(error)}; a "
            "network computes the same for every input, without a choice by values"
        ) from None
    return _trace(program, type(module).__name__)


def _takes_any_number(module: Module) -> bool:
    """Is its forward one of *tensors?"""
    kinds = [parameter.kind for parameter in signature(module.forward).parameters.values()]
    return kinds[:1] == [Parameter.VAR_POSITIONAL]


def _writes(node: TracedNode) -> bool:
    schema = getattr(node.target, "_schema", None)
    return schema is not None and bool(schema.is_mutable)


def _trace(program: Any, name: str) -> Trace:
    record = program.graph_signature
    for spec in record.output_specs:
        if spec.kind.name not in ("USER_OUTPUT", "USER_INPUT_MUTATION"):
            raise InputError(
                f"the {name} changes {spec.target!r} when it is called, so that its result "
                "depends on earlier calls; remove that from its forward"
            )
    outputs = [spec for spec in record.output_specs if spec.kind.name == "USER_OUTPUT"]
    if len(outputs) != 1:
        raise InputError(
            f"the {name} returns {len(outputs)} values; wrap it in a module whose forward returns "
            "the one tensor that is meant"
        )
    stored = {**program.state_dict, **program.constants}
    reads = {spec.arg.name: spec.target for spec in record.input_specs if spec.target}
    by_name = {node.name: node for node in program.graph.nodes}
    inputs = [s.arg.name for s in record.input_specs if s.kind.name == "USER_INPUT"]
    if getattr(outputs[0].arg, "name", None) not in by_name or len(inputs) != 1:
        raise InputError(f"the {name} is no function of one tensor to one tensor; wrap it in one")
    nodes = tuple(program.graph.nodes)
    return Trace(nodes, stored, reads, by_name[inputs[0]], by_name[outputs[0].arg.name])


def _is_dynamic(node: TracedNode) -> bool:
    return not isinstance(node.meta["val"].shape[0], int)


@contextmanager
def _quiet() -> Iterator[None]:
    """What PyTorch says to its own developers is not shown to users."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
