"""A file that is whole before it has a name.

    open_staged(folder) → write(data) → publish(target)      or drop(), which leaves nothing

On Linux it has no name at all until then (O_TMPFILE), so that even a kill leaves nothing. Elsewhere
a hidden name stands in, which drop() takes away and only a kill can leave behind. A file that
replaces another needs a hidden name too, between two system calls.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_UNNAMED = getattr(os, "O_TMPFILE", 0)


@dataclass
class Staged:
    """Contents on their way to a name in `folder`. Every method may raise OSError."""

    folder: Path
    handle: int
    hidden: Path | None

    def write(self, data: bytes) -> None:
        """All of it, on the disk: else a power cut after publishing could leave an empty file."""
        view = memoryview(data)
        while view:
            view = view[os.write(self.handle, view) :]
        os.fsync(self.handle)

    def take_mode_of(self, target: Path) -> None:
        """Permissions, and the owner where the process may give files away."""
        old, new = target.stat(), os.fstat(self.handle)
        if hasattr(os, "fchown") and (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            with suppress(
                PermissionError
            ):  # only root may give a file away: it then belongs to who wrote it
                os.fchown(self.handle, old.st_uid, old.st_gid)
        if os.chmod in os.supports_fd:
            os.chmod(self.handle, old.st_mode & 0o7777)
        elif self.hidden is not None:
            os.chmod(self.hidden, old.st_mode & 0o7777)

    def publish(self, target: Path, *, replace: bool) -> None:
        """Give the file its name at once; without `replace`, FileExistsError if somebody else took
        it meanwhile.
        """
        if self.hidden is None and not replace:
            self._link(target)
            return
        if self.hidden is None:
            hidden = _hidden_name(self.folder)
            self._link(hidden)
            self.hidden = hidden
        os.replace(self.hidden, target)
        self.hidden = None

    def drop(self) -> None:
        """Close it; what was not published is gone."""
        os.close(self.handle)
        if self.hidden is not None:
            self.hidden.unlink(missing_ok=True)

    def _link(self, name: Path) -> None:
        folder = os.open(name.parent, os.O_PATH)
        try:  # given a folder, Python calls linkat, which follows the link in /proc
            os.link(f"/proc/self/fd/{self.handle}", name.name, dst_dir_fd=folder)
        finally:
            os.close(folder)


def open_staged(folder: Path) -> Staged:
    """An empty file on its way into `folder`. Raises OSError if the folder takes none."""
    if _UNNAMED and os.path.isdir("/proc/self/fd"):
        with suppress(
            OSError
        ):  # this file system has none without a name, or the last line says what is wrong
            return Staged(folder, os.open(folder, _UNNAMED | os.O_WRONLY, 0o666), None)
    hidden = _hidden_name(folder)
    return Staged(folder, os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666), hidden)


def _hidden_name(folder: Path) -> Path:
    """Short, so that a file of the longest name that is allowed can be written too."""
    return folder / f".rectifold-{secrets.token_hex(8)}"
