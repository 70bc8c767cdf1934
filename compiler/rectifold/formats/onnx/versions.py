"""Versions of ONNX that are written, and those in which an operator changed its form.

    model of an estimator   opset 17, IR 8        Split before opset 13   sizes are an attribute

One place, so that files which are written in parts agree.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OnnxVersions:
    """Numbers of opsets and of the file format (IR)."""

    ir: int = 8
    """Of models that are made here."""
    least_ir: int = 4
    """Before it, every initializer was an input too."""
    graph: int = 17
    """Opset of models of estimators and Keras: of 2022, read by every runtime in use."""
    graph_ml: int = 3
    """Version of ai.onnx.ml in those."""
    torch: int = 18
    """The opset that PyTorch's own exporter writes."""
    default: int = 13
    """Opset where a source imports none of ONNX's own operators."""
    split_by_input: int = 13
    """Opset from which the sizes of Split are an input."""
    softmax_of_one_axis: int = 13
    """Opset from which Softmax takes one axis; before it, all axes from its own on."""


VERSIONS = OnnxVersions()
