"""The tail in emitted C: a function NAME_predict beside NAME_evaluate.

    int NAME_predict(const NAME_real *x, NAME_real *z);    NAME_PREDICTED numbers, by libm

Sound because it begins with NAME_evaluate, whose values the bound and the self-test are about. In
place: a step writes no entry that it still reads.
"""

from __future__ import annotations

from rectifold.emitters.c.names import CNames
from rectifold.emitters.header import Origin
from rectifold.emitters.tail_code import tail_of
from rectifold.formats.tail import Step
from rectifold.ir.network import Network

_GROUPS = """static void {name}(double *y, int outer, int length, int inner)
{{
    int o, i, k;
    for (o = 0; o < outer; o++) for (i = 0; i < inner; i++) {{
        double *g = y + (o * length) * inner + i;
{body}    }}
}}

"""
_LARGEST = """        double top = g[0], total = 0.0;
        for (k = 1; k < length; k++) if (g[k * inner] > top) top = g[k * inner];
"""
_PLACE = """        int best = 0;
        for (k = 1; k < length; k++) if (g[k * inner] {sign} g[best * inner]) best = k;
        y[o * inner + i] = best;
"""
_BODIES = {
    "softmax": _LARGEST
    + """        for (k = 0; k < length; k++) total += g[k * inner] = exp(g[k * inner] - top);
        for (k = 0; k < length; k++) g[k * inner] /= total;
""",
    "log_softmax": _LARGEST
    + """        for (k = 0; k < length; k++) total += exp(g[k * inner] - top);
        for (k = 0; k < length; k++) g[k * inner] = (g[k * inner] - top) - log(total);
""",
    "sigmoid": """        for (k = 0; k < length; k++) {
            double power = exp(-fabs(g[k * inner]));
            g[k * inner] = (g[k * inner] >= 0.0 ? 1.0 : power) / (1.0 + power);
        }
""",
    "tanh": "        for (k = 0; k < length; k++) g[k * inner] = tanh(g[k * inner]);\n",
    "argmax": _PLACE.format(sign=">"),
    "argmin": _PLACE.format(sign="<"),
}


def tail_declaration(origin: Origin, names: CNames, given: str) -> str:
    """What the header says of the tail; nothing where there is none. `given`: first parameters."""
    tail = tail_of(origin.interface)
    if tail is None:
        return ""
    return f"""
/* What the source model gives at x{tail.which}:
   {tail.words} of the outputs. It needs the math library. */
#define {names.upper}_PREDICTED {tail.size}
int {names.stem}_predict({given}const {names.stem}_real *x, {names.stem}_real *z);
"""


def tail_code(network: Network, origin: Origin, names: CNames, given: str) -> str:
    """The function and what it calls; nothing where there is no tail."""
    tail = tail_of(origin.interface)
    if tail is None:
        return ""
    upper, stem = names.upper, names.stem
    handed = "weights, " if given else ""
    used = dict.fromkeys(step.function for step in tail.steps if step.function in _BODIES)
    size = max(network.output_size, *(step.size for step in tail.steps))
    return (
        "\n"
        + "".join(_GROUPS.format(name=f"tail_{f}", body=_BODIES[f]) for f in used)
        + f"int {stem}_predict({given}const {stem}_real *x, {stem}_real *z)\n{{\n"
        + f"    double y[{size}];\n    real v[{max(network.output_size, 1)}];\n"
        + f"    int k, status = {stem}_evaluate({handed}x, v);\n"
        + f"    if (status != {upper}_OK) return status;\n"
        + f"    for (k = 0; k < {upper}_OUTPUTS; k++) y[k] = (double)v[k];\n"
        + "".join(_call(step) for step in tail.steps)
        + f"    for (k = 0; k < {upper}_PREDICTED; k++) z[k] = (real)y[k];\n"
        + "    return status;\n}\n"
    )


def _call(step: Step) -> str:
    if step.function == "both_classes":
        return "    y[1] = y[0];\n    y[0] = 1.0 - y[1];\n"
    if step.function == "label":
        labels = ", ".join(f"{n}.0" for n in step.numbers)
        return f"    {{ static const double label[] = {{ {labels} }}; y[0] = label[(int)y[0]]; }}\n"
    return f"    tail_{step.function}(y, {step.outer}, {step.length}, {step.inner});\n"
