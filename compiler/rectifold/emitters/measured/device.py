"""Emitted C on a small device: bytes by its compiler, instructions under an emulator.

    cortex-m4   -Os   flash 53,900   RAM 480   stack 480   instructions 61,000

Instructions are counted by QEMU's clock: with -icount shift=6 each takes 64 ns of virtual time,
which a timer of the emulated board counts in ticks of 40 ns, so a count is right within a few.
Code for a Cortex-M0 runs there too, instruction for instruction, because a Cortex-M4 has all of
its instructions. The stack is painted before a call and looked at behind it, so that routines of
the compiler's library count; without an emulator it is the longest chain of the file's own calls.
Instructions are not cycles: a multiplication, a load from flash and a jump take different times.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from types import MappingProxyType

from rectifold.effort.running import ToolEffort
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.measured.footprint import (
    OBJECT,
    Footprint,
    calling,
    footprint_in,
    incbin,
    sections_of,
    write_into,
)
from rectifold.emitters.templates import template
from rectifold.runtime.compilers import Tool, ToolFailed, c_compiler, found_tool, run_tool
from rectifold.runtime.run import Progress

ARM_COMPILER, ARM_EMULATOR = "arm-none-eabi-gcc", "qemu-system-arm"
_NANOSECONDS = {"tick": 40, "instruction": 64}
_FPU = '*(volatile uint32_t *)0xE000ED88 |= 0xF00000u; __asm__ volatile("dsb\\n\\tisb");'
_BOARD = ("-M", "mps2-an386", "-icount", "shift=6", "-display", "none", "-monitor", "none")
_SPEAKS = ("-serial", "none", "-chardev", "stdio,id=out", "-semihosting-config")
_SPEAKS_TO = "enable=on,target=native,chardev=out"


@dataclass(frozen=True)
class Device:
    """A kind of processor, and what its compiler is told."""

    says: str
    flags: tuple[str, ...]
    has_floats: bool


DEVICES: Mapping[str, Device] = MappingProxyType(
    {
        "cortex-m0": Device(
            "Cortex-M0, floats by software", ("-mcpu=cortex-m0", "-mthumb"), has_floats=False
        ),
        "cortex-m4": Device(
            "Cortex-M4 with float32 hardware",
            ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
            has_floats=True,
        ),
    }
)
_PACKAGE = "Debian: gcc-arm-none-eabi, and for instructions qemu-system-arm"
BUILDS = ("-Os", "-O2")


@dataclass(frozen=True)
class Unit:
    """Emitted C to be measured, and the points at which it is run."""

    artifact: Artifact
    points: Sequence[Sequence[float]]

    @property
    def stem(self) -> str:
        return PurePath(next(iter(self.artifact.files))).stem

    @property
    def entry(self) -> str:
        return f"{self.stem}_evaluate"


@dataclass(frozen=True)
class DeviceRow:
    """One build. Bytes: `flash` of code and constants of the file, `library` of the routines that
    are linked with it (floats by software), `ram` of data and stack. `instructions` of one
    evaluation, the mean and the most over the points; None: not counted.
    """

    build: str
    flash: int
    library: int
    ram: int
    stack: int
    instructions: float | None = None
    most_instructions: int | None = None


def device_rows(
    unit: Unit, name: str, cc: str | None, progress: Progress | None = None
) -> tuple[list[DeviceRow], list[str]]:
    """A row for each build on the device `name`, and notes on what could not be measured.

    `cc`: the compiler that the user names. Raises InputError where that is no program.
    """
    device, emulator = DEVICES[name], found_tool([ARM_EMULATOR])
    tool = found_tool([ARM_COMPILER]) if cc is None else c_compiler(cc)
    if tool is None:
        return [], [f"nothing was measured: {ARM_COMPILER} is not installed ({_PACKAGE})"]
    notes = [] if emulator else [f"instructions were not counted: no {ARM_EMULATOR} was found"]
    rows: list[DeviceRow] = []
    for k, build in enumerate(BUILDS):
        if progress is not None:
            progress(f"{name} {build}", k, len(BUILDS))
        try:
            rows.append(device_row(unit, device, build, tool, emulator))
        except ToolFailed as failed:
            notes.append(f"{build} was not measured: {failed}")
    return rows, notes


def device_row(
    unit: Unit, device: Device, build: str, tool: Tool, emulator: Tool | None
) -> DeviceRow:
    """What one build takes. Raises ToolFailed."""
    with tempfile.TemporaryDirectory(prefix="rectifold-") as name:
        folder = Path(name)
        main = write_into(folder, unit.artifact)
        flags = [*device.flags, build, *incbin(unit.artifact)]
        own = footprint_in(folder, main, unit.entry, tool, flags)
        library = _library_bytes(folder, unit, device, tool, own)
        said = None
        if emulator is not None and unit.points:
            said = _run(folder, unit, device, tool, emulator)
    stack = own.stack if said is None else max(said["stack"])
    if stack is None:
        raise ToolFailed(f"{tool.says} does not say the stack of the code")
    flash, ram = own.text + own.rodata + own.data, own.data + own.bss + stack
    row = DeviceRow(build, flash, library, ram, stack)
    if said is None:
        return row
    counts = [_instructions(t - e) for t, e in zip(said["ticks"], said["empty"], strict=True)]
    return replace(row, instructions=sum(counts) / len(counts), most_instructions=max(counts))


def _library_bytes(folder: Path, unit: Unit, device: Device, tool: Tool, own: Footprint) -> int:
    """What a linked image holds beside the object. Raises ToolFailed."""
    command = [
        tool.path,
        *device.flags,
        "-nostartfiles",
        "-Wl,--gc-sections",
        f"-Wl,-e{unit.entry}",
    ]
    run_tool([*command, OBJECT, "-o", "rectifold-alone.elf", "-lm"], folder)
    linked = sections_of(tool, "rectifold-alone.elf", folder)
    return max(0, linked.text + linked.rodata + linked.data - own.text - own.rodata - own.data)


def _run(
    folder: Path, unit: Unit, device: Device, tool: Tool, emulator: Tool
) -> dict[str, list[int]]:
    """The numbers that the program said, by their names. Raises ToolFailed."""
    rows = (", ".join(f"ELEMENT({float(v).hex()})" for v in point) for point in unit.points)
    text = template("device_run").format(
        entry=unit.entry,
        stem=unit.stem,
        upper=unit.stem.upper(),
        calling=calling(unit.artifact),
        points=len(unit.points),
        values=",\n".join(f"    {{{row}}}" for row in rows),
        painted=ToolEffort.painted_bytes // 4,
        fpu=_FPU if device.has_floats else "",
    )
    large = sum(map(len, unit.artifact.files.values())) > ToolEffort.code_bytes
    memory = template("device_memory").format(constants="MORE" if large else "CODE")
    (folder / "rectifold-run.c").write_text(text, encoding="ascii")
    (folder / "rectifold-run.ld").write_text(memory, encoding="ascii")
    build = [tool.path, *device.flags, "-O2", "-std=gnu99", "-nostartfiles", "-Wl,--gc-sections"]
    files = ["-T", "rectifold-run.ld", "rectifold-run.c", OBJECT, "-o", "rectifold-run.elf", "-lm"]
    run_tool([*build, *files], folder)
    board = [emulator.path, *_BOARD, *_SPEAKS, _SPEAKS_TO, "-kernel", "rectifold-run.elf"]
    return _numbers(run_tool(board, folder, ToolEffort.run_seconds), len(unit.points))


def _numbers(said: str, points: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {"empty": [], "ticks": [], "stack": [], "status": []}
    for name, word in re.findall(r"^(\w+) ([0-9a-f]{8})$", said, re.MULTILINE):
        found[name].append(int(word, 16))
    if [len(values) for values in found.values()] != [points, points, points, 1]:
        raise ToolFailed("the emulator ended before the code was measured")
    if found["status"] != [0]:
        raise ToolFailed("the code refuses a point of its domain under the emulator")
    return found


def _instructions(ticks: int) -> int:
    return round(ticks * _NANOSECONDS["tick"] / _NANOSECONDS["instruction"])
