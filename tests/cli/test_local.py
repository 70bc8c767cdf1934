"""`rectifold local`: tables, histograms, JSON, pictures, and what it refuses."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main
from rectifold.formats.load import load
from rectifold.ir.domain import Domain
from rectifold.local_boxes.boxes import boxes_around
from rectifold.reports.local import Bar, histogram, histogram_lines

NET = """network small
input x[4] in [0, 1]
h = relu([[1, -1, 0, 0], [0, 1, 1, -1], [1, 1, 1, 1]] @ x + [0, -1/4, 1])
y = [[1, 0, 0], [0, 1, 1/2]] @ h
output y
"""
IMAGES = np.array(
    [[[255, 0], [0, 255]], [[0, 255], [255, 0]], [[100, 101], [0, 0]]], dtype=np.uint8
)
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `local` beside small.relu and data.npz."""
    monkeypatch.chdir(tmp_path)
    Path("small.relu").write_text(NET)
    np.savez("data.npz", x_test=IMAGES, y_test=np.array([0, 1, 1]), x_train=IMAGES[:1])

    def invoke(*arguments: str) -> Result:
        words = ["local", "small.relu", "--data", "data.npz", "--radius", "1/255", *arguments]
        result = CliRunner().invoke(main, words)
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            result.exception
        )
        return result

    return invoke


def test_the_table_the_sentences_and_the_histogram(run: Run) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert "small within 1/255 of 3 samples of data.npz (test), cut to [0, 1]^4" in result.output
    assert "affine on the whole box (proved): 2 of 3 samples (66.67 %)" in result.output
    assert "h has no kink, so it collapses: 2 of 3 samples (66.67 %)" in result.output
    assert "one class on the whole box (proved): 3 of 3 samples (100.00 %)" in result.output
    assert "the class of the sample is its label: 2 of 3 samples (66.67 %)" in result.output
    assert "the label on the whole box (proved): 2 of 3 samples" in result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["0", "2", "#" * 50] in lines
    assert ["1", "1", "#" * 25] in lines


def test_an_entry_per_sample_as_json(run: Run) -> None:
    told = json.loads(run("--json", "-").output)
    assert (told["radius"], told["asked"], told["looked_at"]) == ("1/255", 3, 3)
    assert (told["complete"], told["affine"], told["kept"], told["robust"]) == (True, 2, 3, 2)
    third = told["samples"][2]
    assert (third["sample"], third["label"], third["predicted"], third["kept"]) == (2, 1, 1, True)
    layer = {"layer": "h", "units": 3, "active": 2, "inactive": 0}
    assert third["layers"] == [layer | {"unstable": 1, "open": 0, "kinks": 1}]
    assert third["margin"] > 0


def test_which_samples_are_looked_at(run: Run) -> None:
    def chosen(*arguments: str) -> list[int]:
        told = json.loads(run("--json", "-", *arguments).output)
        return [one["sample"] for one in told["samples"]]

    assert chosen("--first", "2") == [0, 1]
    assert chosen("--first", "9") == [0, 1, 2]
    assert chosen("--samples", "9") == [0, 1, 2]
    assert chosen("--part", "train") == [0]
    some = chosen("--samples", "2", "--seed", "1")
    assert some == chosen("--samples", "2", "--seed", "1")
    assert len(some) == 2
    told = json.loads(run("--json", "-", "--samples", "2", "--seed", "1").output)
    assert [one["label"] for one in told["samples"]] == [[0, 1, 1][k] for k in some]


def test_without_clipping_boxes_go_beyond_the_domain(run: Run) -> None:
    result = run("--no-clip")
    assert "cut to" not in result.output
    assert "small within 1/255 of 3 samples of data.npz (test)\n" in result.output


def test_a_time_limit_ends_it_and_the_status_says_so(run: Run) -> None:
    np.savez("data.npz", x_test=np.repeat(IMAGES, 100, axis=0))
    result = run("--time-limit", "0")
    assert result.exit_code == 3
    assert "ended early: 64 of 300 samples were looked at" in result.output


def test_a_picture_is_drawn(run: Run) -> None:
    if importlib.util.find_spec("matplotlib") is None:
        pytest.skip("pictures need matplotlib")
    result = run("--picture", "p.svg")
    assert "wrote p.svg" in result.output
    assert b"<svg" in Path("p.svg").read_bytes()
    again = run("--picture", "p.svg")
    assert again.exit_code == 2
    assert "p.svg" in again.output


def test_networks_and_certificates_of_each_sample_are_written(run: Run) -> None:
    result = run("--compile", "there", "--json", "told.json", "--samples", "2", "--seed", "3")
    assert result.exit_code == 0, result.output
    assert "certificates that hold: 2 of 2" in result.output
    told = json.loads(Path("told.json").read_text())
    for one, looked in zip(told["compiled"], told["samples"], strict=True):
        assert one["sample"] == looked["sample"]
        assert one["after"] == looked["left"]
        network, certificate = one["files"]
        assert load(network).network.sizes.units == one["after"]["units"]
        assert load(network).network.domain == _box(looked["sample"])
        words = ["check", "small.relu", certificate, "--domain", network, "--result", network]
        checked = CliRunner().invoke(main, words)
        assert checked.exit_code == 0, checked.output
    again = run("--compile", "there", "--samples", "2", "--seed", "3")
    assert again.exit_code == 2
    assert "--force" in again.output
    assert run("--compile", "there", "--samples", "2", "--seed", "3", "--force").exit_code == 0
    wrong = run("--compile", "small.relu")
    assert wrong.exit_code == 2
    assert "'small.relu' can be no folder" in wrong.output


def _box(k: int) -> Domain:
    """The box around a sample, cut to the domain of small.relu."""
    points = (IMAGES.astype(np.float32) / np.float32(255)).reshape(3, 4).astype(np.float64)
    return boxes_around(points, Fraction(1, 255), Domain.cube(0, 1, 4)).exact(k)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--radius", "-1"], "the radius -1 is negative"),
        (["--radius", "wide"], "give a number such as 0.01 or 1/100"),
        (["--data", "none"], "there is no file 'none'"),
        (["--data", "."], "has no file t10k-images-idx3-ubyte"),
        (["--first", "1", "--samples", "1"], "give one of them"),
        (["--first", "0"], "a whole number from 1 on is expected"),
        (["--data", "wrong.npy"], r"a sample of wrong.npy has 3 numbers (shape (3,)), but small"),
        (["--data", "far.npy"], "sample 1 lies outside the domain: its input 2 is 2, above 1"),
        (["--json", "data.npz"], "data.npz"),
        (["--picture", "p.gif"], "p.gif should end in .png, .svg or .pdf"),
    ],
)
def test_mistakes_are_told(run: Run, arguments: list[str], message: str) -> None:
    np.save("wrong.npy", np.zeros((2, 3)))
    np.save("far.npy", np.array([[0, 0, 0, 0], [0, 0, 2, 0]]))
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_bars_hold_all_values_and_have_one_width() -> None:
    assert histogram([3]) == [Bar(3, 3, 1)]
    bars = histogram([0, 1, 1, 40])
    assert sum(bar.samples for bar in bars) == 4
    assert len({bar.most - bar.least for bar in bars}) == 1
    assert bars[0] == Bar(0, 3, 3)
    assert histogram_lines([5, 5, 6], "kinks") == [
        "kinks  samples",
        "    5        2  " + "#" * 50,
        "    6        1  " + "#" * 25,
    ]


def test_data_without_parts_has_none(run: Run) -> None:
    np.save("plain.npy", IMAGES)
    result = run("--data", "plain.npy")
    assert "of 3 samples of plain.npy, cut to" in result.output
    np.savez("plain.npz", X=IMAGES)
    assert "of 3 samples of plain.npz, cut to" in run("--data", "plain.npz").output
