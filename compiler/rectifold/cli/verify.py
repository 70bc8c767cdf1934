"""`rectifold verify`: two networks, one question, one answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import assert_never

import click

from rectifold.cli.answers import (
    certificate_text,
    closest_json,
    closest_text,
    verify_json,
    verify_text,
)
from rectifold.cli.documented import command
from rectifold.cli.inputs import read_loaded, require_points
from rectifold.cli.numbers import number_of, numbers_of
from rectifold.cli.options import (
    Proof,
    Report,
    allow_trusted_option,
    certificate_option,
    domain_option,
    force_option,
    memory_limit_option,
    pair_proof,
    report,
)
from rectifold.cli.progress import progress_line
from rectifold.cli.reading import reading_options
from rectifold.cli.run_again import FLOAT_KINDS
from rectifold.cli.targets import require_outputs
from rectifold.cli.values import as_value
from rectifold.cli.verified_page import Compared, closest_page, verified_page
from rectifold.cli.witness_files import (
    AnswerFiles,
    Counterexample,
    kept_counterexample,
    require_counterexample_file,
)
from rectifold.equivalence.answers import Closest, Comparison, Different, Equal, Unknown
from rectifold.equivalence.decide import decide, decide_argmax, find_closest
from rectifold.equivalence.question import Question
from rectifold.equivalence.sentences import Asked
from rectifold.errors import InputError, Unfinished
from rectifold.formats.two_tails import Tails
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.prover.cascade import require_domain
from rectifold.runtime.files import write_whole
from rectifold.runtime.json import JsonObject
from rectifold.runtime.run import Run
from rectifold.runtime.status import Status


@dataclass(frozen=True)
class TwoNetworks:
    """The two networks that a command reads, and the domain asked for."""

    a: str
    b: str
    domain_spec: str | None


@dataclass(frozen=True)
class Wanted:
    """What is asked about the pair; one of these at a time."""

    within: tuple[Fraction, ...] | None
    argmax: bool
    margin: Fraction | None
    tightest: bool

    @property
    def asked(self) -> Asked:
        none = Fraction(0)
        return Asked(self.within or (none,), self.argmax, self.margin or none)

    def require_one(self, certificate_file: str | None) -> None:
        """Raises InputError where the options do not go together."""
        named = {
            "--within": self.within is not None,
            "--argmax": self.argmax,
            "--tightest": self.tightest,
        }
        asked = [name for name, given in named.items() if given]
        if len(asked) > 1:
            raise InputError(f"{' and '.join(asked)} are different questions; ask one of them")
        if self.margin is not None and not self.argmax:
            raise InputError("--margin goes with --argmax")
        if self.argmax and certificate_file:
            raise InputError(
                "there are certificates of equality and of --within, not of --argmax; "
                "leave out --certificate"
            )


_pair = as_value(
    "pair",
    TwoNetworks,
    click.argument("a", metavar="A"),
    click.argument("b", metavar="B"),
    reading_options(2),
    domain_option,
)
_wanted = as_value(
    "wanted",
    Wanted,
    click.option(
        "--within",
        metavar="EPS",
        callback=numbers_of,
        help="allow each output to differ by EPS (one number, or one per output: 0.1,0.2)",
    ),
    click.option(
        "--argmax", is_flag=True, help="ask only whether the largest output is the same one"
    ),
    click.option(
        "--margin",
        metavar="M",
        callback=number_of,
        help="with --argmax: only where the largest output of A leads by more than M",
    ),
    click.option(
        "--tightest",
        is_flag=True,
        help="find certified bounds on the largest difference until the time limit",
    ),
)
_kept = as_value(
    "kept",
    AnswerFiles,
    click.option(
        "--float",
        "in_floats",
        is_flag=True,
        help="evaluate a counterexample in float32 and float64 too",
    ),
    click.option(
        "--counterexample",
        "counterexample_file",
        metavar="FILE",
        help="write a counterexample to FILE (.json or .npy)",
    ),
    click.option(
        "--dtype",
        "kind",
        type=click.Choice(list(FLOAT_KINDS)),
        default="float64",
        show_default=True,
        help="the floats of a counterexample in .npy",
    ),
    certificate_option("write the certificate of the answer to FILE"),
    allow_trusted_option,
    force_option,
)


@command("verify")
@_pair
@_wanted
@_kept
@pair_proof
@report
@memory_limit_option
def verify_command(
    pair: TwoNetworks, wanted: Wanted, kept: AnswerFiles, proof: Proof, report: Report
) -> int:
    """Decide whether A and B are the same function on the domain, within EPS, or in their argmax.

    The argmax: wherever one output of A is above all others, no output of B is above that one;
    where outputs tie, nothing is said. The time limit is that of the whole command.
    """
    started = time.monotonic()
    wanted.require_one(kept.certificate_file)
    names = {
        "--counterexample": kept.counterexample_file,
        "--certificate": kept.certificate_file,
        "--json": report.json_target,
        "--log": proof.log_file,
    }
    require_outputs(names, [pair.a, pair.b, pair.domain_spec], force=kept.force)
    require_counterexample_file(kept.counterexample_file)
    with proof.times.before("the networks were read"):
        a, b, domain, tails = _read(pair, quiet=report.quiet)
    files = Compared(pair.a, pair.b, pair.domain_spec, kept.certificate_file)
    asked = wanted.asked
    question = Question.of(a, b, domain, asked.within)
    run = Run(proof.limits(proof.seconds), proof.seed)
    if wanted.tightest:
        with (
            proof.times.before("there was a bound that the checker accepts"),
            progress_line(quiet=report.quiet, what="bounding the difference") as progress,
        ):
            found = find_closest(question, replace(run, progress=progress))
        return _report_bounds(found, files, domain, report, tails, started)
    with progress_line(quiet=report.quiet) as progress:
        result = _answer_in_time(question, asked, proof, replace(run, progress=progress))
    extra, lines = _keep(question, asked, result, kept, tails)
    said = partial(tails.said, equal=isinstance(result, Equal) and asked.is_equality)
    told = verify_json(result, asked, said) | extra | {"seconds": time.monotonic() - started}
    lines = [*verify_text(result, asked, said).split("\n"), *lines]
    status = _verify_status(result, allow_trusted=kept.allow_trusted)
    report.write(told, lambda: verified_page(files, domain, lines, result, status))
    if report.is_on_screen:
        click.echo("\n".join(lines))
    return status


def _read(pair: TwoNetworks, *, quiet: bool) -> tuple[Network, Network, Domain, Tails]:
    a, stated = read_loaded(pair.a, pair.domain_spec, quiet=quiet)
    b, _ = read_loaded(pair.b, None, quiet=quiet, place=1, may_be_empty=True)
    domain = common_domain(a.network, b.network, stated)
    require_points(domain)
    return a.network, b.network, domain, Tails(a.interface, b.interface)


def _answer_in_time(question: Question, asked: Asked, proof: Proof, run: Run) -> Comparison:
    """The answer; undecided where the end of the command interrupts it."""
    try:
        with proof.times.before("there was an answer that the checker accepts"):
            if asked.is_argmax:
                return decide_argmax(question, asked.margin, run)
            return decide(question, run)
    except Unfinished as ended:
        return Unknown(str(ended), Fraction(0))


def _verify_status(result: Comparison, *, allow_trusted: bool) -> int:
    match result:
        case Equal():
            return Status.of_proof(result.trusted, allow_trusted=allow_trusted)
        case Different():
            return Status.REFUTED
        case Unknown():
            return Status.UNDECIDED
        case _:
            assert_never(result)


# ---- what is kept -------------------------------------------------------------------------------


def _keep(
    question: Question, asked: Asked, result: Comparison, kept: AnswerFiles, models: Tails
) -> tuple[JsonObject, list[str]]:
    """Writes the files that are asked for: keys for the JSON result, and lines for people."""
    match result:
        case Different():
            return kept_counterexample(Counterexample(question, asked, result, models), kept)
        case Equal() if kept.certificate_file:
            if result.certificate is not None:
                _write_text(kept.certificate_file, result.certificate.text)
            return {}, [certificate_text(result, kept.certificate_file)]
        case Equal() | Unknown():
            return {}, []
        case _:
            assert_never(result)


def _report_bounds(
    found: Closest, files: Compared, domain: Domain, report: Report, tails: Tails, started: float
) -> int:
    if files.certificate:
        _write_text(files.certificate, found.certificate.text)
    said = partial(tails.said, equal=found.upper == 0)
    told = closest_json(found, said) | {"seconds": time.monotonic() - started}
    text = closest_text(found, said)
    report.write(told, lambda: closest_page(files, domain, text.split("\n"), found))
    if report.is_on_screen:
        click.echo(text)
    return Status.DONE


def _write_text(file: str, text: str) -> None:
    write_whole(Path(file), text.encode("ascii"))


def common_domain(a: Network, b: Network, domain: Domain | None) -> Domain:
    """The one asked for, else the one that A (or B) states.

    Raises InputError where they state two different ones.
    """
    if domain is not None and a.domain is not domain:
        return domain
    stated = [n.domain for n in (a, b) if n.domain is not None]
    if len(stated) == 2 and stated[0] != stated[1]:
        raise InputError(
            "the two networks state different domains; say which one is meant with --domain"
        )
    return require_domain(a, stated[0] if stated else None)
