"""What `compile` says about its result: in a table, in sentences and in JSON.

width, phases and weights per layer     of the rewriting
source → result                         the network in the file (a shallow form, with --shallow)
open units                              how many stayed undecided, and were kept
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from rectifold.approximate.approximated import Approximation
from rectifold.cli.check import verdict_text
from rectifold.cli.costs import costs_json
from rectifold.cli.output import console
from rectifold.cli.rounding import rounding_text
from rectifold.cli.shallow import shallow_json
from rectifold.emitters.measured.costs import Costs, costs_text
from rectifold.emitters.observed.observed import Observed
from rectifold.exact.numerals import about, at_most, counted
from rectifold.facts.facts import Phase
from rectifold.formats.interface import Interface, tail_words, with_tail
from rectifold.integers.choose import Tried
from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled
from rectifold.operations.widths import Width, widths
from rectifold.reports.approximations import approximation_json, approximation_lines
from rectifold.reports.json import compiled_json, sizes_json
from rectifold.reports.tables import compile_table, seconds_text, shallow_table
from rectifold.runtime.json import JsonObject
from rectifold.two_layers.shallow import Shallow
from rectifold_check import Verdict

if TYPE_CHECKING:  # onnx takes 0.3 s to import
    from rectifold.formats.onnx.model_sizes import ModelSizes


@dataclass(frozen=True, eq=False)
class Done:
    """A finished run: `folded` is in the file, if there is one, else `compiled.network`.

    `bound`: what the code in the file may be off by. `models`: the sizes of the model that was read
    and of the one in the file, each counted on its own nodes, where both are ONNX.
    """

    compiled: Compiled
    folded: Shallow | None
    verdict: Verdict | None
    certificate_file: str | None
    bound: float | None
    files: tuple[Path, ...]
    left_out: tuple[str, ...] = ()  # what could not be certified, a fault of ours
    interface: Interface | None = None  # that the file keeps
    models: tuple[ModelSizes, ModelSizes] | None = None
    observed: Observed | None = None
    costs: Costs | None = None
    words: str | None = None  # the bits of the integers in the file
    is_program: bool = False  # is a program of a solver in the file, not code?
    tried: tuple[Tried, ...] = ()  # smaller ones that did not meet the error that was asked for
    approximation: Approximation | None = None  # where it may be another function

    @property
    def written(self) -> Network:
        """The network in the file."""
        return self.compiled.network if self.folded is None else self.folded.network

    @property
    def can_be_certified(self) -> bool:
        """Is there a certificate of what is said, if there was time for it?"""
        return self.approximation is None or self.approximation.can_be_certified

    @property
    def is_searched(self) -> bool:
        """Was the search for edits, if there was one, ended by itself?"""
        return self.approximation is None or self.approximation.complete

    @property
    def open_units(self) -> int:
        return self.compiled.facts.count(Phase.OPEN)

    @cached_property
    def widths(self) -> list[Width]:
        """Of layers of the network that is written, where a bound is known."""
        return widths(self.compiled) if self.folded is None else []

    @property
    def folded_statement(self) -> str:
        """What holds of the shallow form, if there is one."""
        return "" if self.folded is None else self.folded.statement

    @property
    def is_about_the_rewriting(self) -> bool:
        """Is the certificate about the network before --shallow?"""
        return self.folded is not None and not self.certificate_file


def compile_json(done: Done) -> JsonObject:
    """The documented result of `compile`, without the seconds."""
    verdict = done.verdict
    certificate = {
        "file": done.certificate_file,
        "verdict": "not made" if verdict is None else verdict.status,
        "trusted": 0 if verdict is None else verdict.trusted,
        "left_out": list(done.left_out),
    }
    told = compiled_json(done.compiled) | {
        "open": done.open_units,
        "certificate": certificate,
        "error_bound": done.bound,
        "words": done.words,
        "words_tried": [one.told() for one in done.tried if one.fits],
        "files": [str(f) for f in done.files],
    }
    told["guarantee"] = with_tail("equal", done.interface)
    if done.approximation is not None:
        told |= approximation_json(done.approximation)
        told["complete"] = done.compiled.facts.complete and done.is_searched
    told["observed_error"] = None if done.observed is None else asdict(done.observed)
    told["costs"] = costs_json(done.costs)
    if done.models is not None:
        before, after = (asdict(sizes) for sizes in done.models)
        told["model"] = {"before": before, "after": after}
    if done.folded is None:
        return told | {"widths": [asdict(width) for width in done.widths]}
    if done.is_about_the_rewriting:
        certificate["about"] = "the rewriting, before --shallow"
    return told | {
        "guarantee": with_tail(
            "equal" if done.folded.exact else "equal outside the strips", done.interface
        ),
        "rewritten": told["after"],
        "after": sizes_json(done.written.sizes),
        "hidden": done.folded.hidden,
        "shallow": shallow_json(done.folded, done.interface),
    }


def print_compiled(done: Done, *, verbose: bool) -> None:
    """The same for people."""
    out, compiled = console(), done.compiled
    out.print(compile_table(compiled))
    if verbose:
        for step in compiled.steps:
            out.print(f"  {step}", markup=False)
    if done.folded is not None:
        out.print(
            f"rewritten: {compiled.source.shape_text()} → {compiled.network.shape_text()}",
            markup=False,
        )
        out.print(shallow_table(done.folded))
        out.print(
            f"shallow: {with_tail(done.folded.statement, done.interface)}",
            markup=False,
            soft_wrap=True,
        )
    for line in summary_lines(done):
        out.print(line, markup=False, soft_wrap=True)


def _model_lines(models: tuple[ModelSizes, ModelSizes] | None) -> list[str]:
    """The sizes as the user's own files have them."""
    if models is None:
        return []
    before, after = models
    return [
        f"the model's own nodes: units {before.units:,} → {after.units:,}, "
        f"weights {before.weights:,} → {after.weights:,}, "
        f"multiply-adds {before.macs:,} → {after.macs:,}, bytes {before.bytes:,} → {after.bytes:,}"
    ]


def _declined_lines(compiled: Compiled) -> list[str]:
    """What was not taken for the sake of accuracy."""
    declined = compiled.declined
    if not declined:
        return []
    worst = max(one.growth for one in declined)
    times = f"about {about(worst, 2)}" if worst < inf else "more than any float"
    units = sum(one.units for one in declined)
    return [
        f"carriers in {counted(len(declined), 'layer')} ({counted(units, 'unit')} less) were not "
        f"taken: they would multiply the rounding error by {times} (--max-error-growth)"
    ]


def summary_lines(done: Done) -> list[str]:
    """What is said of the result in sentences, shapes and seconds first."""
    compiled = done.compiled
    lines = [
        f"{compiled.source.shape_text()} → {done.written.shape_text()}",
        seconds_text(compiled.seconds),
    ]
    if done.open_units:
        lines.append(
            f"{counted(done.open_units, 'unit')} stayed open "
            "(neither proved stable nor shown unstable) and kept"
        )
    if not done.is_searched:
        lines.append("The search for edits was ended early: the best choice so far was made.")
    if not compiled.facts.complete:
        lines.append("The search was ended early: what is proved so far was applied.")
    if not compiled.rewritten:
        lines.append(
            "The rewriting was ended early: the result is "
            f"{'equal' if done.approximation is None else 'as valid'}, "
            "but may be larger than it could be."
        )
    lines += [str(width) for width in done.widths]
    lines += _model_lines(done.models)
    lines += _declined_lines(compiled)
    if done.approximation is not None:
        lines += approximation_lines(done.approximation)
    elif tail_words(done.interface):
        lines.append(f"The result is {with_tail('equal', done.interface)}.")
    subject = (
        "certificate of the rewriting (before --shallow)"
        if done.is_about_the_rewriting
        else "certificate"
    )
    lines.append(f"{subject}: {'not made' if done.verdict is None else verdict_text(done.verdict)}")
    lines += _rounding_lines(done)
    if done.costs is not None:
        lines.append(costs_text(done.costs))
    kept = [done.certificate_file] if done.certificate_file and done.verdict is not None else []
    return [*lines, "wrote " + ", ".join([*map(str, done.files), *kept])]


def _rounding_lines(done: Done) -> list[str]:
    """What the numbers of the written file may be off by, and what is seen of it."""
    lines = [f"tried before: {one}" for one in done.tried]
    if done.words is not None:
        lines.append(f"integers: {done.words}")
    if done.bound:  # an exact format rounds nothing
        lines.append(rounding_text(done.bound, is_program=done.is_program))
    if done.observed is not None:
        seen = done.observed
        told = f"seen at {counted(seen.points, 'point')} ({seen.how}): {at_most(seen.result, 3)}"
        if done.approximation is not None and done.approximation.moves:
            told += " from the source, with what the edits change"
        if seen.source is not None:
            told += f"; of the source's layers: {at_most(seen.source, 3)}"
        lines.append(told)
    return lines
