"""`rectifold verify`: two networks, one question, one answer."""

from __future__ import annotations

import time
from pathlib import Path

import click

from rectifold.cli.answers import (
    certificate_text,
    closest_json,
    closest_text,
    float_check,
    verify_json,
    verify_text,
    write_counterexample,
)
from rectifold.cli.inputs import opened
from rectifold.cli.options import (
    domain_option,
    force_option,
    json_option,
    limits_from,
    quiet_option,
    reading_options,
    time_limit_option,
    worker_options,
)
from rectifold.cli.output import write_json
from rectifold.cli.progress import shown
from rectifold.cli.status import DONE, REFUTED, UNDECIDED
from rectifold.cli.targets import require_outputs
from rectifold.equivalence.decide import Different, Equal, Unknown, closest, compare, compare_argmax
from rectifold.errors import InputError
from rectifold.exact.literals import parse_rational
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.prover.cascade import require_domain
from rectifold.runtime.files import write_whole


@click.command("verify")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@reading_options(2)
@domain_option
@click.option(
    "--within", metavar="EPS", help="allow each output to differ by EPS (one number, or one per output: 0.1,0.2)"
)
@click.option("--argmax", is_flag=True, help="ask only whether the largest output is the same one")
@click.option("--margin", metavar="M", help="with --argmax: only where the largest output of A leads by more than M")
@click.option("--tightest", is_flag=True, help="find certified bounds on the largest difference until the time limit")
@click.option("--float", "in_floats", is_flag=True, help="evaluate a counterexample in float32 and float64 too")
@click.option(
    "--counterexample", "counterexample_file", metavar="FILE", help="write a counterexample to FILE (.json or .npy)"
)
@click.option("--certificate", "certificate_file", metavar="FILE", help="write the certificate of the answer to FILE")
@worker_options
@time_limit_option("proofs")
@click.option("--seed", default=0, show_default=True, help="seed of the search for a counterexample")
@json_option
@force_option
@quiet_option
def verify_command(
    a: str, b: str, domain_spec: str | None, within: str | None, argmax: bool, margin: str | None, tightest: bool,
    in_floats: bool, counterexample_file: str | None, certificate_file: str | None, jobs: int, scheduler: str | None,
    log_file: str | None, time_limit: float | None, seed: int, json_target: str | None, force: bool, quiet: bool,
) -> int:  # fmt: skip
    """Decide whether A and B are the same function on the domain, within EPS, or in their argmax."""
    started = time.monotonic()
    _require_one_question(within, argmax=argmax, margin=margin, tightest=tightest, certificate_file=certificate_file)
    names = {
        "--counterexample": counterexample_file, "--certificate": certificate_file, "--json": json_target,
        "--log": log_file,
    }  # fmt: skip
    require_outputs(names, [a, b, domain_spec], force=force)
    first, domain = opened(a, domain_spec, quiet=quiet)
    second, _ = opened(b, None, quiet=quiet, place=1)
    domain = common_domain(first, second, domain)
    limits = limits_from(time_limit, jobs, scheduler, log_file)
    if tightest:
        found = closest(first, second, domain, limits=limits, seed=seed)
        _keep(certificate_file, found.certificate.text)
        write_json(json_target, closest_json(found) | {"seconds": time.monotonic() - started})
        if not quiet and json_target != "-":
            click.echo(closest_text(found))
        return DONE
    tolerance = [parse_rational(word) for word in (within or "0").split(",")]
    with shown(quiet=quiet) as progress:
        if argmax:
            lead = parse_rational(margin or "0")
            result = compare_argmax(first, second, domain, margin=lead, limits=limits, seed=seed, progress=progress)
        else:
            allowed = tolerance[0] if len(tolerance) == 1 else tolerance
            result = compare(first, second, domain, within=allowed, limits=limits, seed=seed, progress=progress)
    extra = float_check(first, second, result) if in_floats else {}
    if isinstance(result, Different) and counterexample_file:
        write_counterexample(Path(counterexample_file), result)
    if isinstance(result, Equal) and result.certificate is not None:
        _keep(certificate_file, result.certificate.text)
    seconds = time.monotonic() - started
    write_json(json_target, verify_json(result, tolerance, argmax=argmax) | extra | {"seconds": seconds})
    if not quiet and json_target != "-":
        click.echo(verify_text(result, tolerance, argmax=argmax))
        for name, value in extra.get("floats", {}).items():
            click.echo(f"  in {name} A - B is {value}")
        if certificate_file and isinstance(result, Equal):
            click.echo(certificate_text(result, certificate_file))
    match result:
        case Equal():
            return DONE
        case Different():
            return REFUTED
        case Unknown():
            return UNDECIDED


def _require_one_question(
    within: str | None, *, argmax: bool, margin: str | None, tightest: bool, certificate_file: str | None
) -> None:
    asked = [
        name
        for name, given in (("--within", within is not None), ("--argmax", argmax), ("--tightest", tightest))
        if given
    ]
    if len(asked) > 1:
        raise InputError(f"{' and '.join(asked)} are different questions; ask one of them")
    if margin is not None and not argmax:
        raise InputError("--margin goes with --argmax")
    if argmax and certificate_file:
        raise InputError("there are certificates of equality and of --within, not of --argmax; leave out --certificate")


def _keep(file: str | None, text: str) -> None:
    if file:
        write_whole(Path(file), text.encode("ascii"))


def common_domain(a: Network, b: Network, domain: Domain | None) -> Domain:
    """The one asked for, else the one that A (or B) states; two different ones are a mistake to be resolved by the user."""
    if domain is not None and a.domain is not domain:
        return domain
    stated = [n.domain for n in (a, b) if n.domain is not None]
    if len(stated) == 2 and stated[0] != stated[1]:
        raise InputError("the two networks state different domains; say which one is meant with --domain")
    return require_domain(a, stated[0] if stated else None)
