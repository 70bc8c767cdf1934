"""Damaged files of every format: each is a network (a domain, a point) or one refusal, in seconds
and little memory.

    python benchmarks/damaged_files.py --count 2000 --seed 0 --start 0

A valid file is changed in one or two places (a bit flipped, cut off, a piece doubled, dropped,
moved, or replaced by a number or a sign; of an .npz file also inside a member, with a right
checksum), and read. A contradiction is any error but InputError, an empty message, more than
--seconds, or a gigabyte: the case's number is printed, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np

from rectifold.cli.inputs import point_from
from rectifold.errors import InputError
from rectifold.formats.load import load, read_domain
from rectifold.language.elaborate import parse

MEGABYTES = 1000
_PIECES = (
    b"9",
    b"99999999",
    b"1e999",
    b"-",
    b"/0",
    b"(",
    b")",
    b"[",
    b"]",
    b",",
    b'"',
    b"\n",
    b"\x00",
    b"\xff",
    b"NaN",
    b"eye(9999)",
    b"concat(",
    b"@",
    b"x",
    b"^9",
    b"0.1",
    b"1e-300",
    b"inf",
    b"{",
    b"}",
    b";",
    b"#",
)

RELU = """network demo "a title"
input x[4] in [[-1, 1], [0, 1/3], [-inf, 2], [0.1, 1e3]]
assume 0 <= x[0] + 2*x[1] <= 1
const W = [[1, 0, 0, -1],
           [0, 1/2, 2, 0]]
h = relu(W @ x + [1, -1])
low = min(x, 0x1.8p-1)
both = concat(h, low[1:3], abs(x[0]))
soft = leaky_relu(both, 0.1f32)
output [max(both[0], both[1], 0), [1, -1, 0, 0, 2] @ soft, clip(3*x[3], -1, 1)]
"""
NNET = (
    "// comment\n2,2,1,2,\n2,2,1,\n0,\n-1.0,0.0,\n1.0,4.0,\n0.0,2.0,5.0,\n1.0,2.0,3.0,\n"
    "1.0,-1.0,\n0.5,0.1,\n0.25,\n-0.5,\n2.0,1.0,\n1.0,\n"
)
VNNLIB = """; a property
(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(assert (>= X_0 -0.5)) (assert (<= X_0 0.5))
(assert (and (>= X_1 0) (<= (* 2 X_1) 1e1)))
(assert (or (and (<= (+ X_0 (* 3 X_1)) 4))))
(assert (or (and (>= Y_0 3)) (and (<= Y_0 1))))
"""


def samples() -> dict[str, bytes]:
    """A valid file per suffix."""
    layers = [{"W": [["1", "-1/3"], ["0.5", "3*2^-4"]], "b": ["0", "1e-3"], "act": "relu"}]
    lists = {
        "format": "rectifold-layers/1",
        "network": {"inputs": 2, "layers": layers},
        "domain": {"lo": ["0", "-inf"], "hi": ["1", "1"]},
    }
    stored, packed, member, point = (io.BytesIO() for _ in range(4))
    arrays = {
        "W0": np.eye(3, 2),
        "b0": np.zeros(3),
        "W1": np.ones((1, 3), np.float32),
        "b1": np.ones(1),
        "input_lo": np.zeros(2),
        "input_hi": np.ones(2),
    }
    np.save(member, np.ones((2, 2)))
    np.savez(stored, **arrays)  # type: ignore[arg-type]  # numpy types the keywords as one flag
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
    np.save(point, np.array([0.5, 0.25]))
    texts = {
        ".relu": RELU,
        ".nnet": NNET,
        ".vnnlib": VNNLIB,
        ".json": json.dumps(lists),
        ".domain": "[[-1, 1/3], [0.5, inf]]",
    }
    binary = {
        ".npz": stored.getvalue(),
        ".packed.npz": packed.getvalue(),
        ".member.npz": member.getvalue(),
        ".npy": point.getvalue(),
    }
    return {name: text.encode() for name, text in texts.items()} | binary


def damaged(data: bytes, random: Random) -> bytes:
    """The file with one or two changes."""
    for _ in range(random.randint(1, 2)):
        data = _changed(data, random)
    return data


def _changed(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    end = min(len(data), at + random.choice((1, 1, 3, 10, 100)))
    before, piece, after = data[:at], data[at:end], data[end:]
    kind = random.choice(
        ("flip", "flip", "cut", "double", "drop", "move", "replace", "insert", "repeat")
    )
    if kind == "flip" and piece:
        return before + bytes([piece[0] ^ 1 << random.randint(0, 7)]) + data[at + 1 :]
    if kind == "cut":
        return before
    if kind == "double":
        return before + piece * random.choice((2, 3, 50)) + after
    if kind == "move":
        rest, to = before + after, random.randint(0, len(data))
        return rest[:to] + piece + rest[to:]
    if kind == "drop":
        return before + after
    new = random.choice(_PIECES)
    if kind == "replace":
        return before + new + after
    return before + new * (1 if kind == "insert" else 500) + piece + after


def _packed_again(member: bytes) -> bytes:
    """An .npz file around one damaged member: its checksum is right."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("W0.npy", member)
    return buffer.getvalue()


def read(path: Path, kind: str) -> None:
    """Read the file as what its suffix says."""
    two = parse("input x[2]\noutput x")
    if kind == ".domain":
        read_domain(path.read_bytes().decode("utf-8", "replace"), two)
    elif kind == ".vnnlib":
        read_domain(str(path), two)
    elif kind == ".npy":
        point_from(str(path))
    else:
        load(path)


def case(kind: str, data: bytes, seed: int, folder: Path, limit: float) -> tuple[str, float]:
    """(read, refused, or what is wrong; seconds) of one damaged file."""
    path = folder / f"case{kind}"
    changed = damaged(data, Random(f"{kind} {seed}"))
    path.write_bytes(_packed_again(changed) if kind == ".member.npz" else changed)
    started, answer = time.perf_counter(), ""
    try:
        read(path, kind)
        answer = "read"
    except InputError as error:
        answer = "refused" if str(error).strip() else "an empty message"
    finally:
        if not answer:  # any other exception is what this campaign looks for, and ends it
            print(f"{kind} {seed}: a fault", file=sys.stderr)
    seconds = time.perf_counter() - started
    return (f"{seconds:.1f} s" if seconds > limit else answer), seconds


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=2000, help="files per format")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--start", type=int, default=0)
    options.add_argument("--seconds", type=float, default=5.0, help="most seconds of one file")
    options.add_argument(
        "--kinds", default=",".join(samples()), help="formats, separated by commas"
    )
    chosen = options.parse_args()
    bad = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{'format':<12} {'read':>6} {'refused':>8} {'wrong':>6} {'slowest':>8} {'peak MB':>8}")
    for kind in chosen.kinds.split(","):
        answers: Counter[str] = Counter()
        slowest = 0.0
        with tempfile.TemporaryDirectory() as folder:
            for k in range(chosen.start, chosen.start + chosen.count):
                answer, seconds = case(
                    kind, samples()[kind], chosen.seed * 1_000_003 + k, Path(folder), chosen.seconds
                )
                slowest = max(slowest, seconds)
                answers[answer if answer in ("read", "refused") else "wrong"] += 1
                if answer not in ("read", "refused"):
                    print(f"{kind} case {k}: {answer}", file=sys.stderr)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1000
        wrong = answers["wrong"] + (grown > MEGABYTES)
        bad += wrong
        print(
            f"{kind:<12} {answers['read']:>6} {answers['refused']:>8} {wrong:>6} {slowest:>7.2f}s "
            f"{grown:>8}",
            flush=True,
        )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
