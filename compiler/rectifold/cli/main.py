"""The command line: one file per command.

Each reads, makes one library call, reports, and ends with a status.
"""

from __future__ import annotations

import click

from rectifold.cli.lazy import ListedCommands
from rectifold.runtime.version import __version__


@click.group(cls=ListedCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rectifold")
def main() -> None:
    """A compiler for ReLU networks: provably equal, smaller networks, certificates and standalone
    code.

    `rectifold COMMAND --help` says more, with examples. Begin with: rectifold compile NET OUT
    """
