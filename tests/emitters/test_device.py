"""Code on small devices: what its compiler and an emulator say, where they are installed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rectifold.effort.running import ToolEffort
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.measured.costs import costs_of
from rectifold.emitters.measured.device import (
    ARM_COMPILER,
    ARM_EMULATOR,
    BUILDS,
    DEVICES,
    Unit,
    device_row,
    device_rows,
)
from rectifold.emitters.measured.points import points_to_measure
from rectifold.emitters.precision import chosen_precision
from rectifold.emitters.table import FORMATS
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.runtime.compilers import Tool, ToolFailed, found_tool
from support import MANY_PARAMETERS, float_network, net

HEADER = b"""#define N_INPUTS 1
#define N_OUTPUTS 1
typedef double n_real;
int n_evaluate(const n_real *x, n_real *y);
"""
FLASH = 1536  # bytes of code of a plain chain of layers, beside its constants


def tool(name: str) -> Tool:
    found = found_tool([name])
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def unit(network: Network) -> tuple[Unit, int]:
    """Its C, and the bytes of its constants."""
    precision = chosen_precision("c", network, None)
    assert precision is not None
    origin = Origin(digest(network), network.sizes, precision=precision)
    artifact = FORMATS["c"].emit(network, origin, "n.c")
    constants = costs_of(artifact, network, "c", precision, None).constants
    assert constants is not None
    return Unit(artifact, points_to_measure(network, 3)), constants


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("name", DEVICES)
def test_a_plain_chain_of_layers_takes_little_more_flash_than_its_constants(
    name: str, build: str
) -> None:
    own, constants = unit(float_network(0, 5, 20, 20, 3))
    row = device_row(own, DEVICES[name], build, tool(ARM_COMPILER), None)
    assert constants < row.flash <= constants + FLASH


def test_weights_beside_the_source_are_part_of_the_flash() -> None:
    own, constants = unit(float_network(0, *MANY_PARAMETERS))
    assert list(own.artifact.files)[2:] == ["n_weights.bin"]
    row = device_row(own, DEVICES["cortex-m4"], "-Os", tool(ARM_COMPILER), tool(ARM_EMULATOR))
    assert constants < row.flash <= constants + FLASH + 1024  # SHA-256, once
    assert row.instructions is not None


def test_instructions_are_counted_to_within_a_few() -> None:
    """A function of 1,000 instructions that do nothing, and 2 around them."""
    source = b"int n_evaluate(const double *x, double *y) {\n"
    source += b'    __asm__ volatile(".rept 1000\\n nop\\n .endr"); return 0; }\n'
    header = HEADER
    own = Unit(Artifact({"n.c": source, "n.h": header}), [[0.5], [0.25]])
    for name, device in DEVICES.items():
        row = device_row(own, device, "-O2", tool(ARM_COMPILER), tool(ARM_EMULATOR))
        assert row.instructions is not None
        assert abs(row.instructions - 1000) <= 5, name
        assert row.instructions <= (row.most_instructions or 0) <= 1005


def test_the_painted_stack_is_the_reported_one_and_that_of_the_library() -> None:
    own, _ = unit(float_network(0, 5, 20, 20, 3))
    arm, emulator = tool(ARM_COMPILER), tool(ARM_EMULATOR)
    for name, device in DEVICES.items():
        reported = device_row(own, device, "-Os", arm, None).stack
        painted = device_row(own, device, "-Os", arm, emulator).stack
        assert reported - 8 <= painted <= reported + 512, name


def test_floats_in_hardware_take_fewer_instructions_and_bytes() -> None:
    own, _ = unit(float_network(0, 5, 20, 20, 3))
    arm, emulator = tool(ARM_COMPILER), tool(ARM_EMULATOR)
    soft, hard = (device_row(own, DEVICES[name], "-O2", arm, emulator) for name in DEVICES)
    assert soft.instructions is not None
    assert hard.instructions is not None
    assert hard.instructions < soft.instructions
    assert hard.library < soft.library


def test_a_point_that_the_code_refuses_is_said() -> None:
    header = HEADER
    source = b"int n_evaluate(const double *x, double *y) { return x[0] > 0.4; }\n"
    own = Unit(Artifact({"n.c": source, "n.h": header}), [[0.5], [0.25]])
    arm, emulator = tool(ARM_COMPILER), tool(ARM_EMULATOR)
    with pytest.raises(ToolFailed, match="refuses a point of its domain"):
        device_row(own, DEVICES["cortex-m4"], "-O2", arm, emulator)


def test_what_does_not_compile_is_a_note() -> None:
    tool(ARM_COMPILER)
    own = Unit(Artifact({"n.c": b"int n_evaluate(void) { return no; }\n"}), [])
    rows, notes = device_rows(own, "cortex-m0", None)
    assert not rows
    measured = [note for note in notes if "not measured" in note]
    assert [note.split()[0] for note in measured] == list(BUILDS)
    assert all("error" in note for note in measured)


def test_points_are_inside_the_domain_and_float32_numbers() -> None:
    network = net("input x[2] in [0, 1/3]\nassume x[0] + x[1] <= 1/4\noutput relu(x)")
    points = points_to_measure(network, ToolEffort.device_points)
    assert len(points) == ToolEffort.device_points
    assert len({tuple(point) for point in points}) > 1
    for x, y in points:
        assert x >= 0
        assert y >= 0
        assert x + y <= 0.25
        assert np.float32(x) == x


def test_where_no_float32_is_inside_there_is_no_point() -> None:
    network = net("input x[1] in [1/3, 1/3]\noutput relu(x)")
    assert points_to_measure(network, 5) == []


def test_without_a_domain_points_are_drawn_too() -> None:
    network = net("input x[3]\noutput relu(x)")
    assert len(points_to_measure(network, 5)) == 5
    half = network.with_domain(Domain((None,) * 3, (Fraction(0),) * 3))
    assert all(v <= 0 for point in points_to_measure(half, 5) for v in point)
