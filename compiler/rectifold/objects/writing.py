"""A network written as a file or made an object, called as the model that it came from.

Whatever is written goes through the one table of formats; the header says what holds of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from pathlib import Path

from rectifold.bounds.code_error import rounding_error
from rectifold.emitters.artifact import Artifact, write_artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.precision import chosen_precision, require_precision
from rectifold.emitters.table import (
    FORMATS,
    drop_in_format,
    format_for,
    require_one_file,
    written_form,
)
from rectifold.facts.facts import Facts
from rectifold.formats.interface import Interface
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from rectifold.objects.gain import Form
from rectifold.objects.warned import warn_user


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

    def save(
        self,
        path: str | Path,
        to: str | None,
        precision: str | None,
        *,
        single_file: bool,
        force: bool,
    ) -> list[Path]:
        """Writes the format `to`, or the suffix's; the files. A warning says what is lost.

        Raises InputError for an unknown format, a network that the format cannot say, a precision
        or one file that it cannot have, and a file that is there already, unless `force`.
        """
        target = Path(path)
        artifact = self.artifact(
            format_for(target, to), target.name, precision, single_file=single_file
        )
        return write_artifact(artifact, target, force=force)

    def artifact(
        self, wanted: str, name: str, asked: str | None = None, *, single_file: bool = False
    ) -> Artifact:
        """The files of a format, in memory; `asked`: the precision."""
        require_precision(wanted, asked)
        if single_file:
            require_one_file(wanted)
        chosen, interface = wanted, self.interface
        if interface is not None:
            chosen, interface, note = drop_in_format(wanted, interface)
            if note is not None:
                warn_user(note)
        form = self._form(chosen, interface)
        precision = chosen_precision(chosen, self.network, asked)
        bound = None
        if self.is_bounded and (form is None or form.is_rewritten):
            bound = error_bound(self.network, self.facts, chosen, precision)
        origin = Origin(
            digest(self.source),
            self.source.sizes,
            bound,
            self.statement,
            precision or "float64",
            interface,
            self.facts,
            single_file,
        )
        if form is not None:
            artifact = form.artifact(origin, chosen, name)
        else:
            artifact = FORMATS[chosen].emit(self.network, origin, name)
        for note in artifact.notes:
            warn_user(note)
        return artifact

    def error_bound(self, to: str, asked: str | None) -> tuple[float, ...] | None:
        """Per output, how far what is written as `to` may be off on the network's domain.

        `asked`: the precision.

        Infinite where no such bound is known, as of the source's own nodes; None without a domain,
        or where nothing is rounded.
        """
        precision = chosen_precision(to, self.network, asked)
        form = self._form(to, self.interface)
        if form is not None and not form.is_rewritten:
            return (inf,) * self.network.output_size
        return error_bound(self.network, self.facts, to, precision)

    def _form(self, chosen: str, interface: Interface | None) -> Form | None:
        """The form of an ONNX model in the place of the source; None for anything else."""
        return self.form if interface is not None and chosen in ("onnx", "onnx64") else None


def error_bound(
    network: Network, facts: Facts | None, chosen: str, precision: str | None
) -> tuple[float, ...] | None:
    """Per output, how far code of the network's own layers may be off on its domain."""
    domain = network.domain
    if precision is None or domain is None:
        return None
    leaky = written_form(network, chosen).slopes
    in_order = FORMATS[chosen].order_is_ours
    found = rounding_error(network, domain, facts, precision, leaky, in_order=in_order)
    return tuple(found.per_output.tolist())
