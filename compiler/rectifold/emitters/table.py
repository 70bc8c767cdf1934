"""The one list of output formats: a line each, and the module that writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rectifold.bounds.summation import IN_ORDER, Order
from rectifold.emitters.artifact import Artifact, several_files, write_artifact
from rectifold.emitters.c.code import c_code
from rectifold.emitters.c.order import c_order
from rectifold.emitters.header import Origin
from rectifold.emitters.integer.code import c_int16, c_int32
from rectifold.emitters.integer.tail import compared_steps
from rectifold.emitters.javascript import javascript_code
from rectifold.emitters.milp.formats import lp_program, mps_program
from rectifold.emitters.npz import npz_arrays
from rectifold.emitters.numpy.code import numpy_code
from rectifold.emitters.onnx import onnx_float32, onnx_float64
from rectifold.emitters.python.code import python_code
from rectifold.emitters.relu import relu_text
from rectifold.emitters.rust import rust_code
from rectifold.emitters.tail_code import require_tail_fits
from rectifold.errors import InputError, asked
from rectifold.formats.interface import Interface
from rectifold.ir.canonical import digest
from rectifold.ir.leaky import LeakyForm, leaky_form
from rectifold.ir.network import Network
from rectifold.runtime.targets import STANDARD_OUTPUT, named

Emitter = Callable[[Network, Origin, str], Artifact]


@dataclass(frozen=True)
class Format:
    """An output format: --to `name`; the first of a suffix is what that suffix chooses.

    `precisions`: those it can be written in (emitters/precision.py), the usual one first; none: no
    number is a float. `computes`: it is code of ours, which rounds; else who computes with the
    numbers is another program. Files `beside` are named after the main one, and those of
    `perhaps` are written where the network is large; `may_be_one`: without them, if asked for.
    `leaky`: a pair of mirrored units is written as one leaky unit (ir/leaky.py). `order`: in
    which order the code adds in a precision, so that its bound may count on that; None: in any.
    `also`: further suffixes that choose it. `words`: the bits of its integers, whose scales are
    chosen for the domain.
    """

    name: str
    suffix: str
    precisions: tuple[str, ...]
    emit: Emitter
    computes: bool = True
    beside: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    may_be_one: bool = False
    leaky: bool = False
    order: Callable[[Network, str], Order] | None = None
    also: tuple[str, ...] = ()
    words: Literal[0, 16, 32] = 0


def _in_order(_network: Network, _precision: str) -> Order:
    return IN_ORDER


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format("relu", ".relu", (), relu_text),
        Format(
            "python",
            ".py",
            ("float64",),
            python_code,
            perhaps=("_weights.json",),
            order=_in_order,
        ),
        Format("numpy", ".py", ("float64", "float32"), numpy_code, perhaps=("_weights.npz",)),
        Format(
            "c",
            ".c",
            ("float64", "mixed", "float32"),
            c_code,
            beside=(".h",),
            perhaps=("_weights.bin",),
            may_be_one=True,
            order=c_order,
        ),
        Format(
            "js",
            ".js",
            ("float64", "mixed"),
            javascript_code,
            order=_in_order,
            also=(".mjs",),
        ),
        Format(
            "rust",
            ".rs",
            ("float64", "mixed", "float32"),
            rust_code,
            perhaps=("_weights.bin",),
            order=_in_order,
        ),
        Format("c-int16", ".c", (), c_int16, beside=(".h",), may_be_one=True, words=16),
        Format("c-int32", ".c", (), c_int32, beside=(".h",), may_be_one=True, words=32),
        Format("onnx", ".onnx", ("float32",), onnx_float32, leaky=True),
        Format("onnx64", ".onnx", ("float64",), onnx_float64),
        Format("npz", ".npz", ("float64", "float32"), npz_arrays, computes=False),
        Format("mps", ".mps", ("float64",), mps_program, computes=False),
        Format("lp", ".lp", ("float64",), lp_program, computes=False),
    )
}
_BY_SUFFIX = {
    suffix: one.name
    for one in reversed(tuple(FORMATS.values()))
    for suffix in (one.suffix, *one.also)
}
_OTHER_FILES = {
    suffix: f", or write the object that {method}() of a result gives, with {library}"
    for method, library, suffixes in (
        ("to_torch", "torch.save", (".pt", ".pth")),
        ("to_keras", "its method save", (".keras", ".h5")),
        ("to_sklearn", "joblib or pickle", (".pkl", ".pickle", ".joblib")),
    )
    for suffix in suffixes
}  # files that other libraries write of their own objects


def format_for(path: Path, wanted: str | None, *, single_file: bool = False) -> str:
    """The format's name, from --to or from the suffix of the output.

    Raises InputError for no format, and where standard output would take more than one file.
    """
    if wanted is not None:
        if wanted not in FORMATS:
            raise InputError(f"unknown format {wanted!r}; known are {', '.join(FORMATS)}")
        if FORMATS[wanted].beside and str(path) == STANDARD_OUTPUT and not single_file:
            one = f"{asked('single_file', True)}, " if FORMATS[wanted].may_be_one else ""
            raise InputError(several_files("its header", one))
        return wanted
    suffix = path.suffix.lower()
    if suffix not in _BY_SUFFIX:
        where = (
            "standard output has no suffix"
            if str(path) == STANDARD_OUTPUT
            else f"cannot tell the format from {path.name!r}"
        )
        other = _OTHER_FILES.get(suffix, "")
        raise InputError(f"{where}; give {asked('to', '|'.join(FORMATS))}{other}")
    return _BY_SUFFIX[suffix]


def written_form(network: Network, chosen: str) -> LeakyForm:
    """The units, rows and columns as the format holds them."""
    return leaky_form(network) if FORMATS[chosen].leaky else LeakyForm(network, {})


def suffix_note(path: Path, chosen: str) -> str | None:
    """A line to say when the name promises another format than the one that --to chose."""
    promised = _BY_SUFFIX.get(path.suffix)
    if promised is None or path.suffix in (FORMATS[chosen].suffix, *FORMATS[chosen].also):
        return None
    return f"{named(path)} is written as {chosen} (to=), although its suffix says {promised}"


def drop_in_format(
    chosen: str, interface: Interface, *, plain: bool = False
) -> tuple[str, Interface | None, str | None]:
    """The format that keeps the source's element types, the interface to write with it, and a note.

    The interface is None where the file will not be called as the source is; the note says why,
    unless that was asked for (`plain`) and nothing is lost by it. Raises InputError where another
    format cannot hold the source's tail.
    """
    if chosen not in ("onnx", "onnx64"):
        if FORMATS[chosen].words:
            compared_steps(interface)
        else:
            require_tail_fits(interface, chosen)
        return chosen, interface, None
    from rectifold.formats.onnx_drop_in import arithmetic_of, obstacle  # onnx takes 0.3 s to import

    why = obstacle(interface)
    own = arithmetic_of(interface)
    if why is None and chosen == "onnx64" and own != "float64":
        own_format = asked("to", "onnx")
        why = f"its floats are {own}, and float64 was asked for; {own_format} keeps them"
    lost = ", ".join(node.op_type for node in interface.tail)
    if not plain and why is None:
        return "onnx64" if own == "float64" else "onnx", interface, None
    said = [] if plain else [f"the file cannot be used in place of the source: {why}"]
    if lost:
        said.append(f"what follows the network in the source is not written: {lost}")
    return chosen, None, "; ".join(said) or None


def require_one_file(chosen: str) -> None:
    """Raises InputError where the format cannot be asked for one file."""
    if not FORMATS[chosen].may_be_one:
        able = ", ".join(one.name for one in FORMATS.values() if one.may_be_one)
        raise InputError(
            f"{asked('single_file', True)} is for {able}; the format {chosen} has no such choice"
        )


def names_beside(
    path: Path, chosen: str, *, single_file: bool = False
) -> tuple[list[str], list[str]]:
    """The files that are written beside the main one, and those that may be.

    The latter hold the weights of a network with many parameters.
    """
    if single_file:
        return [], []
    beside, perhaps = (
        [path.stem + ending for ending in endings]
        for endings in (FORMATS[chosen].beside, FORMATS[chosen].perhaps)
    )
    return beside, perhaps


def emit(
    network: Network, path: str | Path, to: str | None = None, *, force: bool = False
) -> list[Path]:
    """Write `network` to `path` in the format `to` (default: by suffix); the files written.

    Raises InputError if the format is unknown or cannot say the network, or a file exists and
    `force` is not given.
    """
    target = Path(path)
    origin = Origin(digest(network), network.sizes)
    return write_artifact(
        FORMATS[format_for(target, to)].emit(network, origin, target.name), target, force=force
    )


def order_of(network: Network, chosen: str, precision: str) -> Order | None:
    """In which order code of a format adds; None: in any."""
    order = FORMATS[chosen].order
    return None if order is None else order(network, precision)
