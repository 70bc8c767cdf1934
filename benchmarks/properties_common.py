"""What both tables of benchmarks/properties.py need: pairs of files, our commands, and Marabou."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Pair:
    """A network and a property, as files."""

    name: str
    network: Path
    property_file: Path

    @property
    def is_there(self) -> bool:
        return self.network.is_file() and self.property_file.is_file()


@dataclass(frozen=True)
class Said:
    """Marabou's word, and its CPU seconds."""

    verdict: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.verdict} {self.seconds:.2f}"


@dataclass(frozen=True)
class Done:
    """A command that ended: its status, what it said, and CPU and wall seconds, start included."""

    status: int
    said: str
    cpu: float
    wall: float


def find(data: Path, name: str) -> Path:
    """The file of this name in a folder or in one below it; a path that is none, if there is no
    such file."""
    return next(iter(sorted(data.rglob(name))), data / name)


def command(*arguments: str | Path) -> Done:
    """Run `rectifold` as a user runs it."""
    words = [sys.executable, "-m", "rectifold", *map(str, arguments)]
    path = os.pathsep.join([str(ROOT / "compiler"), os.environ.get("PYTHONPATH", "")])
    before, started = _cpu(), time.perf_counter()
    done = subprocess.run(
        words, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    wall = time.perf_counter() - started
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return Done(done.returncode, (lines or [""])[-1], _cpu() - before, wall)


def ask_marabou(peer: str, model: Path, property_file: Path, seconds: int) -> Said:
    """What Marabou says of a pair; its last line where it ends otherwise."""
    script = str(Path(__file__).with_name("marabou_property.py"))
    words = [peer, "-W", "ignore", script, str(model), str(property_file), str(seconds)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        return Said((done.stderr.strip().splitlines() or ["failed"])[-1][:60], 0.0)
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return Said(told["verdict"], told["seconds"])


def _cpu() -> float:
    """CPU seconds of all processes that ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
