"""`rectifold check`: the independent checker on one certificate."""

from __future__ import annotations

import time
from pathlib import Path

import click

import rectifold_check
from rectifold.cli.inputs import opened
from rectifold.cli.options import (
    allow_trusted_option,
    compared,
    domain_option,
    json_option,
    memory_limit_option,
    network_argument,
    quiet_option,
)
from rectifold.cli.output import write_json
from rectifold.cli.status import DONE, REFUTED, TRUSTED
from rectifold.cli.targets import require_outputs
from rectifold.errors import InputError
from rectifold.formats.load import load
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.prover.cascade import require_domain


@click.command("check")
@network_argument
@click.argument("certificate", metavar="CERTIFICATE")
@click.option(
    "--result",
    "result_file",
    metavar="FILE",
    help="the compiled network (.relu), to see that the certificate is about it",
)
@domain_option
@allow_trusted_option
@json_option
@memory_limit_option
@quiet_option
def check_command(
    network: str,
    certificate: str,
    result_file: str | None,
    domain_spec: str | None,
    allow_trusted: bool,
    json_target: str | None,
    quiet: bool,
) -> int:
    """Replay CERTIFICATE against NET with the independent checker, and say what it claims.

    Exit status: 0 it holds, 1 it is refused, 4 it holds but for claims that were taken without proof.
    """
    started = time.monotonic()
    require_outputs(
        {"--json": json_target}, [network, certificate, result_file, domain_spec], force=False
    )
    source, domain = opened(network, domain_spec, quiet=quiet)
    lines = _lines(certificate)
    other = (
        canonical_text(load(result_file, crosscheck=compared()).network) if result_file else None
    )
    verdict = rectifold_check.check(
        canonical_text(source), domain_text(require_domain(source, domain)), lines, other
    )
    write_json(json_target, verdict.json() | {"seconds": time.monotonic() - started})
    if not quiet and json_target != "-":
        click.echo(verdict.text)
    if not verdict.holds:
        return REFUTED
    return TRUSTED if verdict.trusted and not allow_trusted else DONE


def _lines(certificate: str) -> list[str]:
    try:
        return Path(certificate).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{certificate} is no readable certificate ({error})") from None


def verdict_text(verdict: rectifold_check.Verdict) -> str:
    """A verdict in a few words, where the claim has been said already."""
    if verdict.trusted and verdict.holds:
        return f"holds, given {verdict.trusted} trusted claim{'' if verdict.trusted == 1 else 's'}"
    return verdict.status + (f": {verdict.reason}" if verdict.reason else "")
