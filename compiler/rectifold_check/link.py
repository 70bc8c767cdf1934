"""The steps about one pair of networks, up to the final comparison.

step …      each checked by its rule (rules/)
final       the comparison of the outputs
"""

from __future__ import annotations

from collections.abc import Iterator

from rectifold_check.json import Refusal, parse_json
from rectifold_check.rules import apply
from rectifold_check.state import State


def replay_steps(state: State, rows: Iterator[str], *, is_last: bool) -> int:
    """How many claims are taken on trust. Raises Refusal at the first step that does not hold.

    `is_last`: nothing may follow the final comparison.
    """
    for row in rows:
        step = parse_json(row, "step")
        if not isinstance(step, list) or not step:
            raise Refusal("a step is a list")
        is_final = step[0] == "final"
        if is_final and is_last and any(rows):
            raise Refusal("steps follow the final comparison")
        apply(state, step)
        if is_final:
            return state.trusted
    raise Refusal("the certificate ends without a final comparison")
