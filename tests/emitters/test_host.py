"""Code of every format that is run here gives outputs within its bound; what is missing is said."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from rectifold.bounds.code_error import code_error
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.measured.host import RUNNERS, Candidate, Course, course, seen_error, starts
from rectifold.emitters.measured.points import points_to_measure
from rectifold.emitters.precision import chosen_precision
from rectifold.emitters.table import FORMATS, emit
from rectifold.integers.choose import certified_integers
from rectifold.integers.words import words_of
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from rectifold.runtime.compilers import c_compiler
from rectifold.runtime.racing import Racer
from support import MANY_PARAMETERS, float_network, net

CUT = "input x[2] in [0, 1]\nassume x[0] + x[1] <= 3/2\nh = relu([[1, -2], [3, 1]] @ x)\noutput h"


def candidate(network: Network, chosen: str) -> Candidate:
    precision, integers = chosen_precision(chosen, network, None) or "", None
    assert network.domain is not None
    if words := FORMATS[chosen].words:
        integers = certified_integers(network, network.domain, words_of(words, smaller=False))
        bound = list(integers.per_output)
    else:
        bound = code_error(network, network.domain, None, precision).tolist()
    origin = Origin(
        digest(network), network.sizes, tuple(bound), precision=precision, integers=integers
    )
    artifact = FORMATS[chosen].emit(network, origin, f"network{FORMATS[chosen].suffix}")
    return Candidate(chosen, precision, artifact, max(bound))


def outputs(one: Candidate, run: Course, folder: Path) -> list[list[float]]:
    """Of every program that runs the code."""
    begun, notes = starts(one, run, c_compiler(None), folder)
    found = []
    for start in begun:
        with Racer(start.build, start.command, folder) as racer:
            assert racer.window(3) >= 0
            found.append(racer.outputs())
    if not begun:
        assert notes
        pytest.skip(notes[0])
    return found


@pytest.mark.parametrize("network", [float_network(0, 4, 8, 6, 3), net(CUT)], ids=["plain", "cut"])
@pytest.mark.parametrize("chosen", RUNNERS)
def test_the_outputs_of_the_code_are_within_its_bound(
    chosen: str, network: Network, tmp_path: Path
) -> None:
    one, run = candidate(network, chosen), course(network, points_to_measure(network, 7))
    for values in outputs(one, run, tmp_path):
        assert len(values) == run.shown * network.output_size
        seen = seen_error(values, run)
        assert seen is not None
        assert one.bound is not None
        assert seen <= one.bound


def test_a_source_is_run_in_the_shape_that_it_says(tmp_path: Path) -> None:
    network = float_network(0, 4, 8, 3)
    (file,) = emit(network, tmp_path / "source.onnx", "onnx")
    one = Candidate("onnx", "", Artifact({}), source=file)
    run = course(network, points_to_measure(network, 3))
    folder = tmp_path / "own"
    folder.mkdir()
    for values in outputs(one, run, folder):
        assert (seen_error(values, run) or 0) < 1e-4


def test_weights_beside_the_source_are_read(tmp_path: Path) -> None:
    network = float_network(0, *MANY_PARAMETERS)
    one, run = candidate(network, "c"), course(network, points_to_measure(network, 3))
    assert list(one.artifact.files)[2:] == ["network_weights.bin"]
    for values in outputs(one, run, tmp_path):
        assert (seen_error(values, run) or 0) <= (one.bound or 0)


def test_a_single_file_is_included_for_its_declarations(tmp_path: Path) -> None:
    network = float_network(0, 4, 8, 3)
    origin = Origin(digest(network), network.sizes, precision="float64", single_file=True)
    artifact = FORMATS["c"].emit(network, origin, "network.c")
    assert list(artifact.files) == ["network.c"]
    run = course(network, points_to_measure(network, 3))
    for values in outputs(Candidate("c", "float64", artifact), run, tmp_path):
        assert (seen_error(values, run) or 0) < 1e-9


def test_without_a_compiler_c_is_a_note(tmp_path: Path) -> None:
    network = net(CUT)
    run = course(network, points_to_measure(network, 3))
    begun, notes = starts(candidate(network, "c"), run, None, tmp_path)
    assert (begun, notes) == ([], ["C was not measured: no compiler was found"])


def test_c_that_does_not_compile_is_a_note_for_each_build(tmp_path: Path) -> None:
    tool = c_compiler(None)
    if tool is None:
        pytest.skip("no C compiler is installed")
    network = net(CUT)
    run = course(network, points_to_measure(network, 3))
    broken = Candidate("c", "float64", Artifact({"network.c": b"int no(void) { return x; }\n"}))
    begun, notes = starts(broken, run, tool, tmp_path)
    assert not begun
    assert [note.partition(" was")[0] for note in notes] == [
        "C with -O2",
        "C with -O3 -march=native",
    ]


def test_an_error_of_the_outputs_is_seen() -> None:
    network = net(CUT)
    run = course(network, [[0.5, 0.25]])
    assert run.exact == [[Fraction(0), Fraction(7, 4)]]
    assert seen_error([0.0, 1.75], run) == 0
    assert seen_error([0.0, 1.5], run) == 0.25
    assert seen_error([0.0, float("nan")], run) is None
    assert seen_error([0.0], run) is None
