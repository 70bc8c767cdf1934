"""`rectifold stability`: the phases of units."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from rectifold.cli.documented import command
from rectifold.cli.inputs import read_network
from rectifold.cli.options import (
    GivenNetwork,
    Proof,
    Report,
    force_option,
    memory_limit_option,
    proof,
    report,
    source,
)
from rectifold.cli.output import console
from rectifold.cli.pages import command_line
from rectifold.cli.progress import progress_line
from rectifold.cli.targets import require_outputs
from rectifold.facts.facts import Facts
from rectifold.ir.network import Network
from rectifold.prover.cascade import prove
from rectifold.reports.bounds import bounds_bytes, require_bounds_file
from rectifold.reports.json import stability_json
from rectifold.reports.pages.about import stability_page
from rectifold.reports.tables import seconds_text, stability_table
from rectifold.runtime.files import write_whole
from rectifold.runtime.status import Status


@command("stability")
@source
@proof
@click.option(
    "--plot", "plot_file", metavar="FILE", help="draw the phases per layer as .png, .svg or .pdf"
)
@click.option(
    "--bounds",
    "bounds_file",
    metavar="FILE",
    help="write the proved ends of every unit's pre-activation to FILE (.json or .npz)",
)
@force_option
@report
@memory_limit_option
def stability_command(
    source: GivenNetwork,
    proof: Proof,
    plot_file: str | None,
    bounds_file: str | None,
    force: bool,
    report: Report,
) -> int:
    """Table of active, inactive, unstable and open units per layer."""
    started = time.monotonic()
    names = {
        "--plot": plot_file,
        "--bounds": bounds_file,
        "--json": report.json_target,
        "--log": proof.log_file,
    }
    if bounds_file:
        require_bounds_file(bounds_file)
    require_outputs(names, [source.network, source.domain_spec], force=force)
    network, domain = read_network(source.network, source.domain_spec, quiet=report.quiet)
    limits = proof.limits(proof.time_limit)
    with progress_line(quiet=report.quiet) as progress:
        facts = prove(
            network, domain, prover=proof.prover, limits=limits, seed=proof.seed, progress=progress
        )
    if plot_file:
        from rectifold.reports.pictures.phases import draw_phases  # matplotlib is an extra

        draw_phases(network, facts, Path(plot_file))
    if bounds_file:
        path = Path(bounds_file)
        write_whole(path, bounds_bytes(network, facts, path.suffix))
    told = stability_json(network, facts) | {"seconds": time.monotonic() - started}
    report.write(told, lambda: stability_page(network, facts, command_line()))
    if report.is_on_screen:
        _print_stability(network, facts, [plot_file, bounds_file])
    return Status.DONE if _all_decided(facts) else Status.UNDECIDED


def _print_stability(network: Network, facts: Facts, written: Sequence[str | None]) -> None:
    out = console()
    out.print(stability_table(network, facts))
    out.print(seconds_text(facts.seconds))
    for file in filter(None, written):
        out.print(f"wrote {file}", markup=False)


def _all_decided(facts: Facts) -> bool:
    return facts.complete and not any(known.open.any() for known in facts.layers.values())
