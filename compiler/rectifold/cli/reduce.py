"""`rectifold reduce`: a smaller network, and the property file for it, for any other verifier."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import click

from rectifold.cli.asked import Asked, read_asked
from rectifold.cli.documented import command
from rectifold.cli.options import (
    Proof,
    Report,
    allow_trusted_option,
    certificate_option,
    force_option,
    memory_limit_option,
    proof,
    report,
)
from rectifold.cli.progress import progress_line
from rectifold.cli.reading import reading_options
from rectifold.cli.reduced import Told, reduce_json, reduce_page, reduce_text
from rectifold.cli.targets import require_outputs
from rectifold.cli.times import Times
from rectifold.cli.values import as_value
from rectifold.cli.written import written_file
from rectifold.emitters.header import Origin
from rectifold.emitters.table import FORMATS, drop_in_format, written_form
from rectifold.errors import InputError, as_options
from rectifold.formats.interface import Interface, has_convolutions
from rectifold.formats.load import Loaded
from rectifold.formats.vnnlib_writer import is_stated_exactly, stated, vnnlib_of
from rectifold.ir.canonical import digest
from rectifold.passes.accuracy import Precision
from rectifold.properties.reduced import Reduced, Wanted, reduced
from rectifold.prover.state import Settings
from rectifold.runtime.files import write_files
from rectifold.runtime.run import Run
from rectifold.runtime.status import Status

_DENSE = "convolutions are written as dense layers, one row for each of their units"
_LEAKY = "pairs of mirrored units are written as LeakyRelu, which not every verifier reads"


@dataclass(frozen=True)
class Written:
    """What is written, and where."""

    output: str
    property_out: str | None
    rewrites: str
    certificate_file: str | None
    allow_trusted: bool
    force: bool

    @property
    def model(self) -> Path:
        """Raises InputError unless it is called as ONNX files are."""
        path = Path(self.output)
        if path.suffix.lower() != ".onnx":
            raise InputError(
                f"-o is {self.output!r}: other verifiers read ONNX; give a name that ends in .onnx"
            )
        return path

    @property
    def vnnlib(self) -> Path:
        """Beside the model, unless it was named."""
        if self.property_out is None:
            return self.model.with_suffix(".vnnlib")
        return Path(self.property_out)


_asked = as_value(
    "asked",
    Asked,
    click.argument("network", metavar="NET"),
    click.argument("property_file", metavar="PROPERTY"),
    reading_options(1),
)
_written = as_value(
    "written",
    Written,
    written_file(required=True, text="the smaller network, called as NET is", metavar="SMALL.onnx"),
    click.option(
        "--property-out",
        "property_out",
        metavar="FILE",
        help="the property for it; left out: SMALL.vnnlib beside it",
    ),
    click.option(
        "--rewrites",
        type=click.Choice(["exact", "all"]),
        default="exact",
        show_default=True,
        help="all: also those that need float64, or numbers that no float holds; fewer units, but "
        "where numbers are rounded only 'holds' carries over",
    ),
    certificate_option("write the certificate that the networks agree to FILE"),
    allow_trusted_option,
    force_option,
)


@command("reduce")
@_asked
@_written
@proof
@report
@memory_limit_option
def reduce_command(asked: Asked, written: Written, proof: Proof, report: Report) -> int:
    """Write a smaller network and the property file for it, for any other verifier.

    PROPERTY is a VNN-LIB file. What another verifier says of the two files is so of NET and
    PROPERTY; the last line says whether both verdicts or only "holds" carry over. Nothing is
    written before the checker has accepted the certificate of that.
    """
    started = time.monotonic()
    times = Times.with_certificate(proof.time_limit, is_certified=True)
    _require_outputs(asked, written, proof, report)
    with times.before("the files were written"):
        question = read_asked(asked, quiet=report.quiet)
        question.require_one_network("reduce writes one network")
        loaded, wanted = question.loaded, question.asked
        said = stated(wanted)
        with progress_line(quiet=report.quiet) as progress:
            run = Run(proof.limits(proof.time_limit), proof.seed, progress)
            settings = Settings(proof.prover, run)
            way = Wanted(_kinds(loaded.interface), written.rewrites == "all")
            done = reduced(loaded.network, said, way, settings, times.work, times.checked)
        told = Told(done, wanted, is_exact=is_stated_exactly(wanted))
        sizes = _write(told, loaded, written, quiet=report.quiet)
    told_json = reduce_json(told, sizes) | {"seconds": time.monotonic() - started}
    report.write(told_json, lambda: reduce_page(told, sizes))
    if report.is_on_screen:
        click.echo(reduce_text(told, sizes))
    return _status(done, allow_trusted=written.allow_trusted)


def _require_outputs(asked: Asked, written: Written, proof: Proof, report: Report) -> None:
    """Raises InputError unless everything may be written."""
    names = {
        "-o": str(written.model),
        "--property-out": str(written.vnnlib),
        "--certificate": written.certificate_file,
        "--json": report.json_target,
        "--log": proof.log_file,
    }
    require_outputs(names, [asked.network, asked.property_file], force=written.force)


def _kinds(interface: Interface | None) -> tuple[Precision, ...]:
    """The floats of the file, those of the source first."""
    if interface is None:
        return ("float32", "float64")
    from rectifold.formats.onnx_drop_in import arithmetic_of  # onnx takes 0.3 s to import

    return ("float64",) if arithmetic_of(interface) == "float64" else ("float32", "float64")


def _write(told: Told, loaded: Loaded, written: Written, *, quiet: bool) -> dict[str, int]:
    """All files or none: name → bytes."""
    model = _model_bytes(told, loaded, written.model.name, quiet=quiet)
    head = [
        f"the property of {loaded.network.name} for {written.model.name}, which rectifold made",
        told.guarantee,
    ]
    text = vnnlib_of(told.done.stated, told.done.network.output_size, head)
    files = {written.vnnlib: text.encode("ascii"), written.model: model}
    if written.certificate_file is not None:
        files[Path(written.certificate_file)] = told.done.certificate.text.encode("ascii")
    write_files(files, force=written.force)
    return {str(path): len(data) for path, data in files.items()}


def _model_bytes(told: Told, loaded: Loaded, name: str, *, quiet: bool) -> bytes:
    """The network as ONNX, called as the source is where it is ONNX too."""
    done, source = told.done, told.done.compiled.source
    kept = loaded.interface
    if kept is not None:
        _, kept, note = drop_in_format("onnx", kept)
        if note is not None and not quiet:
            click.echo(f"note: {as_options(note)}", err=True)
    origin = Origin(
        digest(source),
        source.sizes,
        statement=told.guarantee,
        precision=done.way.kind,
        interface=kept,
    )
    chosen = "onnx" if done.way.kind == "float32" else "onnx64"
    artifact = FORMATS[chosen].emit(done.network, origin, name)
    leaky = [_LEAKY] if written_form(done.network, chosen).slopes else []
    dense = [_DENSE] if has_convolutions(kept) else []
    for note in () if quiet else (*artifact.notes, *leaky, *dense):
        click.echo(f"note: {as_options(note)}", err=True)
    return artifact.main


def _status(done: Reduced, *, allow_trusted: bool) -> int:
    if done.trusted and not allow_trusted:
        return Status.TRUSTED
    is_whole = done.compiled.facts.complete and done.compiled.rewritten
    return Status.DONE if is_whole else Status.UNDECIDED
