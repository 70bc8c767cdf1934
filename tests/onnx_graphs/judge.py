"""Read right, refused in one line, or misread: what the reader makes of a graph, compared with the
peers exactly.

An entry may differ from a peer by ROUNDING times the largest value only if the peer itself rounded:
where the two peers, or a peer and its own exact value, show that a value was not exactly a float of
its type.
"""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from onnx_graphs.graphs import Case
from onnx_graphs.peers import Array, answers, same
from rectifold.errors import InputError
from rectifold.formats.load import load
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network

ROUNDING = {
    2: 2.0**-7,
    4: 2.0**-17,
    8: 2.0**-44,
}  # relative to the largest value: some 8 nodes of rounding, by bytes
RAW = re.compile(
    r"be broadcast|cannot reshape array|axes don't match|setting an array|operands|ufunc|dtype|out "
    r"of bounds|expected \d+ "
    r"dimensions|object of type|NoneType|ndarray|not supported between|unhashable|takes|must match "
    r"exactly|list index"
)


@dataclass(frozen=True)
class Judgement:
    """outcome: right, rounded (right up to the rounding of floats) or refused; misread, raw (a
    refusal that is no clean line), traceback, alarm (read right, and the reader's own comparison
    says otherwise) or open (the peers disagree); unjudged (no peer runs it) or accepted (the same,
    for a graph that was spoilt).
    """

    outcome: str
    detail: str = ""
    peers: str = ""  # how they disagree

    @property
    def is_fault(self) -> bool:
        return self.outcome in ("misread", "raw", "traceback", "alarm", "open")


def judge(graph: Case, folder: Path) -> Judgement:
    """What becomes of a graph when it is read."""
    path = folder / "graph.onnx"
    path.write_bytes(graph.read.SerializeToString())
    try:
        network = load(path, outputs=_outputs(graph), crosscheck=False).network
    except InputError as error:
        text = str(error)
        raw = "\n" in text or len(text) > 600 or RAW.search(text)
        return Judgement("raw" if raw else "refused", text)
    except Exception:  # noqa: BLE001  a traceback of any type is what this looks for
        return Judgement("traceback", traceback.format_exc(limit=-2))
    if graph.spoilt == "unknown":
        return Judgement("misread", "an attribute that no operator has was ignored")
    if not graph.judged:
        return Judgement("accepted", "no peer runs it")
    found = _compared(graph, network)
    if found.outcome in ("right", "rounded") and (alarm := _alarm(path, _outputs(graph))):
        return Judgement("alarm", alarm)
    return (
        Judgement("accepted", graph.spoilt)
        if graph.spoilt and found.outcome == "unjudged"
        else found
    )


def _outputs(graph: Case) -> tuple[str, ...]:
    """The outputs to read: by name where there are several."""
    names = tuple(o.name for o in graph.read.graph.output)
    return names if len(names) > 1 else ()


def _alarm(path: Path, outputs: tuple[str, ...]) -> str:
    """What the comparison after reading says against a graph that was read right."""
    try:
        load(path, outputs=outputs)
    except InputError as error:
        return str(error)
    return ""


def _compared(graph: Case, network: Network) -> Judgement:
    outcome, notes = "right", ""
    for point in graph.points:
        said = answers(graph.run, point)
        truth, note = _truth(said)
        notes = note or notes
        if truth is None:
            clash = note if note.startswith("disagree") else ""
            return Judgement("open" if clash else "unjudged", note, clash)
        found = _difference(network, point, truth, narrow="onnxruntime in float32" in said)
        if found.startswith("rounded"):
            outcome = "rounded"
        elif found:
            return Judgement("misread", f"{found} at {_shown(point)}; {note}", note)
    return Judgement(outcome, "", notes)


def _truth(said: dict[str, list[Array] | str]) -> tuple[list[Array] | None, str]:
    """(the outputs on which all peers agree, or how they disagree)."""
    ran = {name: value for name, value in said.items() if not isinstance(value, str)}
    if not ran:
        return None, " / ".join(str(v)[:150] for v in said.values())
    (first, left), *others = ran.items()
    for name, right in others:
        if not same(left, right):
            return None, f"disagree: {first} {_entries(left)}, {name} {_entries(right)}"
    return left, ""


def _entries(outputs: list[Array]) -> str:
    return ", ".join(f"{v.shape} {v.ravel()[:8].tolist()}" for v in outputs)


def _difference(
    network: Network, point: dict[str, Array], truth: list[Array], *, narrow: bool
) -> str:
    """Nothing, "rounded", or what differs."""
    x = [Fraction(v.item()) for array in point.values() for v in array.ravel()]
    expected = [v.item() for array in truth for v in array.ravel()]
    if network.input_size != len(x):
        return f"{network.input_size} inputs, not {len(x)}"
    exact = evaluate(network, x)
    if len(exact) != len(expected):
        return f"{len(exact)} outputs, not {len(expected)}"
    if not all(np.isfinite(v) for v in expected):
        return _beyond(exact, truth)
    if all(a == Fraction(b) for a, b in zip(exact, expected, strict=True)):
        return ""
    scale = max(1.0, *(abs(float(v)) for v in [*exact, *expected, *x]))
    worst = max(abs(float(a - Fraction(b))) for a, b in zip(exact, expected, strict=True))
    room = max(ROUNDING.get(a.dtype.itemsize, 0.0) if a.dtype.kind == "f" else 0.0 for a in truth)
    room = max(room, ROUNDING[4]) if narrow and room else room
    if worst <= room * scale * 8:
        return "rounded"
    return f"read {[str(v) for v in exact[:12]]}, right is {expected[:12]}"


def _beyond(exact: list[Fraction], truth: list[Array]) -> str:
    """Nothing, where infinite entries are an overflow: the network's value is near the end of the
    type, or it is half.
    """
    flat = [(v, float(np.finfo(a.dtype).max)) for a in truth for v in a.ravel()]
    for value, (other, top) in zip(exact, flat, strict=True):
        if not np.isfinite(other) and abs(value) < top / 16 and top > 1e6:
            return f"read {float(value)} where the peers compute {other}"
    return ""


def _shown(point: dict[str, Array]) -> str:
    return ", ".join(f"{n}={v.ravel().tolist()}" for n, v in point.items())


def reason(text: str) -> str:
    """A refusal without its names and numbers, for counting."""
    text = re.sub(r"^node '[^']*' ", "", text)
    return re.sub(r"-?\d+", "#", re.sub(r"'[^']*'", "…", text))[:110]


def text_of(model: Any) -> str:
    """The graph in ONNX's text form."""
    import onnx.printer

    return str(onnx.printer.to_text(model))
