"""One door for files: a network or a domain, whatever format it is in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from rectifold.errors import InputError
from rectifold.exact.literals import parse_rational
from rectifold.formats.layers_json import read_layers_json
from rectifold.formats.nnet import read_nnet
from rectifold.formats.npz import read_npz
from rectifold.formats.vnnlib import read_vnnlib
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.language.elaborate import parse, parse_box
from rectifold.runtime.arrays import load_array

_BALL = re.compile(r"(.+\.npy)\s*(?:±|\+-)\s*(\S+)")


@dataclass(frozen=True)
class Loaded:
    """A network as read, and notes for the user about how it was read."""

    network: Network
    notes: tuple[str, ...] = ()


def load(path: str | Path, *, outputs: Sequence[str] = (), crosscheck: bool = True) -> Loaded:
    """The network in a file: .relu, .onnx, .npz, .nnet or .json (a list of layers), told by the suffix.

    `outputs` names the outputs of an ONNX model that are read, one after the other. With `crosscheck` an ONNX model is
    compared at a few points with another program that runs it, if it is not too large.
    Raises InputError (or a subclass) if it cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no file {str(path)!r}")
    readers: Mapping[str, Callable[[Path], tuple[Network, list[str]]]] = {
        ".relu": _read_relu,
        ".onnx": partial(_read_onnx, outputs=outputs, crosscheck=crosscheck),
        ".npz": read_npz,
        ".nnet": read_nnet,
        ".json": read_layers_json,
    }
    if path.suffix not in readers:
        raise InputError(
            f"{path.name}: files of type {path.suffix or '(none)'} cannot be read; known are {', '.join(readers)}"
        )
    if outputs and path.suffix != ".onnx":
        raise InputError(f"{path.name} has one output; outputs are chosen by name (--outputs) of ONNX models only")
    network, notes = readers[path.suffix](path)
    return Loaded(network, tuple(notes))


def read_domain(spec: str, network: Network) -> Domain:
    """The domain that `--domain` names: "[0,1]", "[[0,1],[-1,1]]", "all", a .vnnlib or .relu file, "point.npy±0.05".

    Raises InputError.
    """
    size = network.input_size
    if spec.strip() == "all":
        return Domain.everywhere(size)
    if ball := _BALL.fullmatch(spec.strip()):
        return _ball(Path(ball[1]), parse_rational(ball[2]), size)
    if spec.endswith(".vnnlib"):
        domain = read_vnnlib(_existing(spec), size)
    elif spec.endswith(".relu"):
        found = load(_existing(spec)).network.domain
        if found is None:
            raise InputError(f"{spec} states no domain (input x[n] in ...)")
        domain = found
    else:
        domain = parse_box(spec, size)
    if domain.size != size:
        raise InputError(f"the domain has {domain.size} ranges, but the network has {size} inputs")
    return domain


def _ball(path: Path, radius: Fraction, size: int) -> Domain:
    centre = load_array(path.parent, path.name, None).ravel()
    if len(centre) != size:
        raise InputError(f"{path.name} has {len(centre)} numbers, but the network has {size} inputs")
    if radius < 0:
        raise InputError(f"the radius {radius} is negative")
    points = [Fraction(float(v)) for v in centre]
    return Domain(tuple(p - radius for p in points), tuple(p + radius for p in points))


def _existing(spec: str) -> Path:
    if not Path(spec).is_file():
        raise InputError(f"there is no file {spec!r}")
    return Path(spec)


def _read_relu(path: Path) -> tuple[Network, list[str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is no readable text ({error})") from None
    return parse(text, path.name, path.parent), []


def _read_onnx(path: Path, outputs: Sequence[str], crosscheck: bool) -> tuple[Network, list[str]]:
    from rectifold.formats.onnx.reader import read_onnx  # onnx takes 0.3 s to import

    return read_onnx(path, outputs) if crosscheck else read_onnx(path, outputs, peers=())
