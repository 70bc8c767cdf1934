"""The graph of a seed: an operator in turn, some others before and behind it, and a disguise that
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from onnx import helper, numpy_helper

from onnx_graphs import arithmetic, matrices, moves, shapes, windows
from onnx_graphs.draft import Draft, Unfit
from onnx_graphs.hostile import spoil

Generator = Callable[[Draft], str]
OPERATORS: dict[str, tuple[int, Generator]] = {
    **arithmetic.OPERATORS,
    **moves.OPERATORS,
    **moves.UPSAMPLE,
    **windows.OPERATORS,
    **matrices.OPERATORS,
    **shapes.OPERATORS,
}
NAMES = sorted(OPERATORS)
NEWEST = 22
KINDS = [np.float32] * 17 + [np.float64] * 6 + [np.float16] * 4 + [np.int32, np.int64]
TRIES = 12  # graphs of a seed until a peer runs one


@dataclass(frozen=True)
class Case:
    """A graph: what is read, what the peers run, and points (one array per input)."""

    seed: int
    operator: str
    operators: tuple[str, ...]
    read: Any
    run: Any
    points: tuple[dict[str, np.ndarray[Any, Any]], ...]
    # whether a peer runs it; if not, it only has to be read or refused without a traceback
    judged: bool
    spoilt: str = ""  # what was made wrong on purpose


def case(seed: int, operator: str | None = None) -> Case:
    """The graph of a seed; every operator has its turn."""
    name = NAMES[seed % len(NAMES)] if operator is None else operator
    for attempt in range(TRIES):
        draft = _draft(seed * 1000 + attempt, name)
        try:
            found = _grown(draft, name)
        except Unfit:
            continue
        return _finished(draft, seed, name, found)
    draft = _draft(seed * 1000, "Identity")
    return _finished(draft, seed, name, _unjudged(draft, name), judged=False)


def _draft(seed: int, name: str) -> Draft:
    random = Random(seed)
    since = OPERATORS[name][0]
    newest = 9 if name == "Upsample" else NEWEST
    opset = since if random.random() < 0.1 else random.randint(min(max(since, 7), newest), newest)
    return Draft(seed, opset, np.float32 if name == "Scaler" else random.choice(KINDS))


def _grown(draft: Draft, name: str) -> str:
    for _ in range(0 if draft.bare else draft.one_of([0, 0, 1, 2])):
        _other(draft)
    found = (
        _folded(draft, name)
        if draft.opset > 6 and draft.chance(0.12)
        else OPERATORS[name][1](draft)
    )
    if found not in draft.symbolic or (draft.values[found].size == 0 and draft.chance(0.9)):
        raise Unfit("the value is constant or empty")
    for _ in range(0 if draft.bare else draft.one_of([0, 0, 1, 2, 3])):
        _other(draft)
    return found


def _folded(draft: Draft, name: str) -> str:
    """An input plus what the operator makes of constants."""
    draft.folding = True
    found = OPERATORS[name][1](draft)
    draft.folding = False
    value = draft.values[found]
    if found in draft.symbolic or value.dtype != draft.kind:
        raise Unfit("the generator reads an input")
    return draft.node("Add", [draft.input(value.shape), found])[0]


def _other(draft: Draft) -> None:
    """One more operator that the opset knows, if it fits."""
    known = [
        n for n in NAMES if OPERATORS[n][0] <= draft.opset and (n != "Upsample" or draft.opset < 10)
    ]
    before = len(draft.nodes)
    try:
        OPERATORS[draft.one_of(known)][1](draft)
    except Unfit:
        assert len(draft.nodes) >= before


def _unjudged(draft: Draft, name: str) -> str:
    """A graph whose last node no peer runs (an attribute or type out of bounds)."""
    x = draft.input((1, 4))
    last = f"v{len(draft.values)}_0"
    made = helper.make_node(name.split(" ")[0], [x], [last], name="n_last")
    draft.nodes.append(made)
    draft.values[last] = draft.values[x]
    return last


def _finished(draft: Draft, seed: int, name: str, found: str, *, judged: bool = True) -> Case:
    outputs = [draft.one_of(_behind(draft, found)[-2:])]
    more = [
        n
        for n in sorted(draft.symbolic)
        if n not in outputs and draft.values[n].dtype == draft.kind
    ]
    more = [n for n in more if n not in draft.inputs]
    if more and not draft.bare and draft.chance(0.1):
        outputs.append(draft.one_of(more))
    points = tuple(_point(draft) for _ in range(3))
    read, run = draft.model(outputs, shown=False), draft.model(outputs, shown=True)
    spoilt = ""
    if judged and draft.opset > 6 and draft.chance(0.08):
        spoilt = spoil(read, draft.random)
        run.CopyFrom(read)
    elif not draft.bare:
        disguise(read, draft.random)
    return Case(seed, name, tuple(draft.operators), read, run, points, judged, spoilt)


def _behind(draft: Draft, found: str) -> list[str]:
    """The values that depend on `found`, itself first."""
    reached = [found]
    for node in draft.nodes:
        if set(node.input) & set(reached):
            reached += [
                n
                for n in node.output
                if n in draft.symbolic and draft.values[n].dtype == draft.kind
            ]
    return reached


def _point(draft: Draft) -> dict[str, np.ndarray[Any, Any]]:
    drawn = {n: draft.numbers(draft.values[n].shape, draft.values[n].dtype) for n in draft.inputs}
    return {n: np.asarray(np.nan_to_num(v, posinf=1, neginf=-1)) for n, v in drawn.items()}


# ---- disguises ---------------------------------------------------------------------------------


def disguise(model: Any, random: Random) -> None:
    """Puts its nodes in another order, nodes that no output needs, and initialisers that nothing
    reads into the model.
    """
    graph = model.graph
    if random.random() < 0.3:
        graph.node.extend(_dead_nodes(graph))
    if random.random() < 0.4:
        nodes = list(graph.node)
        random.shuffle(nodes)
        del graph.node[:]
        graph.node.extend(nodes)
    if random.random() < 0.3:
        graph.initializer.extend(_unused())
    if random.random() < 0.2:
        for entry in graph.output:  # the declared shape of an output is no promise that is needed
            entry.type.tensor_type.ClearField("shape")
    if random.random() < 0.1:
        _open_batch(graph)


def _dead_nodes(graph: Any) -> list[Any]:
    start = graph.input[0].name
    return [
        helper.make_node("Softmax", [start], ["dead_a"], name="dead_softmax"),
        helper.make_node(
            "NoSuchOperator", ["dead_a"], ["dead_b"], name="dead_unknown", domain="own"
        ),
        helper.make_node("Add", ["dead_b", "nowhere"], ["dead_c"], name="dead_add"),
    ]


def _unused() -> list[Any]:
    words = numpy_helper.from_array(np.array(["hello"], dtype=object), "unused_words")
    unreal = numpy_helper.from_array(np.array([np.nan, np.inf]), "unused_numbers")
    complex_one = numpy_helper.from_array(np.array([1j], dtype=np.complex64), "unused_complex")
    return [words, unreal, complex_one]


def _open_batch(graph: Any) -> None:
    for entry in graph.input:
        sizes = entry.type.tensor_type.shape.dim
        if len(sizes) > 1 and sizes[0].dim_value == 1:
            sizes[0].dim_param = "N"
