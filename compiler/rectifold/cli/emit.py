"""`rectifold emit`: code for a network as it is."""

from __future__ import annotations

import click

from rectifold.cli.inputs import opened
from rectifold.cli.options import (
    domain_option,
    force_option,
    memory_limit_option,
    network_argument,
    quiet_option,
)
from rectifold.cli.rounding import certified_rounding, precision_of
from rectifold.cli.status import DONE
from rectifold.cli.targets import network_target, require_outputs
from rectifold.emitters.artifact import write_artifact
from rectifold.emitters.program import Origin
from rectifold.emitters.table import EMITTERS
from rectifold.ir.canonical import digest


@click.command("emit")
@network_argument
@click.option("-o", "--output", required=True, metavar="OUT", help="the file to write")
@click.option(
    "--to",
    "wanted",
    metavar="FORMAT",
    help=f"{', '.join(EMITTERS)}; taken from OUT's suffix when left out",
)
@domain_option
@force_option
@memory_limit_option
@quiet_option
def emit_command(
    network: str, output: str, wanted: str | None, domain_spec: str | None, force: bool, quiet: bool
) -> int:
    """Write code for NET as it is."""
    path, chosen, target = network_target(output, wanted, quiet=quiet)
    require_outputs({}, [network, domain_spec], force=force, network=target)
    source, domain = opened(network, domain_spec, quiet=quiet)
    source = source.with_domain(domain)
    bound = certified_rounding(source, domain, None, chosen)
    origin = Origin(digest(source), source.sizes, bound, precision=precision_of(chosen))
    files = write_artifact(EMITTERS[chosen](source, origin, path.name), path, force=force)
    if not quiet and files:
        click.echo("wrote " + ", ".join(str(f) for f in files))
    return DONE
