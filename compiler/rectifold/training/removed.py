"""What exact compression removes of a network, one after the other: structure, proof, carriers.

    trained    784-100-100-10
    structure  exact zeros: units that read nothing, or that nobody reads
    proof      units that are never active, linear or multiples of another one on the domain
    carriers   active units of a layer, replaced by fewer linear ones

Each line is a network that is the same function on the domain: sound as compiling is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from rectifold.certificate.leaving_out import certify_in_time
from rectifold.facts.facts import Phase
from rectifold.ir.network import Network
from rectifold.operations.compiling import Compiled, proved, rewrite
from rectifold.passes.result import Options
from rectifold.runtime.deadline import Deadline
from rectifold.runtime.json import JsonObject
from rectifold.runtime.run import Progress

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Size:
    """Relu units, weights that are not zero, and weights of dense layers without unread inputs."""

    units: int
    connections: int
    dense: int


@dataclass(frozen=True, eq=False)
class Removed:
    """The sizes before and after each kind of rewrite, and the result itself.

    `verdict` is the checker's word on the result's certificate; None where the time was up before.
    """

    trained: Size
    structure: Size
    proof: Size
    carriers: Size
    compiled: Compiled
    verdict: str | None

    @property
    def sizes(self) -> Mapping[str, Size]:
        return {
            "trained": self.trained,
            "structure": self.structure,
            "proof": self.proof,
            "carriers": self.carriers,
        }

    def told(self) -> JsonObject:
        facts = self.compiled.facts
        return {
            "sizes": {name: dict(asdict(size)) for name, size in self.sizes.items()},
            "shape": self.compiled.network.shape_text(),
            "phases": {phase.value: facts.count(phase) for phase in Phase},
            "verdict": self.verdict or "not made",
        }


def removed(
    network: Network, deadline: Deadline = Deadline(), progress: Progress | None = None
) -> Removed:
    """Compiles a network that states its domain, first without carriers, then with them.

    What is not proved at the deadline is kept.
    """
    facts = proved(network, deadline=deadline, progress=progress)
    carriers = frozenset(("carriers", layer.name) for layer in network.layers)
    plain = rewrite(network, facts, Options(left_out=carriers), deadline=deadline)
    compiled = rewrite(network, facts, Options(), deadline=deadline)
    if progress is not None:
        progress("making and checking the certificate", 0, 0)
    certified = certify_in_time(compiled, Options(), deadline)
    verdict = None if certified is None else certified.verdict.status
    chosen = compiled if certified is None else certified.compiled
    return Removed(
        _whole_size(network),
        structural_size(network),
        structural_size(plain.network),
        structural_size(chosen.network),
        chosen,
        verdict,
    )


def _whole_size(network: Network) -> Size:
    weights = [w for layer in network.layers for w in layer.weights.values()]
    connections = sum(w.nonzero_count for w in weights)
    return Size(network.sizes.units, connections, network.sizes.macs)


def structural_size(network: Network) -> Size:
    """What is left without the units that read nothing and those that nobody reads."""
    moving = _moving(network)
    read = _read(network, moving)
    live = {name: moving[name] & read[name] for name in moving}
    units = sum(int(live[layer.name].sum()) for layer in network.relu_layers)
    connections = dense = 0
    for layer in network.layers:
        rows = live[layer.name]
        for source, weight in layer.weights.items():
            part = weight.nonzero[np.ix_(rows, live[source])]
            connections += int(part.sum())
            dense += part.size
    return Size(units, connections, dense)


def _moving(network: Network) -> dict[str, Mask]:
    """Which values depend on the input at all, by the zeros of the weights."""
    found = {network.input_name: np.ones(network.input_size, dtype=np.bool_)}
    for layer in network.layers:
        moves = np.zeros(layer.size, dtype=np.bool_)
        for source, weight in layer.weights.items():
            moves |= weight.nonzero[:, found[source]].any(axis=1)
        found[layer.name] = moves
    return found


def _read(network: Network, moving: Mapping[str, Mask]) -> dict[str, Mask]:
    """Which values the outputs depend on."""
    found = {name: np.zeros(len(mask), dtype=np.bool_) for name, mask in moving.items()}
    found[network.output][:] = True
    for layer in reversed(network.layers):
        rows = found[layer.name] & moving[layer.name]
        for source, weight in layer.weights.items():
            found[source] |= weight.nonzero[rows].any(axis=0)
    return found
