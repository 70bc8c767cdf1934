"""The command line: one file per command.

Each reads, makes one library call, reports, and ends with a status.
"""

from __future__ import annotations

import click

from rectifold.cli.check import check_command
from rectifold.cli.compile import compile_command
from rectifold.cli.emit import emit_command
from rectifold.cli.local import local_command
from rectifold.cli.prove import prove_command
from rectifold.cli.reduce import reduce_command
from rectifold.cli.regions import regions_command
from rectifold.cli.run import run_command
from rectifold.cli.shallow import shallow_command
from rectifold.cli.show import show_command
from rectifold.cli.stability import stability_command
from rectifold.cli.status import Commands
from rectifold.cli.train import train_command
from rectifold.cli.verify import verify_command

COMMANDS = (
    compile_command,
    verify_command,
    prove_command,
    reduce_command,
    emit_command,
    stability_command,
    local_command,
    regions_command,
    shallow_command,
    check_command,
    show_command,
    run_command,
    train_command,
)


@click.group(
    cls=Commands,
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="rectifold")
def main() -> None:
    """A compiler for ReLU networks: provably equal, smaller networks, certificates and standalone
    code.
    """
