"""What commands read: a network with its domain, and points."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import click

from rectifold.cli.options import TARGETS
from rectifold.cli.progress import progress_line
from rectifold.cli.reading import OUTPUTS, UNTIL, is_crosschecked
from rectifold.errors import InputError, as_options
from rectifold.exact.literals import NumberError, parse_rational
from rectifold.formats.load import Loaded, domain_and_notes, load, require_file
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.prover.emptiness import EMPTY, is_empty
from rectifold.runtime.arrays import as_floats, load_npy
from rectifold.runtime.caps import CAPS
from rectifold.runtime.targets import require_not_read

_POINT_HINT = 'a point is written "1/3, 0.25", or lies in a .npy file'


def point_from(text: str) -> list[Fraction]:
    """A point: "1/3, 0.25", a .npy file, or - for standard input. Raises InputError."""
    if text.endswith(".npy"):
        path = require_file(text)
        return [Fraction(v) for v in as_floats(load_npy(path), path.name).ravel().tolist()]
    if text == "-":
        text = _standard_input()
    words = text.split(",") if "," in text else text.split()
    if words and not words[-1].strip():
        words.pop()  # a comma at the end of a line
    values = []
    for k, word in enumerate(words):
        try:
            values.append(parse_rational(word))
        except NumberError as error:
            raise InputError(
                f"number {k + 1} of the point {_quoted_start(text)}: {error}; {_POINT_HINT}"
            ) from None
    return values


def _standard_input() -> str:
    try:
        return sys.stdin.read(CAPS.point_characters)
    except UnicodeDecodeError:
        raise InputError(f"standard input is no text; {_POINT_HINT}") from None


def _quoted_start(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def read_network(
    network: str,
    domain_spec: str | None,
    *,
    quiet: bool,
    place: int = 0,
    may_be_empty: bool = False,
) -> tuple[Network, Domain | None]:
    """The network, and the domain asked for or stated by it: as `read_loaded`."""
    loaded, domain = read_loaded(
        network, domain_spec, quiet=quiet, place=place, may_be_empty=may_be_empty
    )
    return loaded.network, domain


def read_loaded(
    network: str,
    domain_spec: str | None,
    *,
    quiet: bool,
    place: int = 0,
    may_be_empty: bool = False,
) -> tuple[Loaded, Domain | None]:
    """The network with all that came with it, and the domain asked for or stated by it; notes go to
    standard error.

    Raises InputError if what the command writes is a file that the network's own file reads.
    `place` counts the networks of the command: which --outputs and --until belong to this one. An
    empty domain is refused; where nothing is claimed about it (`may_be_empty`), a note says so.
    """
    asked = click.get_current_context().meta
    names, until = (_asked_of(asked[option], place) for option in (OUTPUTS, UNTIL))
    outputs = () if names is None else tuple(name.strip() for name in names.split(","))
    with progress_line(quiet=quiet, what=f"reading {Path(network).name}"):
        loaded: Loaded = load(
            network,
            outputs=outputs,
            until=None if until == "-" else until,
            crosscheck=is_crosschecked(),
        )
    require_not_read(asked.get(TARGETS, ()), loaded.files, network)
    say_notes(loaded.notes, quiet=quiet)
    domain = loaded.network.domain
    if domain_spec is not None:
        domain, notes = domain_and_notes(domain_spec, loaded.network)
        say_notes(notes, quiet=quiet)
    if not may_be_empty:
        require_points(domain)
    elif not quiet and domain is not None and is_empty(domain):
        click.echo(f"note: {EMPTY}", err=True)
    return loaded, domain


def _asked_of(given: Sequence[str], place: int) -> str | None:
    """What an option says of the network at this place, if it was given for it."""
    return given[place] if place < len(given) else None


def require_points(domain: Domain | None) -> None:
    """Refuses a domain without a point: everything is true there."""
    if domain is not None and is_empty(domain):
        raise InputError(f"{EMPTY}; drop or loosen an assumption")


def say_notes(notes: Sequence[str], *, quiet: bool) -> None:
    """Each on a line of standard error."""
    if not quiet:
        for note in notes:
            click.echo(f"note: {as_options(note)}", err=True)
