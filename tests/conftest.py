"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import settings

settings.register_profile("no times", deadline=None)  # no test asserts a time
settings.load_profile("no times")

OnnxRun = Callable[[bytes, np.ndarray], np.ndarray]


@pytest.fixture(scope="session")
def onnx_run() -> OnnxRun:
    """Runs a serialised ONNX model with onnxruntime on one input; its first output."""

    def run(model: bytes, x: np.ndarray) -> np.ndarray:
        options = ort.SessionOptions()
        options.log_severity_level = 3
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return np.asarray(session.run(None, {session.get_inputs()[0].name: x})[0])

    return run
