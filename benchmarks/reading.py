"""Read large files: python benchmarks/reading.py [FILE ...] [--sizes 1,4]

Without files, networks are made and written at each size: as sums of single units (two hidden
layers, as an exact shallow form is written), as one sum of many layers, as the matrices that
`show --text` prints of a network of float32, of quotients, and of the sums. Each is read in a
process of its own: as a text, as the canonical text that the checker reads, and as ONNX without the
comparison with another program. Printed: kilobytes, CPU seconds (the least of three), and megabytes
that the reading takes at most beyond what the program takes.
"""

from __future__ import annotations

import gc
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import click

from rectifold.exact.matrix import Matrix
from rectifold.formats.load import load
from rectifold.formats.onnx_writer import onnx_bytes
from rectifold.ir.canonical import canonical_text
from rectifold.ir.draft import Draft
from rectifold.ir.network import Layer, Network
from rectifold.language.elaborate import parse
from rectifold.language.printer import print_network
from rectifold_check.networks import read_network
from support import float_network

REPEATS = 3


def sums(units: int) -> str:
    """Units as sums of 48 single units each, and the output as a sum of all of them."""
    random = Random(units)
    hyperplanes = [[random.randint(-9, 9) for _ in range(4)] for _ in range(240)]

    def terms(count: int) -> str:
        names = [f"{random.choice('ab')}[{random.randrange(4)}]" for _ in range(count - 2)]
        names += [f"h[{random.randrange(240)}]" for _ in range(2)]
        return "+".join(f"({random.randint(-300, 300)})*{name}" for name in names)

    lines = ["network sums", "input x[4] in [-1, 1]", "a = relu(x)", "b = relu(-x)"]
    lines.append(f"h = relu({hyperplanes} @ x)")
    lines += [f"u{k} = relu({terms(24)}-({terms(24)}))" for k in range(units)]
    lines.append("y = " + "+".join(f"(1/2)*u{k}" for k in range(units)))
    return "\n".join([*lines, "output y", ""])


def lines_of_sum(units: int) -> str:
    """One sum, a term on each line."""
    random = Random(units)
    terms = (f"{random.randint(-99, 99)}*x[{random.randrange(50)}]" for _ in range(20 * units))
    return "input x[50] in [-1, 1]\ny = (" + "\n + ".join(terms) + ")\noutput y\n"


def quotients(units: int) -> str:
    """A layer of quotients with small denominators."""
    random = Random(units)
    draft = Draft(float_network(0, 100, units, 1))
    layer = draft.layers["h0"]
    flat = [random.randint(-999, 999) for _ in range(100 * units)]
    weight = Matrix.from_integers((units, 100), flat, 3 * 7 * 11)
    draft.put(Layer("h0", "relu", layer.bias, {"x": weight}))
    return print_network(draft.freeze())


def floats(units: int) -> str:
    """A chain of float32 layers."""
    return print_network(float_network(0, 100, units, units, 10))


TEXTS: dict[str, Callable[[int], str]] = {
    "sums of single units": sums,
    "one sum on many lines": lines_of_sum,
    "the sums, printed": lambda units: print_network(parse(sums(units))),
    "float32 matrices, printed": floats,
    "quotients, printed": quotients,
}


def written(folder: Path, name: str, network: Network) -> list[Path]:
    """The network as the checker reads it, and as ONNX."""
    canonical, model = folder / f"{name}.canonical", folder / f"{name}.onnx"
    canonical.write_text(canonical_text(network), encoding="utf-8")
    model.write_bytes(onnx_bytes(network, "float64"))
    return [canonical, model]


def measured(path: Path) -> tuple[float, float]:
    """(CPU seconds, megabytes) of reading the file."""
    parse("input x[1]\noutput x")
    gc.collect()  # or it falls into one measurement and not into another
    before = highest()
    started = time.process_time()
    if path.suffix == ".canonical":
        read_network(path.read_text(encoding="utf-8"), path.name)
    else:
        load(path, crosscheck=False)
    seconds = time.process_time() - started
    return seconds, highest() - before


def highest() -> float:
    """Megabytes that this process has taken so far (what getrusage says begins with its
    parent's).
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def show_row(what: str, path: Path) -> None:
    """Measures, each time in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        results = [pool.apply(measured, (path,)) for _ in range(REPEATS)]
    seconds, megabytes = (min(column) for column in zip(*results, strict=True))
    size = path.stat().st_size / 1000
    print(f"| {what} | {size:,.0f} | {seconds:.2f} | {megabytes:,.0f} |", flush=True)


@click.command(help=__doc__)
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--sizes", default="1,4", show_default=True)
def main(files: tuple[Path, ...], sizes: str) -> None:
    print("| file | kB | CPU s | MB |\n|---|---|---|---|")
    for path in files:
        show_row(path.name, path)
    if files:
        return
    with tempfile.TemporaryDirectory() as place:
        for size in sizes.split(","):
            units = 300 * int(size)
            for what, text in TEXTS.items():
                path = Path(place) / f"{list(TEXTS).index(what)}-{units}.relu"
                path.write_text(text(units), encoding="utf-8")
                show_row(what, path)
            for name in ("the sums", "float32 matrices"):
                source = parse(TEXTS[f"{name}, printed"](units))
                for other in written(Path(place), f"{name}-{units}", source):
                    show_row(f"{name}, {other.suffix[1:]}", other)


if __name__ == "__main__":
    main()
