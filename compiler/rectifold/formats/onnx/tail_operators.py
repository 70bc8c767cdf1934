"""Every operator that may stand in a tail: what follows the network in a model, and is kept as is.

    x ─ Gemm ─ Relu ─ Gemm ─ h ─ Softmax ─ ArgMax ─ Cast ─ label
                                 begins    begins   follows

`begins`: it may read values of the network. One that only `follows` reads at least one result of
the tail. Sound because each row names a function of its inputs: no state, no random numbers, no
graph inside that reads values by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rectifold.formats.onnx.declarations import LAST_ML_OPSET, LAST_OPSET


@dataclass(frozen=True)
class TailOperator:
    """One operator that a tail may hold, in the opsets `since` to `until` of its domain."""

    name: str
    since: int
    begins: bool
    until: int = LAST_OPSET
    domain: str = ""


def _rows(begins: bool, since: int, names: str) -> list[TailOperator]:
    return [TailOperator(name, since, begins) for name in names.split()]


def _ml_rows(begins: bool, names: str) -> list[TailOperator]:
    return [TailOperator(n, 1, begins, LAST_ML_OPSET, "ai.onnx.ml") for n in names.split()]


_ROWS = [
    *_rows(True, 7, "Softmax LogSoftmax Hardmax Sigmoid Tanh Softplus Softsign Exp"),
    *_rows(True, 7, "ArgMax ArgMin TopK Greater Less Equal"),
    *_rows(True, 12, "GreaterOrEqual LessOrEqual"),
    *_ml_rows(True, "ZipMap Normalizer Binarizer"),
    *_rows(False, 7, "Add Sub Mul Div Neg Sum Max Min Clip Log Sqrt Reciprocal Pow Abs Not And Or"),
    *_rows(False, 7, "ReduceSum ReduceMax ReduceMin ReduceMean"),
    *_rows(False, 7, "Cast Identity Reshape Squeeze Unsqueeze Flatten Transpose Concat Split"),
    *_rows(False, 7, "Slice Gather Shape"),
    *_rows(False, 8, "Expand"),
    *_rows(False, 9, "Where OneHot"),
    *_rows(False, 11, "GatherElements GatherND Round"),
    *_ml_rows(False, "ArrayFeatureExtractor LabelEncoder"),
]


def _by_name() -> Mapping[tuple[str, str], TailOperator]:
    return {(row.domain, row.name): row for row in _ROWS}


TAIL = _by_name()
