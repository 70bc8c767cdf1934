"""Known answers on real networks and on trap files that lie beside a developer's checkout; skipped
where they do not.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from rectifold.certificate.compiled import certify, check_certificate
from rectifold.cli.main import main
from rectifold.equivalence.answers import Different, Equal
from rectifold.equivalence.decide import compare
from rectifold.facts.facts import Phase
from rectifold.formats.layers_json import read_layers_json
from rectifold.formats.load import load, read_domain
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import evaluate, evaluate_points
from rectifold.ir.network import Network
from rectifold.ir.sampling import sample_points
from rectifold.linear_regions.counts import count_regions
from rectifold.linear_regions.summary import linear_regions
from rectifold.operations.compiling import compile_network
from rectifold.two_layers.shallow import shallow_network
from rectifold_check.cells import Cells
from rectifold_check.networks import read_domain as read_canonical_domain
from rectifold_check.networks import read_network

SHARED = Path(__file__).resolve().parents[2] / "shared"
TRAPS = sorted(p for p in (SHARED / "traps").glob("*.json")) if SHARED.is_dir() else []
pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the folder of shared networks is not beside this checkout"
)


def claims_of(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text())["claims"])


def traps(groups: str) -> list[Any]:
    return parameters([p for p in TRAPS if p.stem[0] in groups])


def trap_pairs() -> list[Any]:
    """The files of two networks that are said to be equal or different."""
    compared = {"equal", "different"}
    return parameters(
        [
            p
            for p in TRAPS
            if p.stem[0] in "abde"
            and "network_b" in json.loads(p.read_text())
            and compared & {claim["type"] for claim in claims_of(p)}
        ]
    )


def parameters(paths: list[Path]) -> list[Any]:
    """One that is skipped with the whole file where there are none."""
    return [pytest.param(p, id=p.stem) for p in paths] or [pytest.param(None, id="none")]


def number(text: str) -> Fraction:
    if "*2^" in text:
        head, exponent = text.split("*2^")
        return int(head) * Fraction(2) ** int(exponent)
    return Fraction(text)


@pytest.mark.parametrize("path", traps("abcde"))
def test_trap_is_answered_right(path: Path) -> None:
    network, _ = read_layers_json(path)
    compiled = compile_network(network, check=True)
    assert check_certificate(compiled, certify(compiled)).holds
    for claim in claims_of(path):
        match claim["type"]:
            case "range":
                facts = compiled.facts.layers[network.layers[claim["layer"]].name]
                expected = {
                    "zero": Phase.INACTIVE,
                    "active": Phase.ACTIVE,
                    "inactive": Phase.INACTIVE,
                }
                wanted = expected.get(claim["status"], Phase.UNSTABLE)
                assert facts.phase(claim["unit"]) is wanted, claim
                for end, proven, sign in (("min", facts.lower, 1), ("max", facts.upper, -1)):
                    if claim[end] != "unb":
                        value = float(proven[claim["unit"]])
                        if np.isfinite(value):
                            assert sign * Fraction(value) <= sign * number(claim[end]), claim
            case "constant":
                assert compiled.network.sizes.units == 0
                assert not compiled.network.output_layer.weights
                outputs = compiled.network.output_layer.bias.column_values()
                assert outputs == [number(v) for v in claim["outputs"]]
            case "value":
                point = [number(v) for v in claim["at"]]
                assert evaluate(network, point) == [number(v) for v in claim["outputs"]]
            case "equal" | "different" | "error":
                pass
            case other:
                assert other == "active_volume"


@pytest.mark.parametrize("path", trap_pairs())
def test_pair_of_networks_is_compared_right(path: Path) -> None:
    claims = {claim["type"]: claim for claim in claims_of(path)}
    a, _ = read_layers_json(path)
    b, _ = read_layers_json(path, "network_b")
    assert a.domain is not None
    result = compare(a, b, a.domain)
    if "equal" in claims:
        assert isinstance(result, Equal)
    else:
        assert isinstance(result, Different)
        assert evaluate(a, result.point) != evaluate(b, result.point)
        assert a.domain.contains(result.point)


@pytest.mark.parametrize("path", traps("f"))
def test_broken_file_is_refused_with_one_line(path: Path, tmp_path: Path) -> None:
    expected = path.with_suffix(".expect")
    code = expected.read_text().strip() if expected.is_file() else claims_of(path)[0]["code"]
    out = tmp_path / "out.relu"
    result = CliRunner().invoke(main, ["compile", str(path), "-o", str(out)])
    assert result.exit_code == 2
    assert not out.exists()
    lines = [line for line in result.output.splitlines() if line.strip()]
    assert len(lines) == 1
    assert lines[0].endswith(f"[{code}]")


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("mnist_400-400_l1_0.0001.onnx", (297, 211, 292, 0)),
        ("mnist_100-100_l1_0.0002.onnx", (30, 47, 123, 0)),
        ("mnist_100-100_l1_0.0001.onnx", (14, 36, 150, 0)),
    ],
)
def test_l1_networks_have_the_known_phases(file: str, counts: tuple[int, ...]) -> None:
    network = load(SHARED / "networks/l1" / file).network
    compiled = compile_network(network, read_domain("[0,1]", network))
    assert (
        tuple(
            compiled.facts.count(p)
            for p in (Phase.ACTIVE, Phase.INACTIVE, Phase.UNSTABLE, Phase.OPEN)
        )
        == counts
    )
    same_at_points(compiled.source, compiled.network, 4)


def test_cifar_network_shrinks_to_142_units() -> None:
    network = load(SHARED / "networks/cifar/cifar10_116-248_after_paper.npz").network
    compiled = compile_network(network)
    assert compiled.network.hidden_sizes() == [116, 142]
    same_at_points(compiled.source, compiled.network, 4)


def test_gogeta_layer_1_needs_132_units_and_keeps_unit_370() -> None:
    network = load(SHARED / "networks/gogeta/gogeta_2-1024-512-512-256-1.npz").network
    compiled = compile_network(network, prover="bounds")
    facts = compiled.facts.layers["h1"]
    assert [compiled.facts.of("h1", p) for p in Phase] == [477, 417, 130, 0]
    assert facts.phase(370) is Phase.UNSTABLE
    assert facts.upper[370] == pytest.approx(1.386e-7, rel=1e-3)
    assert facts.phase(410) is Phase.INACTIVE
    assert facts.phase(955) is Phase.INACTIVE
    assert compiled.network.hidden_sizes()[0] == 132
    assert 370 in compiled.kept.layers["h1"].origin
    same_at_points(compiled.source, compiled.network, 4)


def test_acas_network_compiles_on_its_property() -> None:
    network = load(SHARED / "networks/acas/acasxu_1_1.onnx").network
    domain = read_domain(str(SHARED / "networks/acas/prop_1.vnnlib"), network)
    compiled = compile_network(network, domain, prover="bounds")
    assert check_certificate(compiled, certify(compiled)).status == "holds"
    same_at_points(compiled.source, compiled.network, 200)


def test_conv_network_evaluates_as_onnxruntime_does(onnx_run: Any) -> None:
    path = SHARED / "networks/mnistfc/mnist_conv_0.1.onnx"
    network = load(path).network
    x = np.random.default_rng(0).random((1, 1, 28, 28)).astype(np.float32)
    from rectifold.ir.evaluate import evaluate_float

    ours = evaluate_float(network, x.ravel().astype(np.float64))
    assert (
        np.abs(ours - onnx_run(path.read_bytes(), x).ravel()).max() < 1e-4
    )  # float32 against float64


def same_at_points(a: Network, b: Network, count: int) -> None:
    assert a.domain is not None
    points = sample_points(a.domain, count)
    assert len(points) == count
    assert evaluate_points(a, points) == evaluate_points(b, points)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("2-8-8-1_random_0", 125), ("2-16-16-1_random_0", 371), ("2-32-32-1_random_0", 1229),
        ("2-16-16-16-1_random_0", 1017),
        ("3-8-8-1_random_0", 374), ("3-8-8-8-1_random_0", 596), ("3-8-8-8-1_trained_0", 709),
    ],
)  # fmt: skip
def test_known_counts_of_regions(name: str, count: int) -> None:
    network = load(str(SHARED / f"networks/regions/{name}.npz")).network
    found = linear_regions(network, read_domain("[-1,1]", network))
    assert (len(found), found.complete) == (count, True)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("2-16-16-1_trained_0", 373), ("2-32-32-1_trained_0", 1209), ("2-64-64-1_random_0", 4639),
        ("2-16-16-16-1_trained_0", 819), ("2-32-32-32-1_random_0", 2572),
        ("3-8-8-1_random_0", 374), ("3-8-8-8-1_trained_0", 709), ("3-16-16-1_random_0", 2938),
    ],
)  # fmt: skip
def test_known_counts_of_regions_that_are_not_kept(name: str, count: int) -> None:
    network = load(str(SHARED / f"networks/regions/{name}.npz")).network
    found = count_regions(network, read_domain("[-1,1]", network))
    assert (found.count, found.complete) == (count, True)


@pytest.mark.parametrize(
    ("name", "most"),
    [("2-16-16-1_trained_0", 70), ("2-16-16-16-1_trained_0", 305), ("3-8-8-8-1_random_0", 600)],
)
def test_exact_shallow_networks_stay_small(name: str, most: int) -> None:
    network = load(str(SHARED / f"networks/regions/{name}.npz")).network
    result = shallow_network(network, read_domain("[-1,1]", network), kind="exact")
    assert sum(result.hidden) <= most
    points = sample_points(result.source.domain or pytest.fail("no domain"), 40)
    assert evaluate_points(network, points) == evaluate_points(result.network, points)


def test_regions_of_a_controller_are_those_that_the_checker_finds_and_a_slice_is_drawn(
    tmp_path: Path,
) -> None:
    """Two programs that share no code; every region's map gives the network's outputs at its
    vertices.
    """
    network = load(str(SHARED / "networks/acas/acasxu_1_1.onnx")).network
    whole = read_domain(str(SHARED / "networks/acas/prop_1.vnnlib"), network)
    ends = [
        (a, b)
        for a, b in zip(whole.lower, whole.upper, strict=True)
        if a is not None and b is not None
    ]
    lower, upper = (tuple((a + b) / 2 + s * (b - a) / 120 for a, b in ends) for s in (-1, 1))
    domain = Domain(lower, upper)
    found = linear_regions(network, domain)
    assert found.complete
    assert len(found) > 10
    for region in found.with_vertices:
        points = region.vertices[:3]
        expected = [
            [
                sum((a * x for a, x in zip(form, p, strict=False)), form[-1])
                for form in region.affine
            ]
            for p in points
        ]
        assert evaluate_points(network, [list(p) for p in points]) == expected
    cells = Cells(
        read_network(canonical_text(network), "A"), read_canonical_domain(domain_text(domain))
    )
    assert sum(1 for _ in cells.affine(10_000)) == len(found)
    picture = tmp_path / "slice.png"
    arguments = [
        str(SHARED / "networks/acas/acasxu_1_1.onnx"),
        "--domain",
        str(SHARED / "networks/acas/prop_1.vnnlib"),
    ]
    done = CliRunner().invoke(
        main, ["regions", *arguments, "--slice", "0,1", "--plot", str(picture)]
    )
    assert done.exit_code == 0, done.output
    assert picture.read_bytes()[:4] == b"\x89PNG"
