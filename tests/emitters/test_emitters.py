"""Every emitter: the emitted file is run and compared with the reference evaluation."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rectifold.bounds.code_error import code_error
from rectifold.emitters.artifact import Artifact, write_artifact
from rectifold.emitters.header import Origin, header_lines, printable
from rectifold.emitters.self_test import self_test_vectors
from rectifold.emitters.table import FORMATS, emit, format_for
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.formats.load import load
from rectifold.ir.canonical import digest
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.evaluate import evaluate, evaluate_float
from rectifold.ir.network import Layer, Network
from support import MANY_PARAMETERS, float_network, module_of, net, points_of, random_network

F = Fraction

SMALL = """
    network small
    input x[2] in [[-1, 1], [0, 2]]
    h = relu([[1, -1/3], [2, 1/7]] @ x + [0.1, -1])
    k = relu([[1, 1]] @ h + [[1, -1]] @ x)
    y = concat(k, [1, -2] @ h + 1/3)
    output y
"""


def origin_of(network: Network) -> Origin:
    assert network.domain is not None
    return Origin(
        digest(network), network.sizes, tuple(code_error(network, network.domain, None).tolist())
    )


def emitted(network: Network, kind: str, folder: Path) -> Path:
    path = (
        folder
        / f"code_{kind}{'.py' if kind in ('python', 'numpy') else '.' + kind.removesuffix('64')}"
    )
    write_artifact(FORMATS[kind].emit(network, origin_of(network), path.name), path, force=True)
    return path


def module(path: Path) -> ModuleType:
    return module_of(path)


@pytest.mark.parametrize("kind", ["python", "numpy"])
def test_emitted_module_agrees_within_its_certified_bound(kind: str, tmp_path: Path) -> None:
    for seed in range(30):
        network = random_network(seed)
        assert network.domain is not None
        code = module(emitted(network, kind, tmp_path))
        assert code.self_test() == len(self_test_vectors(network))
        bound = code_error(network, network.domain, None)
        for point in points_of(network.domain, 6, seed):
            x = [float(v) for v in point]
            if not network.domain.contains([F(v) for v in x]):
                continue
            exact = evaluate(network, [F(v) for v in x])
            got = [float(v) for v in code.evaluate(x)]
            assert all(
                abs(F(g) - e) <= F(b) for g, e, b in zip(got, exact, bound.tolist(), strict=True)
            )
            if kind == "python":
                assert code.evaluate_exact(point) == evaluate(network, point)


def test_exact_form_takes_fractions_as_text(tmp_path: Path) -> None:
    network = net(SMALL)
    code = module(emitted(network, "python", tmp_path))
    assert code.evaluate_exact(["1/3", "0.25"]) == evaluate(network, [F(1, 3), F(1, 4)])


def test_numpy_takes_a_batch(tmp_path: Path) -> None:
    network = net(SMALL)
    code = module(emitted(network, "numpy", tmp_path))
    points = np.array([[0.5, 1.0], [-1.0, 0.0], [1.0, 2.0]])
    one_by_one = np.array([code.evaluate(p) for p in points])
    assert (
        np.abs(code.evaluate(points) - one_by_one).max() < 1e-12
    )  # a batch may be summed in another order
    assert np.abs(code.evaluate(points) - evaluate_float(network, points)).max() < 1e-12


@pytest.mark.parametrize("kind", ["python", "numpy"])
def test_input_checks(kind: str, tmp_path: Path) -> None:
    code = module(
        emitted(
            net("input x[2] in [[-1, 1], [0, 1/3]]\nassume x[0] + x[1] <= 1\noutput x"),
            kind,
            tmp_path,
        )
    )
    code.evaluate([0.5, 0.25])
    for bad, message in [
        ([1.0], "expected 2 inputs"),
        ([np.nan, 0.0], "finite"),
        ([np.inf, 0.0], "finite"),
        ([1.5, 0.0], "outside the domain"),
        ([0.0, 0.34], "outside the domain"),
        ([1.0, 0.25], "linear constraint"),
    ]:
        with pytest.raises(ValueError, match=message):
            code.evaluate(bad)
    assert np.isnan(next(iter(code.evaluate([np.nan, 0.0], check=False))))


@pytest.mark.parametrize("kind", ["python", "numpy"])
def test_nan_never_turns_into_zero(kind: str, tmp_path: Path) -> None:
    code = module(emitted(net("input x[1] in [-1, 1]\noutput relu(x)"), kind, tmp_path))
    assert np.isnan(next(iter(code.evaluate([np.nan], check=False))))


@pytest.mark.parametrize("kind", ["python", "numpy"])
def test_large_networks_keep_their_weights_beside_with_a_digest(kind: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = ",".join(
        f"[{', '.join(f'{v:.3f}' for v in row)}]" for row in random.standard_normal((400, 260))
    )
    network = net(f"input x[260] in [0, 1]\nh = relu([{rows}] @ x)\ny = ones(400) @ h\noutput y")
    path = emitted(network, kind, tmp_path)
    code = module(path)
    assert code.self_test() == 5
    (beside,) = (p for p in tmp_path.iterdir() if "weights" in p.name)
    data = bytearray(beside.read_bytes())
    data[len(data) // 2] ^= 1
    beside.write_bytes(bytes(data))
    with pytest.raises(ValueError, match="not the ones it was emitted with"):
        module(path)
    beside.unlink()
    said = f"{re.escape(str(beside))} with the weights of {path.name} is missing; .* emit both"
    with pytest.raises(FileNotFoundError, match=said):
        module(path)


@pytest.mark.parametrize(("one", "other"), [("[210,420]", "[310,420]"), ("+ x0", "- x0")])
def test_self_test_finds_a_wrong_weight(one: str, other: str, tmp_path: Path) -> None:
    path = emitted(net(SMALL), "python", tmp_path)
    text = path.read_text()
    assert one in text
    path.write_text(text.replace(one, other))
    with pytest.raises(AssertionError, match="differs at"):
        module(path).self_test()


def test_emitted_files_run_alone(tmp_path: Path) -> None:
    path = emitted(net(SMALL), "python", tmp_path)
    result = subprocess.run(
        [sys.executable, "-I", "-S", str(path)], capture_output=True, text=True, check=True
    )
    assert "self-test passed at 5 points" in result.stdout
    result = subprocess.run(
        [sys.executable, "-I", "-S", str(path), "0", "1"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [float(v) for v in result.stdout.split()] == pytest.approx(
        evaluate_float(net(SMALL), [0.0, 1.0]).tolist()
    )


@pytest.mark.parametrize("kind", ["relu", "onnx64"])
def test_files_that_read_back_as_the_same_function(kind: str, tmp_path: Path) -> None:
    for seed in range(20):
        network = random_network(seed)
        again = load(emitted(network, kind, tmp_path)).network
        point = [F(k + 1, 2) for k in range(network.input_size)]
        if kind == "relu":
            assert again == network
            assert evaluate(again, point) == evaluate(network, point)
        else:
            x = [float(v) for v in point]
            assert np.abs(evaluate_float(again, x) - evaluate_float(network, x)).max() < 1e-9


def test_npz_round_trip(tmp_path: Path) -> None:
    network = net(
        "input x[2] in [0, 1]\nh = relu([[1, 2], [3, 4]] @ x)\ny = [[1, -1]] @ h\noutput y"
    )
    again = load(emitted(network, "npz", tmp_path)).network
    assert evaluate(again, [F(1), F(2)]) == evaluate(network, [F(1), F(2)])


HOSTILE = 'a"""\n import os; os.abort() #\\ \' */ \u202e'


@pytest.mark.parametrize("kind", ["python", "numpy", "relu"])
def test_nothing_of_the_networks_text_reaches_code(kind: str, tmp_path: Path) -> None:
    network = net(SMALL).renamed("net", HOSTILE)
    path = emitted(network, kind, tmp_path)
    if kind == "relu":
        assert load(path).network.layers == network.layers
    else:
        text = path.read_text()
        assert "abort" not in text
        assert text.isascii()
        module(path).self_test()
    assert '"' not in printable(HOSTILE)
    assert "\n" not in printable(HOSTILE)


def test_header_says_where_the_code_comes_from() -> None:
    network = net(SMALL)
    lines = "\n".join(header_lines(network, origin_of(network)))
    assert digest(network) in lines
    assert "rounded: 4" in lines
    assert "Certified: at float64 points" in lines
    assert "It holds for any order of summation, with and without fused multiply-add." in lines
    assert "Sums are double because a bound matters" in lines
    single = replace(origin_of(network), precision="float32")
    ours = "\n".join(header_lines(network, single, in_order=True))
    assert "It holds for the order in which this code adds, with and without" in ours
    assert "Where a bound matters, take code with double sums" in ours
    mixed = "\n".join(header_lines(network, replace(origin_of(network), precision="mixed")))
    assert "|this code in mixed precision - the exact network| <= " in mixed
    unbounded = net("input x[1]\noutput x/3")
    for given, bound, why in (
        (unbounded, None, "no bounded domain"),
        (network, None, "none was computed"),
        (network, (0.0, np.inf), "a value may leave the range of float64 on the domain"),
    ):
        origin = Origin(digest(given), given.sizes, bound)
        assert f"No bound on the rounding of this code is known ({why})." in header_lines(
            given, origin
        )


def test_formats_by_name_and_suffix() -> None:
    assert format_for(Path("a.py"), None) == "python"
    assert format_for(Path("a.py"), "numpy") == "numpy"
    with pytest.raises(InputError, match="unknown format 'fortran'; known are relu"):
        format_for(Path("a.f"), "fortran")
    with pytest.raises(InputError, match="cannot tell the format"):
        format_for(Path("a.f"), None)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        write_artifact(Artifact({"out.txt": b""}), tmp_path / "gone" / "out.txt", force=False)


# ---- names, ends, and numbers that are long or out of range --------------------------------------


@pytest.mark.parametrize("kind", ["python", "numpy"])
@pytest.mark.parametrize(
    "stem",
    [
        'q"+__import__("os").popen("touch HACKED").read()+"',
        "a\\",
        "a\nb",
        "{x}",
        "\u00e9",
        "a'b",
        "\udcff",
    ],
)
def test_file_names_reach_code_as_names_only(
    kind: str, stem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    network = float_network(0, *MANY_PARAMETERS)
    files = emit(network, Path(f"{stem}.py"), kind)
    assert len(files) == 2
    subprocess.run([sys.executable, f"./{stem}.py"], check=True, capture_output=True)
    assert sorted(Path().iterdir()) == sorted(files)


@pytest.mark.parametrize("kind", ["python", "numpy"])
def test_ends_that_a_user_types_are_inside_and_the_bound_covers_them(
    kind: str, tmp_path: Path
) -> None:
    network = net(
        "input x[2] in [1/10, 3/10]\nassume x[0] + x[1] <= 3/10\ny = relu(1e6*x[0])\noutput y"
    )
    code = module(emitted(network, kind, tmp_path))
    (bound,) = code_error(network, network.domain or Domain.cube(0, 1, 2), None)
    for point, nearest in (([0.1, 0.2], F(1, 10)), ([0.3, 0.1], F(3, 10))):
        if nearest == F(1, 10):
            assert abs(F(float(code.evaluate(point)[0])) - 10**6 * nearest) <= F(float(bound))
        else:
            with pytest.raises(ValueError, match="violates a linear constraint"):
                code.evaluate(point)
    with pytest.raises(
        ValueError, match=r"input 0 = 0.09999999999999999 is outside the domain \[0.1, 0.3\]"
    ):
        code.evaluate([0.09999999999999999, 0.2])
    with pytest.raises(ValueError, match="violates a linear constraint"):
        code.evaluate([0.1, 0.2 + 1e-16])
    assert "rounded to the nearest one" in (code.__doc__ or "")


@pytest.mark.parametrize("kind", ["python", "numpy"])
def test_numbers_of_more_digits_than_python_reads_are_written(kind: str, tmp_path: Path) -> None:
    one, other = F(1, 3**6000), F(1, 7**3400)  # each can be read, their common denominator cannot
    weight = Matrix.from_fractions([[one, other]])
    layer = Layer("y", "linear", Matrix.zeros(1, 1), {"x": weight})
    row = Constraint((one, other), F(1))
    domain = Domain((F(0), F(0)), (F(1), F(1)), (row,))
    network = Network("x", 2, [layer], "y", domain)
    code = module(emitted(network, kind, tmp_path))
    assert code.self_test() == 5
    if kind == "python":
        assert code.evaluate_exact([1, 1]) == [one + other]


@pytest.mark.parametrize(
    ("kind", "weight"),
    [
        ("python", "1e400"),
        ("numpy", "1e400"),
        ("c", "1e400"),
        ("onnx", "1e39"),
        ("onnx64", "1e400"),
    ],
)
def test_weights_beyond_the_range_are_refused_with_the_remedy(
    kind: str, weight: str, tmp_path: Path
) -> None:
    network = net(f"input x[1] in [0, 1]\nh = relu({weight}*x[0])\ny = h/{weight}\noutput y")
    suffix = {"python": "py", "numpy": "py", "c": "c"}.get(kind, "onnx")
    with pytest.raises(
        InputError,
        match=r"layer h has a weight beyond the range of float\d\d .*; "
        r"write .*\.relu, which is exact",
    ):
        emit(network, tmp_path / f"unit.{suffix}", kind)
    assert list(tmp_path.iterdir()) == []


def test_the_header_counts_what_the_format_of_the_file_rounds() -> None:
    network = net("input x[1] in [0, 1]\noutput 0.1f64*x")
    origin = Origin(digest(network), network.sizes, precision="float32")
    assert "are no float32 numbers and were rounded: 1." in "\n".join(header_lines(network, origin))
    assert "are no float64 numbers and were rounded: 0." in "\n".join(
        header_lines(network, origin_of(network))
    )


@pytest.mark.parametrize("kind", ["python", "numpy"])
def test_a_self_test_without_a_bound_allows_what_large_numbers_need(
    kind: str, tmp_path: Path
) -> None:
    network = net(
        "input x[2]\nh = relu([[1e30/3, -1e30/7], [1, 1]] @ x)\ny = [1, 1/3] @ h\noutput y"
    )
    path = tmp_path / "unit.py"
    emit(network, path, kind)
    assert module(path).self_test() == 5


@pytest.mark.parametrize("suffix", ["py", "relu"])
def test_a_header_shows_a_domain_as_it_is_written(suffix: str, tmp_path: Path) -> None:
    network = net("input x[2] in [[-1/5, 1/3], [0, 2/7]]\noutput relu(x[0] - x[1])\n")
    emit(network, tmp_path / f"o.{suffix}")
    assert "Domain: [[-1/5, 1/3], [0, 2/7]]\n" in (tmp_path / f"o.{suffix}").read_text()
