"""What `emit` and `compile` say of the cost of the code that they wrote, where they say anything.

A C compiler of the machine is run for it, so a quiet command without --json does not.
"""

from __future__ import annotations

from dataclasses import asdict

from rectifold.cli.options import Report
from rectifold.cli.targets import To
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.measured.costs import Costs, costs_of
from rectifold.emitters.table import FORMATS
from rectifold.ir.network import Network
from rectifold.runtime.compilers import c_compiler
from rectifold.runtime.json import JsonObject


def told_costs(
    artifact: Artifact, network: Network, to: To, report: Report, cc: str | None = None
) -> Costs | None:
    """The costs of `network` as it is written; None where nobody is told."""
    if not report.is_told:
        return None
    tool = c_compiler(cc) if FORMATS[to.chosen].suffix == ".c" else None
    precision = to.precision(network) or "float64"
    return costs_of(artifact, network, to.chosen, precision, tool)


def costs_json(costs: Costs | None) -> JsonObject | None:
    """The documented object."""
    return None if costs is None else asdict(costs)
