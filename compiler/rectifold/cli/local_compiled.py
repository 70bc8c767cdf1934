"""`rectifold local --compile DIR`: the network around each sample rewritten, with its certificate.

sample 17    →    DIR/sample-00017.relu, DIR/sample-00017.certificate
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

from rectifold.certificate.leaving_out import certify_what_holds
from rectifold.errors import InputError
from rectifold.exact.entries import Indices
from rectifold.exact.numerals import counted
from rectifold.ir.network import Network, Sizes
from rectifold.language.printer import print_network
from rectifold.local_boxes.boxes import SampleBoxes
from rectifold.local_boxes.found import LocalResult, Spread
from rectifold.operations.compiling import compile_network
from rectifold.passes.result import Options
from rectifold.reports.json import sizes_json
from rectifold.runtime.files import write_files
from rectifold.runtime.interrupts import notice_interrupts
from rectifold.runtime.json import JsonObject
from rectifold.runtime.run import Run
from rectifold.runtime.targets import refuse_existing


@dataclass(frozen=True)
class CompiledSample:
    """What was written for one sample: the sizes of the network, and the checker's verdict."""

    sample: int
    files: tuple[str, str]
    sizes: Sizes
    verdict: str

    def told(self) -> JsonObject:
        """Its entry of the JSON result."""
        return {
            "sample": self.sample,
            "files": list(self.files),
            "after": sizes_json(self.sizes),
            "verdict": self.verdict,
        }


@dataclass(frozen=True, eq=False)
class Folder:
    """Where the files go, and how the samples are called; `force`: existing ones are replaced."""

    path: Path
    numbers: Sequence[int]
    force: bool

    @staticmethod
    def of(name: str | None, numbers: Indices, *, force: bool) -> Folder | None:
        """The folder of that name, which is made where there is none; None where none is wanted.

        Raises InputError for a name that is no folder's, and for files that may not be replaced.
        """
        if name is None:
            return None
        try:
            Path(name).mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"{name!r} can be no folder ({error.strerror})") from None
        folder = Folder(Path(name), numbers.tolist(), force)
        for k in range(len(folder.numbers)):
            for file in folder.files(k):
                refuse_existing(file, force=force)
        return folder

    def files(self, k: int) -> tuple[Path, Path]:
        """(network, certificate) of sample number k of those that are looked at."""
        stem = f"sample-{self.numbers[k]:05d}"
        return self.path / f"{stem}.relu", self.path / f"{stem}.certificate"


def compile_samples(
    network: Network, boxes: SampleBoxes, found: LocalResult, folder: Folder, run: Run
) -> list[CompiledSample]:
    """Compiles, certifies and writes, one sample after the other; those that were done in time.

    `found`: the samples, called by their places among the boxes.
    """
    end = run.deadline(inf)
    tasks = [
        _Task(network, boxes.part(slice(k, k + 1)), k, folder)
        for k in (one.sample for one in found)
    ]
    done: list[CompiledSample] = []
    with notice_interrupts() as interrupted, run.workers() as workers:
        for k in range(0, len(tasks), workers.count):  # as many at a time as there are processes
            if interrupted.is_set() or run.clock() >= end:
                break
            run.tell("compiling around samples", k, len(tasks))
            done += workers.each(_compile, tasks[k : k + workers.count])
    return sorted(done, key=lambda one: one.sample)


def compiled_lines(done: Sequence[CompiledSample], asked: int) -> list[str]:
    """What was written, for people."""
    lines = [f"compiled: {len(done):,} of {counted(asked, 'sample')}"]
    if done:
        units, weights = (
            Spread.of([getattr(one.sizes, what) for one in done]) for what in ("units", "weights")
        )
        holding = sum(one.verdict == "holds" for one in done)
        lines.append(
            f"units: {units.least:,} to {units.most:,}, mean {units.mean:,.1f}; "
            f"weights: {weights.least:,} to {weights.most:,}, mean {weights.mean:,.0f}"
        )
        lines.append(f"certificates that hold: {holding:,} of {len(done):,}")
    return lines


@dataclass(frozen=True, eq=False)
class _Task:
    """The box of one sample, number `place` of those that are looked at."""

    network: Network
    box: SampleBoxes
    place: int
    folder: Folder


def _compile(task: _Task) -> CompiledSample:
    compiled = compile_network(task.network, task.box.exact(0), prover="bounds")
    known = certify_what_holds(compiled, Options())
    files = task.folder.files(task.place)
    texts = print_network(known.compiled.network), known.certificate.text
    data = {file: text.encode("utf-8") for file, text in zip(files, texts, strict=True)}
    write_files(data, force=task.folder.force)
    names = str(files[0]), str(files[1])
    sample, sizes = task.folder.numbers[task.place], known.compiled.network.sizes
    return CompiledSample(sample, names, sizes, known.verdict.status)
