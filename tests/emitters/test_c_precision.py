"""C in float32, mixed and float64: within the bound, bit by bit what the order of sums says."""

from __future__ import annotations

import operator
import re
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from c_builds import FLAGS, compiler, compiles, library, self_test, unit, write_c
from rectifold.bounds.code_error import code_error
from rectifold.bounds.summation import folded
from rectifold.emitters.c.numbers import c_float
from rectifold.emitters.c.order import c_order
from rectifold.emitters.weights import input_box
from rectifold.formats.float_range import COMPUTED, STORED
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from support import float_network, net, points_of, random_network

PRECISIONS = ("float32", "mixed", "float64")


def in_order(network: Network, x: list[float], precision: str) -> list[float]:
    """The outputs: bias first, then the terms in the order of the code, each operation rounded."""
    order = c_order(network, precision)
    real = np.dtype(COMPUTED[precision]).type
    values = {network.input_name: [real(v) for v in x]}
    for layer in network.layers:
        bias = layer.bias.approximation[0].ravel().astype(STORED[precision])
        sums = [real(b) for b in bias]
        for source, matrix in layer.weights.items():
            weight = matrix.approximation[0].astype(STORED[precision]).astype(real)
            terms = list(zip(weight.T, values[source], strict=True))
            parts = [sums, *([real(0)] * layer.size for _ in order.groups(layer.name, source)[1:])]
            for k, group in enumerate(order.groups(layer.name, source)):
                for weights, v in terms[group]:
                    parts[k] = [t + w * v for t, w in zip(parts[k], weights, strict=True)]
            sums = [folded(column, operator.add) for column in zip(*parts, strict=True)]
        values[layer.name] = [max(v, real(0)) if layer.is_relu else v for v in sums]
    return [float(v) for v in values[network.output]]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("seed", range(4))
def test_outputs_are_the_sums_in_order_and_within_the_bound(
    seed: int, precision: str, tmp_path: Path
) -> None:
    network = random_network(seed) if seed % 2 else float_network(seed, 3, 8, 6, 2)
    assert network.domain is not None
    evaluated = unit(network, tmp_path, precision, "-O2" if seed % 2 else "-O3")
    bound = code_error(network, network.domain, None, precision)
    kind = np.dtype(COMPUTED[precision]).type
    for point in points_of(network.domain, 12, seed):
        x = [float(kind(float(v))) for v in point]
        if not network.domain.contains([Fraction(v) for v in x]):
            continue
        status, got = evaluated(x)
        assert status == 0
        assert got == in_order(network, x, precision)
        exact = evaluate(network, [Fraction(v) for v in x])
        for value, want, allowed in zip(got, exact, bound.tolist(), strict=True):
            assert abs(Fraction(value) - want) <= Fraction(allowed)


@pytest.mark.parametrize(
    ("by", "flags"),
    [("gcc", "-O3"), ("clang", "-O3"), ("clang", "-O3 -funsafe-math-optimizations")],
)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_compiler_gives_the_same_bits(
    precision: str, by: str, flags: str, tmp_path: Path
) -> None:
    if shutil.which(by) is None:
        pytest.skip(f"{by} is not installed")
    network = float_network(5, 7, 33, 20, 33, 3)
    evaluated = unit(network, tmp_path, precision, *flags.split(), by=by)
    assert network.domain is not None
    kind = np.dtype(COMPUTED[precision]).type
    for point in points_of(network.domain, 10, 1):
        x = [float(kind(float(v))) for v in point]
        assert evaluated(x) == (0, in_order(network, x, precision))
    assert 2.0**-1060 * float(len(x)) > 0  # this thread still has subnormal numbers


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_batch_is_its_samples_and_tells_of_the_first_that_is_refused(
    precision: str, tmp_path: Path
) -> None:
    network = net("input x[2] in [0, 1]\nassume x[0] + x[1] <= 3/2\noutput relu(x[0] - x[1])")
    evaluated = unit(network, tmp_path, precision)
    good, outside, bad = [0.5, 0.25], [1.0, 1.0], [float("nan"), 0.0]
    assert evaluated.batch("unit_evaluate_batch", [good, good]) == (0, [0.25, 0.25])
    assert evaluated.batch("unit_evaluate_batch", []) == (0, [])
    assert evaluated.batch("unit_evaluate_batch", [good, outside, bad, good]) == (
        2,
        [0.25, 0.0, 0.0, 0.25],
    )
    assert evaluated.batch("unit_evaluate_batch", [bad, outside]) == (1, [0.0, 0.0])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_ends_that_a_user_types_are_inside_in_every_precision(
    precision: str, tmp_path: Path
) -> None:
    text = "input x[2] in [1/10, 3/10]\nassume x[0] + x[1] <= 3/10\noutput relu(x[0])"
    evaluated = unit(net(text), tmp_path, precision)
    kind = np.dtype(COMPUTED[precision]).type
    tenth, fifth = kind(0.1), kind(0.2)
    assert evaluated([float(tenth), float(fifth)])[0] == 0
    assert evaluated([float(tenth), float(np.nextafter(fifth, kind(1)) + kind(1e-6))])[0] == 2
    assert evaluated([float(np.nextafter(tenth, kind(0))), float(tenth)])[0] == 2


def test_without_the_domain_check_only_what_is_not_finite_is_refused(tmp_path: Path) -> None:
    network = net("input x[2] in [0, 1]\nassume x[0] + x[1] <= 3/2\noutput relu(x[0] - x[1])")
    evaluated = unit(network, tmp_path, "mixed", "-DUNIT_NO_DOMAIN_CHECK")
    assert evaluated([7.0, 2.0]) == (0, [5.0])
    assert evaluated([1.0, 1.0]) == (0, [0.0])
    assert evaluated([float("nan"), 2.0]) == (1, [0.0])
    assert evaluated([float("-inf"), 2.0]) == (1, [0.0])


def test_a_value_that_overflows_stays_no_number(tmp_path: Path) -> None:
    network = net("input x[1]\nh = relu([[1e300], [1e300]] @ x)\noutput [1, -1] @ h")
    status, (value,) = unit(network, tmp_path, "float64")([1e300])
    assert status == 0
    assert np.isnan(value)


ODD = {
    "no inputs": "input x[0]\noutput relu([1/2, 3])",
    "no layers": "input x[2] in [0, 1]\noutput x",
    "an output that is read": "input x[1] in [0, 1]\ny = relu(x/3)\noutput y",
    "skips": "input x[2] in [-1, 1]\nh = relu([[1, 1/3], [2, 1]] @ x)\n"
    "g = relu([[1, 1], [1, -1]] @ h)\noutput g[0] + x[1] + h[1]",
    "a constant": "input x[1] in [0, 1]\noutput 0*x + 1/3",
}


@pytest.mark.parametrize("precision", ["float32", "mixed"])
@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_networks_compile_without_a_warning_and_pass_their_self_test(
    text: str, precision: str, tmp_path: Path
) -> None:
    assert "self-test passed" in self_test(write_c(net(text), tmp_path, precision), "-O2")


def test_one_file_is_source_and_declarations(tmp_path: Path) -> None:
    network = random_network(3)
    source = write_c(network, tmp_path, "mixed", single_file=True)
    assert [path.name for path in tmp_path.iterdir()] == ["unit.c"]
    assert "self-test passed" in self_test(source)
    library(source)
    user = tmp_path / "user.c"
    user.write_text(
        '#define UNIT_DECLARATIONS_ONLY\n#include "unit.c"\n'
        "int twice(const unit_real *x, unit_real *y);\n"
        "int twice(const unit_real *x, unit_real *y) { return unit_evaluate(x, y); }\n"
    )
    assert compiles(user, *FLAGS).returncode == 0


@pytest.mark.parametrize("by", ["gcc", "clang", "g++"])
@pytest.mark.parametrize("level", ["-O2", "-O3"])
def test_every_compiler_is_quiet(by: str, level: str, tmp_path: Path) -> None:
    if shutil.which(by) is None:
        pytest.skip(f"{by} is not installed")
    language = ["-xc++"] if by == "g++" else ["-std=c99"]
    network = net("input x[2] in [0, 1]\nassume x[0]/3 <= x[1]\noutput relu(x[0]/3 - x[1])")
    for precision in PRECISIONS:
        source = write_c(network, tmp_path, precision)
        strict = ["-Wall", "-Wextra", "-Wconversion", "-pedantic", level]
        result = compiles(source, *language, *strict, "-DUNIT_SELF_TEST", by=by)
        assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("flag", ["-ffast-math", "-Ofast", "-ffinite-math-only", "-mfpmath=387"])
def test_what_would_break_the_promises_is_refused(flag: str, tmp_path: Path) -> None:
    source = write_c(float_network(0, 2, 3, 1), tmp_path, "mixed")
    result = compiles(source, "-std=c99", flag)
    if flag == "-mfpmath=387" and "#error" not in result.stderr:
        pytest.skip(f"{compiler()} has no x87 arithmetic here")
    assert result.returncode != 0
    assert "#error" in result.stderr


@pytest.mark.parametrize("precision", PRECISIONS)
def test_strict_cpp_without_hexadecimal_floats_is_told_first(
    precision: str, tmp_path: Path
) -> None:
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    source = write_c(float_network(0, 2, 3, 1), tmp_path, precision)
    result = compiles(source, "-xc++", "-std=c++11", by="g++")
    errors = [line for line in result.stderr.splitlines() if "error" in line]
    assert "compile as C, or with -std=gnu++11 or -std=c++17" in errors[0]
    for accepted in ("-std=gnu++11", "-std=c++17"):
        assert compiles(source, "-xc++", accepted, by="g++").returncode == 0


@pytest.mark.parametrize("flag", ["-fsingle-precision-constant", "-U__DBL_MANT_DIG__"])
def test_doubles_that_would_be_floats_are_refused(flag: str, tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    flags = ["-std=c99", flag, *(["-D__DBL_MANT_DIG__=24"] if flag.startswith("-U") else [])]
    for precision in ("mixed", "float64"):
        source = write_c(float_network(0, 2, 3, 1), tmp_path, precision)
        result = compiles(source, *flags, by="gcc")
        assert result.returncode != 0
        assert re.search("constants_are_double|double has not 64 bits", result.stderr)
    source = write_c(float_network(0, 2, 3, 1), tmp_path, "float32")
    assert compiles(source, *flags, by="gcc").returncode == 0


@pytest.mark.parametrize("precision", PRECISIONS)
def test_clang_lets_no_nan_pass_when_told_that_there_are_none(
    precision: str, tmp_path: Path
) -> None:
    if shutil.which("clang") is None:
        pytest.skip("clang is not installed")
    network = net("input x[2] in [0, 1]\noutput relu(x[0] - x[1])")
    code = unit(network, tmp_path, precision, "-O2", "-fno-honor-nans", by="clang")
    assert code([float("nan"), 0.5]) == (1, [0.0])
    assert code([0.75, 0.5]) == (0, [0.25])


@pytest.mark.parametrize("flags", [("-O3",), ("-O3", "-ffp-contract=fast"), ("-O3", "-mfma")])
def test_products_and_sums_are_not_contracted(flags: tuple[str, ...], tmp_path: Path) -> None:
    """gcc contracts by itself where the processor can, unless -std=c99 is given."""
    if shutil.which("gcc") is None or shutil.which("objdump") is None:
        pytest.skip("gcc or objdump is not installed")
    source = write_c(float_network(0, 5, 16, 3), tmp_path, "float32")
    result = compiles(source, "-std=gnu99", *flags, by="gcc")
    if "-mfma" in flags and result.returncode != 0:
        pytest.skip("gcc knows no -mfma for this processor")
    assert result.returncode == 0
    assert "fmadd" not in disassembled(source)


def disassembled(source: Path) -> str:
    import subprocess

    command = ["objdump", "-d", str(source.with_suffix(".o"))]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_plain_network_needs_no_math_library_and_little_flash(tmp_path: Path) -> None:
    source = write_c(float_network(0, 5, 50, 50, 50, 5), tmp_path, "mixed")
    assert "math.h" not in source.read_text()
    by = "arm-none-eabi-gcc"
    if shutil.which(by) is None:
        pytest.skip(f"{by} is not installed")
    import subprocess

    assert compiles(source, "-Os", "-mcpu=cortex-m0", "-mthumb", by=by).returncode == 0
    command = ["arm-none-eabi-size", str(source.with_suffix(".o"))]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text, data, bss = (int(word) for word in report.splitlines()[1].split()[:3])
    constants = 4 * (5 * 50 + 2 * 50 * 50 + 50 * 5 + 3 * 50 + 5)
    assert (data, bss) == (0, 0)
    assert text <= constants + 1536


FLOATS = [0.0, 1.0, -3.0, 0.1, 1e-45, 2.0**-149, 3.4028234663852886e38, 999999.0, 1e6, 0.5]


@pytest.mark.parametrize("kind", ["float", "double"])
def test_constants_say_their_bits_shortly(kind: str) -> None:
    dtype = np.float32 if kind == "float" else np.float64
    for value in [float(dtype(v)) for v in FLOATS]:
        word = c_float(value, kind)
        assert word.endswith("f") == (kind == "float")
        digits = word.removesuffix("f")
        assert (float.fromhex(digits) if "x" in digits else float(digits)) == value
        assert len(digits.partition("p")[0].partition(".")[2]) <= (6 if kind == "float" else 13)
    assert c_float(1.0, "float") == "1.0f"
    assert c_float(0.5, "double") == "0x1p-1"


def test_an_unbounded_end_is_the_largest_number(tmp_path: Path) -> None:
    network = net("input x[2] in [[0, inf], [-inf, 1]]\noutput relu(x[0] + x[1])")
    evaluated = unit(network, tmp_path, "float32")
    assert evaluated([2.0**100, -1.0])[0] == 0
    assert evaluated([-1.0, -1.0])[0] == 2
    assert evaluated([1.0, 2.0])[0] == 2
    assert input_box(network.domain, 2, "float32") == ([0.0, -np.inf], [np.inf, 1.0])
