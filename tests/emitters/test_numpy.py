"""Emitted NumPy: float32 and float64, what it accepts and refuses, and how its numbers are kept."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from rectifold.bounds.code_error import code_error
from rectifold.effort.writing import NumpyEffort
from rectifold.emitters.header import Origin
from rectifold.emitters.numpy.weights import StoredValues
from rectifold.emitters.table import FORMATS
from rectifold.errors import InputError
from rectifold.ir.canonical import digest
from rectifold.ir.evaluate import evaluate, evaluate_float
from rectifold.ir.network import Network
from support import float_network, net, networks_of_nothing, points_of, random_network

F = Fraction
PRECISIONS = ("float32", "float64")

SMALL = """
    network small
    input x[2] in [[-1, 1], [0, 2]]
    h = relu([[1, -1/3], [2, 1/7]] @ x + [0.1, -1])
    k = relu([[1, 1]] @ h + [[1, -1]] @ x)
    y = concat(k, [1, -2] @ h + 1/3)
    output y
"""


def module(network: Network, precision: str, folder: Path, stem: str = "code") -> ModuleType:
    bound = None
    if network.domain is not None and network.domain.is_bounded:
        bound = tuple(code_error(network, network.domain, None, precision).tolist())
    origin = Origin(digest(network), network.sizes, bound, precision=precision)
    artifact = FORMATS["numpy"].emit(network, origin, f"{stem}.py")
    for name, data in artifact.files.items():
        (folder / name).write_bytes(data)
    loaded = ModuleType(stem)
    loaded.__file__ = str(folder / f"{stem}.py")
    exec(compile(artifact.main, loaded.__file__, "exec"), loaded.__dict__)
    return loaded


@pytest.mark.parametrize("precision", PRECISIONS)
def test_points_and_batches_are_within_the_certified_bound(precision: str, tmp_path: Path) -> None:
    for seed in range(40):
        network = random_network(seed)
        assert network.domain is not None
        code = module(network, precision, tmp_path)
        assert code.self_test() > 0
        bound = code_error(network, network.domain, None, precision).tolist()
        drawn = [
            np.array([float(v) for v in p], precision) for p in points_of(network.domain, 6, seed)
        ]
        points = [x for x in drawn if network.domain.contains([F(float(v)) for v in x])]
        batch = code.evaluate(np.array(points, precision).reshape(len(points), network.input_size))
        assert batch.dtype == precision
        for x, row in zip(points, batch, strict=True):
            exact = evaluate(network, [F(float(v)) for v in x])
            for got in (row, code.evaluate(x)):
                errors = [abs(F(float(g)) - e) for g, e in zip(got, exact, strict=True)]
                assert all(e <= F(b) for e, b in zip(errors, bound, strict=True))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_any_layout_of_an_array_is_read_and_none_is_changed(precision: str, tmp_path: Path) -> None:
    network = net(SMALL)
    code = module(network, precision, tmp_path)
    points = np.array([[0.5, 1.0], [-1.0, 0.0], [1.0, 2.0]], precision)
    wanted = evaluate_float(network, points.astype(float))
    wide = np.zeros((6, 5), precision)
    wide[::2, 1::3] = points
    forms = (
        points,
        np.asfortranarray(points),
        wide[::2, 1::3],
        points.astype(points.dtype.newbyteorder()),
        points.tolist(),
        points.astype(np.float16),  # exact at these points
        tuple(map(tuple, points)),
    )
    for form in forms:
        before = np.array(form)
        assert np.abs(code.evaluate(form) - wanted).max() < 1e-5
        assert (np.array(form) == before).all()
    assert code.evaluate(np.array([1, 2])).shape == (2,)  # whole numbers are exact
    assert code.evaluate(np.zeros((0, 2), precision)).shape == (0, 2)


REFUSED: list[tuple[Any, str]] = [
    (None, "expected an array of float32, got NoneType"),
    ([None, None], "expected an array of float32, got list of object"),
    (["0.5", "1"], "expected an array of float32, got list"),
    ("0.5 1", "expected an array of float32, got str"),
    ([0.5 + 0j, 1], "expected an array of float32, got list of complex128"),
    ([10**400, 1], "expected an array of float32, got list of object"),
    (np.ma.masked_array([0.5, 1.0], [True, False]), "got MaskedArray"),
    (np.array([0.5, 1.0]), r"float64 would be rounded: give x.astype\('float32'\)"),
    (np.array([2**24 + 1, 0]), "int64 would be rounded"),
    (np.float64(0.5), "float64 would be rounded"),
    (3, r"expected 2 inputs, got an array of shape \(\)"),
    ([], r"expected 2 inputs, got an array of shape \(0,\)"),
    ([0.5], "expected 2 inputs"),
    ([[0.5], [1.0]], r"got an array of shape \(2, 1\)"),
    (np.zeros((1, 1, 2), np.float32), r"got an array of shape \(1, 1, 2\)"),
    ([0.5, [1.0, 2.0]], "inhomogeneous"),
]


@pytest.mark.parametrize(("bad", "message"), REFUSED, ids=[m[:40] for _, m in REFUSED])
def test_what_is_no_array_of_its_numbers_is_refused(bad: Any, message: str, tmp_path: Path) -> None:
    code = module(net(SMALL), "float32", tmp_path)
    for check in (True, False):
        with pytest.raises(ValueError, match=message):
            code.evaluate(bad, check)


def test_what_float64_would_round_is_refused(tmp_path: Path) -> None:
    code = module(net(SMALL), "float64", tmp_path)
    with pytest.raises(ValueError, match="int64 would be rounded"):
        code.evaluate(np.array([2**53 + 1, 0]))
    assert code.evaluate(np.array([0.5, 1.0], np.float32)).dtype == np.float64


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("inputs", [3, NumpyEffort.listed_inputs + 1])
@pytest.mark.parametrize("domain", ["in [-1, 2]", ""])
def test_what_is_not_finite_or_outside_is_found_anywhere(
    precision: str, inputs: int, domain: str, tmp_path: Path
) -> None:
    code = module(net(f"input x[{inputs}] {domain}\ny = relu(x)\noutput y"), precision, tmp_path)
    for k in range(inputs):
        for value, message in (
            (np.nan, "an input is not finite"),
            (np.inf, "an input is not finite"),
            (-np.inf, "an input is not finite"),
            (2.5, rf"input {k} = 2.5 is outside the domain \[-1.0, 2.0\]"),
        ):
            x = np.zeros(inputs, precision)
            x[k] = value
            if value == 2.5 and not domain:
                assert code.evaluate(x)[k] == 2.5
                continue
            for given in (x, np.array([np.zeros(inputs), x], precision)):
                with pytest.raises(ValueError, match=message):
                    code.evaluate(given)
            with np.errstate(invalid="ignore"):  # infinity times 0
                unchecked = code.evaluate(x, check=False)
            assert np.isnan(unchecked[k]) or not np.isnan(value)
    largest = np.full(inputs, np.finfo(precision).max, precision)
    if not domain:
        assert (code.evaluate(largest) == largest).all()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_constraints_are_decided_exactly(precision: str, tmp_path: Path) -> None:
    text = "assume x[0] + x[1] <= 1\nassume x[0] - x[1]/3 <= 1\noutput x"
    code = module(net(f"input x[2] in [0, 1]\n{text}"), precision, tmp_path)
    step = np.spacing(np.ones(1, precision))[0]
    for good in ([0.5, 0.5], [0.25, 0.75], [1 - step, step], [0.0, 0.0]):
        code.evaluate(np.array(good, precision))
    for bad in ([1.0, 4 * step], [0.7, 0.5], [1.0, 0.5]):
        with pytest.raises(ValueError, match="violates a linear constraint"):
            code.evaluate(np.array([[0, 0], bad], precision))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_large_layer_of_few_or_many_active_units_is_the_same(
    precision: str, tmp_path: Path
) -> None:
    network = float_network(1, 8, 256, 256, 3)
    code = module(network, precision, tmp_path)
    assert "x = _active(x, T2_1)" in (tmp_path / "code.py").read_text()
    random = np.random.default_rng(0)
    tolerance = 1e-3 if precision == "float32" else 1e-11
    for scale in (1e-3, 1.0):
        points = (random.uniform(-0.5, 0.5, (4, 8)) * scale).astype(precision)
        wanted = evaluate_float(network, points.astype(float))
        got = np.array([code.evaluate(p, check=False) for p in points])
        assert np.abs(got - wanted).max() <= tolerance * (1 + np.abs(wanted).max())
        assert np.abs(code.evaluate(points, check=False) - got).max() <= tolerance
    few = code._active(np.eye(256, dtype=precision)[3], np.eye(256, dtype=precision))
    assert (few == np.eye(256, dtype=precision)[3]).all()
    assert np.isnan(code.evaluate(np.full(8, np.nan, precision), check=False)).all()


def test_threads_share_a_module(tmp_path: Path) -> None:
    network = float_network(2, 6, 40, 40, 2)
    code = module(network, "float32", tmp_path)
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (200, 6)).astype(np.float32)
    alone = [code.evaluate(p, check=False) for p in points]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda p: code.evaluate(p, check=False), points))
    assert all((a == b).all() for a, b in zip(alone, together, strict=True))


def test_numbers_are_kept_exactly_in_the_fewest_bytes() -> None:
    random = np.random.default_rng(0)
    single = random.standard_normal((30, 40)).astype(np.float32).astype(float)
    double = random.standard_normal((30, 40))
    holes = np.where(random.random((100, 40)) < 0.1, random.standard_normal((100, 40)), 0.0)
    for array, kind, is_masked in (
        (single, "<f4", False),
        (double, "<f8", False),
        (holes, "<f8", True),
        (np.array([[1e300]]), "<f8", False),
    ):
        stored = StoredValues.of([array, array[:1]])
        assert (stored.values.dtype.str, stored.mask is not None) == (kind, is_masked)
        space = {"_V": None, "np": np, "REAL": np.float64}
        loader, imports = stored.inline()
        exec(imports + loader, space)
        flat = np.concatenate([array.ravel(), array[0]])
        assert (np.asarray(space["_V"]) == flat).all()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_sparse_networks_of_any_size_keep_no_zeros(precision: str, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    for rows, stem in ((60, "small"), (2100, "large")):
        weight = np.where(random.random((rows, 50)) < 0.05, random.standard_normal((rows, 50)), 0.0)
        text = ", ".join(f"[{', '.join(map(repr, row))}]" for row in weight.tolist())
        last = ", ".join(["1"] * rows)
        network = net(f"input x[50] in [-1, 1]\nh = relu([{text}] @ x)\noutput [{last}] @ h")
        code = module(network, precision, tmp_path, stem)
        assert code.self_test() == 5
        size = sum(p.stat().st_size for p in tmp_path.iterdir() if p.name.startswith(stem))
        assert size < rows * 50 * (4 if precision == "float64" else 3) + 7000


def test_a_changed_weight_is_noticed_in_the_text_and_beside_it(tmp_path: Path) -> None:
    code = module(float_network(0, 4, 10, 2), "float32", tmp_path)
    assert code.__doc__ is not None
    text = (tmp_path / "code.py").read_text()
    start = text.index('a2b_base64("""\n') + 20
    changed = text[:start] + ("B" if text[start] == "A" else "A") + text[start + 1 :]
    with pytest.raises(ValueError, match="the weights in this module are not the ones"):
        exec(changed, {"__name__": "changed"})


def test_modules_run_with_a_point_on_the_command_line(tmp_path: Path) -> None:
    module(net(SMALL), "float32", tmp_path, "unit")
    for arguments, out, error in (
        ([], "self-test passed at 5 points", ""),
        (["0.5", "1"], "0.0 0.3142", ""),
        (["9", "1"], "", "refused: input 0 = 9.0 is outside the domain"),
        (["a", "1"], "", "refused: could not convert string to float"),
    ):
        ran = subprocess.run(
            [sys.executable, "-m", "unit", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        assert (ran.returncode == 0) == (error == "")
        assert out in ran.stdout
        assert error in ran.stderr
        assert "Traceback" not in ran.stderr


def test_float32_refuses_a_weight_beyond_its_range(tmp_path: Path) -> None:
    network = net("input x[1] in [0, 1e-9]\ny = 1e39*x\noutput y")
    with pytest.raises(InputError, match="weight beyond the range of float32"):
        module(network, "float32", tmp_path)
    assert module(network, "float64", tmp_path).self_test() == 5


@pytest.mark.parametrize("chosen", ["c", "numpy", "rust"])
def test_a_range_beyond_every_float32_number_is_refused(chosen: str) -> None:
    network = net("input x[2] in [[0, 1], [1e39, 1e40]]\ny = 1e-39*x[1]\noutput y")
    origin = Origin(digest(network), network.sizes, precision="float32")
    with pytest.raises(InputError, match="input 1 has a range beyond every float32 number"):
        FORMATS[chosen].emit(network, origin, "code")


@pytest.mark.parametrize("chosen", ["numpy", "python"])
@pytest.mark.parametrize("name", ["numpy.py", "math.py", "json.py"])
def test_a_file_that_hides_a_module_is_refused(chosen: str, name: str) -> None:
    network = net("input x[1] in [0, 1]\noutput relu(x)")
    origin = Origin(digest(network), network.sizes)
    with pytest.raises(InputError, match=r"would hide the module \w+ of Python from itself"):
        FORMATS[chosen].emit(network, origin, name)


@pytest.mark.parametrize("network", networks_of_nothing().values(), ids=networks_of_nothing())
def test_a_network_of_nothing_is_a_module(network: Network, tmp_path: Path) -> None:
    code = module(network, "float64", tmp_path)
    assert code.self_test() > 0
    point = [0.5] * network.input_size
    expected = [float(v) for v in evaluate(network, [F(v) for v in point])]
    assert code.evaluate(point).tolist() == expected
    assert code.evaluate(np.array([point, point])).tolist() == [expected, expected]
    with pytest.raises(ValueError, match="expected"):
        code.evaluate([*point, 0.5])
