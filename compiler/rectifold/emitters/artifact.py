"""Emitted files, in memory until all of them exist; then written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rectifold.errors import InputError


@dataclass(frozen=True, eq=False)
class Artifact:
    """File name → bytes; the first is the one the user named, the others lie beside it."""

    files: Mapping[str, bytes]

    @property
    def main(self) -> bytes:
        return next(iter(self.files.values()))


def write_artifact(artifact: Artifact, path: Path, *, force: bool) -> list[Path]:
    """Write the files beside `path`. Raises InputError if one exists and `force` is not given."""
    targets = [path.parent / name for name in artifact.files]
    for target in targets:
        refuse_existing(target, force=force)
    for target, data in reversed(list(zip(targets, artifact.files.values(), strict=True))):
        write_whole(target, data)
    return targets


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raises InputError if the file is there, or its folder is not."""
    if path.exists() and not force:
        raise InputError(f"{path} exists already; give --force to overwrite it")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {str(path.parent)!r}")


def write_whole(path: Path, data: bytes) -> None:
    """Temporary file, then rename: a reader never sees half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        os.unlink(name)
        raise InputError(f"cannot write {path}: {error.strerror}") from None
