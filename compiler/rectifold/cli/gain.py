"""Never larger: where the rewritten network takes more bytes as ONNX, the source's file is written.

Convolutions are one kernel in the source and a matrix for every place in our form, so a rewrite
that removes units may still cost bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rectifold.certificate.leaving_out import CertifiedCompile, certify_untouched_in_time, unchanged
from rectifold.emitters.artifact import Artifact
from rectifold.formats.onnx.whole import standalone_bytes, weight_bytes
from rectifold.operations.compiling import Compiled
from rectifold.runtime.deadline import Deadline


@dataclass(frozen=True, eq=False)
class AsItIs:
    """The source's own file instead of a larger one."""

    compiled: Compiled
    certified: CertifiedCompile | None
    artifact: Artifact
    note: str


def as_it_is(
    network: str, compiled: Compiled, artifact: Artifact, deadline: Deadline | None
) -> AsItIs | None:
    """The source's file for an ONNX source whose rewritten form is larger, else None.

    With a deadline it is certified as equal to itself, where that ends before.
    """
    path = Path(network)
    if path.suffix.lower() != ".onnx":
        return None
    own = standalone_bytes(path)
    if own is None:
        return None
    names = list(artifact.files)
    size = weight_bytes(artifact.main) + sum(len(artifact.files[name]) for name in names[1:])
    before = weight_bytes(own)
    if size <= before:
        return None
    note = (
        f"nothing is gained as ONNX: the weights of the rewritten network take {size:,} bytes, "
        f"those of {path.name} {before:,}; its own nodes were written, unchanged "
        "(--larger writes the rewritten network)"
    )
    same = unchanged(compiled)
    certified = None if deadline is None else certify_untouched_in_time(same, deadline)
    return AsItIs(same, certified, Artifact({names[0]: own}), note)
