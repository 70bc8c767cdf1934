"""Which values of a model are read: its output, those that were chosen, or a node in between.

outputs=["y", "z"]   the outputs y and z, one after the other
until="fc1"          what the node fc1 computes, or the tensor fc1; what follows is not read
"""

from __future__ import annotations

from collections.abc import Sequence

from onnx import GraphProto, NodeProto

from rectifold.errors import asked
from rectifold.exact.numerals import counted
from rectifold.formats.onnx.graph import node_place
from rectifold.formats.onnx.tensors import OnnxError


def chosen_outputs(
    graph: GraphProto, wanted: tuple[str, ...], until: str | None
) -> tuple[str, ...]:
    """The names of the values to read: the outputs wanted, or the tensor `until`; all outputs
    without a wish. Raises OnnxError.
    """
    if until is not None:
        if wanted:
            raise OnnxError("until= and outputs= both say what is read; give one of them")
        return (_tensor_until(graph, until),)
    known = [value.name for value in graph.output]
    for name in wanted:
        if name not in known or wanted.count(name) > 1:
            raise OnnxError(
                f"there is no output {name!r}, or it is named twice; the outputs are "
                f"{', '.join(known)}"
            )
    if not known:
        raise choice_error(())
    return wanted or tuple(known)


def choice_error(known: Sequence[str], reason: str = "") -> OnnxError:
    """What is said where not one output is read and nobody said which; `reason` begins with a
    sign.
    """
    return OnnxError(
        f"the graph has {len(known)} outputs ({', '.join(known) or 'none'}); "
        f"choose with {asked('outputs', ['NAME'])}, or join several with "
        f"{asked('outputs', list(known) or ['NAME'])}{reason}"
    )


def until_note(graph: GraphProto, tensor: str, read: Sequence[NodeProto]) -> str:
    """What a user is told about a cut."""
    makers = [f"{node_place(node)}, which computes " for node in read if tensor in node.output]
    left = len(graph.node) - len(read)
    return f"the model is read up to {''.join(makers)}{tensor!r}; left out: {counted(left, 'node')}"


def _tensor_until(graph: GraphProto, wanted: str) -> str:
    """The tensor of this name, or the one that the node of this name computes. Raises OnnxError."""
    makers = [node for node in graph.node if wanted in node.output]
    given = [value.name for value in graph.input if value.name == wanted]
    named = [node for node in graph.node if node.name == wanted]
    if not wanted or not (makers or given or named):
        raise OnnxError(_unknown(graph, wanted))
    if makers or given:
        others = [node for node in named if wanted not in node.output]
        if others:
            raise OnnxError(
                f"{wanted!r} is a tensor, and the name of a {others[0].op_type} node that computes "
                f"{', '.join(others[0].output)}; name a tensor with until="
            )
        return wanted
    made: list[str] = [name for node in named for name in node.output if name]
    if len(made) != 1:
        raise OnnxError(
            f"{len(named)} node(s) {wanted!r} compute {len(made)} tensors ({', '.join(made)}); "
            "name one of them with until="
        )
    return made[0]


def _unknown(graph: GraphProto, wanted: str) -> str:
    names = [node.name or next(iter(node.output), "") for node in graph.node]
    shown = ", ".join(names[:12]) + (f", ... ({len(names)} in all)" if len(names) > 12 else "")
    return f"until= names {wanted!r}, which is no node and no tensor; the nodes are {shown}"
