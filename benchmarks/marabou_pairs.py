"""Ask Marabou about a gap network, for benchmarks/equivalence.py: PYTHON marabou_pairs.py FILE.npz
SECONDS, where PYTHON has maraboupy.

Each unit of the last layer is asked to be positive; Marabou answers in floats. Prints {"verdict",
"cpu", "point"}: "proved" if it says unsat for all, "refuted" at the first sat, with its point, else
"open".
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from maraboupy import Marabou, MarabouCore


class Query:
    """Variables of the inputs, then of every unit before and after its activation."""

    def __init__(self, arrays: np.lib.npyio.NpzFile) -> None:
        self.query = MarabouCore.InputQuery()
        self.count = 0
        self.equations: list[MarabouCore.Equation] = []
        low, high = arrays["low"], arrays["high"]
        values = {"x": self.fresh(len(low))}
        self.bounds = list(zip(values["x"], low, high, strict=True))
        self.relus: list[tuple[int, int]] = []
        for layer in json.loads(str(arrays["layers"])):
            bias = arrays[f"{layer['name']}/bias"]
            z = self.fresh(len(bias))
            parts = [(values[s], arrays[f"{layer['name']}/{s}"]) for s in layer["sources"]]
            for i, unit in enumerate(z):
                equation = MarabouCore.Equation()
                equation.addAddend(-1.0, unit)
                for sources, weights in parts:
                    for source, weight in zip(sources, weights[i], strict=True):
                        if weight:
                            equation.addAddend(float(weight), source)
                equation.setScalar(-float(bias[i]))
                self.equations.append(equation)
            values[layer["name"]] = z
            if layer["relu"]:
                after = self.fresh(len(z))
                self.relus += list(zip(z, after, strict=True))
                values[layer["name"]] = after
        self.last = z

    def fresh(self, size: int) -> list[int]:
        self.count += size
        return list(range(self.count - size, self.count))

    def about(self, unit: int) -> MarabouCore.InputQuery:
        query = MarabouCore.InputQuery()
        query.setNumberOfVariables(self.count)
        for variable, low, high in self.bounds:
            query.setLowerBound(variable, float(low))
            query.setUpperBound(variable, float(high))
        for equation in self.equations:
            query.addEquation(equation)
        for z, after in self.relus:
            MarabouCore.addReluConstraint(query, z, after)
        for k, (variable, _, _) in enumerate(self.bounds):
            query.markInputVariable(variable, k)
        query.markOutputVariable(unit, 0)
        query.setLowerBound(unit, 0.0)
        return query


def main() -> None:
    limit = float(sys.argv[2])
    started = time.process_time()
    with np.load(sys.argv[1]) as arrays:
        query = Query(arrays)
    verdict, point = "proved", None
    for unit in query.last:
        left = limit - (time.process_time() - started)
        if left < 1:
            verdict = "open"
            break
        options = Marabou.createOptions(timeoutInSeconds=int(left), verbosity=0, numWorkers=1)
        answer, assignment, _ = MarabouCore.solve(query.about(unit), options, "")
        if answer == "sat":
            verdict, point = "refuted", [assignment[variable] for variable, _, _ in query.bounds]
            break
        if answer != "unsat":
            verdict = f"open ({answer})"
            break
    print(json.dumps({"verdict": verdict, "cpu": time.process_time() - started, "point": point}))


if __name__ == "__main__":
    main()
