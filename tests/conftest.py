"""Fixtures that several test files share."""

from __future__ import annotations

import signal
from collections.abc import Callable

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import settings

settings.register_profile("no times", deadline=None)  # no test asserts a time
settings.load_profile("no times")

# A program started in the background ignores Ctrl-C, and so would the programs that tests start.
for _number in (signal.SIGINT, *(getattr(signal, n) for n in ("SIGHUP",) if hasattr(signal, n))):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(
            _number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL
        )

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
