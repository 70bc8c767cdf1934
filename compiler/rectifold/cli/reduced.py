"""What `reduce` says: sizes, what is guaranteed in one line, and the files.

50-50 units → 12-9 units
the same verdict: …
wrote small.onnx, small.vnnlib
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rectifold.cli.pages import command_line
from rectifold.exact.numerals import at_most, counted, exact_texts
from rectifold.ir.property import Property
from rectifold.ir.property_edits import region_of
from rectifold.properties.reduced import Reduced
from rectifold.reports.json import sizes_json
from rectifold.reports.pages.model import Figures, Page, Table
from rectifold.reports.pages.parts import sizes_of
from rectifold.runtime.json import JsonObject


@dataclass(frozen=True, eq=False)
class Told:
    """What was made, of which property. `is_exact`: does the property's file round no number?"""

    done: Reduced
    asked: Property
    is_exact: bool

    @property
    def verdict(self) -> str:
        """What carries over to the source: "same" for every verdict, "holds" for that alone."""
        return "same" if self.is_exact and not self.done.moved else "holds"

    @property
    def guarantee(self) -> str:
        """What is guaranteed, in one line."""
        carried = (
            "the same verdict"
            if self.verdict == "same"
            else '"holds" carries over to the source; a counterexample must be tried on the source'
        )
        return f"{carried}: {'; '.join(self._reasons())}"

    def _reasons(self) -> list[str]:
        done, kind = self.done, self.done.way.kind
        where = "its domain" if len(self.done.stated.parts) == 1 else "a box around its domains"
        reasons = [f"the networks are equal on {where}, and no number is rounded to {kind}"]
        if done.way.without_rounding:
            reasons[0] += " (rewrites that need other numbers were left out)"
        if done.moved:
            most = at_most(max(done.moved), 3)
            reasons = [
                f"numbers are rounded to {kind}, so outputs differ by at most {most} on {where}, "
                "and the conditions are moved outward by that"
            ]
        if not self.is_exact:
            reasons.append("ends of inputs without a decimal form are moved outward")
        return reasons


def reduce_text(told: Told, files: Mapping[str, int]) -> str:
    """The result for people."""
    done = told.done
    source, result = done.compiled.source, done.network
    lines = [
        f"{source.shape_text()} → {result.shape_text()}: weights "
        f"{source.sizes.weights:,} → {result.sizes.weights:,}",
    ]
    if not (done.compiled.facts.complete and done.compiled.rewritten):
        lines.append("The search was ended early: what is proved so far was applied.")
    if done.smaller is not None:
        carried = (
            'numbers rounded to it, so that only "holds" carries over'
            if done.smaller.is_rounded
            else "the same verdict"
        )
        units = counted(done.smaller.units, "unit")
        lines.append(f"--rewrites all would leave {units}, in float64, with {carried}.")
    return "\n".join([*lines, _guaranteed(told), f"wrote {', '.join(files)}"])


def _guaranteed(told: Told) -> str:
    """What is guaranteed, and on what it rests."""
    trusted = told.done.trusted
    given = f", given {counted(trusted, 'trusted claim')}" if trusted else ""
    return f"{told.guarantee} (the certificate holds{given})"


def reduce_page(told: Told, files: Mapping[str, int]) -> Page:
    """What is guaranteed, what was saved, and the files."""
    source, result = told.done.compiled.source, told.done.network
    rows = tuple((name, f"{size:,}") for name, size in files.items())
    return Page(
        f"{source.name} and its property, reduced",
        region_of(told.done.stated).describe(),
        _guaranteed(told),
        "holds",
        (
            Figures("Saved", tuple(sizes_of(source, result))),
            Table("Files", ("file", "bytes"), rows),
        ),
        command_line(),
    )


def reduce_json(told: Told, files: Mapping[str, int]) -> JsonObject:
    """The documented result of `reduce`, without the seconds."""
    done, region = told.done, region_of(told.done.stated)
    return {
        "guarantee": {
            "verdict": told.verdict,
            "statement": told.guarantee,
            "floats": done.way.kind,
            "all_rewrites": not done.way.without_rounding,
            "units_of_all_rewrites": None if done.smaller is None else done.smaller.units,
            "moved": exact_texts(done.moved),
            "exact_domain": told.is_exact,
        },
        "domain": region.describe(),
        "parts": len(done.stated.parts),
        "cases": done.stated.cases,
        "before": sizes_json(done.compiled.source.sizes),
        "after": sizes_json(done.network.sizes),
        "complete": done.compiled.facts.complete and done.compiled.rewritten,
        "trusted": done.trusted,
        "files": [{"file": name, "bytes": size} for name, size in files.items()],
    }
