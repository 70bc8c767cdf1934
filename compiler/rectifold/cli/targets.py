"""What a command writes, looked at before it works: see runtime/targets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from rectifold.emitters.table import format_for, names_beside, suffix_note
from rectifold.runtime.targets import Target, require_targets


def network_target(output: str, wanted: str | None, *, quiet: bool) -> tuple[Path, str, Target]:
    """The path of -o, its format, and what is written. A suffix that says another format is said on standard error."""
    path = Path(output)
    chosen = format_for(path, wanted)
    note = suffix_note(path, chosen)
    if note is not None and not quiet:
        click.echo(f"note: {note}", err=True)
    return path, chosen, Target("-o", output, names_beside(path, chosen), may_be_standard_output=True)


def require_outputs(
    named: dict[str, str | None], inputs: Iterable[str | None], *, force: bool, network: Target | None = None
) -> None:
    """`named`: option → its value. --json is replaced and --log continued without --force. Raises InputError."""
    targets = [
        Target(option, name, replaces=option in ("--json", "--log"), may_be_standard_output=option == "--json")
        for option, name in named.items()
        if name is not None
    ]
    require_targets([*([network] if network else []), *targets], inputs, force=force)
