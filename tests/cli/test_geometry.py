"""The commands about regions and shallow networks: results, files, pictures, messages."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import rectifold
from rectifold.cli.main import main
from rectifold.ir.canonical import digest
from rectifold.ir.evaluate import evaluate

DEEP = """network deep
input x[2] in [-1, 1]
h = relu([x[0] + x[1]/2, x[0] - x[1], x[1] + 1/4])
k = relu([h[0] - h[1] + 1/8, h[1] + h[2] - 1/2])
m = relu(k[0] - 2*k[1] + x[0])
y = m + k[0]
output y
"""
LINE = (
    "network line\ninput x[1] in [-2, 2]\nh = relu([x[0], x[0] - 1])\ny = h[0] - 2*h[1]\noutput y\n"
)
WIDE = "network wide\ninput x[7] in [0, 1]\nh = relu(x[0] + x[1] - x[6])\noutput h\n"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    for name, text in (("deep", DEEP), ("line", LINE), ("wide", WIDE)):
        Path(f"{name}.relu").write_text(text)

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(main, list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    return invoke


def test_regions_counts_and_dumps(run: Run) -> None:
    result = run("regions", "line.relu", "--json", "r.json", "--npz", "r.npz")
    assert result.exit_code == 0, result.output
    assert "3 linear regions, 3 affine maps" in result.output
    assert "upper bounds: 2^units 4, Montúfar 2017 3, Serra et al. 2018 3" in result.output
    report = json.loads(Path("r.json").read_text())
    assert (report["count"], report["complete"], report["by_layer"]) == (3, True, {"h": 3})
    assert {tuple(r["phases"].values()) for r in report["regions"]} == {("00",), ("10",), ("11",)}
    assert ["-1", "2"] in [r["affine"][0] for r in report["regions"]]
    with np.load("r.npz") as arrays:
        assert arrays["gradients"].shape == (3, 1, 1)
        assert (arrays["first_vertex"].tolist(), bool(arrays["complete"])) == ([0, 2, 4, 6], True)


def test_regions_that_end_early_say_so_and_have_status_3(run: Run) -> None:
    result = run("regions", "deep.relu", "--limit", "2")
    assert result.exit_code == 3
    assert "2 linear regions (partial" in " ".join(result.output.split())
    result = run("regions", "deep.relu", "--time-limit", "0", "--json", "-")
    assert result.exit_code == 3
    assert json.loads(result.output)["complete"] is False


def test_regions_as_formulas(run: Run) -> None:
    result = run("regions", "line.relu", "--formula")
    assert "y[0] = Piecewise(" in result.output
    assert "(2 - x0, " in result.output
    assert "cases" in run("regions", "line.relu", "--latex").output


def test_a_slice_varies_two_inputs(run: Run) -> None:
    assert "2 linear regions" in run("regions", "wide.relu", "--slice", "0,6").output
    point = "0,1,0,0,0,0,0"
    assert (
        "1 linear region, 1 affine map "
        in run("regions", "wide.relu", "--slice", "0,6", "--at", point).output
    )


@pytest.mark.parametrize("colour", ["gradient", "pattern", "output"])
@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_pictures_of_regions_are_written_whole(run: Run, colour: str, suffix: str) -> None:
    for name in ("deep", "line"):
        assert (
            run(
                "regions", f"{name}.relu", "--plot", f"{name}.{suffix}", "--colour", colour
            ).exit_code
            == 0
        )
        start = Path(f"{name}.{suffix}").read_bytes()[:5]
        assert start == (b"\x89PNG\r" if suffix == "png" else b"<?xml")


def test_other_pictures(run: Run) -> None:
    assert run("shallow", "deep.relu", "--plot", "sheets.svg").exit_code == 0
    assert run("stability", "deep.relu", "--plot", "phases.png").exit_code == 0
    assert (
        b"second-layer units" in Path("sheets.svg").read_bytes()
        or Path("sheets.svg").stat().st_size > 5000
    )
    assert Path("phases.png").read_bytes()[:4] == b"\x89PNG"
    first = Path("sheets.svg").read_bytes()
    run("shallow", "deep.relu", "--plot", "sheets.svg", "--force")
    assert Path("sheets.svg").read_bytes() == first


def test_pictures_of_the_errors_of_gates(run: Run) -> None:
    options = ["--plot-strips", "strips.png", "--plot-errors", "errors.svg", "--gain", "100"]
    result = run("shallow", "deep.relu", *options)
    assert result.exit_code == 0, result.output
    assert "wrote strips.png" in result.output
    assert Path("strips.png").read_bytes()[:4] == b"\x89PNG"
    assert Path("errors.svg").read_bytes()[:5] == b"<?xml"
    again = run("shallow", "deep.relu", *options)
    assert again.exit_code == 2
    assert "strips.png" in again.output
    assert run("shallow", "line.relu", "--plot-errors", "line.png").exit_code == 0


def test_the_gain_of_a_gated_form_is_the_one_asked_for(run: Run) -> None:
    result = run("shallow", "deep.relu", "--kind", "classic", "--gain", "512", "-o", "out.relu")
    assert "M = 512" in result.output
    gates = rectifold.load("out.relu").network.layer("gates")
    assert min(v for row in gates.weights["hinges"].fractions() for v in row) == -512


def test_shallow_prints_every_count_and_writes_code_that_agrees(run: Run) -> None:
    result = run("shallow", "deep.relu", "-o", "out.relu", "--json", "s.json", "--kind", "exact")
    assert result.exit_code == 0, result.output
    for word in ("exact *", "classic, all patterns", "core", "centred", "equal to the source"):
        assert word in result.output
    report = json.loads(Path("s.json").read_text())
    assert report["exact"]
    assert len(report["hidden"]) == 2
    assert report["alternatives"]["exact"] == report["hidden"]
    deep, small = (rectifold.load(name).network for name in ("deep.relu", "out.relu"))
    for point in (
        [Fraction(1, 3), Fraction(-1, 7)],
        [Fraction(1), Fraction(1)],
        [Fraction(-1), Fraction(1, 2)],
    ):
        assert evaluate(deep, point) == evaluate(small, point)
    for target in ("out.py", "out_numpy.npz", "out.onnx"):
        assert run("shallow", "deep.relu", "-o", target).exit_code == 0
    done = subprocess.run([sys.executable, "out.py"], capture_output=True, text=True, check=False)
    assert "self-test passed" in done.stdout


def test_a_count_of_patterns_that_python_does_not_write_is_left_out_of_the_json(run: Run) -> None:
    """2^15000 has 4,516 digits."""
    rows = ", ".join(["[1]"] * 15000)
    Path("many.relu").write_text(
        f"network many\ninput x[1] in [-1, 1]\nh = relu([{rows}] @ x)\noutput h[0]\n"
    )
    done = run("shallow", "many.relu", "--json", "s.json", "--report", "s.html")
    assert done.exit_code == 0, done.output
    assert "classic, all patterns" in done.output
    forms = json.loads(Path("s.json").read_text())["alternatives"]
    assert list(forms) == ["source", "exact", "classic", "core", "centred"]
    assert "about " in Path("s.html").read_text()


@pytest.mark.parametrize(
    "command", [["shallow", "deep.relu", "--kind", "exact"], ["compile", "deep.relu", "--shallow"]]
)
def test_the_certificate_of_a_shallow_form_is_about_the_source(
    run: Run, command: list[str]
) -> None:
    result = run(*command, "-o", "out.relu", "--certificate", "c.cert")
    assert result.exit_code == 0, result.output
    assert "certificate: holds" in result.output
    assert "holds" in run("check", "deep.relu", "c.cert", "--result", "out.relu").output
    Path("wrong.relu").write_text(
        Path("out.relu").read_text().replace("output y", "z = y + 1e-9\noutput z")
    )
    assert run("check", "deep.relu", "c.cert", "--result", "wrong.relu").exit_code == 1
    certificate = Path("c.cert").read_text()
    Path("c.cert").write_text(certificate.replace('["bends",', '["work",9999999999]\n["bends",'))
    checking = ("check", "deep.relu", "c.cert")
    refused = run(*checking)
    assert refused.exit_code == 1
    assert "permit them with --work 9999999999" in refused.output
    assert run(*checking, "--work", "9999999999").exit_code == 0
    Path("c.cert").write_text(certificate.replace('["bends",', '["bends",1'))
    assert run("check", "deep.relu", "c.cert", "--result", "out.relu").exit_code == 1


def test_compile_shallow(run: Run) -> None:
    result = run("compile", "deep.relu", "--shallow", "-o", "out.relu", "--json", "r.json")
    assert result.exit_code == 0, result.output
    assert len(rectifold.load("out.relu").network.hidden_sizes()) <= 2
    report = json.loads(Path("r.json").read_text())
    assert report["shallow"]["exact"]
    assert report["certificate"]["about"] == "the rewriting, before --shallow"
    assert "certificate of the rewriting (before --shallow): holds" in result.output
    assert "rewritten: 2-" in result.output
    written = rectifold.load("out.relu").network
    assert report["after"]["units"] == written.sizes.units
    assert f" → {written.shape_text()}\n" in result.output
    assert "rounding" not in result.output  # the language is exact
    rounded = run("compile", "deep.relu", "--shallow", "-o", "out.py")
    assert "rounding of the written code: at most" in rounded.output
    assert digest(rectifold.load("deep.relu").network) in Path("out.relu").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["regions", "deep.relu", "--domain", "all"], "need a bounded domain"),
        (
            ["regions", "wide.relu", "--slice", "0,1,2", "--plot", "a.png"],
            "choose two with --slice",
        ),
        (["regions", "wide.relu", "--slice", "0,9"], "numbered 0 to 6"),
        (["regions", "wide.relu", "--slice", "6,6"], "names an input twice"),
        (["regions", "wide.relu", "--slice", "a,b"], "no list of input numbers"),
        (["regions", "wide.relu", "--slice", "0,1", "--at", "1,2"], "--at gives 2 numbers"),
        (["regions", "wide.relu", "--slice", "0,1", "--at", "0,0,5,0,0,0,0"], "outside its range"),
        (["regions", "wide.relu", "--at", "0"], "say which inputs vary with --slice"),
        (["regions", "deep.relu", "--plot", "a.gif"], "should end in .png, .svg or .pdf"),
        (
            ["shallow", "line.relu", "--plot", "a.png"],
            "sheets are drawn for two free inputs, and 1 are free",
        ),
        (["shallow", "deep.relu", "--accuracy", "0", "--kind", "core"], "not positive"),
        (
            ["shallow", "deep.relu", "--kind", "centred", "--certificate", "c"],
            "the centred form is not exact",
        ),
        (["shallow", "deep.relu", "--gain", "-1"], "the gain -1 is not positive"),
        (
            ["shallow", "line.relu", "--plot-strips", "a.png"],
            "strips are drawn for two free inputs, and 1 are free",
        ),
        (["shallow", "deep.relu", "--kind", "source"], "more than two hidden layers"),
        (["regions", "deep.relu", "--npz", "deep.relu"], "deep.relu"),
    ],
)
def test_mistakes_have_a_message_and_status_2(run: Run, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert message in result.output


def test_pictures_without_matplotlib_say_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = run("regions", "deep.relu", "--plot", "a.png")
    assert result.exit_code == 2
    assert 'pip install "rectifold[plot]"' in result.output


def test_the_library_has_the_same(run: Run) -> None:
    network: Any = rectifold.load("line.relu").network
    assert len(rectifold.regions(network, network.domain)) == 3
    assert rectifold.shallow(network, network.domain).exact


def test_regions_are_counted_without_being_kept(run: Run) -> None:
    assert run("regions", "line.relu", "--count").output.startswith("3 linear regions (")
    report = json.loads(run("regions", "line.relu", "--count", "--json", "-").output)
    assert (report["count"], report["complete"]) == (3, True)
    ended = run("regions", "deep.relu", "--count", "--time-limit", "0")
    assert (
        ended.exit_code,
        "at least 0 linear regions: the count ended early" in ended.output,
    ) == (3, True)
    refused = run("regions", "line.relu", "--count", "--limit", "2")
    assert (refused.exit_code, "--count keeps no regions: leave out --limit" in refused.output) == (
        2,
        True,
    )


def test_show_draws_a_network_and_another_below_it(run: Run) -> None:
    pytest.importorskip("matplotlib")
    for extra in ([], ["--beside", "line.relu"]):
        result = run("show", "deep.relu", "--plot", "net.svg", "--force", *extra)
        assert result.exit_code == 0, result.output
        assert "wrote net.svg" in result.stderr
        assert Path("net.svg").read_text().startswith("<?xml")
    assert run("show", "deep.relu", "--plot", "net.svg").exit_code == 2


def test_show_beside_needs_a_picture(run: Run) -> None:
    result = run("show", "deep.relu", "--beside", "line.relu")
    assert result.exit_code == 2
    assert "name the picture with --plot" in result.output


def test_a_picture_of_many_inputs_is_refused_before_the_regions_are_listed(run: Run) -> None:
    pytest.importorskip("matplotlib")
    many = "input x[64] in [0, 1]\nh = relu(ones(40, 64) @ x - ones(40, 1)[:, 0])\noutput h\n"
    Path("many.relu").write_text(many)
    result = run("regions", "many.relu", "--plot", "m.png", "--time-limit", "0.001")
    assert "a picture shows one or two free inputs, and 64 are free" in result.output
