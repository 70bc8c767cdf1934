"""Random lattices and networks of repeated pieces: python benchmarks/lattices.py [COUNT] [SEED]
[--processes N] [--show]

As benchmarks/soundness.py --lattices: at limits 0, 0.1 and none, no certificate of ours may be
refused.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from strange_campaign import main

if __name__ == "__main__":
    main(__doc__.split("\n")[0], lattices=True)
