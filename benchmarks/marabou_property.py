"""Ask Marabou about a model and a property file, for benchmarks/properties.py: PYTHON
marabou_property.py MODEL.onnx FILE.vnnlib SECONDS, where PYTHON has maraboupy.

Marabou answers in floats, with one thread. Prints {"verdict", "seconds"}: its own word ("unsat",
"sat", "TIMEOUT", ...), and the CPU time of the solver.
"""

from __future__ import annotations

import json
import sys
import time

from maraboupy import Marabou


def main() -> None:
    model, property_file, seconds = sys.argv[1:]
    network = Marabou.read_onnx(model)
    options = Marabou.createOptions(timeoutInSeconds=int(seconds), verbosity=0, numWorkers=1)
    started = time.process_time()
    verdict, *_ = network.solve(verbose=False, options=options, propertyFilename=property_file)
    print(json.dumps({"verdict": verdict, "seconds": time.process_time() - started}))


if __name__ == "__main__":
    main()
