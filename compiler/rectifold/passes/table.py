"""The one list of rewrites, in the order in which the pipeline tries them."""

from __future__ import annotations

from collections.abc import Mapping

from rectifold.passes.carriers import carriers
from rectifold.passes.contract_linear import contract_linear
from rectifold.passes.drop_constant import drop_constant
from rectifold.passes.drop_dead import drop_dead
from rectifold.passes.fold_inputs import fold_inputs
from rectifold.passes.linearise import linearise
from rectifold.passes.merge_parallel import merge_parallel
from rectifold.passes.result import Pass

PASSES: Mapping[str, Pass] = {
    "fold_inputs": fold_inputs,
    "drop_constant": drop_constant,
    "drop_dead": drop_dead,
    "merge_parallel": merge_parallel,
    "linearise": linearise,
    "contract_linear": contract_linear,
    "carriers": carriers,
}
