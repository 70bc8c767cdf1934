"""`rectifold compile`: a smaller network, equal on the domain, with its certificate."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import numpy as np

import rectifold_check
from rectifold.certificate.compiled import Certificate, certify, check_certificate
from rectifold.cli.check import verdict_text
from rectifold.cli.inputs import opened
from rectifold.cli.options import (
    domain_option,
    force_option,
    json_option,
    limits_from,
    network_argument,
    proof_options,
    quiet_option,
)
from rectifold.cli.output import console, write_json
from rectifold.cli.progress import shown
from rectifold.cli.rounding import certified_rounding, precision_of
from rectifold.cli.shallow import certified_shallow, shallow_json, write_shallow
from rectifold.cli.status import DONE, UNDECIDED
from rectifold.cli.targets import network_target, require_outputs
from rectifold.emitters.artifact import write_artifact
from rectifold.emitters.program import Origin
from rectifold.emitters.table import EMITTERS
from rectifold.exact.numerals import at_most
from rectifold.ir.canonical import digest
from rectifold.operations.compiling import Compiled, compile_network
from rectifold.passes.result import Options
from rectifold.prover.cascade import require_domain
from rectifold.reports.tables import compile_table, compiled_json, seconds_text, shallow_table
from rectifold.runtime.files import write_whole
from rectifold.two_layers.shallow import shallow_network


@click.command("compile")
@network_argument
@click.option("-o", "--output", required=True, metavar="OUT", help="the file to write")
@click.option("--to", "wanted", metavar="FORMAT", help=f"{', '.join(EMITTERS)}; taken from OUT's suffix when left out")
@domain_option
@click.option("--certificate", "certificate_file", metavar="FILE", help="write the certificate to FILE")
@click.option("--no-certificate", is_flag=True, help="make and check no certificate (the result is then unchecked)")
@click.option("--plain/--skips", default=True, help="a chain stays a chain, or skip edges may carry linear parts")
@click.option(
    "--objective",
    type=click.Choice(["macs", "weights", "units"]),
    default="macs",
    show_default=True,
    help="what to make small",
)
@proof_options
@json_option
@force_option
@quiet_option
@click.option(
    "--shallow", is_flag=True, help="write the result with at most two hidden layers (see the command shallow)"
)
@click.option("-v", "--verbose", is_flag=True, help="list every rewrite")
def compile_command(
    network: str, output: str, wanted: str | None, domain_spec: str | None, certificate_file: str | None,
    no_certificate: bool, plain: bool, objective: Any, prover: Any, time_limit: float | None, seed: int, jobs: int,
    scheduler: str | None, log_file: str | None,
    json_target: str | None, force: bool, quiet: bool, shallow: bool, verbose: bool,
) -> int:  # fmt: skip
    """Rewrite NET into a smaller network that is the same function on the domain."""
    started = time.monotonic()
    path, chosen, target = network_target(output, wanted, quiet=quiet)
    names = {"--certificate": certificate_file, "--json": json_target, "--log": log_file}
    require_outputs(names, [network, domain_spec], force=force, network=target)
    source, domain = opened(network, domain_spec, quiet=quiet)
    with shown(quiet=quiet) as progress:
        compiled = compile_network(
            source, require_domain(source, domain), prover=prover, options=Options(skips=not plain, objective=objective),
            limits=limits_from(time_limit, jobs, scheduler, log_file), seed=seed, progress=progress,
        )  # fmt: skip
        if progress is not None and not no_certificate:
            progress("making and checking the certificate", 0, 1)
        certificate, verdict = (None, None) if no_certificate else _certified(compiled)
    if verdict is not None and not verdict.holds:
        click.echo(f"error: the checker refuses the certificate ({verdict.reason}); nothing was written", err=True)
        return UNDECIDED
    origin = _origin(compiled, chosen, verdict)
    folded = shallow_network(compiled.network, compiled.facts.domain, seconds=time_limit) if shallow else None
    if folded is not None and certificate_file:
        proved = certified_shallow(source, folded, compiled.facts.domain, required=True)
        assert proved is not None
        certificate, verdict = proved
    if folded is not None:
        files, shallow_bound = write_shallow(folded, path, chosen, of=compiled.source, force=force)
    else:
        files = write_artifact(EMITTERS[chosen](compiled.network, origin, path.name), path, force=force)
    if certificate_file and certificate is not None:
        write_whole(Path(certificate_file), certificate.text.encode("ascii"))
    result = compiled_json(compiled) | _compile_extra(compiled, origin, certificate_file, verdict, files, started)
    if folded is not None:
        result["shallow"] = shallow_json(folded)
        result["error_bound"] = shallow_bound
        if not certificate_file:
            result["certificate"]["about"] = "the rewriting, before --shallow"
    write_json(json_target, result)
    quiet = quiet or "-" in (json_target, output)
    if folded is not None and not quiet:
        console().print(shallow_table(folded))
        click.echo(f"shallow: {folded.statement}")
    if not quiet:
        about = (
            "certificate of the rewriting (before --shallow)"
            if folded is not None and not certificate_file
            else "certificate"
        )
        _print_compiled(compiled, origin, verdict, files, verbose=verbose, about=about, is_shallow=folded is not None)
    return DONE if compiled.facts.complete else UNDECIDED


def _certified(compiled: Compiled) -> tuple[Certificate, rectifold_check.Verdict]:
    certificate = certify(compiled)
    return certificate, check_certificate(compiled, certificate)


def _origin(compiled: Compiled, chosen: str, verdict: rectifold_check.Verdict | None) -> Origin:
    bound = certified_rounding(compiled.network, compiled.facts.domain, compiled.kept, chosen)
    checked = "not checked by a certificate" if verdict is None else f"the certificate {verdict.status}"
    statement = f"equal to the source on the domain, as exact networks ({checked})"
    return Origin(digest(compiled.source), compiled.source.sizes, bound, statement, precision_of(chosen))


def _compile_extra(
    compiled: Compiled, origin: Origin, file: str | None, verdict: rectifold_check.Verdict | None, files: list[Path],
    started: float,
) -> dict[str, Any]:  # fmt: skip
    bound = max(origin.error_bound or (), default=0.0)
    return {
        "certificate": {
            "file": file,
            "verdict": verdict.status if verdict is not None else "not made",
            "trusted": verdict.trusted if verdict is not None else 0,
        },
        "error_bound": bound if np.isfinite(bound) else None,
        "files": [str(f) for f in files],
        "seconds": time.monotonic() - started,
    }


def _print_compiled(
    compiled: Compiled,
    origin: Origin,
    verdict: rectifold_check.Verdict | None,
    files: list[Path],
    *,
    verbose: bool,
    about: str,
    is_shallow: bool,
) -> None:
    out = console()
    out.print(compile_table(compiled))
    if verbose:
        for step in compiled.steps:
            out.print(f"  {step}", markup=False)
    out.print(f"{compiled.source.shape_text()} → {compiled.network.shape_text()}", markup=False)
    out.print(seconds_text(compiled.seconds))
    if not compiled.facts.complete:
        out.print("The search was ended early: what is proved so far was applied.")
    out.print(f"{about}: " + (verdict_text(verdict) if verdict is not None else "not made"))
    bound = max(origin.error_bound or (), default=0.0)
    if np.isfinite(bound) and not is_shallow:
        out.print(f"rounding of the written code: at most {at_most(bound, 3)} on the domain, per output")
    out.print("wrote " + ", ".join(str(f) for f in files), markup=False, soft_wrap=True)
