"""`rectifold check`: the independent checker on one certificate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import click

import rectifold_check
from rectifold.certificate.file import CHAIN_FORMAT, FORMAT
from rectifold.certificate.property import FORMAT as PROPERTY_CERTIFICATE
from rectifold.cli.asked import Asked, read_asked, relation_options
from rectifold.cli.documented import command
from rectifold.cli.inputs import read_network
from rectifold.cli.numbers import JOBS, time_limit, whole
from rectifold.cli.options import (
    Report,
    allow_trusted_option,
    domain_option,
    memory_limit_option,
    report,
)
from rectifold.cli.pages import command_line
from rectifold.cli.progress import progress_line
from rectifold.cli.reading import is_crosschecked, reading_options
from rectifold.cli.targets import require_outputs
from rectifold.cli.times import Times
from rectifold.cli.values import as_value
from rectifold.errors import InputError
from rectifold.formats.load import is_network, load
from rectifold.formats.vnnlib_writer import stated
from rectifold.ir.canonical import canonical_text, domain_text, property_text
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.ir.property_edits import region_of
from rectifold.prover.cascade import require_domain
from rectifold.reports.pages.about import answer_page
from rectifold.reports.pages.model import Page, State
from rectifold.runtime.json import JsonObject
from rectifold.runtime.run import Progress
from rectifold.runtime.status import Status
from rectifold_check.work import Means


@dataclass(frozen=True)
class Effort:
    """How much work is permitted, by how many processes, for how long."""

    work: int = 0
    jobs: int = 1
    time_limit: float | None = None

    def means(self, times: Times, progress: Progress | None) -> Means:
        """As the checker is told of it."""

        def tell(cells: int, share: float) -> None:
            if progress is not None:
                progress(f"replaying the certificate: {cells:,} cells", int(99 * share), 100)

        return Means(
            stop=lambda: times.work.is_over, permitted=self.work, jobs=self.jobs, progress=tell
        )


_wanted = as_value(
    "wanted",
    Asked,
    click.argument("network", metavar="NET"),
    reading_options(2, ("NET", "NET2")),
    domain_option,
    click.option(
        "--property",
        "property_file",
        metavar="FILE",
        help="the property (.vnnlib) that the certificate proves, or with --result the one that it "
        "was reduced for; without it, what NET ensures",
    ),
)


_effort = as_value(
    "effort",
    Effort,
    click.option(
        "--work",
        "work",
        callback=whole(0),
        default="0",
        metavar="N",
        help="permit N words of work where the length of the files allows less; a certificate that "
        "needs it says its N, and a million take about 1/60 s",
    ),
    JOBS,
    time_limit("command"),
)


@command("check")
@relation_options
@_wanted
@click.argument("certificate", metavar="CERTIFICATE")
@click.option(
    "--result",
    "result_file",
    metavar="FILE",
    help="the compiled network (.relu), to see that the certificate is about it",
)
@allow_trusted_option
@_effort
@report
@memory_limit_option
def check_command(
    wanted: Asked,
    certificate: str,
    result_file: str | None,
    allow_trusted: bool,
    effort: Effort,
    report: Report,
) -> int:
    """Replay CERTIFICATE against NET with the independent checker, and say what it claims."""
    started, times = time.monotonic(), Times.of(effort.time_limit)
    read = [certificate, result_file, *wanted.files]
    require_outputs({"--json": report.json_target}, read, force=False)
    if is_network(certificate) and not is_network(wanted.network):
        raise InputError(
            "the network comes first, then the certificate: "
            f"rectifold check {certificate} {wanted.network}"
        )
    lines = _certificate_lines(certificate)
    with (
        times.before("the certificate was checked"),
        progress_line(quiet=report.quiet, what="replaying the certificate") as progress,
    ):
        means = effort.means(times, progress)
        verdict = _judged(wanted, certificate, lines, result_file, report.quiet, means)
    told: JsonObject = verdict.json() | {"seconds": time.monotonic() - started}
    report.write(told, lambda: _page(wanted, certificate, verdict))
    if report.is_on_screen:
        click.echo(verdict.text)
    if verdict.status == "stopped":
        return Status.UNDECIDED
    if not verdict.holds:
        return Status.REFUTED
    return Status.of_proof(verdict.trusted, allow_trusted=allow_trusted)


def _page(wanted: Asked, certificate: str, verdict: rectifold_check.Judged) -> Page:
    """What the certificate claims, or why it is refused; a refusal says nothing of the networks."""
    title = f"{Path(certificate).name}, replayed for {Path(wanted.network).name}"
    state: State = "holds" if verdict.holds else "plain"
    return answer_page(title, "", verdict.text.split("\n"), state, (), command_line())


def _judged(
    wanted: Asked,
    certificate: str,
    lines: list[str],
    result_file: str | None,
    quiet: bool,
    means: Means,
) -> rectifold_check.Judged:
    """The checker's verdict on a certificate of what is asked."""
    if wanted.property_file is not None and _is_of_pair(lines):
        _require_result(result_file, certificate, wanted.property_file)
        where = _of_property_file(wanted, quiet=quiet)
        return _of_pair(*where, lines, result_file, means)
    if not wanted.says_what and not _is_of_property(lines):
        found = read_network(wanted.network, wanted.domain_spec, quiet=quiet)
        return _of_pair(*found, lines, result_file, means)
    _require_no_result(result_file)
    return _of_property(wanted, lines, means, quiet=quiet)


def _of_pair(
    network: Network,
    domain: Domain | None,
    lines: list[str],
    result_file: str | None,
    means: Means,
) -> rectifold_check.Verdict:
    other = _canonical_of_file(result_file) if result_file else None
    within = domain_text(require_domain(network, domain))
    return rectifold_check.check(canonical_text(network), within, lines, other, **means)


def _of_property_file(wanted: Asked, *, quiet: bool) -> tuple[Network, Domain]:
    """The network, and where `reduce` compares it with another one for this property."""
    question = read_asked(wanted, quiet=quiet)
    question.require_one_network("the certificate is not")
    return question.loaded.network, region_of(stated(question.asked))


def _is_of_pair(lines: list[str]) -> bool:
    """Is it about two networks: then a property says where they are compared."""
    return bool(lines) and any(f'"{name}"' in lines[0] for name in (FORMAT, CHAIN_FORMAT))


def _is_of_property(lines: list[str]) -> bool:
    """Is it about a property: then the network states it, where no file is given."""
    return bool(lines) and PROPERTY_CERTIFICATE in lines[0]


def _of_property(
    wanted: Asked, lines: list[str], means: Means, *, quiet: bool
) -> rectifold_check.PropertyVerdict:
    if not wanted.says_what and '"beside"' in lines[0]:
        raise InputError(
            "the certificate is about two networks side by side; name what it was proved of: "
            "--monotone, --lipschitz, ... or --property and --beside"
        )
    question = read_asked(wanted, quiet=quiet)
    texts = canonical_text(question.loaded.network), property_text(question.asked)
    beside = None if question.beside is None else canonical_text(question.beside)
    return rectifold_check.check_property(*texts, lines, beside=beside, **means)


def _require_result(result_file: str | None, certificate: str, property_file: str) -> None:
    """Two networks that agree make no property true: who asks for that must name the second one.

    Raises InputError.
    """
    if result_file is None:
        raise InputError(
            f"{certificate} is about two networks and does not prove {property_file}; give the "
            "certificate that prove wrote, or --result with the network that reduce wrote, to see "
            "that both agree where the property is about them"
        )


def _require_no_result(result_file: str | None) -> None:
    """A property is about one network. Raises InputError."""
    if result_file is not None:
        raise InputError("--result does not go with a property, which is about one network")


def _canonical_of_file(file: str) -> str:
    return canonical_text(load(file, crosscheck=is_crosschecked()).network)


def _certificate_lines(certificate: str) -> list[str]:
    try:
        return Path(certificate).read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        raise InputError(f"there is no file {certificate!r}") from None
    except OSError as error:
        raise InputError(f"{certificate} is no readable certificate ({error})") from None
    except UnicodeDecodeError:
        raise InputError(
            f"{certificate} is no certificate, which is a text; --certificate writes one"
        ) from None


def verdict_text(verdict: rectifold_check.Judged) -> str:
    """A verdict in a few words, where the claim has been said already."""
    if verdict.trusted and verdict.holds:
        return f"holds, given {verdict.trusted} trusted claim{'' if verdict.trusted == 1 else 's'}"
    return verdict.status + (f": {verdict.reason}" if verdict.reason else "")
