"""The network as a mixed-integer program: HiGHS solves it, exact extremes and values are compared.

What a solver may be off by is its own: TOLERANCE is far above HiGHS's 1e-7 at these sizes.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rectifold.bounds.written import written_bounds
from rectifold.cli.main import main
from rectifold.emitters.header import Origin
from rectifold.emitters.milp.program import Program, program_of
from rectifold.emitters.table import FORMATS, emit
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.facts.facts import Phase
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.summary import linear_regions
from rectifold.prover.cascade import prove
from support import float_network, net, points_of, random_network

needs_highs = pytest.mark.skipif(
    importlib.util.find_spec("highspy") is None, reason="HiGHS is not installed"
)
KINDS = ("mps", "lp")
TOLERANCE = 1e-4


def read(path: Path) -> Any:
    import highspy

    highs = highspy.Highs()
    highs.silent()
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    return highs


def optimum(highs: Any, objective: str, sign: int) -> float:
    """The largest (1) or least (-1) value of one variable."""
    import highspy

    for name in highs.getLp().col_names_:
        highs.changeColCost(highs.getColByName(name)[1], -sign * float(name == objective))
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return -sign * float(highs.getInfo().objective_function_value)


def at_point(highs: Any, point: Sequence[float], outputs: int) -> list[float]:
    """The outputs where the inputs are fixed."""
    for k, value in enumerate(point):
        highs.changeColBounds(highs.getColByName(f"x{k}")[1], value, value)
    highs.run()
    values = highs.getSolution().col_value
    return [values[highs.getColByName(f"y{k}")[1]] for k in range(outputs)]


def extremes(network: Network) -> list[tuple[Fraction, Fraction]]:
    """Exactly: outputs are affine on each linear region, so they are largest at a vertex."""
    domain = network.domain
    assert domain is not None
    found = linear_regions(network, domain)
    assert found.complete
    free = [k for k in range(domain.size) if k not in domain.fixed]
    points = []
    for region in found:
        assert isinstance(region, Region)
        for vertex in region.vertices:
            places = dict(zip(free, vertex, strict=True)) | domain.fixed
            points.append([places[k] for k in range(domain.size)])
    values = [evaluate(network, point) for point in points]
    return [(min(column), max(column)) for column in zip(*values, strict=True)]


@needs_highs
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [*range(6), 31])
def test_extremes_of_the_outputs_are_the_exact_ones(kind: str, seed: int, tmp_path: Path) -> None:
    network = random_network(seed) if seed % 2 else float_network(seed, 2, 6, 4, 2)
    assert network.domain is not None
    if len(network.domain.fixed) == network.input_size:
        network = network.with_domain(Domain.cube(-1, 2, network.input_size))
    (path,) = emit(network, tmp_path / f"net.{kind}")
    for k, (least, largest) in enumerate(extremes(network)):
        highs = read(path)
        assert abs(optimum(highs, f"y{k}", 1) - float(largest)) <= TOLERANCE
        assert abs(optimum(highs, f"y{k}", -1) - float(least)) <= TOLERANCE


@needs_highs
@pytest.mark.parametrize("kind", KINDS)
def test_points_have_the_values_of_the_network(kind: str, tmp_path: Path) -> None:
    for seed in range(12):
        network = random_network(seed)
        assert network.domain is not None
        (path,) = emit(network, tmp_path / f"net{seed}.{kind}")
        for point in points_of(network.domain, 2, seed):
            x = [float(v) for v in point]
            got = at_point(read(path), x, network.output_size)
            want = evaluate(network, [Fraction(v) for v in x])
            assert got == pytest.approx([float(v) for v in want], abs=TOLERANCE)


@needs_highs
@pytest.mark.parametrize("kind", KINDS)
def test_a_linear_constraint_is_a_row(kind: str, tmp_path: Path) -> None:
    network = net(
        """
        input x[2] in [0, 1]
        assume x[0] + x[1] <= 3/10
        assume 0*x[0] <= 1
        output relu(x[0] + 2*x[1])
        """
    )
    (path,) = emit(network, tmp_path / f"net.{kind}")
    assert abs(optimum(read(path), "y0", 1) - 0.6) <= TOLERANCE
    rows = program_of(network, None).rows
    assert rows[0].terms == [("x0", 10.0), ("x1", 10.0)]  # exact over the common denominator
    assert rows[0].right == 3.0


def everything(program: Program) -> str:
    return " ".join(
        [column.name for column in program.columns] + [row.name for row in program.rows]
    )


def test_stable_units_need_no_binaries_and_inactive_ones_are_absent() -> None:
    network = net(
        """
        input x[2] in [0, 1]
        h = relu([[1, 1], [-1, -1], [1, -1]] @ x + [0, -1, 0])
        output [[1, 1, 1]] @ h
        """
    )
    program = program_of(network, None)
    assert [column.name for column in program.columns] == [
        "x0", "x1", "a1_0", "a1_2", "n1_2", "d1_2", "y0",
    ]  # fmt: skip
    assert "1_1" not in everything(program)
    assert program.deviation == 0.0


def test_facts_of_another_domain_are_not_used() -> None:
    network = net("input x[1] in [-1, 1]\noutput relu(x)")
    facts = prove(network, Domain.cube(0, 1, 1))
    program = program_of(network, facts)
    assert sum(column.is_binary for column in program.columns) == 1


def test_a_tiny_big_m_is_widened() -> None:
    text = "input x[1] in [-1, 1]\nh = relu([[1e-12], [1e6]] @ x)\noutput [[1e12, 1e-6]] @ h"
    numbers = {abs(v) for row in program_of(net(text), None).rows for _, v in row.terms}
    assert 1e-6 in numbers
    bounds = [(column.lower, column.upper) for column in program_of(net(text), None).columns]
    assert bounds[1] == bounds[2] == (0.0, 1e-6)


def test_an_output_that_is_inactive_is_the_constant_0() -> None:
    program = program_of(net("input x[1] in [0, 1]\noutput relu(-x - 1)"), None)
    assert (program.columns[1].name, program.columns[1].lower, program.columns[1].upper) == (
        "y0", 0.0, 0.0,
    )  # fmt: skip


def test_a_layer_that_the_output_does_not_depend_on_is_absent() -> None:
    layers = [
        Layer("h", "relu", Matrix.column([Fraction(1)]), {"x": Matrix.from_fractions([[1]])}),
        Layer("y", "linear", Matrix.column([Fraction(0)]), {"x": Matrix.from_fractions([[1]])}),
    ]
    program = program_of(Network("x", 1, layers, "y", Domain.cube(-1, 1, 1)), None)
    assert everything(program) == "x0 y0 r2_0"


def test_what_is_proved_leaves_fewer_binaries(tmp_path: Path) -> None:
    network = float_network(3, 2, 8, 8, 8, 1)
    assert network.domain is not None
    facts = prove(network, network.domain)
    alone, known = (
        sum(c.is_binary for c in program_of(network, given).columns) for given in (None, facts)
    )
    assert known == facts.count(Phase.UNSTABLE) < alone
    origin = Origin(digest(network), network.sizes, facts=facts)
    text = FORMATS["mps"].emit(network, origin, "net.mps").main.decode("ascii")
    assert f"* {known} binaries, with proved bounds as big-M." in text


@pytest.mark.parametrize("seed", range(8))
def test_bounds_and_deviation_hold_for_what_is_written(seed: int) -> None:
    """Weights and ends in thirds, which are rounded; a point beyond an end counts as that end."""
    network, domain = _in_thirds(random_network(seed))
    found = written_bounds(network, domain, prove(network, domain))
    low, high = (end.tolist() for end in domain.float_box)
    points = [[Fraction(v) for v in ends] for ends in (low, high)]
    points += [[Fraction(float(v)) for v in x] for x in points_of(domain, 10, seed)]
    for layer in network.layers:
        exact, written = _until(network, layer.name), _until(_rounded(network), layer.name)
        bounds, moved = found.bounds.of(layer.name), found.deviation[layer.name].tolist()
        for x in points:
            inside = [min(max(v, a), b) for v, a, b in _with_ends(x, domain)]
            ends = zip(bounds.lower.tolist(), bounds.upper.tolist(), moved, strict=True)
            values = zip(evaluate(written, x), evaluate(exact, inside), ends, strict=True)
            for value, want, (a, b, off) in values:
                assert Fraction(a) <= value <= Fraction(b)
                assert abs(value - want) <= Fraction(off)


def test_nothing_proved_is_used_where_the_domain_is_cut_by_numbers_that_are_no_floats() -> None:
    text = "input x[1] in [0, 2]\nassume {} <= 1\noutput relu(x - 1/2) + relu(1/4 - x)"
    for row, binaries in (("4*x[0]", 0), ("x[0]/3 + x[0]*4", 2)):
        network = net(text.format(row))
        assert network.domain is not None
        program = program_of(network, prove(network, network.domain))
        assert sum(column.is_binary for column in program.columns) == binaries


def _in_thirds(network: Network) -> tuple[Network, Domain]:
    assert network.domain is not None
    layers = [
        replace(
            layer,
            bias=_third(layer.bias),
            weights={u: _third(w) for u, w in layer.weights.items()},
        )
        for layer in network.layers
    ]
    ends = [
        tuple(v / 3 for v in end if v is not None)
        for end in (network.domain.lower, network.domain.upper)
    ]
    domain = Domain(ends[0], ends[1])
    return Network("x", network.input_size, layers, network.output, domain), domain


def _third(matrix: Matrix) -> Matrix:
    rows, columns = matrix.shape
    entries = [[matrix.entry(i, j) / 3 for j in range(columns)] for i in range(rows)]
    return Matrix.from_fractions(entries, columns=columns)


def _with_ends(
    point: list[Fraction], domain: Domain
) -> Iterator[tuple[Fraction, Fraction, Fraction]]:
    for value, low, high in zip(point, domain.lower, domain.upper, strict=True):
        assert low is not None
        assert high is not None
        yield value, low, high


def _rounded(network: Network) -> Network:
    """The network as floats say it."""
    layers = [
        replace(
            layer,
            bias=Matrix.from_floats(layer.bias.approximation[0]),
            weights={u: Matrix.from_floats(w.approximation[0]) for u, w in layer.weights.items()},
        )
        for layer in network.layers
    ]
    return Network("x", network.input_size, layers, network.output)


def _until(network: Network, name: str) -> Network:
    """The pre-activations of one layer as outputs."""
    layers = [
        replace(layer, activation="linear") if layer.name == name else layer
        for layer in network.layers
        if layer.name == name or layer.name in network.cone(name)
    ]
    return Network("x", network.input_size, layers, name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("input x[2]\noutput x", 'none is stated; give --domain (such as --domain "[-1,1]")'),
        ("input x[2] in [[0, 1], [0, inf]]\noutput x", "input 1 has no upper end; give a bounded"),
        ("input x[1] in [-1, 1]\noutput relu(1e16*x)", "solvers take those from 1e+15 on for"),
        ("input x[1] in [-1, 1e300]\noutput 1e300*x", "may exceed the range of float64"),
        ("input x[1] in [0, 1]\noutput 1e400*x", "beyond the range of float64"),
        (
            "input x[2] in [[0, 1], [-1e400, 1]]\nassume x[0] + x[1] <= 1\noutput x",
            "input 1 has the range [-1e+400, 1], which exceeds the range of float64",
        ),
        ("input x[1] in [0, 1e309]\noutput relu(x)", "which exceeds the range of float64"),
    ],
)
def test_refusals(kind: str, text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        emit(net(text), tmp_path / f"net.{kind}")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_networks_text_reaches_the_program(kind: str, tmp_path: Path) -> None:
    network = net("input secret[1] in [0, 1]\nh = relu(secret - 1/2)\noutput h")
    network = network.renamed("net", "a\nEnd\n* */ \\ \u202e")
    (path,) = emit(network, tmp_path / f"End Bounds {kind}.{kind}")
    lines = path.read_text("ascii").splitlines()
    program = [line for line in lines if not line.startswith(("*", "\\"))]
    assert "secret" not in "\n".join(program)
    assert program[-1] == ("ENDATA" if kind == "mps" else "End")
    assert sum(line in ("ENDATA", "End") for line in lines) == 1


@needs_highs
def test_the_commands_write_programs(tmp_path: Path) -> None:
    source = tmp_path / "net.relu"
    source.write_text("input x[1] in [0, 1]\nh = relu(x - 1/2)\noutput 2*h + 1\n")
    for command in ("emit", "compile"):
        target = tmp_path / f"{command}.lp"
        result = CliRunner().invoke(main, [command, str(source), "-o", str(target)])
        assert result.exit_code == 0, result.output
        assert abs(optimum(read(target), "y0", 1) - 2.0) <= TOLERANCE
