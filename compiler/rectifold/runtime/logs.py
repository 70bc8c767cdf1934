"""Logs: files to which lines are added, each about one subject, that later runs read again.

    {"key": digest of the subject, …}

Several subjects, and several machines, may share a file. Lines of other subjects are passed over,
and so are lines that are cut off or make no sense. A line is written at once: an interrupted run
keeps what it had.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from rectifold.errors import InputError
from rectifold.runtime.files import append_line
from rectifold.runtime.json import JsonObject
from rectifold.runtime.targets import refuse_existing, require_beginning

BEGINNING = b'{"key":'  # of every line of a log
_QUOTES_OF_KEY = 4  # in {"key":"digest"


class LogFile:
    """The lines of a file that are about one subject, which is a text of ASCII characters."""

    def __init__(self, path: Path, subject: str) -> None:
        """Raises InputError unless the file is a log, or none is there and one can be."""
        self.path = path
        self.key = hashlib.sha256(subject.encode("ascii")).hexdigest()
        _require_log(path)

    def lines(self) -> Iterator[JsonObject]:
        """The lines with our key, as JSON, in the order of the file."""
        for line in self._file_lines():
            if self.key not in line:
                continue
            try:
                form = json.loads(line)
            except (ValueError, RecursionError):
                continue  # cut off by an interrupt
            if isinstance(form, dict) and form.get("key") == self.key:
                yield form

    def append(self, form: JsonObject) -> None:
        """One line more."""
        line = json.dumps({"key": self.key} | form, separators=(",", ":"))
        append_line(self.path, line.encode("ascii"))

    def is_of_others(self) -> bool:
        """Has the file lines, and none of them is about our subject?

        A line that is cut off in its key is about nothing.
        """
        has_lines = False
        for line in self._file_lines():
            if self.key in line:
                return False
            is_cut_off = not line.endswith("\n") and line.count('"') < _QUOTES_OF_KEY
            has_lines = has_lines or (bool(line.strip()) and not is_cut_off)
        return has_lines

    def _file_lines(self) -> Iterator[str]:
        """One at a time: a log may be long."""
        if not self.path.exists():
            return
        try:
            with self.path.open(encoding="ascii", errors="replace") as file:
                yield from file
        except OSError as error:
            raise InputError(f"cannot read the log {self.path}: {error.strerror}") from None


def _require_log(path: Path) -> None:
    """Raises InputError unless the file is a log, or none is there and one can be.

    Nothing else is appended to.
    """
    try:
        refuse_existing(path, force=True)
    except InputError as error:
        raise InputError(f"the log cannot be written: {error}") from None
    require_beginning(path, BEGINNING, "--log")
