"""The one list of output formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from rectifold.emitters.artifact import Artifact, several_files, write_artifact
from rectifold.emitters.c import c_code
from rectifold.emitters.numpy import numpy_code
from rectifold.emitters.program import Origin, header_lines
from rectifold.emitters.python import python_code
from rectifold.errors import InputError
from rectifold.formats.npz import npz_bytes
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from rectifold.language.printer import print_network
from rectifold.runtime.targets import STANDARD_OUTPUT, named

Emitter = Callable[[Network, Origin, str], Artifact]


def _relu(network: Network, origin: Origin, name: str) -> Artifact:
    comment = "".join(f"# {line}\n" for line in header_lines(network, origin, exact=True))
    return Artifact({name: (comment + print_network(network)).encode("utf-8")})


def _onnx(precision: str) -> Emitter:
    def write(network: Network, origin: Origin, name: str) -> Artifact:
        from rectifold.formats.onnx_writer import onnx_bytes  # onnx takes 0.3 s to import

        return Artifact(
            {name: onnx_bytes(network, precision, "\n".join(header_lines(network, origin)))}
        )

    return write


def _npz(network: Network, origin: Origin, name: str) -> Artifact:
    return Artifact({name: npz_bytes(network)})


EMITTERS: Mapping[str, Emitter] = {
    "relu": _relu,
    "python": python_code,
    "numpy": numpy_code,
    "c": c_code,
    "onnx": _onnx("float32"),
    "onnx64": _onnx("float64"),
    "npz": _npz,
}
_SUFFIXES = {".relu": "relu", ".py": "python", ".c": "c", ".onnx": "onnx", ".npz": "npz"}
_ALSO = {
    "numpy": ".py",
    "onnx64": ".onnx",
}  # formats that --to alone can choose, and their usual suffix
_BESIDE = {"c": (".h",)}
_PERHAPS = {"python": ("_weights.json",), "numpy": ("_weights.npz",), "c": ("_weights.h",)}


def format_for(path: Path, wanted: str | None) -> str:
    """The format's name, from --to or from the suffix of the output. Raises InputError."""
    if wanted is not None:
        if wanted not in EMITTERS:
            raise InputError(f"unknown format {wanted!r}; known are {', '.join(EMITTERS)}")
        if wanted == "c" and str(path) == STANDARD_OUTPUT:
            raise InputError(several_files("its header"))
        return wanted
    if path.suffix not in _SUFFIXES:
        where = (
            "standard output has no suffix"
            if str(path) == STANDARD_OUTPUT
            else f"cannot tell the format from {path.name!r}"
        )
        raise InputError(f"{where}; give --to {'|'.join(EMITTERS)}")
    return _SUFFIXES[path.suffix]


def suffix_note(path: Path, chosen: str) -> str | None:
    """A line to say when the name promises another format than the one that --to chose."""
    promised = _SUFFIXES.get(path.suffix)
    if promised is None or chosen == promised or _ALSO.get(chosen) == path.suffix:
        return None
    return f"{named(path)} is written as {chosen} (--to), although its suffix says {promised}"


def names_beside(path: Path, chosen: str) -> tuple[list[str], list[str]]:
    """The files that are written beside the main one, and those that may be (above INLINE_PARAMETERS parameters)."""
    beside, perhaps = (
        [path.stem + ending for ending in table.get(chosen, ())] for table in (_BESIDE, _PERHAPS)
    )
    return beside, perhaps


def emit(
    network: Network, path: str | Path, to: str | None = None, *, force: bool = False
) -> list[Path]:
    """Write `network` to `path` in the format `to` (default: by suffix); the files written.

    Raises InputError if the format is unknown or cannot say the network, or a file exists and `force` is not given.
    """
    target = Path(path)
    origin = Origin(digest(network), network.sizes)
    return write_artifact(
        EMITTERS[format_for(target, to)](network, origin, target.name), target, force=force
    )
