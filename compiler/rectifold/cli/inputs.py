"""What commands read: a network with its domain, and points."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import click
import numpy as np

from rectifold.cli.options import CROSSCHECK, OUTPUTS
from rectifold.errors import InputError
from rectifold.exact.literals import parse_rational
from rectifold.formats.load import Loaded, load, read_domain
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.runtime.arrays import as_floats


def point_from(text: str) -> list[Fraction]:
    """A point: "1/3, 0.25", a .npy file, or - for standard input. Raises InputError."""
    if text.endswith(".npy"):
        path = Path(text)
        if not path.is_file():
            raise InputError(f"there is no file {text!r}")
        try:
            array = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"{text} is no readable .npy file ({error})") from None
        return [Fraction(float(v)) for v in as_floats(np.asarray(array), text).ravel()]
    if text == "-":
        text = sys.stdin.read()
    words = [w for w in text.replace(",", " ").split() if w]
    return [parse_rational(w) for w in words]


def opened(network: str, domain_spec: str | None, *, quiet: bool, place: int = 0) -> tuple[Network, Domain | None]:
    """The network, and the domain asked for or stated by it. Notes about the reading go to standard error.

    `place` counts the networks of the command: which --outputs belongs to this one.
    """
    asked = click.get_current_context().meta
    chosen: tuple[tuple[str, ...], ...] = asked[OUTPUTS]
    loaded: Loaded = load(
        network, outputs=chosen[place] if place < len(chosen) else (), crosscheck=bool(asked[CROSSCHECK])
    )
    if not quiet:
        for note in loaded.notes:
            click.echo(f"note: {note}", err=True)
    domain = loaded.network.domain if domain_spec is None else read_domain(domain_spec, loaded.network)
    return loaded.network, domain
