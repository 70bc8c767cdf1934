"""Properties of ACAS Xu and MNIST networks: verdicts, and what `rectifold reduce` leaves.

    python benchmarks/properties.py verdicts --data DIR [--peer PYTHON] [--count N] [--only TEXT]
                                             [--time-limit S] [--jobs N]
    python benchmarks/properties.py relations --data DIR [--count N] [--only TEXT] [--time-limit S]
    python benchmarks/properties.py reduced --data DIR [--peer PYTHON] [--count N] [--time-limit S]

DIR has, in any of its folders, acasxu_A_B.onnx with prop_K.vnnlib, and mnist-net_256xL.onnx with
prop_I_EPS.vnnlib. The tables are described in properties_verdicts.py,
properties_relations.py and properties_reduced.py.
--peer: an interpreter that has maraboupy 2.0, asked beside us with one thread; --count: the first N
rows; --time-limit: seconds of wall time for each question to Marabou, and to `prove` (60).

Ends with status 1 where something is wrong with a row.
"""

from __future__ import annotations

import argparse
import sys

import properties_reduced
import properties_relations
import properties_verdicts

TABLES = {
    "verdicts": properties_verdicts.print_table,
    "relations": properties_relations.print_table,
    "reduced": properties_reduced.print_table,
}


def main() -> None:
    options = _options()
    if options.peer is None:
        print("Marabou: give an interpreter that has maraboupy with --peer; left out here\n")
    sys.exit(0 if TABLES[options.table](options) else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="see the head of this file")
    parser.add_argument("table", choices=list(TABLES), help="which table")
    parser.add_argument("--data", metavar="DIR", required=True, help="the networks and properties")
    parser.add_argument("--peer", metavar="PYTHON", help="an interpreter that has maraboupy")
    parser.add_argument("--count", type=int, metavar="N", help="the first N rows alone")
    parser.add_argument("--only", metavar="TEXT", default="", help="rows whose name has TEXT in it")
    parser.add_argument("--time-limit", type=int, metavar="S", default=60, help="seconds each (60)")
    parser.add_argument("--jobs", type=int, metavar="N", default=1, help="processes of prove (1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
