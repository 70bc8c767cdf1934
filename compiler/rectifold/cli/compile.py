"""`rectifold compile`: a smaller network, equal on the domain, with its certificate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import click
import numpy as np

from rectifold.certificate.file import Certificate
from rectifold.certificate.leaving_out import certified_in_time, left_out_text
from rectifold.cli.compiled import Done, compile_json, print_compiled
from rectifold.cli.gain import as_it_is
from rectifold.cli.inputs import opened
from rectifold.cli.options import (
    allow_trusted_option,
    domain_option,
    force_option,
    json_option,
    limits_from,
    memory_limit_option,
    network_argument,
    proof_options,
    quiet_option,
)
from rectifold.cli.output import write_json
from rectifold.cli.progress import shown
from rectifold.cli.rounding import certified_rounding, precision_of
from rectifold.cli.shallow import certified_shallow, write_shallow
from rectifold.cli.status import DONE, TRUSTED, UNDECIDED
from rectifold.cli.targets import certificate_bytes, network_target, require_outputs
from rectifold.emitters.artifact import write_artifact
from rectifold.emitters.program import Origin
from rectifold.emitters.table import EMITTERS
from rectifold.ir.canonical import digest
from rectifold.operations.compiling import Compiled, compile_network
from rectifold.passes.result import Options
from rectifold.prover.cascade import require_domain
from rectifold.runtime.deadline import Deadline
from rectifold.two_layers.shallow import Shallow, shallow_network
from rectifold_check import Verdict

_RESERVE, _RESERVE_SHARE = (
    2.0,
    0.1,
)  # seconds beyond the time limit, or that much of it, for a result that is certified
_RESULT = 0.75  # of the time for proofs and rewriting, the rest for the certificate
_UNCHECKED = (
    "the time was up before the certificate was checked: the result is not certified and no certificate was written; "
    "give more time, or choose --no-certificate"
)


@dataclass(frozen=True)
class _Times:
    """When proofs and rewriting must be done, and when everything."""

    result: Deadline
    end: Deadline

    @staticmethod
    def of(time_limit: float | None, *, is_certified: bool) -> _Times:
        if time_limit is None or not is_certified:
            return _Times(Deadline.after(time_limit), Deadline.after(time_limit))
        reserve = max(_RESERVE, _RESERVE_SHARE * time_limit)
        return _Times(
            Deadline.after(_RESULT * time_limit + reserve / 2), Deadline.after(time_limit + reserve)
        )


@click.command("compile")
@network_argument
@click.option("-o", "--output", required=True, metavar="OUT", help="the file to write")
@click.option(
    "--to",
    "wanted",
    metavar="FORMAT",
    help=f"{', '.join(EMITTERS)}; taken from OUT's suffix when left out",
)
@domain_option
@click.option(
    "--certificate", "certificate_file", metavar="FILE", help="write the certificate to FILE"
)
@click.option(
    "--no-certificate",
    is_flag=True,
    help="make and check no certificate (the result is then unchecked)",
)
@click.option(
    "--plain/--skips",
    default=True,
    help="a chain stays a chain, or skip edges may carry linear parts",
)
@click.option(
    "--objective",
    type=click.Choice(["macs", "weights", "units"]),
    default="macs",
    show_default=True,
    help="what to make small",
)
@proof_options
@allow_trusted_option
@json_option
@force_option
@memory_limit_option
@quiet_option
@click.option(
    "--shallow",
    is_flag=True,
    help="write the result with at most two hidden layers (see the command shallow)",
)
@click.option(
    "--larger",
    is_flag=True,
    help="write the rewritten network even where the source's own ONNX file is smaller",
)
@click.option("-v", "--verbose", is_flag=True, help="list every rewrite")
def compile_command(
    network: str, output: str, wanted: str | None, domain_spec: str | None, certificate_file: str | None,
    no_certificate: bool, plain: bool, objective: Any, prover: Any, time_limit: float | None, seed: int, jobs: int,
    scheduler: str | None, log_file: str | None, allow_trusted: bool,
    json_target: str | None, force: bool, quiet: bool, shallow: bool, larger: bool, verbose: bool,
) -> int:  # fmt: skip
    """Rewrite NET into a smaller network that is the same function on the domain.

    The time limit is that of the whole command: half of it is for proofs. Where it ends the check of the certificate, the result is written as not checked.

    Units that stay undecided are kept, so the result is proved equal whatever is left open. Exit status: 0 the search came
    to its end, 3 the time limit or Ctrl-C ended it early (the result is written, and as valid), 4 the certificate holds but
    for claims that rest on a solver's word.
    """
    started = time.monotonic()
    times = _Times.of(time_limit, is_certified=not no_certificate)
    path, chosen, target = network_target(output, wanted, quiet=quiet)
    names = {"--certificate": certificate_file, "--json": json_target, "--log": log_file}
    require_outputs(names, [network, domain_spec], force=force, network=target)
    source, domain = opened(network, domain_spec, quiet=quiet)
    options = Options(skips=not plain, objective=objective)
    with shown(quiet=quiet) as progress:
        compiled = compile_network(
            source, require_domain(source, domain), prover=prover, options=options,
            limits=limits_from(time_limit, jobs, scheduler, log_file), seed=seed, progress=progress, deadline=times.result,
        )  # fmt: skip
        if progress is not None and not no_certificate:
            progress("making and checking the certificate", 0, 1)
        known = None if no_certificate else certified_in_time(compiled, options, times.end)
        if known is not None:
            compiled = known.compiled
        folded = None
        if shallow:
            left = None if time_limit is None else times.end.left
            folded = shallow_network(
                compiled.network, compiled.facts.domain, seconds=left, progress=progress
            )
        proved = _certified_form(compiled, folded, required=certificate_file is not None)
    as_source = None
    if folded is None:
        origin = _origin(compiled, chosen, None if known is None else known.verdict)
        artifact = EMITTERS[chosen](compiled.network, origin, path.name)
        bound = _finite(max(origin.error_bound or (), default=0.0))
        if chosen == "onnx" and not larger:
            as_source = as_it_is(network, compiled, artifact)
        if as_source is not None:  # no bound: its nodes round in the order of another program
            compiled, artifact, bound = as_source.certified.compiled, as_source.artifact, None
            known = None if known is None else as_source.certified
    certificate, verdict = (None, None) if known is None else (known.certificate, known.verdict)
    if certificate_file and proved is not None:
        certificate, verdict = proved
    beside = certificate_bytes(certificate_file, certificate)
    if folded is not None:
        files, bound = write_shallow(
            folded, path, chosen, of=compiled.source, force=force, certificate=beside
        )
    else:
        files = write_artifact(artifact, path, force=force, certificate=beside)
    left_out = () if known is None or as_source is not None else known.left_out
    done = Done(compiled, folded, verdict, certificate_file, bound, tuple(files), left_out)
    if known is None and not no_certificate:
        click.echo(_UNCHECKED, err=True)
    if left_out:
        click.echo(left_out_text(left_out), err=True)
    if as_source is not None:
        click.echo(f"note: {as_source.note}", err=True)
    write_json(json_target, compile_json(done) | {"seconds": time.monotonic() - started})
    if not quiet and "-" not in (json_target, output):
        print_compiled(done, verbose=verbose)
    if verdict is not None and verdict.trusted and not allow_trusted:
        return TRUSTED
    is_complete = (
        compiled.facts.complete and compiled.rewritten and (known is not None or no_certificate)
    )
    return DONE if is_complete else UNDECIDED


def _certified_form(
    compiled: Compiled, folded: Shallow | None, *, required: bool
) -> tuple[Certificate, Verdict] | None:
    """Of a shallow form of the result: that it equals the source. Without being required only where that is quick."""
    if folded is None:
        return None
    return certified_shallow(compiled.source, folded, compiled.facts.domain, required=required)


def _finite(bound: float) -> float | None:
    return bound if np.isfinite(bound) else None


def _origin(compiled: Compiled, chosen: str, verdict: Verdict | None) -> Origin:
    bound = certified_rounding(compiled.network, compiled.facts.domain, compiled.kept, chosen)
    checked = (
        "not checked by a certificate" if verdict is None else f"the certificate {verdict.status}"
    )
    statement = f"equal to the source on the domain, as exact networks ({checked})"
    return Origin(
        digest(compiled.source), compiled.source.sizes, bound, statement, precision_of(chosen)
    )
