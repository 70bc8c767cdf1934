"""`rectifold emit`: code for a network as it is."""

from __future__ import annotations

import click

from rectifold.cli.inputs import read_loaded
from rectifold.cli.options import (
    GivenNetwork,
    Output,
    memory_limit_option,
    network_output,
    quiet_option,
    source,
)
from rectifold.cli.rounding import certify_rounding, precision_of
from rectifold.cli.targets import network_target, require_outputs
from rectifold.emitters.artifact import write_artifact
from rectifold.emitters.header import Origin
from rectifold.ir.canonical import digest
from rectifold.runtime.status import Status


@click.command("emit")
@source
@network_output(required=True)
@memory_limit_option
@quiet_option
def emit_command(source: GivenNetwork, output: Output, quiet: bool) -> int:
    """Write code for NET as it is."""
    to = network_target(output, quiet=quiet)
    require_outputs({}, [source.network, source.domain_spec], force=output.force, network=to.target)
    loaded, domain = read_loaded(source.network, source.domain_spec, quiet=quiet)
    network, to = loaded.network.with_domain(domain), to.called_as(loaded.interface)
    bound = certify_rounding(network, domain, None, to.chosen)
    origin = Origin(
        digest(network),
        network.sizes,
        bound,
        precision=precision_of(to.chosen),
        interface=to.interface,
    )
    artifact = to.emitted(network, origin)
    files = write_artifact(artifact, to.path, force=output.force)
    if not quiet and files:
        click.echo("wrote " + ", ".join(str(f) for f in files))
    return Status.DONE
