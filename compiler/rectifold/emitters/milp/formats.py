"""A mixed-integer program as free MPS and as LP text, which every solver reads.

    ROWS            Subject To
     E r1_0          r1_0: a1_0 - n1_0 - 2 x0 = 0.5

Numbers are the shortest decimals that are read back as the same float64. The objective is 0: say
yours to the solver, of the variables x0, ..., y0, ...
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin, about_lines
from rectifold.emitters.milp.program import Program, Row, Terms, program_of
from rectifold.emitters.tail_code import require_tail_fits
from rectifold.exact.numerals import at_most, counted
from rectifold.formats.float_range import rounded_parameters
from rectifold.ir.network import Network
from rectifold.runtime.caps import CAPS


def mps_program(network: Network, origin: Origin, name: str) -> Artifact:
    """The file `name` in free MPS. Raises InputError for what is no such program, or a tail."""
    require_tail_fits(origin.interface, "mps")
    program = program_of(network, origin.facts)
    comments = (f"* {line}" for line in _header(network, origin, program))
    return _artifact(name, [*comments, *_mps_lines(program)])


def lp_program(network: Network, origin: Origin, name: str) -> Artifact:
    """The file `name` in the LP format. Raises InputError as `mps_program` does."""
    require_tail_fits(origin.interface, "lp")
    program = program_of(network, origin.facts)
    comments = (f"\\ {line}" for line in _header(network, origin, program))
    return _artifact(name, [*comments, *_lp_lines(program)])


def _artifact(name: str, lines: Iterable[str]) -> Artifact:
    return Artifact({name: "".join(f"{line}\n" for line in lines).encode("ascii")})


def _header(network: Network, origin: Origin, program: Program) -> Iterator[str]:
    yield from about_lines(network, origin)
    yield "Variables: x0, ... inputs; y0, ... outputs; a, n, d of a unit: relu, its other side,"
    yield "its phase. The objective is 0: set yours in the solver."
    rounded = rounded_parameters(network, "float64")
    yield f"Parameters that are no float64 numbers and were rounded: {rounded}."
    if program.outward:
        yield f"Numbers of the domain that are none and were rounded outward: {program.outward}."
    if program.deviation:
        yield (
            "Certified: at every point of the domain, |outputs of this program - the exact "
            f"network| <= {at_most(program.deviation, 3)}."
        )
    else:
        yield "Certified: at every point of the domain the outputs are those of the exact network."
    binaries = sum(column.is_binary for column in program.columns)
    yield f"{counted(binaries, 'binary', 'binaries')}, with proved bounds as big-M."
    yield "What a solver's own tolerances add is not in these statements."


def _mps_lines(program: Program) -> Iterator[str]:
    yield from ("NAME rectifold", "ROWS", " N objective")
    yield from (f" {'E' if row.is_equation else 'L'} {row.name}" for row in program.rows)
    yield "COLUMNS"
    entries: dict[str, list[str]] = {column.name: [] for column in program.columns}
    for row in program.rows:
        for name, value in row.terms:
            entries[name].append(f"{row.name} {_word(value)}")
    for column in program.columns:
        own = entries[column.name] or ["objective 0"]
        yield from (f" {column.name} {entry}" for entry in own)
    yield "RHS"
    yield from (f" RHS {row.name} {_word(row.right)}" for row in program.rows if row.right)
    yield "BOUNDS"
    for column in program.columns:
        if column.is_binary:
            yield f" BV BND {column.name}"
        else:
            yield f" LO BND {column.name} {_word(column.lower)}"
            yield f" UP BND {column.name} {_word(column.upper)}"
    yield "ENDATA"


def _lp_lines(program: Program) -> Iterator[str]:
    yield "Minimize"
    yield f" objective: 0 {program.columns[0].name}" if program.columns else " objective:"
    yield "Subject To"
    for row in program.rows:
        yield from _lp_row(row, program.columns[0].name)
    yield "Bounds"
    for column in program.columns:
        if not column.is_binary:
            yield f" {_word(column.lower)} <= {column.name} <= {_word(column.upper)}"
    binaries = [column.name for column in program.columns if column.is_binary]
    if binaries:
        yield "Binaries"
        yield from (f" {name}" for name in binaries)
    yield "End"


def _lp_row(row: Row, any_name: str) -> Iterator[str]:
    """The lines of a row; one without terms says 0 of any variable."""
    terms = row.terms or [(any_name, 0.0)]
    most = CAPS.program_terms
    pieces = [terms[k : k + most] for k in range(0, len(terms), most)]
    lines = [" ".join(_terms(piece)) for piece in pieces]
    lines[-1] += f" {'=' if row.is_equation else '<='} {_word(row.right)}"
    yield f" {row.name}: {lines[0]}"
    yield from (f"  {line}" for line in lines[1:])


def _terms(terms: Terms) -> Iterator[str]:
    for name, value in terms:
        yield f"{'-' if value < 0 else '+'} {_word(abs(value))} {name}"


def _word(value: float) -> str:
    """The shortest decimal that is read back as this float."""
    return repr(float(value))
