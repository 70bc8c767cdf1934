"""The ways in which a bound is proved, in the order of the cascade."""

from enum import Enum


class Method(Enum):
    """How a bound was proved."""

    INTERVAL = "interval"  # sums of the predecessors' ends, rounded outward
    LINEAR = "linear bounds"  # backward substitution in float64 with a rigorous error term
    EXACT_LINEAR = "exact linear bounds"  # the same in exact arithmetic
    CASES = "branch and bound"  # linear bounds in each case of a tree of phases
    BOXES = "box splitting"  # linear bounds on each box of a tree of boxes
    Z3 = "z3"  # Z3's word; enters certificates as a trusted claim
    CARRIER = "carrier"  # shifted until it is nonnegative, by an exact interval
