"""The C emitter: compiled without warnings, run, and compared with the reference evaluation."""

from __future__ import annotations

import ctypes
import subprocess
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest

from c_builds import compiler
from rectifold.bounds.code_error import code_error
from rectifold.emitters.c.code import c_code
from rectifold.emitters.header import Origin, c_comment, comment_lines, printable
from rectifold.emitters.table import emit
from rectifold.errors import InputError
from rectifold.ir.canonical import digest
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from support import float_network, net, points_of, random_network

FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2", "-ffp-contract=off"]


def built(network: Network, folder: Path) -> ctypes.CDLL:
    assert network.domain is not None
    origin = Origin(
        digest(network),
        network.sizes,
        tuple(code_error(network, network.domain, None, "float64").tolist()),
    )
    for name, data in c_code(network, origin, "unit.c").files.items():
        (folder / name).write_bytes(data)
    test = folder / "self_test"
    subprocess.run(
        [compiler(), *FLAGS, "-DUNIT_SELF_TEST", "-o", str(test), str(folder / "unit.c"), "-lm"],
        check=True,
    )
    assert (
        "self-test passed"
        in subprocess.run([str(test)], capture_output=True, text=True, check=True).stdout
    )
    library = folder / "unit.so"
    subprocess.run(
        [compiler(), *FLAGS, "-shared", "-fPIC", "-o", str(library), str(folder / "unit.c"), "-lm"],
        check=True,
    )
    return ctypes.CDLL(str(library))


def call(library: ctypes.CDLL, point: list[float], outputs: int) -> tuple[int, list[float]]:
    x, y = (ctypes.c_double * max(len(point), 1))(*point), (ctypes.c_double * outputs)()
    return library.unit_evaluate(x, y), list(y)


@pytest.mark.parametrize("seed", range(8))
def test_outputs_stay_within_the_certified_bound(seed: int, tmp_path: Path) -> None:
    network = random_network(seed) if seed % 2 else float_network(seed, 3, 8, 6, 2)
    assert network.domain is not None
    library = built(network, tmp_path)
    bound = code_error(network, network.domain, None, "float64")
    for point in points_of(network.domain, 20, seed):
        floats = [float(v) for v in point]
        if not network.domain.contains([Fraction(v) for v in floats]):
            continue
        status, got = call(library, floats, network.output_size)
        assert status == 0
        exact = evaluate(network, [Fraction(v) for v in floats])
        for value, want, allowed in zip(got, exact, bound.tolist(), strict=True):
            assert abs(Fraction(value) - want) <= Fraction(allowed)


def test_inputs_are_checked_and_outputs_left_alone(tmp_path: Path) -> None:
    network = net(
        "network n\ninput x[2] in [0, 1]\nassume x[0] + x[1] <= 3/2\ny = relu(x[0] - x[1])\n"
        "output y"
    )
    library = built(network, tmp_path)
    assert call(library, [0.5, 0.25], 1) == (0, [0.25])
    assert call(library, [float("nan"), 0.0], 1) == (1, [0.0])
    assert call(library, [float("inf"), 0.0], 1)[0] == 1
    assert call(library, [1.5, 0.0], 1)[0] == 2
    assert call(library, [1.0, 1.0], 1)[0] == 2
    assert call(library, [1.0, 0.5], 1)[0] == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two words.c", "no C identifier"),
        ("9.c", "no C identifier"),
        ("for.c", "no C identifier; choose another name"),
        ("x.h", "name of the header"),
    ],
)
def test_names_that_c_cannot_say_are_refused(name: str, message: str, tmp_path: Path) -> None:
    network = float_network(0, 2, 3, 1)
    with pytest.raises(InputError, match=message):
        emit(network, tmp_path / name, "c")


def test_a_text_that_looks_like_a_field_of_ours_is_a_text() -> None:
    network = float_network(0, 2, 3, 1)
    origin = Origin(digest(network), network.sizes, statement="@upper@ @digest@ {stem} %s")
    files = c_code(network, origin, "unit.c").files
    assert b"Guarantee: @upper@ @digest@ {stem} %s." in files["unit.h"]
    assert b"@" not in files["unit.c"]


def test_nothing_of_the_networks_text_reaches_code(tmp_path: Path) -> None:
    network = float_network(0, 2, 3, 1).renamed("evil", '*/ int main(void) { return 1; } /* "')
    files = emit(network, tmp_path / "unit.c")
    text = "".join(file.read_text() for file in files)
    assert "return 1; } /*" not in text


STRICT = [*FLAGS, "-Wconversion", "-trigraphs"]
ENDS = [
    "*/",
    "/*",
    "*//",
    "/*/",
    "**/",
    "//*",
    "??/",
    "???//",
    "*??/",
    "\\",
    "\\\n",
    "*\\\n/",
    "//",
]


@pytest.mark.parametrize("name", [*ENDS, "*/ int main(void) { return 1; } /*", "x" * 198 + "*/"])
def test_no_text_ends_or_continues_the_comment(name: str, tmp_path: Path) -> None:
    network = net("network n\ninput x[1] in [0, 1]\ny = relu(x)\noutput y")
    for text in (name, f"{name}*", f"{name}/", f"/{name}", f"*{name}", f"?{name}\\"):
        comment = c_comment(text)
        assert not any(end in comment for end in ("*/", "/*", "??/", "\\", "\n"))
        origin = Origin(digest(network), network.sizes, statement=text)
        for file, data in c_code(network, origin, "unit.c").files.items():
            (tmp_path / file).write_bytes(data)
        target = ["-c", "-o", str(tmp_path / "unit.o"), str(tmp_path / "unit.c")]
        subprocess.run([compiler(), *STRICT, *target], check=True)


@pytest.mark.parametrize("text", ["word " * 60, "x" * 300, "*" * 90 + " / / " * 30])
def test_lines_of_comments_are_short_and_lose_no_text(text: str) -> None:
    lines = comment_lines([c_comment(text), "the next"]).splitlines()
    assert max(map(len, lines)) <= 100
    assert all(line.startswith(" * ") and "*/" not in line for line in lines)
    kept = "".join(line.removeprefix(" * ") for line in lines)
    assert kept.replace(" ", "") == (c_comment(text) + "the next").replace(" ", "")


def test_the_header_says_what_each_status_means(tmp_path: Path) -> None:
    network = net("input x[2] in [[-1/5, 1/3], [0, 2/7]]\noutput relu(x[0] - x[1])")
    for name, data in c_code(network, Origin("0" * 64, network.sizes), "unit.c").files.items():
        (tmp_path / name).write_bytes(data)
    header = (tmp_path / "unit.h").read_text(encoding="ascii")
    assert (
        "enum {\n"
        "    UNIT_OK = 0, /* y has the outputs */\n"
        "    UNIT_NOT_FINITE = 1, /* a NaN or an infinity in x; y is left alone */\n"
        "    UNIT_OUTSIDE = 2 /* a point outside the domain; y is left alone */\n"
        "};\n"
    ) in header
    assert max(map(len, header.splitlines())) <= 100
    assert f"of the canonical form):\n *   {'0' * 64}\n" in header


def test_a_domain_is_told_as_it_is_written(tmp_path: Path) -> None:
    network = net(
        "network n\ninput x[2] in [[-1/5, 1/3], [0, 2/7]]\nassume x[0]/3 + x[1] <= 3/7\n"
        "y = relu(x[0] - x[1])\noutput y"
    )
    built(network, tmp_path)
    header = (tmp_path / "unit.h").read_text()
    assert "Domain: [[-1/5, 1/3], [0, 2/7]] with 1 linear constraint\n" in header
    target = ["-c", "-o", str(tmp_path / "unit.o"), str(tmp_path / "unit.c")]
    subprocess.run([compiler(), *STRICT, *target], check=True)


def test_a_long_text_is_not_taken_for_a_whole_one() -> None:
    for shorten in (printable, c_comment):
        assert shorten("y" * 200) == "y" * 200
        assert shorten("y" * 201) == "y" * 197 + "..."


def violates(network: Network, x: list[float]) -> bool:
    """The rule, in fractions: a point is refused when it is outside by more than its rounding."""
    assert network.domain is not None
    for row in network.domain.constraints:
        products = [c * Fraction(v) for c, v in zip(row.coefficients, x, strict=True)]
        if sum(products) - sum(map(abs, products)) / 2**53 > row.bound:
            return True
    return False


CONSTRAINED = [
    "1e10*x[0] + 1e10*x[1] <= 1",
    "x[0]/3 - x[1]/7 <= 1/10",
    "x[0] + x[1] <= 3/10",
    "1e-200*x[0] <= 0",
    "-x[0] - x[1] <= -1e400",
    "1e400*x[0] - 1e400*x[1] <= 0",
    "x[0] - x[1] <= 0",
    "0*x[0] <= 1",
]


@pytest.mark.parametrize("text", CONSTRAINED)
def test_linear_constraints_are_decided_exactly_at_any_magnitude(text: str, tmp_path: Path) -> None:
    network = net(f"network n\ninput x[2] in [-1e305, 1e305]\nassume {text}\ny = x[0]\noutput y")
    for name, data in c_code(
        network, Origin(digest(network), network.sizes), "unit.c"
    ).files.items():
        (tmp_path / name).write_bytes(data)
    library = tmp_path / "unit.so"
    subprocess.run(
        [
            compiler(),
            *FLAGS,
            "-shared",
            "-fPIC",
            "-o",
            str(library),
            str(tmp_path / "unit.c"),
            "-lm",
        ],
        check=True,
    )
    loaded = ctypes.CDLL(str(library))
    values = [
        0.0,
        5e-324,
        1e-310,
        1e-200,
        0.1,
        0.2,
        0.3,
        1.0,
        1e-10,
        3.0000000001,
        1e153,
        1e299,
        1e305,
    ]
    points = [[s * a, t * b] for a in values for b in values for s in (1, -1) for t in (1, -1)]
    points += [[a, float(np.nextafter(a, k))] for a in values for k in (-np.inf, np.inf)]
    for point in points:
        if max(map(abs, point)) <= 1e305:
            assert (call(loaded, point, 1)[0] == 2) == violates(network, point), point


def test_random_linear_constraints_agree_with_fractions(tmp_path: Path) -> None:
    random = Random(3)
    rows = [
        " + ".join(f"({_number(random)})*x[{k}]" for k in range(3)) + f" <= {_number(random)}"
        for _ in range(6)
    ]
    text = "".join(f"assume {row}\n" for row in rows)
    network = net(f"network n\ninput x[3] in [-1e300, 1e300]\n{text}y = x[0]\noutput y")
    library = built(network, tmp_path)
    for _ in range(2000):
        point = [
            random.choice((-1, 1))
            * random.random()
            * 10.0 ** random.choice((-310, -20, 0, 0, 20, 299))
            for _ in range(3)
        ]
        assert (call(library, point, 1)[0] == 2) == violates(network, point), point


def _number(random: Random) -> str:
    top, bottom = random.randint(-(10**9), 10**9), random.choice([1, 3, 10**6, 7**12])
    return f"{top}/{bottom}*{random.choice(['1e-40', '1', '1e40', '1e330'])}"


def test_the_ends_that_a_user_types_are_inside(tmp_path: Path) -> None:
    network = net(
        "network n\ninput x[2] in [1/10, 3/10]\nassume x[0] + x[1] <= 3/10\ny = relu(x[0])\n"
        "output y"
    )
    library = built(network, tmp_path)
    assert call(library, [0.1, 0.2], 1)[0] == 0  # 0.1 > 1/10, and 0.1 + 0.2 > 3/10, as floats are
    assert call(library, [0.1, 0.2 + 1e-16], 1)[0] == 2
    assert call(library, [np.nextafter(0.1, 0.0), 0.1], 1)[0] == 2


@pytest.mark.parametrize("name", ["math.c", "Stdint.c", "x.H"])
def test_headers_of_the_c_library_are_not_shadowed(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose another name|call the source"):
        emit(float_network(0, 2, 3, 1), tmp_path / name, "c")


def test_nothing_of_the_files_name_but_an_identifier_reaches_code(tmp_path: Path) -> None:
    path = tmp_path / 'unit.c"\n#error HOSTILE'
    for file in emit(float_network(0, 2, 3, 1), path, "c"):
        assert "HOSTILE" not in file.read_text()
