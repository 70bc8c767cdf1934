"""The tail in integer code: NAME_predict, where what follows the network only compares.

    argmax, argmin, label        as integers; a softmax before an argmax changes no order

Sound for the values of the code: where the two largest are closer than the certified bound, the
network itself may choose the other.
"""

from __future__ import annotations

from rectifold.emitters.header import Origin
from rectifold.emitters.tail_code import remedy, tail_of
from rectifold.errors import InputError
from rectifold.formats.interface import Interface
from rectifold.formats.tail import Step
from rectifold.ir.network import Network

_KEEPING_ORDER = ("softmax", "log_softmax")
_COMPARING = ("argmax", "argmin")
_LARGEST_LABEL = 2**31


def compared_steps(interface: Interface | None) -> tuple[Step, ...]:
    """The steps of the tail that are written: none where there is no tail.

    Raises InputError for a tail that needs more than comparisons, with the remedy.
    """
    tail = tail_of(interface)
    if tail is None or interface is None:
        return ()
    steps = list(tail.steps)
    if len(steps) > 1 and steps[0].function in _KEEPING_ORDER and _is_argmax(steps[0], steps[1]):
        del steps[0]
    for step in steps:
        known = step.function in _COMPARING or step.function == "label"
        if not known or any(not -_LARGEST_LABEL < n < _LARGEST_LABEL for n in step.numbers):
            raise InputError(
                f"integer code cannot hold the model's tail ({tail.words}): of it only argmax, "
                f"argmin and labels of 32 bits are integers; {remedy(interface)}"
            )
    return tuple(steps)


def _is_argmax(one: Step, other: Step) -> bool:
    """Does the second look along the groups of the first?"""
    return other.function in _COMPARING and (one.outer, one.length, one.inner) == (
        other.outer,
        other.length,
        other.inner,
    )


def tail_declaration(origin: Origin, stem: str) -> str:
    """What the header says of the tail; nothing where there is none."""
    steps = compared_steps(origin.interface)
    tail = tail_of(origin.interface)
    if not steps or tail is None:
        return ""
    upper = stem.upper()
    return f"""
/* What the source model gives at x{tail.which}:
   {tail.words} of the outputs. */
#define {upper}_PREDICTED {tail.size}
int {stem}_predict(const {stem}_value *x, int32_t *z);
"""


def tail_function(network: Network, origin: Origin, stem: str) -> str:
    """NAME_predict; nothing where there is no tail."""
    steps = compared_steps(origin.interface)
    if not steps:
        return ""
    upper = stem.upper()
    return (
        f"\nint {stem}_predict(const {stem}_value *x, int32_t *z)\n{{\n"
        f"    value y[{max(network.output_size, 1)}];\n    int status = {stem}_evaluate(x, y);\n"
        f"    if (status != {upper}_OK) return status;\n"
        + "".join(map(_statement, steps))
        + "    return status;\n}\n"
    )


def _statement(step: Step) -> str:
    if step.function == "label":
        labels = ", ".join(map(str, step.numbers))
        return (
            f"    {{\n        static const int32_t LABEL[] = {{ {labels} }};\n"
            "        z[0] = LABEL[z[0]];\n    }\n"
        )
    sign = ">" if step.function == "argmax" else "<"
    inner, length = step.inner, step.length
    return f"""    {{
        int32_t o, i, k;
        for (o = 0; o < {step.outer}; o++) for (i = 0; i < {inner}; i++) {{
            const value *g = y + o * {length * inner} + i;
            int32_t best = 0;
            for (k = 1; k < {length}; k++) if (g[k * {inner}] {sign} g[best * {inner}]) best = k;
            z[o * {inner} + i] = best;
        }}
    }}
"""
