"""Emitted files, in memory until all of them exist; then written whole or not at all.

The first is the one the user named. It comes last, and holds the SHA-256 of the others: a mix of
two networks, as a kill between two renames can leave, is noticed by the file that is run or
compiled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from rectifold.errors import InputError
from rectifold.runtime.files import write_files, write_standard_output
from rectifold.runtime.targets import STANDARD_OUTPUT


@dataclass(frozen=True, eq=False)
class Artifact:
    """File name → bytes; the first is the one the user named, the others lie beside it.

    `notes`: what a user should know of how they were made. `constants`: bytes of constants in the
    code, where the format does not tell; `multiply_adds`: likewise, those of an evaluation.
    """

    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()
    constants: int | None = None
    multiply_adds: int | None = None

    @property
    def main(self) -> bytes:
        return next(iter(self.files.values()))


def weights_beside(name: str, suffix: str) -> str:
    """What the file of weights beside the main file is called.

    >>> weights_beside("valve.c", ".bin")
    'valve_weights.bin'
    """
    return f"{PurePath(name).stem}_weights{suffix}"


def write_artifact(
    artifact: Artifact, path: Path, *, force: bool, certificate: tuple[Path, bytes] | None = None
) -> list[Path]:
    """Write the files beside `path` (- is standard output) and the certificate, all or none.

    The answer: the files of the artifact.

    Raises InputError if one may not be written.
    """
    also = {} if certificate is None else dict([certificate])
    if str(path) == STANDARD_OUTPUT:
        data = _only_file(artifact)
        write_files(also, force=force)
        write_standard_output(data)
        return []
    targets = [path.parent / name for name in artifact.files]
    pairs = list(zip(targets, artifact.files.values(), strict=True))
    write_files(also | dict(reversed(pairs)), force=force)
    return targets


def _only_file(artifact: Artifact) -> bytes:
    if len(artifact.files) > 1:
        beside = ", ".join(list(artifact.files)[1:])
        raise InputError(several_files(beside))
    return artifact.main


def several_files(beside: str, remedy: str = "") -> str:
    """Why not to standard output; `remedy`: what else would do, with a comma."""
    return (
        f"this network is written as several files ({beside} too), and standard output takes one; "
        f"give {remedy}-o the name of a file, or another format with to="
    )
