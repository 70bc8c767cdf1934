"""Count regions with relucent, for benchmarks/regions.py: PYTHON relucent_regions.py FILE.npz,
where PYTHON has relucent and torch.

Prints {"count", "cpu", "version"}: CPU-seconds of the search alone, this process and its workers,
on the cube [-1, 1]^n.
"""

from __future__ import annotations

import json
import resource
import sys
from importlib.metadata import version

import numpy as np
import relucent
import torch


def cpu_seconds() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def main() -> None:
    modules: list[torch.nn.Module] = []
    with np.load(sys.argv[1]) as arrays:
        inputs = arrays["W0"].shape[1]
        for k in range(len(arrays.files) // 2):
            weights, bias = arrays[f"W{k}"], arrays[f"b{k}"]
            layer = torch.nn.Linear(weights.shape[1], weights.shape[0]).double()
            layer.weight.data, layer.bias.data = (
                torch.tensor(v, dtype=torch.float64) for v in (weights, bias)
            )
            modules += [layer, torch.nn.ReLU()]
    started = cpu_seconds()
    found = relucent.Complex(torch.nn.Sequential(*modules[:-1]))
    start = np.full((1, inputs), 0.01234)
    found.bfs(
        start=start,
        cube_radius=1.0,
        cube_mode="clipped",
        nworkers=1,
        verbose=0,
        geometry_properties=[],
        verify=False,
    )
    print(
        json.dumps(
            {"count": len(found), "cpu": cpu_seconds() - started, "version": version("relucent")}
        )
    )


if __name__ == "__main__":
    main()
