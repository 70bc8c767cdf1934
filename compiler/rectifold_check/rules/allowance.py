"""How much work a certificate asks for, said before it is done.

    ["work", 12000000000]     no more words from here on; refused at once where fewer are allowed

It proves nothing: it tells who checks what they would have to permit.
"""

from __future__ import annotations

from rectifold_check.json import Json, whole
from rectifold_check.limits import MOST_STATED
from rectifold_check.rules.guards import Malformed
from rectifold_check.state import State


def work(state: State, parts: list[Json]) -> None:
    """No more than so many words of work come from here on."""
    match parts:
        case [int() as words] if type(words) is int and words > 0:
            state.work.state(whole(words, 1, MOST_STATED, "work"))
        case _:
            raise Malformed
