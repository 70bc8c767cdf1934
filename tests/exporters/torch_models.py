"""How a module of PyTorch becomes a case: torch.onnx.export with dynamo=True and dynamo=False.

Every module is made after torch.manual_seed, and its BatchNorm layers have statistics that are not
the trivial ones.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from exporters.case import READ, Array, Case, Expected, Feed, Made, uniform

DYNAMO, SCRIPT = "PyTorch, dynamo=True", "PyTorch, dynamo=False"
Module = Any  # torch.nn.Module: torch need not be installed
Build = Callable[[Any], Module]


class How(NamedTuple):
    """How a module is exported: by which exporter, and with which batch, files and numbers."""

    dynamo: bool
    opset: int
    dynamic: bool = False
    external: bool = False
    kind: str = "float32"


def torch_case(
    block: str, build: Build, shape: Sequence[int], how: How, expected: Expected = READ
) -> Case:
    """A case of one of the two exporters. `build` makes the module from the package torch."""
    exporter = DYNAMO if how.dynamo else SCRIPT
    libraries = ("torch", "onnxscript") if how.dynamo else ("torch",)
    marks = [("dynamic", how.dynamic), ("external", how.external)]
    words = [block, "dynamo" if how.dynamo else "script", f"opset {how.opset}"]
    words += [word for word, on in marks if on]
    words += [how.kind] if how.kind != "float32" else []
    make = partial(_make, build, tuple(shape), how)
    return Case(" ".join(words), exporter, block, libraries, make, expected)


def _make(build: Build, shape: tuple[int, ...], how: How, folder: Path) -> Made:
    import torch

    kind = getattr(torch, how.kind)
    module = made_module(build).to(kind)
    path = folder / "model.onnx"
    _export(torch, module, torch.zeros(shape, dtype=kind), how, path)

    def feed(seed: int, rows: int) -> Feed:
        size = (rows, *shape[1:]) if how.dynamic else shape
        return {"input": _as_stored(uniform(seed, size), how.kind)}

    def forward(given: Feed) -> list[Array]:
        x = torch.from_numpy(np.asarray(given["input"], dtype=np.float64)).to(kind)
        with torch.no_grad():
            y = module(x)
        return [(y.float() if y.dtype == torch.bfloat16 else y).numpy()]

    return Made(path, feed, forward, any_batch=how.dynamic)


def made_module(build: Build) -> Module:
    """The module in eval mode, always with the same weights and statistics."""
    import torch

    torch.manual_seed(7)
    module = build(torch)
    _draw_statistics(torch, module)
    return module.eval()


def _as_stored(values: Array, kind: str) -> Array:
    if kind != "bfloat16":
        return values.astype(kind)
    import ml_dtypes  # comes with onnx

    return values.astype(ml_dtypes.bfloat16)


def _draw_statistics(torch: Any, module: Module) -> None:
    for part in module.modules():
        if isinstance(part, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            torch.nn.init.uniform_(part.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(part.running_var, 0.5, 2.0)
            torch.nn.init.uniform_(part.weight, 0.5, 2.0)
            torch.nn.init.uniform_(part.bias, -0.5, 0.5)


def _export(torch: Any, module: Module, example: Any, how: How, path: Path) -> None:
    names: dict[str, Any] = {"input_names": ["input"], "output_names": ["output"]}
    if how.dynamo:
        shapes = ({0: torch.export.Dim("batch")},) if how.dynamic else None
        names |= {"dynamic_shapes": shapes, "external_data": how.external, "verbose": False}
        example = torch.cat([example, example]) if how.dynamic else example  # 1 is no dynamic size
    elif how.dynamic:
        names |= {"dynamic_axes": {"input": {0: "batch"}, "output": {0: "batch"}}}
    with quiet():
        torch.onnx.export(
            module, (example,), str(path), opset_version=how.opset, dynamo=how.dynamo, **names
        )


class quiet(warnings.catch_warnings):  # noqa: N801  as the class beneath
    """Exporters warn and log about themselves; here nothing of it is seen."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        self.streams = (redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()))
        for stream in self.streams:
            stream.__enter__()

    def __exit__(self, *of: Any) -> None:
        for stream in self.streams:
            stream.__exit__(*of)
        logging.disable(logging.NOTSET)
        super().__exit__(*of)
