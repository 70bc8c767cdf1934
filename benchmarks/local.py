"""Boxes around samples beside their peer, one `compile` each: python benchmarks/local.py NET DATA

    python benchmarks/local.py net.onnx mnist --radius 1/50 --count 200 --peers 5

Prints, per radius: samples a second in one process, units that the quick bounds leave open, and
for the first samples the seconds that `compile` takes (bounds alone, no certificate), in how many
of them every unit was decided by both, and in how many of those the sizes are the same.
"""

from __future__ import annotations

import argparse
import time
from fractions import Fraction

import numpy as np

from rectifold.data import read_samples
from rectifold.facts.facts import Phase
from rectifold.formats.load import load, read_domain
from rectifold.ir.network import Network
from rectifold.local_boxes.boxes import SampleBoxes, boxes_around
from rectifold.local_boxes.found import LocalResult
from rectifold.local_boxes.look import look_around
from rectifold.operations.compiling import compile_network


def main() -> None:
    """One row per radius."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network")
    parser.add_argument("data")
    parser.add_argument("--domain", default="[0,1]")
    parser.add_argument("--radius", nargs="+", default=["1/100", "1/50", "1/20"])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--peers", type=int, default=3)
    given = parser.parse_args()
    network = load(given.network).network
    inputs = read_samples(given.data).inputs[: given.count].astype(np.float64)
    domain = read_domain(given.domain, network)
    print("radius  samples/s  open a sample  compile s  decided  same sizes")
    for radius in given.radius:
        boxes = boxes_around(inputs, Fraction(radius), domain)
        found = look_around(network, boxes, None)
        rate, left = len(found) / found.seconds, found.spread("open").mean
        print(f"{radius:>6}  {rate:9.1f}  {left:13.1f}  {peer(network, boxes, found, given.peers)}")


def peer(network: Network, boxes: SampleBoxes, found: LocalResult, count: int) -> str:
    """`compile` of the first samples, one by one."""
    started, decided, same = time.perf_counter(), 0, 0
    first = found[:count]
    for one in first:
        compiled = compile_network(network, boxes.exact(one.sample), prover="bounds")
        if one.open == 0 == compiled.facts.count(Phase.OPEN):
            decided += 1
            same += one.left == compiled.network.sizes
    seconds = (time.perf_counter() - started) / max(1, len(first))
    return f"{seconds:9.2f}  {decided:4} of {len(first)}  {same:7} of {decided}"


if __name__ == "__main__":
    main()
