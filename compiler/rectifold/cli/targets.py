"""What a command writes, looked at before it works: see runtime/targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import click

from rectifold.certificate.file import Certificate
from rectifold.cli.options import TARGETS, Output
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.integer.choice import require_max_error
from rectifold.emitters.precision import chosen_precision, require_precision, usual_precision
from rectifold.emitters.table import (
    FORMATS,
    drop_in_format,
    format_for,
    names_beside,
    require_one_file,
    suffix_note,
)
from rectifold.errors import InputError, as_options
from rectifold.formats.interface import Interface
from rectifold.ir.network import Network
from rectifold.objects.gain import Writing
from rectifold.reports.pages.model import REPORT
from rectifold.runtime.logs import BEGINNING
from rectifold.runtime.targets import Target, require_targets

_CONTINUES = {"--json": b"{", "--log": BEGINNING, "--report": REPORT}
REPORT_FILE = "page_file"  # the parameter of --report in click's context


@dataclass(frozen=True)
class To:
    """Where a network goes: the path of -o, the format, and all that is written.

    `plain`: an ONNX file gets names of ours. `interface`: how the source is called, where the file
    is to be called so. `quiet`: no notes. `wanted`, `max_error`: the precision and the error of
    integers that were asked for. `single_file`: nothing is written beside.
    """

    path: Path
    chosen: str
    target: Target
    plain: bool = False
    interface: Interface | None = None
    quiet: bool = False
    wanted: str | None = None
    single_file: bool = False
    max_error: Fraction | None = None

    def precision(self, network: Network) -> str | None:
        """What `network` is written in; None where no number is rounded."""
        return chosen_precision(self.chosen, network, self.wanted)

    @property
    def keeps_interface(self) -> bool:
        """Is an ONNX file written that is called as the source?"""
        return self.interface is not None and self.chosen in ("onnx", "onnx64")

    def writing(self, source: str) -> Writing | None:
        """How the result of a source is written as ONNX; None where it is not called as the
        source.
        """
        if self.interface is None or not self.keeps_interface:
            return None
        precision = usual_precision(self.chosen) or "float64"
        return Writing(Path(source).name, self.interface, self.chosen, precision, Path(source))

    def called_as(self, interface: Interface | None) -> To:
        """For a source that is called so. What the file will not keep of it is said on standard
        error.
        """
        if interface is None:
            return self
        chosen, kept, note = drop_in_format(self.chosen, interface, plain=self.plain)
        require_precision(chosen, self.wanted)
        self.say([] if note is None else [note])
        return replace(self, chosen=chosen, interface=kept)

    def emitted(self, network: Network, origin: Origin) -> Artifact:
        """The network in this format; what was left unchecked is said on standard error."""
        origin = replace(origin, single_file=self.single_file)
        artifact = FORMATS[self.chosen].emit(network, origin, self.path.name)
        self.say(artifact.notes)
        return artifact

    def say(self, notes: Sequence[str]) -> None:
        """Notes on standard error, unless the command is quiet."""
        for note in () if self.quiet else notes:
            click.echo(f"note: {as_options(note)}", err=True)


def network_target(output: Output, *, quiet: bool) -> To:
    """Where -o and --to send a network. A suffix of another format is said on standard error.

    Raises InputError for a precision that the format cannot be written in, and for one file or a
    plain ONNX file of a format without that choice.

    Precondition: `output.output` is a name.
    """
    assert output.output is not None
    path = Path(output.output)
    chosen = format_for(path, output.wanted, single_file=output.single_file)
    require_precision(chosen, output.precision)
    require_max_error(chosen, output.max_error)
    note = suffix_note(path, chosen)
    if note is not None and not quiet:
        click.echo(f"note: {as_options(note)}", err=True)
    if output.single_file:
        require_one_file(chosen)
    if output.plain_onnx and FORMATS[chosen].suffix != ".onnx":
        raise InputError(f"--plain-onnx is for onnx and onnx64; the format {chosen} is no ONNX")
    beside = names_beside(path, chosen, single_file=output.single_file)
    target = Target("-o", output.output, *beside, may_be_standard_output=True)
    to = To(path, chosen, target, output.plain_onnx, quiet=quiet, single_file=output.single_file)
    return replace(to, wanted=output.precision, max_error=output.max_error)


def require_outputs(
    named: dict[str, str | None],
    inputs: Iterable[str | None],
    *,
    force: bool,
    network: Target | None = None,
) -> None:
    """Raises InputError unless every output may be written.

    `named`: option → its value; --report is known. --json and --report replace their own files,
    --log goes on, without --force.
    """
    named = {**named, "--report": click.get_current_context().params.get(REPORT_FILE)}
    targets = [
        Target(
            option,
            name,
            continues=_CONTINUES.get(option),
            may_be_standard_output=option == "--json",
        )
        for option, name in named.items()
        if name is not None
    ]
    targets = [*([network] if network else []), *targets]
    require_targets(targets, inputs, force=force)
    click.get_current_context().meta[TARGETS] = targets


def certificate_bytes(
    file: str | None, certificate: Certificate | None
) -> tuple[Path, bytes] | None:
    """What --certificate writes, and where."""
    return (
        None
        if file is None or certificate is None
        else (Path(file), certificate.text.encode("ascii"))
    )
