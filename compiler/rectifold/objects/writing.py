"""A network written as a file or made an object, called as the model that it came from.

Whatever is written goes through the one table of formats; the header says what holds of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf
from pathlib import Path

from rectifold.bounds.code_error import rounding_error
from rectifold.emitters.artifact import Artifact, write_artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.integer.choice import integers_of, require_max_error
from rectifold.emitters.milp.program import PROGRAMS, deviations
from rectifold.emitters.precision import chosen_precision, require_precision
from rectifold.emitters.table import (
    FORMATS,
    drop_in_format,
    format_for,
    order_of,
    require_one_file,
    written_form,
)
from rectifold.errors import InputError
from rectifold.facts.facts import Facts
from rectifold.formats.interface import Interface
from rectifold.integers.choose import Certified
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from rectifold.objects.gain import Form
from rectifold.objects.numbers import array_of, fractions_of
from rectifold.objects.warned import warn_user


@dataclass(frozen=True)
class HowWritten:
    """How a network is written, where something is asked for: the precision of floats, the error
    of integers, and no files beside.
    """

    precision: str | None = None
    max_error: Fraction | None = None
    single_file: bool = False

    @staticmethod
    def of(
        precision: str | None = None, max_error: object = None, *, single_file: bool = False
    ) -> HowWritten:
        """Raises InputError where `max_error` is not one number."""
        if max_error is None:
            return HowWritten(precision, None, single_file)
        found = fractions_of(array_of(max_error, "max_error"), "max_error")
        if len(found) != 1:
            raise InputError(f"max_error is one number for all outputs, not {len(found)}")
        return HowWritten(precision, found[0], single_file)


@dataclass(frozen=True, eq=False)
class Written:
    """A network with what is said about it where it is written.

    `facts`: about its units, where they are known; they narrow the bound on rounding, which is
    stated where it `is_bounded`. `form`: how it is written as ONNX in the place of its source.
    """

    network: Network
    source: Network
    statement: str
    interface: Interface | None
    facts: Facts | None = None
    is_bounded: bool = True
    form: Form | None = None

    def save(self, path: str | Path, to: str | None, how: HowWritten, *, force: bool) -> list[Path]:
        """Writes the format `to`, or the suffix's; the files. A warning says what is lost.

        Raises InputError for an unknown format, a network that the format cannot say, what
        it cannot be written in, and a file that is there already, unless `force`.
        """
        target = Path(path)
        artifact = self.artifact(
            format_for(target, to, single_file=how.single_file), target.name, how
        )
        return write_artifact(artifact, target, force=force)

    def artifact(self, wanted: str, name: str, how: HowWritten = HowWritten()) -> Artifact:
        """The files of a format, in memory."""
        require_precision(wanted, how.precision)
        require_max_error(wanted, how.max_error)
        if how.single_file:
            require_one_file(wanted)
        chosen, interface = wanted, self.interface
        if interface is not None:
            chosen, interface, note = drop_in_format(wanted, interface)
            if note is not None:
                warn_user(note)
        form = self._form(chosen, interface)
        precision = chosen_precision(chosen, self.network, how.precision)
        bound = None
        integers = self._integers(chosen, how)
        if integers is not None:
            bound = integers.per_output
        elif self.is_bounded and (form is None or form.is_rewritten):
            bound = error_bound(self.network, self.facts, chosen, precision)
        origin = Origin(
            digest(self.source),
            self.source.sizes,
            bound,
            self.statement,
            precision or "float64",
            interface,
            self.facts,
            how.single_file,
            integers=integers,
        )
        if form is not None:
            artifact = form.artifact(origin, chosen, name)
        else:
            artifact = FORMATS[chosen].emit(self.network, origin, name)
        for note in artifact.notes:
            warn_user(note)
        return artifact

    def error_bound(self, to: str, how: HowWritten) -> tuple[float, ...] | None:
        """Per output, how far what is written as `to` may be off on the network's domain.

        Infinite where no such bound is known, as of the source's own nodes; None without a domain,
        or where nothing is rounded.
        """
        integers = self._integers(to, how)
        if integers is not None:
            return integers.per_output
        precision = chosen_precision(to, self.network, how.precision)
        form = self._form(to, self.interface)
        if form is not None and not form.is_rewritten:
            return (inf,) * self.network.output_size
        return error_bound(self.network, self.facts, to, precision)

    def _integers(self, chosen: str, how: HowWritten) -> Certified | None:
        """What a format of integers writes; None for another one."""
        return integers_of(self.network, self.network.domain, chosen, how.max_error)

    def _form(self, chosen: str, interface: Interface | None) -> Form | None:
        """The form of an ONNX model in the place of the source; None for anything else."""
        return self.form if interface is not None and chosen in ("onnx", "onnx64") else None


def error_bound(
    network: Network, facts: Facts | None, chosen: str, precision: str | None
) -> tuple[float, ...] | None:
    """Per output, how far code of the network's own layers may be off on its domain; a program,
    by the rounding of its numbers.
    """
    domain = network.domain
    if precision is None or domain is None:
        return None
    if chosen in PROGRAMS:
        return deviations(network, facts)
    leaky = written_form(network, chosen).slopes
    found = rounding_error(
        network, domain, facts, precision, leaky, order=order_of(network, chosen, precision)
    )
    return tuple(found.per_output.tolist())
