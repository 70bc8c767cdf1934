"""Which names may be written: asked before the work begins, so that no hour of proving ends at a
name.

    -o c1.c --certificate c1.h         c1.h is written twice                        refused
    -o net.relu     (net.relu is read, or a link of it)                             refused
    --json /dev/null, -o folder, --log fifo                                         refused

Two names are one file if the file system says so (device and number: links, hard links, folders
reached in two ways), or if they differ in case alone, since many file systems then take them for
one.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rectifold.errors import InputError
from rectifold.runtime.staging import open_staged

STANDARD_OUTPUT = "-"
_NO_FILES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)
_Identity = tuple[object, ...]


@dataclass(frozen=True)
class Target:
    """What one option of a command writes: the file of that name, and perhaps others beside it."""

    option: str
    name: str
    beside: Sequence[str] = ()  # names that are written too
    perhaps: Sequence[
        str
    ] = ()  # names that may be written too: how large the result is shows later
    continues: bytes | None = (
        None  # what an existing file begins with that is replaced, or added to, without being asked
    )
    may_be_standard_output: bool = False

    @property
    def is_standard_output(self) -> bool:
        return str(Path(self.name)) == STANDARD_OUTPUT

    @property
    def paths(self) -> list[Path]:
        path = Path(self.name)
        return [path, *(path.parent / name for name in self.beside)]

    @property
    def possible_paths(self) -> list[Path]:
        return [*self.paths, *(Path(self.name).parent / name for name in self.perhaps)]


def require_targets(
    targets: Iterable[Target], inputs: Iterable[str | None], *, force: bool
) -> None:
    """Raises InputError unless every target can be written, is no input, and is written once.

    `inputs` are words of the command line: one that names no file is passed over, and
    `point.npy±0.05` names point.npy.
    """
    targets = list(targets)
    _require_one_standard_output([t for t in targets if t.is_standard_output])
    owners = {_identity(path): f"the input {named(path)}" for path in _files_among(inputs)}
    for target in targets:
        if target.is_standard_output:
            continue
        for path in target.possible_paths:
            _require_own_file(target, path, owners)
        for path in target.paths:
            refuse_existing(path, force=force or target.continues is not None)
        if target.continues is not None and not force:
            require_beginning(Path(target.name), target.continues, target.option)
        _require_folder_takes_files(Path(target.name))


def require_not_read(targets: Iterable[Target], files: Iterable[Path], of: str) -> None:
    """Raises InputError if a target is one of the files that the input `of` reads itself."""
    owners = {_identity(path): f"{path.name}, which {of} reads," for path in files}
    for target in targets:
        if not target.is_standard_output:
            for path in target.possible_paths:
                _require_own_file(target, path, dict(owners))


def _require_one_standard_output(targets: list[Target]) -> None:
    for target in targets:
        if not target.may_be_standard_output:
            raise InputError(
                f"{target.option} does not write to standard output (-); give it the name of a file"
            )
    if len(targets) > 1:
        options = " and ".join(target.option for target in targets)
        raise InputError(
            f"{options} both write to standard output (-); give one of them the name of a file"
        )


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raises InputError if the file is there, its folder is not, or the name is none of a plain
    file.
    """
    found = _status(path)
    if found is not None:
        for is_one, what in _NO_FILES:
            if is_one(found.st_mode):
                raise InputError(
                    f"{named(path)} is {what}, and is not written to; give the name of a file "
                    "(-o - is standard output)"
                )
        if not force:
            raise InputError(f"{named(path)} exists already; give force=True to overwrite it")
        if not os.access(path, os.W_OK):
            raise InputError(f"cannot write {named(path)}: it is there and may not be written")
    folder = file_at(path).parent if path.is_symlink() else path.parent
    if not folder.is_dir():
        raise InputError(f"there is no folder {str(folder)!r}")


def require_beginning(path: Path, beginning: bytes, option: str) -> None:
    """Raises InputError if the file is there, and is not one of ours: those begin so."""
    try:
        if not path.exists():
            return
        with path.open("rb") as file:
            found = file.read(len(beginning))
    except OSError as error:
        raise InputError(f"cannot read {named(path)}: {error.strerror}") from None
    if not beginning.startswith(found):
        raise InputError(
            f"{named(path)} is there, and was not written by {option} (its first line would "
            "begin with "
            f"{beginning.decode()}); give {option} another name"
        )


def file_at(path: Path) -> Path:
    """Where the file lies: symbolic links are followed, also one to a file that is not there
    yet.
    """
    return Path(os.path.realpath(path))


def named(path: Path) -> str:
    """The name for a message: as it is, or quoted where a terminal could not show it."""
    text = str(path)
    return text if text.isprintable() and text == text.strip() else ascii(text)


def _require_own_file(target: Target, path: Path, owners: dict[_Identity, str]) -> None:
    identity = _identity(path)
    what = (
        target.option
        if str(path) == str(Path(target.name))
        else f"{target.option} (which writes {path.name} too)"
    )
    if identity in owners:
        raise InputError(
            f"{what} and {owners[identity]} are one file, {named(path)}; give {target.option} "
            "another name"
        )
    owners[identity] = what


def _identity(path: Path) -> _Identity:
    """Equal for two names of one file."""
    found = _status(path)
    if found is not None and found.st_ino:
        return found.st_dev, found.st_ino
    place = file_at(path)
    folder = _status(place.parent)
    where: _Identity = (str(place.parent),) if folder is None else (folder.st_dev, folder.st_ino)
    return *where, unicodedata.normalize("NFC", place.name).casefold()


def _status(path: Path) -> os.stat_result | None:
    """None if there is nothing of that name."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{named(path)} cannot be the name of a file: {reason}") from None


def _files_among(words: Iterable[str | None]) -> list[Path]:
    names = [
        Path(part)
        for word in words
        if word
        for part in {word, word.split("±")[0], word.split("+-")[0]}
    ]
    return [path for path in names if _is_file(path)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False  # a box of 300 characters is no name


def _require_folder_takes_files(path: Path) -> None:
    """By making a file there that has no name, or loses it at once."""
    try:
        open_staged(file_at(path).parent).drop()
    except OSError as error:
        raise InputError(f"cannot write {named(path)}: {error.strerror}") from None
