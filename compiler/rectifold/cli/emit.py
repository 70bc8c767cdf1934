"""`rectifold emit`: code for a network as it is."""

from __future__ import annotations

import time

import click

from rectifold.cli.costs import told_costs
from rectifold.cli.emitted import Emitted, emitted_json, emitted_lines
from rectifold.cli.inputs import read_loaded
from rectifold.cli.options import (
    GivenNetwork,
    Output,
    Report,
    memory_limit_option,
    network_output,
    report,
    source,
)
from rectifold.cli.rounding import certify_rounding, largest_bound
from rectifold.cli.targets import To, network_target, require_outputs
from rectifold.emitters.artifact import write_artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.observed import Observed, observed_error
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from rectifold.runtime.status import Status


@click.command("emit")
@source
@network_output(required=True)
@report
@memory_limit_option
def emit_command(source: GivenNetwork, output: Output, report: Report) -> int:
    """Write code for NET as it is, and say what it costs."""
    started = time.monotonic()
    to = network_target(output, quiet=report.quiet)
    names, inputs = {"--json": report.json_target}, [source.network, source.domain_spec]
    require_outputs(names, inputs, force=output.force, network=to.target)
    loaded, domain = read_loaded(source.network, source.domain_spec, quiet=report.quiet)
    network, to = loaded.network.with_domain(domain), to.called_as(loaded.interface)
    done = _written(network, to, report, force=output.force)
    report.write(emitted_json(done) | {"seconds": time.monotonic() - started})
    if report.is_on_screen and done.files:
        for line in emitted_lines(done):
            click.echo(line)
    return Status.DONE


def _written(network: Network, to: To, report: Report, *, force: bool) -> Emitted:
    precision = to.precision(network)
    bound = certify_rounding(network, network.domain, None, to.chosen, precision)
    origin = Origin(
        digest(network),
        network.sizes,
        bound,
        precision=precision or "float64",
        interface=to.interface,
    )
    artifact = to.emitted(network, origin)
    files = tuple(write_artifact(artifact, to.path, force=force))
    observed = _observed(network, to) if report.is_told else None
    costs = told_costs(artifact, network, to, report)
    most = largest_bound(bound, to.chosen)
    return Emitted(network, (to.chosen, precision), artifact, files, most, observed, costs)


def _observed(network: Network, to: To) -> Observed | None:
    """What the floats of the format are off by at points of the domain, where one is known."""
    domain = network.domain
    if domain is None:
        return None
    return observed_error(network, network, domain, to.chosen, to.precision(network))
