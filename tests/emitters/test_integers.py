"""Integer C: compiled without warnings and without floats, run, compared with the reference."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

from c_builds import compiler
from rectifold.emitters.artifact import Artifact
from rectifold.emitters.header import Origin
from rectifold.emitters.integer.check import accepted, integer_rows
from rectifold.emitters.integer.choice import require_max_error
from rectifold.emitters.table import FORMATS, emit, format_for
from rectifold.errors import InputError
from rectifold.integers.choose import Certified, certified_integers
from rectifold.integers.words import LONG, MIXED, SHORT, Words
from rectifold.ir.canonical import digest
from rectifold.ir.network import Network
from support import net, networks_of_nothing, random_network

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
CROSS, QEMU = shutil.which("arm-none-eabi-gcc"), shutil.which("qemu-arm")
FLOATING = re.compile(r"v?(add|sub|mul|div|max|cvt\w*)[sp][sd]|i?div[lq]?|f[a-z]+")
ARM = ["-mcpu=arm7tdmi", "-marm", "--specs=rdimon.specs"]  # its calls are those of qemu-arm
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic", "-O2"]

ROWS = """
input x[2] in [[-1, 2], [0, 1/3]]
assume x[0] + x[1]/3 <= 3/2
h = relu([[1, -2], [1/3, 1]] @ x + [0.1, -1])
g = relu([[2, 1], [-1, 1]] @ h + [[1, 0], [0, 1]] @ x)
output [[1, 1], [-3, 1]] @ g + [[3, -1/7], [0, 1]] @ h
"""


def written(network: Network, words: Words) -> tuple[Certified, Artifact]:
    known = certified_integers(network, network.domain, [words])
    origin = Origin(digest(network), network.sizes, known.per_output, integers=known)
    return known, FORMATS["c-int16"].emit(network, origin, "unit.c")


def put(artifact: Artifact, folder: Path) -> Path:
    for name, data in artifact.files.items():
        (folder / name).write_bytes(data)
    return folder / "unit.c"


def called(source: Path, words: Words, points: list[list[int]], outputs: int) -> list[object]:
    """The outputs at each point, or None where it is refused, by the compiled code."""
    library = source.with_suffix(".so")
    subprocess.run(
        [compiler(), *FLAGS, "-shared", "-fPIC", "-o", str(library), str(source)], check=True
    )
    word = ctypes.c_int16 if words.value == 16 else ctypes.c_int32
    code = ctypes.CDLL(str(library))
    answers: list[object] = []
    for point in points:
        x, y = (word * max(1, len(point)))(*point), (word * outputs)()
        answers.append(list(y) if code.unit_evaluate(x, y) == 0 else None)
    return answers


def points_around(known: Certified, count: int) -> list[list[int]]:
    """In the box, and a little outside where the word allows."""
    random, code = Random(5), known.code
    most = 2 ** (code.words.value - 1) - 1
    return [
        [
            max(-most, min(most, random.randint(a - (b - a) // 8 - 1, b + (b - a) // 8 + 1)))
            for a, b in zip(code.lower, code.upper, strict=True)
        ]
        for _ in range(count)
    ]


@pytest.mark.parametrize("words", [SHORT, MIXED, LONG], ids=str)
def test_compiled_code_gives_the_integers_of_the_reference(tmp_path: Path, words: Words) -> None:
    for k, network in enumerate([net(ROWS), random_network(11), random_network(12)]):
        assert network.domain is not None
        known, artifact = written(network, words)
        folder = tmp_path / str(k)
        folder.mkdir()
        rows, code = integer_rows(network.domain, known.code), known.code
        points = points_around(known, 60)
        expected = [code.evaluate(p) if accepted(p, rows, code) else None for p in points]
        assert called(put(artifact, folder), words, points, network.output_size) == expected


@pytest.mark.parametrize("by", COMPILERS)
@pytest.mark.parametrize("standard", ["-std=c99", "-xc++"])
def test_code_compiles_without_a_warning_and_without_a_float(
    tmp_path: Path, by: str, standard: str
) -> None:
    _, artifact = written(net(ROWS), MIXED)
    assert not re.search(rb"\b(float|double)\b", b"".join(artifact.files.values()))
    source = put(artifact, tmp_path)
    flags = [f for f in FLAGS if f != "-std=c99"]
    subprocess.run(
        [by, standard, *flags, "-c", "-o", str(tmp_path / "unit.o"), str(source)], check=True
    )
    if shutil.which("objdump") and standard == "-std=c99":
        listing = subprocess.run(
            ["objdump", "-d", str(tmp_path / "unit.o")], capture_output=True, text=True, check=True
        ).stdout
        instructions = set(re.findall(r"\t([a-z]\w+) ", listing))
        assert {"ret", "cmp", "mov"} & instructions
        assert not [v for v in instructions if FLOATING.fullmatch(v)]


@pytest.mark.parametrize("network", networks_of_nothing().values(), ids=networks_of_nothing())
def test_code_of_nothing_compiles_without_a_warning(tmp_path: Path, network: Network) -> None:
    known, artifact = written(network, SHORT)
    points = [list(known.code.lower)]
    expected = [known.code.evaluate(points[0])]
    assert called(put(artifact, tmp_path), SHORT, points, network.output_size) == expected


def test_the_self_test_passes_and_fails_for_another_weight(tmp_path: Path) -> None:
    _, artifact = written(net(ROWS), SHORT)
    source, program = put(artifact, tmp_path), tmp_path / "self_test"
    build = [compiler(), *FLAGS, "-DUNIT_SELF_TEST", "-o", str(program), str(source)]
    subprocess.run(build, check=True)
    assert subprocess.run([str(program)], capture_output=True, check=False).returncode == 0
    text = source.read_text(encoding="ascii")
    changed = re.sub(r"(static const sum B2\[\] = \{\n +)", r"\g<1>123456, ", text)
    source.write_text(changed, encoding="ascii")
    subprocess.run(build, check=True)
    failed = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "self-test failed at point 0" in failed.stdout


def test_a_batch_leaves_a_refused_sample_alone_and_says_so(tmp_path: Path) -> None:
    known, artifact = written(net(ROWS), SHORT)
    called(put(artifact, tmp_path), SHORT, [], 2)
    good, bad = list(known.code.lower), [32767, 32767]
    code = ctypes.CDLL(str(tmp_path / "unit.so"))
    code.unit_evaluate_batch.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    x, y = (ctypes.c_int16 * 6)(*good, *bad, *good), (ctypes.c_int16 * 6)(*[7] * 6)
    assert code.unit_evaluate_batch(x, y, 3) == 2
    answer = known.code.evaluate(good)
    assert list(y) == [*answer, 7, 7, *answer]


@pytest.mark.skipif(CROSS is None or QEMU is None, reason="no arm-none-eabi-gcc and qemu-arm")
def test_an_arm_without_floating_point_gives_the_same_integers(tmp_path: Path) -> None:
    assert CROSS is not None
    assert QEMU is not None
    _, artifact = written(net(ROWS), MIXED)
    source, program = put(artifact, tmp_path), tmp_path / "unit.elf"
    subprocess.run(
        [CROSS, *FLAGS, *ARM, "-DUNIT_SELF_TEST", "-o", str(program), str(source)],
        check=True,
    )
    ran = subprocess.run([QEMU, str(program)], capture_output=True, text=True, check=False)
    assert "self-test passed" in ran.stdout


def test_header_and_source_of_two_networks_do_not_compile(tmp_path: Path) -> None:
    _, one = written(net(ROWS), SHORT)
    _, other = written(random_network(11), SHORT)
    first = {name: data.split(b"SHA256_0")[1][:20] for name, data in one.files.items()}
    second = {name: data.split(b"SHA256_0")[1][:20] for name, data in other.files.items()}
    assert all(first[name] != second[name] for name in first)


def test_a_mix_of_two_networks_is_an_error_of_the_compiler(tmp_path: Path) -> None:
    source = put(written(net(ROWS), SHORT)[1], tmp_path)
    other = written(random_network(11), SHORT)[1]
    (tmp_path / "unit.h").write_bytes(other.files["unit.h"])
    built = subprocess.run(
        [compiler(), "-c", "-o", str(tmp_path / "unit.o"), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "are not of one network" in built.stderr


def test_the_header_states_scales_and_both_bounds(tmp_path: Path) -> None:
    known, artifact = written(net(ROWS), SHORT)
    header = artifact.files["unit.h"].decode("ascii")
    assert f"#define UNIT_INPUT_SCALE {known.code.input_scale}\n" in header
    assert f"#define UNIT_OUTPUT_SCALE {known.code.output_scale}\n" in header
    assert "at every accepted input, |this code - the exact network| <= " in header
    assert "widened likewise, by half a step" in header


def test_a_network_without_a_domain_is_refused(tmp_path: Path) -> None:
    network = net("input x[1]\noutput relu(x)\n")
    with pytest.raises(InputError, match="integers need the range"):
        emit(network, tmp_path / "unit.c", "c-int16")
    assert not list(tmp_path.iterdir())


def test_an_error_is_asked_of_integers_only() -> None:
    require_max_error("c-int16", Fraction(1))
    require_max_error("c", None)
    with pytest.raises(InputError, match=r"asked of the format c, .* to=\"c-int16\|c-int32\""):
        require_max_error("c", Fraction(1))
    with pytest.raises(InputError, match="-1, is negative"):
        require_max_error("c-int32", Fraction(-1))


def test_the_suffix_c_chooses_floats() -> None:
    assert format_for(Path("unit.c"), None) == "c"


def test_integer_code_needs_a_file() -> None:
    with pytest.raises(InputError, match="several files"):
        format_for(Path("-"), "c-int16")


def test_the_header_says_what_each_status_means(tmp_path: Path) -> None:
    put(written(net(ROWS), SHORT)[1], tmp_path)
    header = (tmp_path / "unit.h").read_text(encoding="ascii")
    assert (
        "enum {\n    UNIT_OK = 0, /* y has the outputs */\n"
        "    UNIT_OUTSIDE = 2 /* a point outside the domain; y is left alone */\n};\n"
    ) in header
    assert max(map(len, header.splitlines())) <= 100
