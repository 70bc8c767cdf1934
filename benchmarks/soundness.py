"""Random networks against an exact oracle: python benchmarks/soundness.py [COUNT] [SEED]
[--processes N] [--lattices]

Lattices, repeated and proportional pieces, chains on half-unbounded domains, degenerate ranges,
skip edges (tests/strange_networks), each compiled at limits 0, 0.1 and none, with every prover and
objective. Counted are: values of the result, of the network as read and signs of units that are
wrong at an exact point (tests/exact_oracle shares no code with the compiler), certificates of
changed results that are accepted, and own certificates that are refused. Each is printed with its
seed; the last line is JSON. Exit status 1 if there was any. `--show` prints the text of each
network.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from strange_campaign import main

if __name__ == "__main__":
    main(__doc__.split("\n")[0], lattices=False)
