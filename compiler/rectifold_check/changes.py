"""A text as changes to the text of the network before it.

    changed("0:1/2 3:1", [2, -3, "7"])   is   "0:7 3:1"       keep 2 characters, leave out 3, add 7

Sound whatever the changes are: what comes out is read like any network.
"""

from __future__ import annotations

from rectifold_check.json import Json, list_of, whole


def changed(text: str, changes: Json, what: str) -> str:
    """n ≥ 0 keeps n characters, -n leaves out n, a text is added; at last the rest is kept.

    No part of the text is kept twice, so the result is not longer than both together.
    """
    at, parts = 0, []
    for change in list_of(changes, what):
        if isinstance(change, str):
            parts.append(change)
            continue
        left = len(text) - at
        count = whole(change, -left, left, what)
        if count > 0:
            parts.append(text[at : at + count])
        at += abs(count)
    return "".join([*parts, text[at:]])
