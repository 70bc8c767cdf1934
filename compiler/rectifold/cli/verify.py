"""`rectifold verify`: two networks, one question, one answer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from rectifold.cli.answers import (
    Asked,
    certificate_text,
    closest_json,
    closest_text,
    verify_json,
    verify_text,
)
from rectifold.cli.inputs import opened, require_points
from rectifold.cli.options import (
    allow_trusted_option,
    domain_option,
    force_option,
    json_option,
    limits_from,
    memory_limit_option,
    quiet_option,
    reading_options,
    time_limit_option,
    worker_options,
)
from rectifold.cli.output import write_json
from rectifold.cli.progress import shown
from rectifold.cli.status import DONE, REFUTED, TRUSTED, UNDECIDED
from rectifold.cli.targets import require_outputs
from rectifold.cli.witness_files import (
    KINDS,
    Refuted,
    float_json,
    float_lines,
    write_counterexample,
)
from rectifold.equivalence.decide import (
    Comparison,
    Different,
    Equal,
    Unknown,
    closest,
    compare,
    compare_argmax,
)
from rectifold.errors import InputError
from rectifold.exact.literals import parse_rational
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.prover.cascade import require_domain
from rectifold.prover.effort import Limits, Progress
from rectifold.runtime.files import write_whole


@click.command("verify")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@reading_options(2)
@domain_option
@click.option(
    "--within",
    metavar="EPS",
    help="allow each output to differ by EPS (one number, or one per output: 0.1,0.2)",
)
@click.option("--argmax", is_flag=True, help="ask only whether the largest output is the same one")
@click.option(
    "--margin",
    metavar="M",
    help="with --argmax: only where the largest output of A leads by more than M",
)
@click.option(
    "--tightest",
    is_flag=True,
    help="find certified bounds on the largest difference until the time limit",
)
@click.option(
    "--float",
    "in_floats",
    is_flag=True,
    help="evaluate a counterexample in float32 and float64 too",
)
@click.option(
    "--counterexample",
    "counterexample_file",
    metavar="FILE",
    help="write a counterexample to FILE (.json or .npy)",
)
@click.option(
    "--dtype",
    "kind",
    type=click.Choice(list(KINDS)),
    default="float64",
    show_default=True,
    help="the floats of a counterexample in .npy",
)
@click.option(
    "--certificate",
    "certificate_file",
    metavar="FILE",
    help="write the certificate of the answer to FILE",
)
@allow_trusted_option
@worker_options
@time_limit_option("proofs")
@click.option(
    "--seed", default=0, show_default=True, help="seed of the search for a counterexample"
)
@json_option
@force_option
@memory_limit_option
@quiet_option
def verify_command(
    a: str, b: str, domain_spec: str | None, within: str | None, argmax: bool, margin: str | None, tightest: bool,
    in_floats: bool, counterexample_file: str | None, kind: str, certificate_file: str | None, allow_trusted: bool, jobs: int, scheduler: str | None,
    log_file: str | None, time_limit: float | None, seed: int, json_target: str | None, force: bool, quiet: bool,
) -> int:  # fmt: skip
    """Decide whether A and B are the same function on the domain, within EPS, or in their argmax.

    The argmax: wherever one output of A is above all others, no output of B is above that one; where outputs tie, nothing
    is said. Exit status: 0 proved, 1 refuted, 3 undecided, 4 proved but for claims that rest on a solver's word.
    """
    started = time.monotonic()
    _require_one_question(
        within, argmax=argmax, margin=margin, tightest=tightest, certificate_file=certificate_file
    )
    names = {
        "--counterexample": counterexample_file, "--certificate": certificate_file, "--json": json_target,
        "--log": log_file,
    }  # fmt: skip
    require_outputs(names, [a, b, domain_spec], force=force)
    first, domain = opened(a, domain_spec, quiet=quiet)
    second, _ = opened(b, None, quiet=quiet, place=1, may_be_empty=True)
    domain = common_domain(first, second, domain)
    require_points(domain)
    limits = limits_from(time_limit, jobs, scheduler, log_file)
    if tightest:
        found = closest(first, second, domain, limits=limits, seed=seed)
        _keep(certificate_file, found.certificate.text)
        write_json(json_target, closest_json(found) | {"seconds": time.monotonic() - started})
        if not quiet and json_target != "-":
            click.echo(closest_text(found))
        return DONE
    asked = _question(within, margin, is_argmax=argmax)
    with shown(quiet=quiet) as progress:
        result = _answer(first, second, domain, asked, limits=limits, seed=seed, progress=progress)
    extra, lines = dict[str, Any](), list[str]()
    if isinstance(result, Different):
        refuted = Refuted(first, second, domain, asked, result)
        if in_floats:
            extra["floats"] = float_json(refuted)
            lines += float_lines(refuted, extra["floats"])
        if counterexample_file:
            extra["counterexample_file"], is_written = write_counterexample(
                Path(counterexample_file), refuted, kind
            )
            if is_written:
                lines.append(extra["counterexample_file"])
            else:
                click.echo(f"note: {extra['counterexample_file']}", err=True)
    if isinstance(result, Equal) and certificate_file:
        _keep(certificate_file, None if result.certificate is None else result.certificate.text)
        lines.append(certificate_text(result, certificate_file))
    write_json(
        json_target, verify_json(result, asked) | extra | {"seconds": time.monotonic() - started}
    )
    if not quiet and json_target != "-":
        click.echo("\n".join([verify_text(result, asked), *lines]))
    return _status(result, allow_trusted=allow_trusted)


def _status(result: Comparison, *, allow_trusted: bool) -> int:
    match result:
        case Equal():
            return TRUSTED if result.trusted and not allow_trusted else DONE
        case Different():
            return REFUTED
        case Unknown():
            return UNDECIDED


def _question(within: str | None, margin: str | None, *, is_argmax: bool) -> Asked:
    tolerance = tuple(parse_rational(word) for word in (within or "0").split(","))
    return Asked(tolerance, is_argmax, parse_rational(margin or "0"))


def _answer(
    a: Network,
    b: Network,
    domain: Domain,
    asked: Asked,
    *,
    limits: Limits,
    seed: int,
    progress: Progress | None,
) -> Comparison:
    if asked.is_argmax:
        return compare_argmax(
            a, b, domain, margin=asked.margin, limits=limits, seed=seed, progress=progress
        )
    within = asked.tolerance[0] if len(asked.tolerance) == 1 else asked.tolerance
    return compare(a, b, domain, within=within, limits=limits, seed=seed, progress=progress)


def _require_one_question(
    within: str | None,
    *,
    argmax: bool,
    margin: str | None,
    tightest: bool,
    certificate_file: str | None,
) -> None:
    asked = [
        name
        for name, given in (
            ("--within", within is not None),
            ("--argmax", argmax),
            ("--tightest", tightest),
        )
        if given
    ]
    if len(asked) > 1:
        raise InputError(f"{' and '.join(asked)} are different questions; ask one of them")
    if margin is not None and not argmax:
        raise InputError("--margin goes with --argmax")
    if argmax and certificate_file:
        raise InputError(
            "there are certificates of equality and of --within, not of --argmax; leave out --certificate"
        )


def _keep(file: str | None, text: str | None) -> None:
    if file and text is not None:
        write_whole(Path(file), text.encode("ascii"))


def common_domain(a: Network, b: Network, domain: Domain | None) -> Domain:
    """The one asked for, else the one that A (or B) states; two different ones are a mistake to be resolved by the user."""
    if domain is not None and a.domain is not domain:
        return domain
    stated = [n.domain for n in (a, b) if n.domain is not None]
    if len(stated) == 2 and stated[0] != stated[1]:
        raise InputError(
            "the two networks state different domains; say which one is meant with --domain"
        )
    return require_domain(a, stated[0] if stated else None)
