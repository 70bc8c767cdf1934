"""What a compiler makes of emitted C: bytes of code and of stack, read from its own reports.

    size -A net.o                  .text 982   .rodata 106704   .data 0   .bss 0
    net.ci (-fcallgraph-info=su)   net_evaluate 16 bytes  →  forward 2344 bytes       stack 2360

The stack is that of the longest chain of calls from the entry point; functions of other files
(those of the compiler's library for numbers without hardware) are not in it. A compiler without
-fcallgraph-info reports functions alone (-fstack-usage): their sum is as much at least, because
emitted code calls nothing twice at once.

On x86-64 a function that calls none may use 128 bytes below its stack, and no report counts them;
code is compiled without (-mno-red-zone), where the compiler knows of it.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from rectifold.emitters.artifact import Artifact, weights_beside
from rectifold.emitters.templates import template
from rectifold.runtime.compilers import Tool, ToolFailed, run_tool

STRICT = ("-std=c99", "-ffp-contract=off", "-fno-asynchronous-unwind-tables")
OBJECT = "rectifold-unit.o"  # no source is called so: its functions are named after it
_GRAPH, _USAGE = "-fcallgraph-info=su", "-fstack-usage"
_NO_RED_ZONE = "-mno-red-zone"
_NODE = re.compile(r'node: \{ title: "([^"]+)" label: "[^"]*?(\d+) bytes \(([^)]*)\)')
_EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')


@dataclass(frozen=True)
class Footprint:
    """Bytes of an object: sections, and the stack of its entry point (None: not known)."""

    text: int
    rodata: int
    data: int
    bss: int
    stack: int | None


def footprint(artifact: Artifact, entry: str, tool: Tool, flags: Sequence[str]) -> Footprint:
    """Compile the first file of the artifact, in a folder of its own. Raises ToolFailed."""
    with tempfile.TemporaryDirectory(prefix="rectifold-") as name:
        folder = Path(name)
        main = write_into(folder, artifact)
        return footprint_in(folder, main, entry, tool, flags)


def write_into(folder: Path, artifact: Artifact) -> str:
    """The files of the artifact in a folder of ours, and the name of the first."""
    folder.mkdir(exist_ok=True)
    for name, data in artifact.files.items():
        (folder / name).write_bytes(data)
    return next(iter(artifact.files))


def incbin(artifact: Artifact) -> list[str]:
    """The option that takes the weights of a file beside the source into the object, if any are."""
    stem, name = _weights(artifact)
    return [f'-D{stem.upper()}_INCBIN="{name}"'] if name in artifact.files else []


def beside_bytes(artifact: Artifact) -> int:
    """Of the weights that lie beside the source."""
    return len(artifact.files.get(_weights(artifact)[1], b""))


def _weights(artifact: Artifact) -> tuple[str, str]:
    """The stem of the source, and the name of a file of weights."""
    main = next(iter(artifact.files))
    return PurePath(main).stem, weights_beside(main, ".bin")


def calling(artifact: Artifact) -> str:
    """C that a program of ours begins with, to call emitted C of any kind."""
    main, stem = next(iter(artifact.files)), _weights(artifact)[0]
    upper, header = stem.upper(), f"{stem}.h"
    declarations = f'#include "{header}"'
    if header not in artifact.files:
        declarations = f'#define {upper}_DECLARATIONS_ONLY\n#include "{main}"'
    return template("c_calling").format(stem=stem, upper=upper, declarations=declarations)


def footprint_in(
    folder: Path, main: str, entry: str, tool: Tool, flags: Sequence[str]
) -> Footprint:
    """The same of a file in `folder`. Raises ToolFailed."""
    stack = _compile(folder, main, entry, tool, flags)
    return replace(sections_of(tool, OBJECT, folder), stack=stack)


def sections_of(tool: Tool, file: str, folder: Path) -> Footprint:
    """The sections of an object or a program, its stack unknown. Raises ToolFailed."""
    size = tool.part("size", folder)
    sections = section_sizes(run_tool([size, "-A", file], folder))
    text, rodata, data, bss = (
        sum(size for name, size in sections.items() if re.match(rf"\.{kind}(\.|$)", name))
        for kind in ("text", "rodata", "data", "bss")
    )
    if not text:
        raise ToolFailed(f"{Path(size).name} -A does not say the sections of an object here")
    return Footprint(text, rodata, data, bss, None)


def _compile(folder: Path, main: str, entry: str, tool: Tool, flags: Sequence[str]) -> int | None:
    """Makes unit.o; the stack of `entry`, where the compiler says it. Raises ToolFailed."""
    counted = _counting_all(tool, folder)
    command = [tool.path, *STRICT, *flags, *counted, "-x", "c", "-c", main, "-o", OBJECT]
    for report, read in ((_GRAPH, _chain_in), (_USAGE, _sum_in)):
        try:
            run_tool([*command, report], folder)
        except ToolFailed:
            continue
        return read(folder, entry)
    run_tool(command, folder)
    return None


def _counting_all(tool: Tool, folder: Path) -> Sequence[str]:
    """The option with which all of the stack is counted; none where the compiler has no such."""
    try:
        run_tool([tool.path, _NO_RED_ZONE, "-fsyntax-only", "-x", "c", os.devnull], folder)
    except ToolFailed:
        return ()
    return (_NO_RED_ZONE,)


def section_sizes(said: str) -> Mapping[str, int]:
    """Section → bytes, of what `size -A` says."""
    rows = (line.split() for line in said.splitlines())
    return {
        row[0]: int(row[1])
        for row in rows
        if len(row) == 3 and row[0].startswith(".") and row[1].isdecimal()
    }


def _chain_in(folder: Path, entry: str) -> int | None:
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.ci")]
    return longest_chain("\n".join(texts), entry)


def longest_chain(graph: str, entry: str) -> int | None:
    """Bytes of stack from `entry` down, in a call graph as gcc writes it.

    None where a function takes as much as its input says, or calls itself.
    """
    own = {name: int(size) for name, size, _ in _NODE.findall(graph)}
    is_open = any(kind == "dynamic" for _, _, kind in _NODE.findall(graph))
    calls: dict[str, set[str]] = {}
    for caller, called in _EDGE.findall(graph):
        calls.setdefault(caller, set()).add(called)

    def below(name: str, above: tuple[str, ...]) -> int:
        if name in above:
            raise RecursionError(name)
        longest = (below(one, (*above, name)) for one in sorted(calls.get(name, ())))
        return own.get(name, 0) + max(longest, default=0)

    if is_open or entry not in own:
        return None
    try:
        return below(entry, ())
    except RecursionError:
        return None


def _sum_in(folder: Path, entry: str) -> int | None:
    """The sum over all functions of the file: at least what a chain of them takes."""
    rows = [
        line.split("\t")
        for path in folder.glob("*.su")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    if not rows or any(row[-1] == "dynamic" for row in rows):
        return None
    return sum(int(row[1]) for row in rows)
