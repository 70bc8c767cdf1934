"""What emitted code costs where it runs: bytes, multiply-adds, operations.

    5-50-50-5 in C    12,840 bytes of constants, 900 of code, 480 of stack, 3,000 multiply-adds

Constants are counted as they are stored; code and stack are what a C compiler makes of the files,
where one is found. The worst case of operations is a point at which no unit is zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy as np

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.c.code import stored_costs
from rectifold.emitters.measured.footprint import beside_bytes, footprint
from rectifold.emitters.table import FORMATS
from rectifold.exact.numerals import counted
from rectifold.formats.float_range import COMPUTED, STORED
from rectifold.ir.network import Network
from rectifold.runtime.compilers import C_COMPILERS, Tool, ToolFailed

HOST_FLAGS = ("-O2",)
_TEXTS = ("mps", "lp")  # programs for a solver, which stores them in its own way


@dataclass(frozen=True)
class Costs:
    """Of one evaluation, and of what is stored for it.

    `constants`: bytes; None for a text. `operations`: additions, multiplications
    and comparisons, without the check of the input. `code`, `stack`: bytes, of what `compiler`
    made; None where nothing was compiled, and `note` says why where it might have been.
    """

    constants: int | None
    multiply_adds: int
    operations: int
    code: int | None = None
    stack: int | None = None
    compiler: str | None = None
    note: str | None = None


def costs_of(
    artifact: Artifact, network: Network, chosen: str, precision: str, tool: Tool | None
) -> Costs:
    """The costs of a network that is written as `artifact` in the format `chosen`.

    `tool`: the C compiler of this machine, where one was found.
    """
    constants, macs = _stored(artifact, network, chosen, precision)
    units = sum(layer.size for layer in network.layers if layer.is_relu)
    costs = Costs(constants, macs, 2 * macs + units)
    if FORMATS[chosen].suffix != ".c":
        return costs
    if tool is None:
        return replace(costs, note=f"no C compiler was found ({', '.join(C_COMPILERS)})")
    return _compiled(costs, artifact, tool)


def _stored(
    artifact: Artifact, network: Network, chosen: str, precision: str
) -> tuple[int | None, int]:
    """Bytes of constants, and multiply-adds."""
    macs = network.sizes.macs if artifact.multiply_adds is None else artifact.multiply_adds
    if artifact.constants is not None:
        return artifact.constants, macs
    if FORMATS[chosen].suffix == ".onnx":
        from rectifold.formats.onnx.model_sizes import sizes_of_bytes  # onnx takes 0.3 s

        sizes = sizes_of_bytes(artifact.main)
        return (None, macs) if sizes is None else (sizes.bytes, sizes.macs)
    if not FORMATS[chosen].precisions or chosen in _TEXTS:
        return None, macs
    if chosen == "c":
        return stored_costs(network, precision)
    ends = 2 * network.input_size if FORMATS[chosen].computes else 0
    stored, computed = (np.dtype(table[precision]).itemsize for table in (STORED, COMPUTED))
    return stored * network.parameters + computed * ends, macs


def _compiled(costs: Costs, artifact: Artifact, tool: Tool) -> Costs:
    entry = f"{PurePath(next(iter(artifact.files))).stem}_evaluate"
    try:
        found = footprint(artifact, entry, tool, HOST_FLAGS)
    except ToolFailed as failed:
        return replace(costs, note=str(failed))
    in_text = (costs.constants or 0) - beside_bytes(artifact)
    code = found.text + max(0, found.rodata + found.data - max(0, in_text))
    compiler = " ".join([tool.says, *HOST_FLAGS])
    return replace(costs, code=code, stack=found.stack, compiler=compiler)


def costs_text(costs: Costs) -> str:
    """One line for people.

    >>> costs_text(Costs(1200, 150, 310))
    'costs: 1,200 bytes of constants, 150 multiply-adds, at most 310 operations'
    """
    parts = [] if costs.constants is None else [f"{costs.constants:,} bytes of constants"]
    if costs.code is not None:
        stack = "" if costs.stack is None else f" and {costs.stack:,} of stack"
        parts.append(f"{costs.code:,} of code{stack} ({costs.compiler})")
    parts += [counted(costs.multiply_adds, "multiply-add")]
    parts += [f"at most {counted(costs.operations, 'operation')}"]
    why = "" if costs.note is None else f"; code was not measured: {costs.note}"
    return f"costs: {', '.join(parts)}{why}"
