"""A canonical text as changes to another one: what a chain writes of networks that differ little.

    ["0:1/2 3:1 4:2"]  →  ["0:1/2 4:7"]        [8, -9, "4:7"]        keep, leave out, add

Vectors that are the same are kept; between networks of the same layers and sizes, vectors are
compared entry by entry. Sound whatever comes out: the digest of the network is in the certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from rectifold.effort.proofs import CertificateEffort
from rectifold.runtime.json import Json

_PIECES = re.compile(r'[^"]*"|[^"]+')
_WORDS = re.compile(r"[^ ]+ ?")


def changes_between(before: str, after: str) -> list[Json] | None:
    """What rectifold_check.changes turns from `before` into `after`.

    n keeps n characters, -n leaves out n, a text is added. None where both have very many vectors.
    """
    olds, news = _PIECES.findall(before), _PIECES.findall(after)
    if len(olds) != len(news) and len(olds) + len(news) > CertificateEffort.most_compared:
        return None
    changes = _Changes()
    for is_same, (i, j), (k, n) in _blocks(olds, news):
        if is_same:
            changes.keep(sum(map(len, olds[i:j])))
        elif j - i == n - k:
            for old, new in zip(olds[i:j], news[k:n], strict=True):
                _compare(old, new, changes)
        else:
            changes.replace("".join(olds[i:j]), "".join(news[k:n]))
    changes.keep(0)
    return changes.found


def _blocks(
    olds: list[str], news: list[str]
) -> Iterator[tuple[bool, tuple[int, int], tuple[int, int]]]:
    """Pieces of both texts that are the same, or to be compared; in order, without a gap."""
    if len(olds) == len(news):
        yield False, (0, len(olds)), (0, len(news))
        return
    matcher = SequenceMatcher(_is_common, olds, news, autojunk=False)
    for kind, i, j, k, n in matcher.get_opcodes():
        yield kind == "equal", (i, j), (k, n)


def _is_common(piece: str) -> bool:
    return len(piece) < CertificateEffort.telling_characters


class _Changes:
    """What is found so far: neighbours of one kind are one change."""

    def __init__(self) -> None:
        self.found: list[Json] = []
        self.kept = self.left_out = 0
        self.added = ""

    def keep(self, count: int) -> None:
        """So many characters are the same."""
        if self.left_out or self.added:
            self._write(self.kept, -self.left_out, self.added)
            self.kept = self.left_out = 0
            self.added = ""
        self.kept += count

    def replace(self, old: str, new: str) -> None:
        """One text instead of another one, either of which may be empty."""
        self.left_out += len(old)
        self.added += new

    def _write(self, *changes: Json) -> None:
        self.found += [change for change in changes if change]


def _compare(old: str, new: str, changes: _Changes) -> None:
    """Two vectors, entry by entry; what are none, whole. The quote after them is kept with them."""
    if old == new:
        changes.keep(len(old))
        return
    olds, news = _entries(old), _entries(new)
    if olds is None or news is None:
        changes.replace(old, new)
        return
    for index in sorted(olds | news):
        before, after = olds.get(index, ""), news.get(index, "")
        if before == after:
            changes.keep(len(before))
        else:
            changes.replace(before, after)


def _entries(text: str) -> dict[int, str] | None:
    """Index → "index:value", each with the blank that follows; None for another text."""
    words = _WORDS.findall(text)
    if not all(":" in word and word.split(":")[0].isdecimal() for word in words):
        return None
    return {int(word.split(":")[0]): word for word in words}
