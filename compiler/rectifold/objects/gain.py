"""Never larger: of the ways to write a result as ONNX, the one whose weights take the fewest bytes.

    everything rewritten  |  the source's own nodes up to a tensor, then rewritten  |  as it is

Convolutions are one kernel in the source and a matrix for every place in our form, so a rewrite
that removes units may still cost bytes. Nor are there more multiply-adds: a rewritten layer does
one for each weight that it stores, and the source at least one for each of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import numpy as np

from rectifold.approximate.approximated import Approximation
from rectifold.certificate.leaving_out import (
    CertifiedCompile,
    certify_in_time,
    certify_untouched_in_time,
    certify_whole,
    unchanged,
)
from rectifold.certificate.refused import ClaimRefused
from rectifold.effort.writing import WrittenEffort
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin, header_lines
from rectifold.emitters.onnx import fitting
from rectifold.emitters.table import FORMATS
from rectifold.facts.facts import Facts
from rectifold.formats.interface import Interface
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from rectifold.objects.partly import Partly, least_bytes, partly_rewritten
from rectifold.operations.compiling import Compiled, rewrite
from rectifold.passes.result import Options
from rectifold.runtime.deadline import Deadline, TimeUp

_REFUSED = (
    "our checker refused our certificate of the smaller form (a fault of rectifold: please report "
    "it with the network), so another one was taken; larger=True rewrites everything"
)


@dataclass(frozen=True)
class Writing:
    """How an ONNX result is written: the source's name, how it is called, the format and floats.

    `path`: of the source, if it is a file; else it is the interface's model.
    """

    name: str
    interface: Interface
    chosen: str
    precision: str
    path: Path | None = None


@dataclass(frozen=True, eq=False)
class Form:
    """What is written: the source's `own` bytes, or its nodes up to a cut and then what was
    rewritten (`partly`), or everything rewritten; perhaps another function (`approximation`).
    """

    compiled: Compiled
    own: bytes | None = None
    partly: Partly | None = None
    note: str | None = None
    approximation: Approximation | None = None

    @property
    def is_rewritten(self) -> bool:
        """Is all of it nodes of ours, of whose rounding a bound is known?"""
        return self.own is None and self.partly is None

    def artifact(self, origin: Origin, chosen: str, name: str) -> Artifact:
        """The files."""
        if self.own is not None:
            return Artifact({name: self.own})
        if self.partly is not None and origin.interface is not None:
            from rectifold.formats.onnx.partly import partly_notes  # onnx takes 0.3 s to import
            from rectifold.formats.onnx_writer import documented

            header = "\n".join(header_lines(self.compiled.network, origin))
            network, partly = self.compiled.network, self.partly
            model = partly.model.SerializeToString(deterministic=True)
            notes = partly_notes(partly.model, network, partly.cut, origin.interface)
            return Artifact({name: fitting(documented(model, header), origin)}, tuple(notes))
        return FORMATS[chosen].emit(self.compiled.network, origin, name)


def smallest_form(
    source: Network, facts: Facts, to: Writing, options: Options, deadline: Deadline
) -> Form:
    """The form with the fewest bytes of weights, of those for which there is time.

    `facts` are those of `source` on the domain that it states.
    """
    own = _own_bytes(to)
    if own is not None and deadline.is_over:
        note = (
            f"the time was over before anything was rewritten: the own nodes of {to.name} were "
            "written, unchanged; give more time"
        )
        return _as_it_is(source, facts, own, note, rewritten=False)
    partly = partly_rewritten(source, facts, to.interface, to.precision, options, deadline)
    before = inf if own is None else _weight_bytes(own)
    least = min(before, inf if partly is None else partly.bytes)
    whole, size = None, least_bytes(source, facts, to.precision)
    limit = WrittenEffort.most_growth * before
    if size < limit and (partly is None or size < least):
        whole, size = _whole(source, facts, to, options, deadline, limit)
    if whole is not None and size <= least:
        return Form(whole)
    if partly is not None and partly.bytes < before:
        return Form(partly.compiled, partly=partly, note=_partly_note(partly, before, to))
    about = "" if whole is not None else "about "
    note = (
        f"nothing is gained as ONNX: the weights of the rewritten network take {about}{size:,} "
        f"bytes, those of {to.name} {before:,}; its own nodes were written, unchanged "
        f"(larger=True writes the rewritten network)"
    )
    return _as_it_is(source, facts, own, note)


def _as_it_is(
    source: Network, facts: Facts, own: bytes | None, note: str, *, rewritten: bool = True
) -> Form:
    same = Compiled(source, source, facts, facts, (), facts.seconds, rewritten)
    return Form(same, own, note=note)


def _whole(
    source: Network,
    facts: Facts,
    to: Writing,
    options: Options,
    deadline: Deadline,
    limit: float,
) -> tuple[Compiled | None, int]:
    """Everything rewritten, with the bytes of its weights; None, with about as many, where they are
    beyond the limit or the time was over before the first step.
    """
    whole = rewrite(source, facts, options, deadline=deadline)
    about = whole.network.sizes.macs * np.dtype(to.precision).itemsize
    is_late = deadline.is_over and not whole.steps
    if about >= limit or (is_late and limit < inf):
        return None, about
    return whole, _emitted_bytes(whole, to)


def certified_form(
    form: Form, to: Writing | None, options: Options, deadline: Deadline
) -> tuple[Form, CertifiedCompile | None]:
    """The form with its certificate, or with what could be certified instead of it; None where the
    deadline passes before.

    `to`: as of `smallest_form`; what is certified instead takes no more bytes than the source
    either, or the source's own nodes are taken. None: its size does not matter.
    """
    if form.own is not None:
        return form, certify_untouched_in_time(form.compiled, deadline)
    if form.partly is None:
        known = certify_in_time(form.compiled, options, deadline)
        is_whole = known is None or not known.left_out
        return (form, known) if is_whole else _no_larger(form, known, to, deadline)
    try:
        with deadline.interrupting():
            deadline.check()
            return form, certify_whole(form.compiled)
    except TimeUp:
        return form, None
    except ClaimRefused:
        source, facts = form.compiled.source, form.compiled.facts
        again = Form(rewrite(source, facts, options, deadline=deadline), note=_REFUSED)
        known = certify_in_time(again.compiled, options, deadline)
        return _no_larger(again, known, to, deadline)


def _no_larger(
    form: Form, known: CertifiedCompile | None, to: Writing | None, deadline: Deadline
) -> tuple[Form, CertifiedCompile | None]:
    """What was certified, or the source as it is where that takes fewer bytes or nothing was."""
    own = None if to is None else _own_bytes(to)
    if to is None or own is None:
        return (form if known is None else replace(form, compiled=known.compiled)), known
    if known is not None and _emitted_bytes(known.compiled, to) <= _weight_bytes(own):
        return replace(form, compiled=known.compiled), known
    same = unchanged(form.compiled)
    return Form(same, own, note=_REFUSED), certify_untouched_in_time(same, deadline)


def _partly_note(partly: Partly, before: float, to: Writing) -> str:
    size = "" if before == inf else f", those of {to.name} {before:,}"
    return (
        f"{partly.said}; the weights take {partly.bytes:,} bytes{size} "
        "(larger=True rewrites everything)"
    )


def _own_bytes(to: Writing) -> bytes | None:
    from rectifold.formats.onnx.whole import standalone_bytes, standing_alone

    outputs = len(to.interface.outputs)
    if to.path is None:
        return standing_alone(to.interface.model, outputs)
    return standalone_bytes(to.path, outputs) if to.path.suffix.lower() == ".onnx" else None


def _weight_bytes(model: bytes) -> int:
    from rectifold.formats.onnx.whole import weight_bytes

    return weight_bytes(model)


def _emitted_bytes(compiled: Compiled, to: Writing) -> int:
    """Bytes of the weights of everything rewritten."""
    source = compiled.source
    origin = Origin(digest(source), source.sizes, precision=to.precision, interface=to.interface)
    files = FORMATS[to.chosen].emit(compiled.network, origin, "model.onnx").files
    return _weight_bytes(files["model.onnx"]) + sum(
        len(data) for name, data in files.items() if name != "model.onnx"
    )
