"""The process that talks to Z3.

    {"smt": text, "names": [...], "milliseconds": n}                     one line of standard input
    {"status": "sat"|"unsat"|"unknown", "model": {name: "p/q"}, ...}     one line of answer

It can be killed at any time: Z3 itself does not always stop when asked. Numbers in the text are
exact fractions, and so are those of the model.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import NotRequired, TypedDict

import z3

from rectifold.runtime.json import JsonObject


class Request(TypedDict):
    """One line of standard input."""

    smt: str
    names: list[str]
    milliseconds: int
    logic: NotRequired[str]


def answer(request: Request) -> JsonObject:
    """What Z3 says of the text; for "sat" the values of the names, exactly."""
    solver = z3.SolverFor("QF_LRA") if request.get("logic") == "QF_LRA" else z3.Solver()
    solver.set("timeout", request["milliseconds"])
    solver.from_string(request["smt"])
    status = solver.check()
    reply: JsonObject = {"status": str(status), "version": z3.get_version_string()}
    if status == z3.sat:
        model = solver.model()
        reply["model"] = {name: _rational(model, name) for name in request["names"]}
    return reply


def _rational(model: z3.ModelRef, name: str) -> str:
    value = model.eval(z3.Real(name), model_completion=True)
    return f"{value.numerator_as_long()}/{value.denominator_as_long()}"


def serve() -> None:
    """Answer every line until standard input ends, in at most as many megabytes as asked."""
    megabytes = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except (z3.Z3Exception, MemoryError) as error:
            reply = {"status": "unknown", "reason": str(error), "version": z3.get_version_string()}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    serve()
