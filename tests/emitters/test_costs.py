"""What code costs: counted by hand, and beside what a compiler makes of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.measured.costs import costs_of, costs_text
from rectifold.emitters.measured.footprint import (
    OBJECT,
    footprint,
    footprint_in,
    longest_chain,
    section_sizes,
    write_into,
)
from rectifold.emitters.precision import usual_precision
from rectifold.emitters.table import FORMATS
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from rectifold.runtime.compilers import Tool, ToolFailed, c_compiler, found_tool, run_tool
from support import float_network, net

NODE = 'node: {{ title: "{0}" label: "{0}\\nx.c:1:1\\n{1} bytes ({2})" }}\n'
EDGE = 'edge: {{ sourcename: "{0}" targetname: "{1}" label: "x.c:2:2" }}\n'
SMALL = "input x[2] in [0, 1]\nh = relu([[1, 2], [3, 4], [5, 0]] @ x + 1)\noutput [[1, 1, 1]] @ h"


def artifact_of(network: Network, chosen: str, name: str) -> Artifact:
    return FORMATS[chosen].emit(network, Origin(digest(network), network.sizes), name)


def host() -> Tool:
    tool = c_compiler(None)
    if tool is None:
        pytest.skip("no C compiler is installed")
    return tool


@pytest.mark.parametrize(
    ("chosen", "name", "constants"),
    [
        ("c", "n.c", 8 * (6 + 3 + 3 + 1)),
        ("numpy", "n.py", 8 * (6 + 3 + 3 + 1 + 4)),
        ("npz", "n.npz", 8 * (6 + 3 + 3 + 1)),
        ("relu", "n.relu", None),
    ],
)
def test_constants_are_weights_biases_and_ends_of_the_domain(
    chosen: str, name: str, constants: int | None
) -> None:
    network = net(SMALL)
    precision = usual_precision(chosen) or "float64"
    costs = costs_of(artifact_of(network, chosen, name), network, chosen, precision, None)
    assert (costs.constants, costs.multiply_adds, costs.operations) == (constants, 9, 2 * 9 + 3)


def test_an_onnx_file_is_counted_on_its_own_nodes() -> None:
    network = net(SMALL)
    artifact = artifact_of(network, "onnx", "n.onnx")
    costs = costs_of(artifact, network, "onnx", "float32", None)
    assert costs.constants is not None
    assert costs.constants >= 4 * 13
    assert costs.multiply_adds == 9


def test_without_a_compiler_it_is_said_and_code_is_not_known() -> None:
    network = net(SMALL)
    costs = costs_of(artifact_of(network, "c", "n.c"), network, "c", "float64", None)
    assert (costs.code, costs.stack, costs.compiler) == (None, None, None)
    assert costs_text(costs).endswith(
        "21 operations; code was not measured: no C compiler was found (cc, gcc, clang)"
    )


def test_code_and_stack_are_said_where_a_compiler_is_found() -> None:
    network = float_network(0, 5, 20, 20, 3)
    costs = costs_of(artifact_of(network, "c", "n.c"), network, "c", "float64", host())
    assert costs.note is None
    assert costs.code is not None
    assert 100 < costs.code < 5000
    assert re.search(r"of code.* \(\w+ [\d.]+ -O2\)", costs_text(costs))


def test_the_constants_are_what_the_object_holds(tmp_path: Path) -> None:
    """Against the sizes of the arrays in the symbols of the object, of another program."""
    tool, nm = host(), shutil.which("nm")
    if nm is None:
        pytest.skip("nm is not installed")
    network = float_network(1, 4, 16, 8, 2)
    artifact = artifact_of(network, "c", "n.c")
    costs = costs_of(artifact, network, "c", "float64", None)
    found = footprint_in(tmp_path, write_into(tmp_path, artifact), "n_evaluate", tool, ["-O0"])
    rows = [line.split() for line in run_tool([nm, "-S", OBJECT], tmp_path).splitlines()]
    arrays = sum(int(row[1], 16) for row in rows if len(row) == 4 and row[2] in "rRdD")
    assert costs.constants == arrays
    assert costs.constants is not None
    assert arrays <= found.rodata + found.data <= arrays + 128


def test_zeros_that_are_not_stored_are_no_multiply_adds() -> None:
    rows = [[1 if j == k else 0 for j in range(40)] for k in range(40)]
    network = net(f"input x[40] in [0, 1]\nh = relu({rows} @ x)\noutput h[0] + h[1]")
    costs = costs_of(artifact_of(network, "c", "n.c"), network, "c", "float64", None)
    assert costs.multiply_adds < network.sizes.macs
    assert costs.constants is not None
    assert costs.constants < 8 * 40 * 40


def test_c_that_is_refused_is_said(tmp_path: Path) -> None:
    artifact = Artifact({"n.c": b"int n_evaluate(void) { return nothing; }\n"})
    with pytest.raises(ToolFailed, match="n.c:1.*error"):
        footprint(artifact, "n_evaluate", host(), ["-O1"])


def test_every_compiler_that_is_here_says_the_stack(tmp_path: Path) -> None:
    artifact = Artifact(
        {
            "n.c": b"void use(char *a);\n"
            b"static __attribute__((noinline)) void down(void) { char b[300]; use(b); use(b); }\n"
            b"int n_evaluate(void) { char a[1000]; use(a); down(); use(a); return a[5]; }\n"
        }
    )
    tools = [tool for tool in map(found_tool, (["gcc"], ["clang"])) if tool is not None]
    if not tools:
        pytest.skip("neither gcc nor clang is installed")
    for tool in tools:
        stack = footprint(artifact, "n_evaluate", tool, ["-O1"]).stack
        assert stack is None or 1300 <= stack < 1600
    assert any(footprint(artifact, "n_evaluate", tool, ["-O1"]).stack for tool in tools)


@pytest.mark.parametrize("level", ["-O0", "-Os", "-O2"])
@pytest.mark.parametrize(("precision", "size"), [("float32", 4), ("float64", 8)])
def test_the_stack_holds_the_activations(level: str, precision: str, size: int) -> None:
    """Both hidden layers live at once; what lies below the stack of a leaf counts too."""
    network, plain = float_network(0, 2, 12, 12, 1), b"int n_evaluate(int k) { volatile char a[99];"
    origin = Origin(digest(network), network.sizes, precision=precision)
    leaf = Artifact({"n.c": plain + b" a[k] = 1; return a[0]; }\n"})
    emitted = FORMATS["c"].emit(network, origin, "n.c")
    for tool in filter(None, map(found_tool, (["gcc"], ["clang"]))):
        for artifact, least in ((leaf, 99), (emitted, 2 * 12 * size)):
            stack = footprint(artifact, "n_evaluate", tool, [level]).stack
            assert stack is None or stack >= least


def test_the_longest_chain_of_calls_counts() -> None:
    graph = "".join(NODE.format(*row) for row in [("n", 8, "static"), ("x.c:a", 100, "static")])
    graph += NODE.format("x.c:b", 60, "static") + NODE.format("x.c:c", 50, "static")
    graph += NODE.format("other", 9000, "static")
    graph += "".join(EDGE.format(*row) for row in [("n", "x.c:a"), ("n", "x.c:b")])
    graph += EDGE.format("x.c:b", "x.c:c") + EDGE.format("x.c:c", "__aeabi_dmul")
    assert longest_chain(graph, "n") == 8 + 60 + 50


def test_a_stack_without_an_end_is_not_known() -> None:
    calls_itself = NODE.format("n", 8, "static") + EDGE.format("n", "n")
    assert longest_chain(calls_itself, "n") is None
    assert longest_chain(NODE.format("n", 8, "dynamic"), "n") is None
    assert longest_chain(NODE.format("m", 8, "static"), "n") is None


def test_sections_are_read_from_the_table_of_size() -> None:
    said = "n.o  :\nsection   size   addr\n.text      982      0\n.rodata.cst8  8  0\nTotal  990\n"
    assert section_sizes(said) == {".text": 982, ".rodata.cst8": 8}
