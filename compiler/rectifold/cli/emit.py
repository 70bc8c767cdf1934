"""`rectifold emit`: code for a network as it is."""

from __future__ import annotations

import time
from dataclasses import replace

import click

from rectifold.cli.benchmark import (
    Measured,
    Measuring,
    measured_here,
    measured_on_device,
    measuring,
    print_measured,
)
from rectifold.cli.costs import told_costs
from rectifold.cli.documented import command
from rectifold.cli.emitted import Emitted, emitted_json, emitted_lines, emitted_page
from rectifold.cli.host_benchmark import candidates
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
from rectifold.cli.progress import progress_line
from rectifold.cli.rounding import largest_bound, rounding_of, seen_error, seen_integers
from rectifold.cli.targets import To, network_target, require_outputs
from rectifold.emitters.artifact import write_artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.measured.device import DEVICES
from rectifold.emitters.measured.host import Candidate
from rectifold.emitters.milp.program import PROGRAMS
from rectifold.emitters.observed.observed import Observed
from rectifold.emitters.table import FORMATS
from rectifold.integers.choose import Certified
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from rectifold.runtime.status import Status


@command("emit")
@source
@network_output(required=False)
@measuring
@report
@memory_limit_option
def emit_command(source: GivenNetwork, output: Output, measuring: Measuring, report: Report) -> int:
    """Write code for NET as it is, and say what it costs.

    With --benchmark the code is measured: on this machine (host) beside onnxruntime with one
    thread, or, as C, by the compiler and under an emulator of a small device. Without -o nothing
    is written then.
    """
    started = time.monotonic()
    to, is_kept = _target(output, measuring, quiet=report.quiet)
    names, inputs = {"--json": report.json_target}, [source.network, source.domain_spec]
    written = to.target if is_kept else None
    require_outputs(names, inputs, force=output.force, network=written)
    loaded, domain = read_loaded(source.network, source.domain_spec, quiet=report.quiet)
    network, to = loaded.network.with_domain(domain), to.called_as(loaded.interface)
    with progress_line(quiet=report.quiet) as progress:
        if progress is not None:
            progress("bounding, writing and trying the code", 0, 0)
        done = _written(network, to, report, is_kept=is_kept, cc=measuring.cc, force=output.force)
    if measuring.target is not None:
        done = replace(done, measured=_measured(done, to, output, measuring, source))
    told = emitted_json(done) | {"seconds": time.monotonic() - started}
    report.write(told, lambda: emitted_page(done))
    if report.is_on_screen and output.output != "-":
        for line in emitted_lines(done):
            click.echo(line)
        print_measured(done.measured)
    return Status.DONE


def _target(output: Output, measuring: Measuring, *, quiet: bool) -> tuple[To, bool]:
    """Where the network goes, and whether it is kept there. Raises UsageError."""
    is_kept = output.output is not None
    if not is_kept and measuring.target is None:
        raise click.UsageError(
            "Missing option '-o' / '--output' (or --benchmark, which needs none)"
        )
    if measuring.target is not None and output.output == "-":
        raise click.UsageError(
            "--benchmark prints a table where -o - prints the network; give -o the name of a file, "
            "or leave it out"
        )
    if not is_kept:
        output = replace(output, output=measuring.unnamed(output.wanted))
    to = network_target(output, quiet=quiet)
    measuring.require_fits(to.chosen)
    return to, is_kept


def _written(
    network: Network, to: To, report: Report, *, is_kept: bool, cc: str | None, force: bool
) -> Emitted:
    precision = to.precision(network)
    rounding = rounding_of(network, network.domain, None, to)
    origin = Origin(
        digest(network),
        network.sizes,
        rounding.bound,
        precision=precision or "float64",
        interface=to.interface,
        integers=rounding.integers,
    )
    artifact = to.emitted(network, origin)
    files = tuple(write_artifact(artifact, to.path, force=force)) if is_kept else ()
    observed = _observed(network, to, rounding.integers) if report.is_told else None
    costs = told_costs(artifact, network, to, report, cc)
    most = largest_bound(rounding.bound, to.chosen)
    chosen = (to.chosen, precision)
    done = Emitted(network, chosen, artifact, files, most, observed, costs, words=rounding.words)
    return done if rounding.integers is None else replace(done, tried=rounding.integers.tried)


def _observed(network: Network, to: To, integers: Certified | None) -> Observed | None:
    """What the numbers of the format are off by at points of the domain, where one is known."""
    domain = network.domain
    if domain is None or to.chosen in PROGRAMS:
        return None
    if integers is not None:
        return seen_integers(network, domain, integers.code)
    return seen_error(network, network, domain, to.chosen, to.precision(network))


def _measured(
    done: Emitted, to: To, output: Output, how: Measuring, source: GivenNetwork
) -> Measured:
    if how.target in DEVICES:
        return measured_on_device(done.network, done.artifact, how, quiet=to.quiet)
    (chosen, precision), others = done.chosen, how.others(output, to.chosen)
    own = Candidate(chosen, precision or "", done.artifact, done.bound)
    if FORMATS[chosen].suffix == ".onnx":  # its outputs may be those of a tail
        (own,) = candidates(done.network, to, [chosen])[0]
    return measured_here(done.network, own, to, others, source.network, how)
