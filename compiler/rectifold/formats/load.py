"""One door for files: a network or a domain, whatever format it is in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rectifold.errors import InputError, asked
from rectifold.exact.literals import NumberError, parse_rational
from rectifold.exact.numerals import counted
from rectifold.formats.interface import Interface, tail_words
from rectifold.formats.layers_json import read_layers_json
from rectifold.formats.nnet import read_nnet
from rectifold.formats.npz import read_npz
from rectifold.formats.vnnlib import read_vnnlib
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.language.elaborate import parse_box, parse_text
from rectifold.language.ensured import Ensured
from rectifold.runtime.arrays import as_floats, files_beside, load_npy

if TYPE_CHECKING:
    pass

_BALL = re.compile(r"(.+\.npy)\s*(?:±|\+-|\+/-)\s*(.*)")


@dataclass(frozen=True)
class Loaded:
    """A network as read, notes for the user about how it was read, and what else came with it."""

    network: Network
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()  # that the network's own file names, and that were read too
    interface: Interface | None = None  # of an ONNX model: what it is called from outside
    ensured: Ensured | None = None  # of a text: what it says of the network


def load(
    path: str | Path,
    *,
    outputs: str | Sequence[str] = (),
    until: str | None = None,
    crosscheck: bool = True,
) -> Loaded:
    """The network in a file: .relu, .onnx, .npz, .nnet or .json (a list of layers), told by the
    suffix.

    `outputs` names the outputs of an ONNX model that are read, one after the other; `until` names a
    node or a tensor of it that is read instead, and what follows is not. With `crosscheck` an ONNX
    model is compared at a few points with another program that runs it, if it is not too large.
    Raises InputError (or a subclass) if it cannot be read.
    """
    path = require_file(path)
    suffix = path.suffix.lower()
    _require_known(path, is_cut=bool(outputs) or until is not None)
    reader = _READERS[suffix]
    try:
        with files_beside() as files:
            if reader is not None:
                read = reader(path, crosscheck)
            else:
                names = [outputs] if isinstance(outputs, str) else outputs
                read = _read_onnx(path, names, until, crosscheck)
    except RecursionError:
        raise InputError(
            f"{path.name} is nested too deep to be read; write it in several steps"
        ) from None
    except MemoryError:
        raise InputError(f"{path.name} needs more memory to be read than there is") from None
    return replace(read, files=(*read.files, *files))


_OF_OBJECTS = " (the object itself goes into rectifold.compile, once {library} has loaded it)"
_OTHER_FILES = {
    ".npy": " (a .npy file is an array without a name; numpy.savez writes .npz)",
    **dict.fromkeys((".pt", ".pth"), _OF_OBJECTS.format(library="PyTorch")),
    **dict.fromkeys((".keras", ".h5"), _OF_OBJECTS.format(library="Keras")),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), _OF_OBJECTS.format(library="its library")),
}


def _require_known(path: Path, *, is_cut: bool) -> None:
    """Raises InputError for a file of another type, and for one whose outputs are not chosen."""
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise InputError(
            f"{path.name}: files of type {path.suffix or '(none)'} cannot be read; known are "
            f"{', '.join(_READERS)}" + _OTHER_FILES.get(suffix, "")
        )
    if is_cut and _READERS[suffix] is not None:
        raise InputError(
            f"{path.name} has one output; outputs are chosen by name (outputs=), and networks cut "
            "(until=), of ONNX models only"
        )


def is_network(name: str) -> bool:
    """Is a file with this name read as a network?"""
    return Path(name).suffix.lower() in _READERS


def require_file(path: str | Path) -> Path:
    """The path, if a file is there. Raises InputError that tells a folder and a device from
    nothing.
    """
    if path == "":
        raise InputError("the name of a file is empty; name the file that is meant")
    path = Path(path)
    try:
        if path.is_dir():
            raise InputError(f"{str(path)!r} is a folder; name a file in it")
        if path.exists() and not path.is_file():
            raise InputError(
                f"{str(path)!r} is no regular file but a device or a pipe; copy it to a file first"
            )
        if not path.exists():
            raise InputError(f"there is no file {str(path)!r}")
    except (OSError, ValueError) as error:  # a name that is too long, or with a zero byte
        if isinstance(error, InputError):
            raise
        raise InputError(f"{str(path)[:60]!r} cannot be the name of a file ({error})") from None
    return path


def read_domain(spec: str, network: Network) -> Domain:
    """The domain that `--domain` names: "[0,1]", "[-1,1]^4", "[[0,1],[-1,1]]", "all", a .vnnlib
    file, a network file that states one, "point.npy±0.05".

    Raises InputError.
    """
    return domain_and_notes(spec, network)[0]


def domain_and_notes(spec: str, network: Network) -> tuple[Domain, list[str]]:
    """As `read_domain`, and notes for the user about how it was read."""
    size = network.input_size
    text = spec.strip()
    if text == "all":
        return Domain.everywhere(size), []
    if ball := _BALL.fullmatch(text):
        return _ball(ball[1], ball[2], size), []
    if text.endswith(".npy"):
        raise InputError(
            f"{text} is a point, not a domain; say how far around it: "
            f"{asked('domain', text + '±0.05')}"
        )
    if text.endswith((".vnnlib", ".vnnlib.gz")):
        return read_vnnlib(require_file(text), size)
    if is_network(text):
        return _read_stated_domain(text, size), []
    return parse_box(spec, size), []


def _read_stated_domain(name: str, size: int) -> Domain:
    """The domain that another network file states."""
    domain = load(name).network.domain
    if domain is None:
        raise InputError(f"{name} states no domain (in a .relu file: input x[n] in ...)")
    if domain.size != size:
        raise InputError(
            f"{name} states {counted(domain.size, 'range')}, but the network has "
            f"{counted(size, 'input')}"
        )
    return domain


def _ball(file: str, written: str, size: int) -> Domain:
    path = require_file(file)
    centre = as_floats(load_npy(path), path.name).ravel()
    if len(centre) != size:
        raise InputError(
            f"{path.name} has {counted(len(centre), 'number')}, but the network has "
            f"{counted(size, 'input')}"
        )
    try:
        radius = parse_rational(written)
    except NumberError as error:
        raise InputError(f"the radius after ±: {error}") from None
    if radius < 0:
        raise InputError(f"the radius {written} is negative")
    points = [Fraction(v) for v in centre.tolist()]
    return Domain(tuple(p - radius for p in points), tuple(p + radius for p in points))


def _read_relu(path: Path, crosscheck: bool) -> Loaded:
    applied: list[Loaded] = []

    def network(file: Path) -> Network:
        applied.append(_applied(file, crosscheck))
        return applied[-1].network

    parsed = parse_text(_text_of(path), path.name, path.parent, network)
    notes = tuple(note for read in applied for note in read.notes)
    files = tuple(file for read in applied for file in read.files)
    return Loaded(parsed.network, notes, files, ensured=parsed.ensured)


def _applied(path: Path, crosscheck: bool) -> Loaded:
    """A network that a text applies, which itself applies none. Raises InputError."""
    if path.suffix.lower() == ".relu":
        return Loaded(parse_text(_text_of(path), path.name, path.parent).network)
    read = load(path, crosscheck=crosscheck)
    if words := tail_words(read.interface):
        raise InputError(
            f"{path.name} goes on behind the network ({words}), which is no sum of relu; apply a "
            "model that ends before"
        )
    return read


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is no readable text ({error})") from None


def _read_onnx(path: Path, outputs: Sequence[str], until: str | None, crosscheck: bool) -> Loaded:
    from rectifold.formats.onnx.peers import PEERS  # onnx takes 0.3 s to import
    from rectifold.formats.onnx.reader import read_onnx

    network, notes, interface = read_onnx(
        path, outputs, until=until, peers=PEERS if crosscheck else ()
    )
    return Loaded(network, tuple(notes), interface=interface)


def _noted(read: Callable[[Path], tuple[Network, list[str]]]) -> Callable[[Path, bool], Loaded]:
    """A reader of nothing but a network, and notes about it."""

    def loaded(path: Path, crosscheck: bool) -> Loaded:
        network, notes = read(path)
        return Loaded(network, tuple(notes))

    return loaded


_READERS: Mapping[str, Callable[[Path, bool], Loaded] | None] = {
    ".relu": _read_relu,
    ".onnx": None,  # _read_onnx, which takes more and gives more
    ".npz": _noted(read_npz),
    ".nnet": _noted(read_nnet),
    ".json": _noted(read_layers_json),
}
