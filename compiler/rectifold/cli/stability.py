"""`rectifold stability`: the phases of units."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from rectifold.cli.inputs import opened
from rectifold.cli.options import (
    domain_option,
    force_option,
    json_option,
    limits_from,
    memory_limit_option,
    network_argument,
    proof_options,
    quiet_option,
)
from rectifold.cli.output import console, write_json
from rectifold.cli.progress import shown
from rectifold.cli.status import DONE, UNDECIDED
from rectifold.cli.targets import require_outputs
from rectifold.facts.facts import Facts
from rectifold.prover.cascade import prove
from rectifold.reports.tables import seconds_text, stability_json, stability_table


@click.command("stability")
@network_argument
@domain_option
@proof_options
@click.option(
    "--plot", "plot_file", metavar="FILE", help="draw the phases per layer as .png or .svg"
)
@force_option
@json_option
@memory_limit_option
@quiet_option
def stability_command(
    network: str, domain_spec: str | None, prover: Any, time_limit: float | None, seed: int, jobs: int,
    scheduler: str | None, log_file: str | None, plot_file: str | None, force: bool, json_target: str | None, quiet: bool,
) -> int:  # fmt: skip
    """Table of active, inactive, unstable and open units per layer."""
    started = time.monotonic()
    names = {"--plot": plot_file, "--json": json_target, "--log": log_file}
    require_outputs(names, [network, domain_spec], force=force)
    source, domain = opened(network, domain_spec, quiet=quiet)
    with shown(quiet=quiet) as progress:
        limits = limits_from(time_limit, jobs, scheduler, log_file)
        facts = prove(source, domain, prover=prover, limits=limits, seed=seed, progress=progress)
    if plot_file:
        from rectifold.reports.pictures import draw_phases  # matplotlib is an extra

        draw_phases(source, facts, Path(plot_file))
    write_json(json_target, stability_json(source, facts) | {"seconds": time.monotonic() - started})
    if not quiet and json_target != "-":
        out = console()
        out.print(stability_table(source, facts))
        out.print(seconds_text(facts.seconds))
        if plot_file:
            out.print(f"wrote {plot_file}", markup=False)
    return DONE if _all_decided(facts) else UNDECIDED


def _all_decided(facts: Facts) -> bool:
    return facts.complete and not any(known.open.any() for known in facts.layers.values())
