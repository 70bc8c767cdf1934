"""A model written to a file, by the one writer of all formats."""

from __future__ import annotations

from pathlib import Path

from rectifold.emitters.artifact import write_artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.table import FORMATS, format_for
from rectifold.formats.load import Loaded
from rectifold.ir.canonical import digest


def write_model(
    loaded: Loaded, path: str | Path, to: str | None = None, *, force: bool = False
) -> list[Path]:
    """The model as it is, in the format `to` or the suffix's; the files written."""
    target = Path(path)
    origin = Origin(digest(loaded.network), loaded.network.sizes)
    artifact = FORMATS[format_for(target, to)].emit(loaded.network, origin, target.name)
    return write_artifact(artifact, target, force=force)
