"""Random ONNX graphs against onnxruntime and onnx.reference: python benchmarks/onnx_campaign.py
[COUNT] [SEED] [--op OPERATOR]

Every operator that can be read has its turn, with every attribute, opset and element type. A graph
is read right (exactly, at random points), or refused in one clean line; the table says how often
which. A misread graph, a raw message or a traceback is printed with its seed (`1 SEED --show`
prints its text) and ends the run with status 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from onnx_graphs.graphs import case
from onnx_graphs.judge import Judgement, judge, reason, text_of

COLUMNS = (
    "right",
    "rounded",
    "refused",
    "misread",
    "open",
    "raw",
    "traceback",
    "alarm",
    "unjudged",
    "accepted",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--op", help="graphs about this operator alone")
    parser.add_argument(
        "--show", action="store_true", help="print each graph and what became of it"
    )
    asked = parser.parse_args()
    started = time.process_time()
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    refusals: dict[str, Counter[str]] = defaultdict(Counter)
    spoilt, peers = Counter[str](), 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(asked.seed, asked.seed + asked.count):
            graph = case(seed, asked.op)
            found = judge(graph, Path(folder))
            outcomes[graph.operator][found.outcome] += 1
            peers += bool(found.peers)
            if found.outcome == "accepted":
                spoilt[found.detail] += 1
            if found.outcome == "refused":
                refusals[graph.operator][reason(found.detail)] += 1
            if asked.show:
                print(text_of(graph.read), f"\npoints: {graph.points}", sep="")
            if found.is_fault or asked.show:
                print(
                    f"seed {seed} ({graph.operator}): {found.outcome}: "
                    f"{found.detail.strip()[:900]}",
                    flush=True,
                )
    faults = _table(outcomes, refusals)
    print(
        f"{asked.count} graphs from seed {asked.seed}: {faults} faults, {peers} on which the peers "
        f"disagree, {time.process_time() - started:.0f} CPU-s"
    )
    print(
        "read although something was spoilt:",
        ", ".join(f"{n} × {text}" for text, n in spoilt.most_common(40)) or "none",
    )
    sys.exit(1 if faults else 0)


def _table(outcomes: dict[str, Counter[str]], refusals: dict[str, Counter[str]]) -> int:
    print(f"{'operator':<22}" + "".join(f"{c:>10}" for c in COLUMNS))
    for name in sorted(outcomes):
        print(f"{name:<22}" + "".join(f"{outcomes[name][c] or '·':>10}" for c in COLUMNS))
        for text, count in refusals[name].most_common(4):
            print(f"{'':>6}{count:>5} × {text}")
    total = sum(outcomes.values(), Counter[str]())
    print(f"{'all':<22}" + "".join(f"{total[c] or '·':>10}" for c in COLUMNS))
    return sum(n for outcome, n in total.items() if Judgement(outcome).is_fault)


if __name__ == "__main__":
    main()
