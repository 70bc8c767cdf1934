"""What a command writes, looked at before it works: see runtime/targets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from rectifold.certificate.file import Certificate
from rectifold.emitters.table import format_for, names_beside, suffix_note
from rectifold.runtime.targets import Target, require_targets
from rectifold.search.replay import BEGINNING

_CONTINUES = {"--json": b"{", "--log": BEGINNING}


def network_target(output: str, wanted: str | None, *, quiet: bool) -> tuple[Path, str, Target]:
    """The path of -o, its format, and what is written. A suffix that says another format is said on standard error."""
    path = Path(output)
    chosen = format_for(path, wanted)
    note = suffix_note(path, chosen)
    if note is not None and not quiet:
        click.echo(f"note: {note}", err=True)
    return (
        path,
        chosen,
        Target("-o", output, *names_beside(path, chosen), may_be_standard_output=True),
    )


def require_outputs(
    named: dict[str, str | None],
    inputs: Iterable[str | None],
    *,
    force: bool,
    network: Target | None = None,
) -> None:
    """`named`: option → its value. --json replaces its own files and --log goes on, without --force. Raises InputError."""
    targets = [
        Target(
            option,
            name,
            continues=_CONTINUES.get(option),
            may_be_standard_output=option == "--json",
        )
        for option, name in named.items()
        if name is not None
    ]
    require_targets([*([network] if network else []), *targets], inputs, force=force)


def certificate_bytes(
    file: str | None, certificate: Certificate | None
) -> tuple[Path, bytes] | None:
    """What --certificate writes, and where."""
    return (
        None
        if file is None or certificate is None
        else (Path(file), certificate.text.encode("ascii"))
    )
