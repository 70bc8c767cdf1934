"""What benchmarks/inference.py times: rows that know how to run a window of calls."""

from __future__ import annotations

import ctypes
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from rectifold.emitters.header import Origin
from rectifold.emitters.table import FORMATS
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network

FLAGS = ("-O2", "-O3 -march=native")
HARNESS = Path(__file__).resolve().parent / "inference.c"
WINDOW = 1e-3  # seconds: short enough that many windows are not interrupted

Points = npt.NDArray[Any]


@dataclass
class Row:
    """`window(rounds)` goes `rounds` times over all points and says seconds a call."""

    label: str
    window: Callable[[int], float]
    answers: Points = field(default_factory=lambda: np.zeros(0))
    best: float = np.inf
    rounds: int = 1

    def calibrate(self) -> None:
        """Rounds that fill a window; a row without answers calls once a round."""
        spent = min(self.window(1) for _ in range(3)) * max(len(self.answers), 1)
        self.rounds = max(1, int(WINDOW / spent))


class Workshop:
    """Compiles C in a folder of its own, and makes rows of what it compiles."""

    def __init__(self, compiler: str, folder: Path) -> None:
        self.compiler, self.folder, self.made = compiler, folder, 0
        self.windows = self.library(HARNESS, "-O3 -march=native", "-ldl")
        self.plain = {flags: self.library(HARNESS, flags, "-ldl") for flags in FLAGS}
        for window in ("call", "weights", "stream", "session"):
            getattr(self.windows, f"{window}_window").restype = ctypes.c_double
        self.windows.session_open.restype = ctypes.c_void_p

    def library(self, source: Path, flags: str, *also: str) -> ctypes.CDLL:
        self.made += 1
        target = self.folder / f"{source.stem}_{self.made}.so"
        command = [self.compiler, *flags.split(), "-shared", "-fPIC", "-o", str(target)]
        subprocess.run([*command, str(source), *also], check=True, cwd=source.parent)
        return ctypes.CDLL(str(target))

    def emitted(self, network: Network, points: Points, precision: str, flags: str) -> list[Row]:
        """Our C on the vector path and on the portable one."""
        self.made += 1
        folder = self.folder / f"c{self.made}"
        folder.mkdir()
        origin = Origin(digest(network), network.sizes, precision=precision)
        for name, data in FORMATS["c"].emit(network, origin, "unit.c").files.items():
            (folder / name).write_bytes(data)
        kept = points.astype(np.float32 if precision == "float32" else np.float64)
        rows = []
        for path, also in (("vector", ""), ("portable", " -DUNIT_PORTABLE")):
            code = self.library(folder / "unit.c", flags + also, "-lm")
            weights = _opened(code, folder / "unit_weights.bin")
            label = f"C {precision} {flags} {path}"
            rows.append(self.called(label, code.unit_evaluate, kept, network.output_size, weights))
        return rows

    def called(
        self, label: str, code: Any, points: Points, outputs: int, weights: Any = None
    ) -> Row:
        """A row of a function of x and y, or of weights, x and y."""
        answers = np.zeros((len(points), outputs), points.dtype)
        around = (*_memory(points), len(points), *_memory(answers))
        window = self.windows.call_window if weights is None else self.windows.weights_window
        before = [ctypes.cast(code, ctypes.c_void_p)]
        before += [] if weights is None else [ctypes.cast(weights[0], ctypes.c_void_p)]
        sized = [v if isinstance(v, ctypes.c_void_p) else ctypes.c_size_t(v) for v in around]

        def run(rounds: int) -> float:
            held = (points, answers, weights)  # as long as the row is
            return float(window(*before, *sized, ctypes.c_size_t(rounds))) if held else 0.0

        return Row(label, run, answers)

    def naive(self, network: Network, points: Points) -> Iterator[Row]:
        """The plain loop over rows; the network is a chain."""
        parts = _chain(network)
        sizes = [parts[0][0].shape[1], *(len(bias) for _, bias in parts)]
        cuts = [layer.is_relu for layer in network.layers]
        space = ctypes.c_size_t * 64, ctypes.c_void_p * 64

        class Net(ctypes.Structure):
            _fields_ = (
                ("layers", ctypes.c_size_t),
                ("sizes", space[0]),
                ("is_relu", ctypes.c_size_t * 64),
                ("weights", space[1]),
                ("biases", space[1]),
            )

        arrays = [[np.ascontiguousarray(part[k]) for part in parts] for k in (0, 1)]
        places = [space[1](*(a.ctypes.data for a in kind)) for kind in arrays]
        net = Net(len(parts), space[0](*sizes), space[0](*cuts), *places)
        for flags in FLAGS:
            held = (ctypes.pointer(net), arrays)
            yield self.called(f"naive C {flags}", self.plain[flags].naive, points, sizes[-1], held)

    def stream(self, network: Network) -> Row:
        """Every weight once, in float32."""
        size = 4 * sum(w.size + len(b) for w, b in _chain(network))
        data = np.ones(size // 4, np.float32)
        where, _ = _memory(data)

        def run(rounds: int) -> float:
            assert len(data)
            return float(self.windows.stream_window(where, *map(ctypes.c_size_t, (size, rounds))))

        return Row("stream", run)

    def session(self, model: Path, points: Points) -> Row | None:
        """onnxruntime's C API, from the library in the wheel; None where the wheel has none."""
        shared = sorted((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so*"))
        if not shared:
            return None
        given, wanted = _ports(_python_session(model))
        x, y = np.zeros(given[1], np.float32), np.zeros(wanted[1], np.float32)
        shapes = [(ctypes.c_int64 * len(p[1]))(*p[1]) for p in (given, wanted)]
        ranks = [ctypes.c_size_t(len(shape)) for shape in shapes]
        names = [p[0].encode() for p in (given, wanted)]
        places = [_memory(a)[0] for a in (x, y)]
        opened = self.windows.session_open(
            str(shared[0]).encode(), str(model).encode(), *names,
            places[0], shapes[0], ranks[0], places[1], shapes[1], ranks[1],
        )  # fmt: skip
        answers = np.zeros((len(points), y.size), np.float32)
        steps = [ctypes.c_size_t(4 * k) for k in (x.size, y.size)]

        held = (x, y)  # the session reads and writes them

        def run(rounds: int) -> float:
            assert len(held) == 2
            return float(
                self.windows.session_window(
                    ctypes.c_void_p(opened), *places, _memory(points)[0], steps[0],
                    ctypes.c_size_t(len(points)), _memory(answers)[0], steps[1],
                    ctypes.c_size_t(rounds),
                )
            )  # fmt: skip

        return Row("onnxruntime C API", run, answers)

    def generated(self, model: Path, points: Points, outputs: int) -> Iterator[Row]:
        """emx-onnx-cgen, weights in the text, where it is installed."""
        if importlib.util.find_spec("emx_onnx_cgen") is None:
            return
        source = self.folder / "emx.c"
        plain = ["--large-weight-threshold", "0", "--large-temp-threshold", "0"]
        command = [sys.executable, "-m", "emx_onnx_cgen", "compile", str(model), str(source)]
        subprocess.run(
            [*command, "--model-name", "emx", *plain], check=True, stdout=subprocess.DEVNULL
        )
        for flags in FLAGS:
            code = self.library(source, flags, "-lm")
            yield self.called(f"emx-onnx-cgen {flags}", code.emx, points, outputs)

    def module(self, network: Network, points: Points, kind: str, precision: str) -> Row:
        """Emitted NumPy or Python, in a call from Python."""
        self.made += 1
        target = self.folder / f"module_{self.made}.py"
        origin = Origin(digest(network), network.sizes, precision=precision)
        for name, data in FORMATS[kind].emit(network, origin, target.name).files.items():
            (self.folder / name).write_bytes(data)
        code = _imported(target)
        kept = points.astype(np.float32 if precision == "float32" else np.float64)
        given = list(kept) if kind == "numpy" else kept.tolist()
        return _python_row(f"{kind} {precision}", code.evaluate, given)


def _opened(code: ctypes.CDLL, path: Path) -> Any:
    """The handle of a file of weights, with what it reads; None where there is none."""
    if not path.exists():
        return None
    data = np.fromfile(path, np.uint8)
    space = np.zeros(len(data) + 64, np.uint8)
    begin = -space.ctypes.data % 64
    space[begin : begin + len(data)] = data
    handle = ctypes.pointer(ctypes.c_void_p())
    status = code.unit_open(
        handle, ctypes.c_void_p(space.ctypes.data + begin), ctypes.c_size_t(len(data))
    )
    if status:
        raise RuntimeError(f"{path} is refused with status {status}")
    return handle, space


def _memory(array: Points) -> tuple[ctypes.c_void_p, int]:
    """Where an array lies, and the bytes of a row."""
    return ctypes.c_void_p(array.ctypes.data), array.strides[0]


def _chain(network: Network) -> list[tuple[Points, Points]]:
    """Weights and biases in float32, layer by layer, of a network without branches."""
    parts = []
    for layer in network.layers:
        (weight,) = layer.weights.values()
        bias = layer.bias.approximation[0].ravel()
        parts.append((weight.approximation[0].astype(np.float32), bias.astype(np.float32)))
    return parts


def _python_session(model: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(str(model), options, providers=providers)


def _ports(session: Any) -> list[tuple[str, list[int]]]:
    """Name and shape of the input and of the output, for one sample."""
    ports = (session.get_inputs()[0], session.get_outputs()[0])
    return [(p.name, [d if isinstance(d, int) else 1 for d in p.shape]) for p in ports]


def _python_row(label: str, code: Callable[[Any], Any], given: Sequence[Any]) -> Row:
    """A row of calls from Python."""

    def run(rounds: int) -> float:
        start = time.perf_counter()
        for _ in range(rounds):
            for point in given:
                code(point)
        return (time.perf_counter() - start) / (rounds * len(given))

    return Row(label, run, np.array([np.ravel(code(point)) for point in given]))


def onnxruntime_from_python(model: Path, points: Points) -> Row:
    session = _python_session(model)
    (name, shape), (wanted, _) = _ports(session)
    run, outputs = session.run, [wanted]
    feeds = [{name: point.reshape(shape)} for point in points]
    return _python_row("onnxruntime Python", lambda feed: run(outputs, feed)[0], feeds)


def torch_from_python(network: Network, points: Points) -> Row:
    import torch

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    layers: list[torch.nn.Module] = []
    for (weight, bias), one in zip(_chain(network), network.layers, strict=True):
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
        layer.weight.data, layer.bias.data = torch.from_numpy(weight), torch.from_numpy(bias)
        layers += [layer, torch.nn.ReLU()] if one.is_relu else [layer]
    model = torch.nn.Sequential(*layers).eval()
    return _python_row("torch eager", model, [torch.from_numpy(point) for point in points])


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
