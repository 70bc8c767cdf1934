"""The final comparison, which ends a certificate: what was proved makes A and B agree.

    ["final", {}]                                     every difference is the form 0, or closed
    ["final", {"0": {"ge": PROOF, "le": PROOF}}]      |A_0 − B_0| ≤ eps_0 by two proofs

Sound because each of them says that |A_j(x) − B_j(x)| is at most eps_j at every x.
"""

from __future__ import annotations

from rectifold_check.json import Json, Refusal
from rectifold_check.rules.guards import Malformed
from rectifold_check.rules.proofs import prove
from rectifold_check.state import State
from rectifold_check.terms import ONE, Term


def final(state: State, parts: list[Json]) -> None:
    """Each output's difference is 0, or proved to lie within its eps."""
    match parts:
        case [dict() as proofs]:
            outputs = range(len(state.tolerance))
            if not proofs.keys() <= {str(output) for output in outputs}:
                raise Refusal("the final comparison names an output that is not there")
            for output in outputs:
                if not state.is_gap_closed(output):
                    _compare(state, output, proofs.get(str(output)))
        case _:
            raise Malformed


def _compare(state: State, output: int, proofs: Json) -> None:
    """|A_j − B_j| ≤ eps_j. `proofs`: one that A_j − B_j + eps_j ≥ 0, one of the other side."""
    a, b = state.networks
    difference: list[Term] = [
        (ONE, ("h", (0, a.output, output))),
        (-ONE, ("h", (1, b.output, output))),
    ]
    form = state.forms.normal(difference)
    if not form.coefficients and form.constant == 0:
        return
    if not isinstance(proofs, dict) or set(proofs) != {"ge", "le"}:
        raise Refusal(f"output {output}: the difference is not 0 and no proof is given")
    eps: Term = (state.tolerance[output], None)
    prove(state, [*difference, eps], proofs["ge"])
    prove(state, [*((-c, atom) for c, atom in difference), eps], proofs["le"])
