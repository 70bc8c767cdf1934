"""`rectifold compile`: a smaller network, equal on the domain, with its certificate."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from math import inf

import click

from rectifold.approximate.approximated import Approximation
from rectifold.certificate.file import Certificate
from rectifold.certificate.leaving_out import CertifiedCompile, left_out_text
from rectifold.cli.approximations import approximation_of
from rectifold.cli.compiled import Done, compile_json, print_compiled
from rectifold.cli.compiled_page import compile_story
from rectifold.cli.costs import told_costs
from rectifold.cli.documented import command
from rectifold.cli.ensuring import prove_ensured
from rectifold.cli.file_sizes import sizes_of_models
from rectifold.cli.inputs import read_loaded
from rectifold.cli.options import (
    GivenNetwork,
    Output,
    Proof,
    Report,
    memory_limit_option,
    network_output,
    proof,
    report,
    source,
)
from rectifold.cli.progress import progress_line
from rectifold.cli.rewriting import Rewriting, rewriting_options
from rectifold.cli.rounding import (
    Rounding,
    largest_bound,
    observed_in_time,
    rounding_in_time,
)
from rectifold.cli.shallow import certify_form, shallow_origin, write_shallow
from rectifold.cli.targets import (
    To,
    certificate_bytes,
    network_target,
    require_outputs,
)
from rectifold.cli.times import Times
from rectifold.emitters.artifact import Artifact, write_artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.milp.program import PROGRAMS
from rectifold.errors import as_options
from rectifold.formats.load import Loaded
from rectifold.integers.choose import Certified
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from rectifold.objects.gain import Form, Writing, certified_form, smallest_form
from rectifold.operations.compiling import Compiled, proved, rewrite
from rectifold.prover.cascade import require_domain
from rectifold.reports.pages.about import compile_page
from rectifold.reports.pages.model import Page
from rectifold.runtime.deadline import Deadline
from rectifold.runtime.run import Limits, Progress, Run
from rectifold.runtime.status import Status
from rectifold.two_layers.shallow import Shallow, shallow_form
from rectifold_check import Verdict

_UNCHECKED = (
    "the time was up before the certificate was checked: the result is not certified and no "
    "certificate was written; give more time, or choose --no-certificate"
)


@command("compile")
@source
@network_output(required=True)
@rewriting_options
@proof
@report
@memory_limit_option
def compile_command(
    source: GivenNetwork, output: Output, rewriting: Rewriting, proof: Proof, report: Report
) -> int:
    """Rewrite NET into a smaller network that is the same function on the domain.

    The time limit is that of the whole command: half of it is for proofs. Where it ends the check
    of the certificate, the result is written as not checked.

    With --within, --keep-argmax, --max-units or --max-weights the result may be another function,
    and one line says what is certified of it.

    Units that stay undecided are kept, so the result is proved equal whatever is left open.
    """
    started = time.monotonic()
    times = Times.with_certificate(proof.time_limit, is_certified=not rewriting.no_certificate)
    to = network_target(output, quiet=report.quiet)
    names = {
        "--certificate": rewriting.certificate_file,
        "--json": report.json_target,
        "--log": proof.log_file,
    }
    inputs = [source.network, source.domain_spec]
    require_outputs(names, inputs, force=output.force, network=to.target)
    loaded = _read(source, times, quiet=report.quiet)
    extra, failed = prove_ensured(loaded, proof, report, is_wanted=rewriting.ensure)
    if failed is not None:
        return failed
    to = to.called_as(loaded.interface)
    rewriting = replace(rewriting, written=to.chosen, precision=output.precision)
    writing = None if rewriting.shallow or rewriting.larger else to.writing(source.network)
    made = _make(loaded.network, writing, rewriting, proof, times, quiet=report.quiet)
    with progress_line(quiet=report.quiet, what="bounding the rounding of the code, and writing"):
        written = _write_compiled(made, to, rewriting, times.end, force=output.force)
        costs = told_costs(written.artifact, written.done.written, to, report)
    done = replace(written.done, costs=costs)
    _say_notes(written, is_certified=not rewriting.no_certificate)
    told = compile_json(done) | extra | {"seconds": time.monotonic() - started}
    report.write(told, partial(_page, done, source))
    if report.is_on_screen and output.output != "-":
        print_compiled(done, verbose=rewriting.verbose)
    return _compile_status(written, rewriting)


def _page(done: Done, source: GivenNetwork) -> Page:
    return compile_page(done.compiled, compile_story(done, source.network, source.domain_spec))


def _read(source: GivenNetwork, times: Times, *, quiet: bool) -> Loaded:
    """The source, its network with the domain that was asked for or that it states."""
    with times.before("the network was read"):
        loaded, stated = read_loaded(source.network, source.domain_spec, quiet=quiet)
        domain = require_domain(loaded.network, stated)
    return replace(loaded, network=loaded.network.with_domain(domain))


def _say_notes(written: _Written, *, is_certified: bool) -> None:
    """What a user should know of how the result came about, on standard error."""
    if is_certified and not written.is_certified and written.done.can_be_certified:
        click.echo(_UNCHECKED, err=True)
    if written.done.left_out:
        click.echo(left_out_text(written.done.left_out), err=True)
    if written.note is not None:
        click.echo(f"note: {as_options(written.note)}", err=True)


def _compile_status(written: _Written, rewriting: Rewriting) -> int:
    done = written.done
    if done.verdict is not None and done.verdict.trusted and not rewriting.allow_trusted:
        return Status.TRUSTED
    is_whole = done.compiled.facts.complete and done.compiled.rewritten
    is_whole = is_whole and written.in_time and written.done.is_searched
    return (
        Status.DONE
        if is_whole
        and (written.is_certified or rewriting.no_certificate or not done.can_be_certified)
        else Status.UNDECIDED
    )


@dataclass(frozen=True, eq=False)
class _Made:
    """A rewriting (with what certifies it, if there was time), and its shallow form if wanted."""

    form: Form
    known: CertifiedCompile | None
    folded: Shallow | None = None
    proved: tuple[Certificate, Verdict] | None = None
    in_time: bool = True
    approximation: Approximation | None = None

    @property
    def compiled(self) -> Compiled:
        return self.form.compiled


def _make(
    network: Network,
    writing: Writing | None,
    rewriting: Rewriting,
    proof: Proof,
    times: Times,
    *,
    quiet: bool,
) -> _Made:
    """`writing`: how the result is written, where the smallest form of several is wanted."""
    options = rewriting.options
    with progress_line(quiet=quiet) as progress:
        if rewriting.is_approximate:
            found = approximation_of(network, rewriting, proof, times, progress)
            return _Made(Form(found.shown), found.certified_compile, approximation=found)
        facts = proved(
            network,
            prover=proof.prover,
            limits=proof.limits(proof.time_limit),
            seed=proof.seed,
            progress=progress,
            deadline=times.work,
        )
        if progress is not None:
            progress("rewriting", 0, 0)
        if writing is not None:
            form = smallest_form(network, facts, writing, options, times.work)
        else:
            form = Form(rewrite(network, facts, options, deadline=times.work))
        if progress is not None and not rewriting.no_certificate:
            progress("making and checking the certificate", 0, 0)
        known = None
        if not rewriting.no_certificate:
            form, known = certified_form(form, writing, options, times.checked)
        if not rewriting.shallow:
            return _Made(form, known)
        return _make_shallow(form, known, rewriting, times, progress)


def _make_shallow(
    form: Form,
    known: CertifiedCompile | None,
    rewriting: Rewriting,
    times: Times,
    progress: Progress | None,
) -> _Made:
    compiled = form.compiled
    folded = _fold(compiled, times, progress)
    if rewriting.no_certificate:
        return _Made(form, known, folded)
    is_required = rewriting.certificate_file is not None
    certified, in_time = certify_form(
        compiled.source, compiled.facts.domain, folded, times, required=is_required
    )
    return _Made(form, known, folded, certified, in_time)


def _fold(compiled: Compiled, times: Times, progress: Progress | None) -> Shallow:
    """A shallow form of the result. Raises Unfinished when the time is up before it is built."""
    left = times.end.left
    with times.before("the shallow form was built"):
        run = Run(Limits(None if left == inf else left), progress=progress)
        return shallow_form(compiled.network, compiled.facts.domain, run=run)


@dataclass(frozen=True, eq=False)
class _Written:
    """What was written: what is said about it, its bytes, and a note."""

    done: Done
    artifact: Artifact
    is_certified: bool
    note: str | None = None
    in_time: bool = True


def _write_compiled(
    made: _Made, to: To, rewriting: Rewriting, end: Deadline, *, force: bool
) -> _Written:
    """Writes the network and its certificate, both or neither."""
    if made.folded is not None:
        return _write_form(made, made.folded, to, rewriting, end, force=force)
    form, known = made.form, made.known
    verdict = None if known is None else known.verdict
    artifact, bound, integers = _artifact(made, to, verdict, end)
    to.say(artifact.notes)
    left_out = () if known is None or form.own is not None else known.left_out
    file = rewriting.certificate_file
    beside = certificate_bytes(file, None if known is None else known.certificate)
    files = write_artifact(artifact, to.path, force=force, certificate=beside)
    models = sizes_of_models(to, artifact)
    done = Done(
        form.compiled, None, verdict, file, bound, tuple(files), left_out, to.interface, models
    )
    done = replace(_with_kind(done, to, integers), approximation=made.approximation)
    if form.own is None and form.partly is None:
        done = replace(done, observed=observed_in_time(form.compiled, to, integers, end))
    return _Written(done, artifact, known is not None, form.note)


def _write_form(
    made: _Made, folded: Shallow, to: To, rewriting: Rewriting, end: Deadline, *, force: bool
) -> _Written:
    """The shallow form; a certificate that is asked for is about it."""
    known, file = made.known, rewriting.certificate_file
    certificate, verdict = (None, None) if known is None else (known.certificate, known.verdict)
    if file and made.proved is not None:
        certificate, verdict = made.proved
    beside = certificate_bytes(file, certificate)
    origin = shallow_origin(folded, made.compiled.source, to, end)
    bound = largest_bound(origin.error_bound, to.chosen)
    artifact, files = write_shallow(folded, to, origin, force=force, beside=beside)
    left_out = () if known is None else known.left_out
    done = Done(made.compiled, folded, verdict, file, bound, tuple(files), left_out, to.interface)
    done = _with_kind(done, to, origin.integers)
    note = certificate.work_text if file and certificate is not None else None
    return _Written(done, artifact, known is not None, note or None, made.in_time)


def _with_kind(done: Done, to: To, integers: Certified | None) -> Done:
    """With what kind of numbers the file holds."""
    done = replace(done, is_program=to.chosen in PROGRAMS)
    if integers is None:
        return done
    return replace(done, words=str(integers.code.words), tried=integers.tried)


def _artifact(
    made: _Made, to: To, verdict: Verdict | None, end: Deadline
) -> tuple[Artifact, float | None, Certified | None]:
    """The files, the bound on what they round, and what they hold of integers; the source's own
    file has no header to make.
    """
    form = made.form
    if form.own is not None:
        return Artifact({to.path.name: form.own}), None, None
    origin = _origin(made, to, verdict, end)
    bound = largest_bound(origin.error_bound, to.chosen)
    return form.artifact(origin, to.chosen, to.path.name), bound, origin.integers


def _origin(made: _Made, to: To, verdict: Verdict | None, deadline: Deadline) -> Origin:
    """No bound where nodes are the source's: they round in the order of another program."""
    form = made.form
    compiled, rounding = form.compiled, Rounding(None)
    if form.is_rewritten:
        rounding = rounding_in_time(compiled.network, compiled.kept, to, deadline)
    checked = (
        "not checked by a certificate" if verdict is None else f"the certificate {verdict.status}"
    )
    kept = "equal to" if made.approximation is None else made.approximation.statement + " of"
    statement = f"{kept} the source on the domain, as exact networks ({checked})"
    source, precision = compiled.source, to.precision(compiled.network) or "float64"
    return Origin(
        digest(source),
        source.sizes,
        rounding.bound,
        statement,
        precision,
        to.interface,
        compiled.kept if form.is_rewritten else None,
        to.single_file,
        integers=rounding.integers,
    )
