"""Which form is written: what cannot be smaller is not rewritten, and the clock is looked at."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import onnx
from onnx import ModelProto, helper

import rectifold
from image_models import image_model
from rectifold.emitters.header import Origin
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.reader import read_model
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.objects.gain import Form, Writing, certified_form, smallest_form
from rectifold.operations.compiling import proved
from rectifold.passes.result import Options
from rectifold.runtime.deadline import Deadline


def dense_behind(*, dead: int = 0) -> ModelProto:
    """x - Conv - Relu - Flatten - Gemm(6) - Relu - Gemm - y; `dead` of the 6 are never positive."""
    random = np.random.default_rng(1)
    bias = np.where(np.arange(6) < dead, -100.0, 0.5)
    stored = {
        "k": random.integers(-4, 5, (2, 1, 3, 3)) / 8,
        "w": random.integers(-4, 5, (6, 128)) / 8,
        "v": bias,
        "u": random.integers(1, 5, (1, 6)) / 8,
    }
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], pads=[1] * 4),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "v"], ["g"], transB=1),
        helper.make_node("Relu", ["g"], ["h"]),
        helper.make_node("Gemm", ["h", "u"], ["y"], transB=1),
    ]
    return image_model(8, nodes, stored)


def form_of(model: ModelProto, deadline: Deadline = Deadline()) -> tuple[Form, Interface]:
    loaded = read_model(model, "image", peers=())
    source = loaded.network.with_domain(Domain.cube(-1, 1, 64))
    facts = proved(source, prover="bounds")
    assert loaded.interface is not None
    writing = Writing("image", loaded.interface, "onnx", "float32")
    return smallest_form(source, facts, writing, Options(), deadline), loaded.interface


def test_what_is_written_in_part_was_read_back_when_it_was_chosen() -> None:
    form, interface = form_of(dense_behind(dead=4))
    assert form.partly is not None
    source = form.compiled.source
    origin = Origin(digest(source), source.sizes, precision="float32", interface=interface)
    again = onnx.load_model_from_string(form.artifact(origin, "onnx", "small.onnx").main)
    assert again.graph.doc_string
    again.graph.ClearField("doc_string")
    chosen = form.partly.model
    chosen.graph.ClearField("doc_string")
    assert again == chosen


def test_a_matrix_for_every_place_is_not_written_to_be_measured() -> None:
    """Nothing can go, so the convolution is a matrix of 128 x 64 where 18 numbers are stored."""
    form, _ = form_of(dense_behind())
    assert form.own is not None
    assert form.note is not None
    assert "the weights of the rewritten network take about" in form.note


def test_no_rounding_bound_is_stated_of_nodes_of_the_source() -> None:
    compiled = rectifold.compile(dense_behind(), (-1, 1), certify=False)
    assert not compiled.form.is_rewritten
    assert compiled.error_bound("onnx") == (float("inf"),)
    (of_code,) = compiled.error_bound("c") or ()
    assert 0 < of_code < 1e-3


def test_where_the_time_was_over_before_the_model_is_written_as_it_is() -> None:
    model = dense_behind(dead=4)
    form, _ = form_of(model, Deadline(time.monotonic() - 1, grace=1e-4))
    assert form.own == model.SerializeToString()
    assert form.compiled.network is form.compiled.source
    assert not form.compiled.rewritten
    assert form.note == (
        "the time was over before anything was rewritten: the own nodes of image were written, "
        "unchanged; give more time"
    )


def test_where_the_checker_refuses_the_partial_form_nothing_larger_is_written() -> None:
    """Proofs are taken away, as a fault of ours would: what is left to certify is larger."""
    form, interface = form_of(dense_behind(dead=4))
    assert form.partly is not None
    facts = replace(form.compiled.facts, record=())
    bare = replace(form, compiled=replace(form.compiled, facts=facts))
    writing = Writing("image", interface, "onnx", "float32")
    again, known = certified_form(bare, writing, Options(), Deadline())
    assert again.own == interface.model.SerializeToString()
    assert again.compiled.network is again.compiled.source
    assert again.note is not None
    assert "our checker refused" in again.note
    assert known is not None
    assert known.verdict.status == "holds"
