"""`rectifold train`: what it prints, writes and refuses."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main
from rectifold.formats.load import load

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed"
)
needs_digits = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed"
)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["train", *arguments])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Points of two classes in the plane, which a line divides."""
    points = np.random.default_rng(0).random((150, 2))
    labels = (points.sum(axis=1) > 1).astype(np.int64)
    path = tmp_path / "points.npz"
    np.savez(path, inputs=points.astype(np.float32), labels=labels)
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "net.relu"], "net.relu should end in .onnx: a trained network is written so"),
        (["-o", "net.onnx", "--data", "gone"], "there is no file 'gone'"),
        (["-o", "net.onnx", "--widths", "3,x"], "'3,x' is no list of whole numbers, like 100,100"),
        (["-o", "net.onnx", "--widths", ""], "no hidden layer cannot be trained"),
        (["-o", "net.onnx", "--l1", "much"], "'much' is no number, like 1e-4, and no list"),
        (["-o", "net.onnx", "--l1", "1,2"], "l1: 2 numbers for 3 layers with weights"),
        (["-o", "net.onnx", "--epochs", "0"], "epochs: 0 cannot be trained; at least 1"),
        (["-o", "net.onnx", "--prune", "0.5", "--finetune", "0"], "pruning without fine-tuning"),
        (["-o", "net.onnx", "--teacher", "gone.onnx"], "there is no file 'gone.onnx'"),
        (["-o", "net.onnx", "--groups", "x"], "'x' is not one of 'rows', 'columns', 'both'"),
        (["-o", "net.onnx", "--recipe", "tiny"], "'tiny' is not one of 'plain', 'compressible'"),
        (["-o", "net.onnx", "--stability-bounds", "slopes"], "a detail of --stability, which is 0"),
        (["-o", "net.onnx", "--groups", "both", "--group", "0"], "leave --groups out"),
        (["-o", "net.onnx", "--attack-steps", "3"], "give --attack-eps too, or leave"),
        (["-o", "net.onnx", "--recipe", "plain", "--l1-step", "proximal"], "a detail of --l1"),
        (["-o", "net.onnx", "--temperature", "3"], "a detail of --teacher, which is 0 or not"),
        (["-o", "net.onnx", "--kernel", "5"], "a detail of --channels"),
        (["-o", "net.onnx", "--finetune", "0", "--finetune-rate", "1"], "a detail of --finetune"),
        (["-o", "net.onnx", "--plot", "net.gif"], "net.gif should end in .png, .svg or .pdf"),
        ([], "name the file to write, for example: rectifold train"),
    ],
)
def test_a_mistake_is_refused_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert not list(tmp_path.iterdir())


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path, data: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_text("mine")
    result = run("-o", str(path), "--data", str(data))
    assert result.exit_code == 2
    assert "--force" in result.output
    assert path.read_text() == "mine"


def test_without_matplotlib_no_time_is_spent_on_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run("-o", str(tmp_path / "net.onnx"), "--plot", str(tmp_path / "net.png"))
    assert result.exit_code == 2
    assert 'pictures need matplotlib; install it with: pip install "rectifold[plot]"' in (
        result.output
    )
    assert not list(tmp_path.iterdir())


def test_without_pytorch_the_extra_is_named(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "rectifold.training.torch_run", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    result = run("-o", str(tmp_path / "net.onnx"), "--data", str(data))
    assert result.exit_code == 2
    assert 'training needs PyTorch, which is not installed; install it with pip install "r' in (
        result.output
    )
    assert not (tmp_path / "net.onnx").exists()


@needs_torch
def test_a_network_is_trained_told_and_compiles_without_a_domain(
    tmp_path: Path, data: Path
) -> None:
    path, told = tmp_path / "net.onnx", tmp_path / "net.json"
    options = ["--widths", "8,4", "--epochs", "3", "--finetune", "1", "--l1", "1e-4"]
    result = run("-o", str(path), "--data", str(data), *options, "--json", str(told))
    assert result.exit_code == 0, result.output
    note, *lines = result.output.splitlines()
    assert note == "note: points.npz has one part: every fifth sample is left out for testing"
    assert lines[0].startswith("epoch 1/4, ")
    assert lines[3].startswith("epoch 4/4 (fine-tuning), ")
    assert "certificate: holds" in lines
    assert lines[-1] == f"wrote {path}"
    found = json.loads(told.read_text())
    assert found["config"]["architecture"]["widths"] == [8, 4]
    assert found["config"]["sparsity"]["l1"] == [1e-4]
    assert [epoch["number"] for epoch in found["epochs"]] == [1, 2, 3, 4]
    assert found["test"]["samples"] == 30
    assert found["test"]["right_before"] == found["test"]["right_after"]
    assert found["test"]["classes_changed"] == found["test"]["outside"] == 0
    sizes = [found["compressed"]["sizes"][k] for k in ("trained", "structure", "proof", "carriers")]
    assert sizes[0] == {"units": 12, "connections": sizes[0]["connections"], "dense": 56}
    assert sizes == sorted(sizes, key=lambda size: -size["units"])
    again = CliRunner().invoke(main, ["compile", str(path), "-o", str(tmp_path / "small.onnx")])
    assert again.exit_code == 0, again.output
    assert "net on [0, 1]^2" in again.output


@needs_torch
def test_a_recipe_gives_what_is_not_given(tmp_path: Path, data: Path) -> None:
    path, told = tmp_path / "net.onnx", tmp_path / "net.json"
    given = ["--epochs", "2", "--epoch-samples", "0", "--stability", "1e-3", "--widths", "6,5"]
    options = [*given, "--recipe", "stable", "--quiet", "--json", str(told)]
    result = run("-o", str(path), "--data", str(data), *options)
    assert result.exit_code == 0, result.output
    config = json.loads(told.read_text())["config"]
    assert config["stability"]["weight"] == [1e-3]
    assert config["sparsity"]["l1_step"] == "subgradient"
    assert not config["sparsity"]["drop_dead"]
    assert config["schedule"]["batch"] == 128
    assert config["schedule"]["finetune"] == 0
    assert config["schedule"]["epochs"] == 2
    assert config["architecture"]["widths"] == [6, 5]


@needs_torch
def test_what_the_time_limit_ends_is_written_and_said(tmp_path: Path, data: Path) -> None:
    path = tmp_path / "net.onnx"
    result = run("-o", str(path), "--data", str(data), "--epochs", "100000", "--time-limit", "1")
    assert result.exit_code == 3, result.output
    assert "training was ended early by the time limit, in epoch " in result.output
    assert path.exists()


@needs_torch
def test_ctrl_c_ends_the_training_with_what_there_is(tmp_path: Path, data: Path) -> None:
    path = tmp_path / "net.onnx"
    words = ["train", "-o", str(path), "--data", str(data), "--epochs", "1000000"]
    command = [sys.executable, "-u", "-m", "rectifold", *words]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("epoch 1/1000005, ")
        process.send_signal(signal.SIGINT)
        told, noticed = process.communicate()
    assert process.returncode == 3
    assert "interrupted: ending with what is trained so far (Ctrl-C again ends at once)" in noticed
    assert "training was ended early by Ctrl-C, in epoch " in told
    assert "certificate: holds" in told
    assert load(path).network.domain is not None


@needs_torch
def test_samples_outside_the_domain_are_counted(tmp_path: Path, data: Path) -> None:
    inputs = np.load(data)["inputs"]
    wide = tmp_path / "wide.npz"
    np.savez(
        wide, x_train=inputs * 4, y_train=np.arange(150) % 2, x_test=[[1, 1], [9, 1]], y_test=[0, 1]
    )
    options = ["--widths", "4", "--epochs", "1", "--finetune", "0"]
    result = run("-o", str(tmp_path / "net.onnx"), "--data", str(wide), *options)
    assert "1 of them lie outside the domain, where nothing is claimed" in result.output


@needs_torch
def test_a_run_that_is_watched_is_drawn(tmp_path: Path, data: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    path, picture, told = (tmp_path / name for name in ("net.onnx", "net.svg", "net.json"))
    options = ["--widths", "4", "--epochs", "4", "--finetune", "0", "--watch", "2"]
    files = ["--data", str(data), "--plot", str(picture), "--json", str(told)]
    result = run("-o", str(path), *options, *files)
    assert result.exit_code == 0, result.output
    assert "linear region" in result.output
    assert result.output.endswith(f"wrote {path}, {picture}\n")
    assert [one["epoch"] for one in json.loads(told.read_text())["watched"]] == [2, 4]
    assert picture.read_bytes().startswith(b"<?xml")


@needs_torch
def test_quiet_prints_nothing(tmp_path: Path, data: Path) -> None:
    options = ["--data", str(data), "--epochs", "1", "--quiet"]
    assert run("-o", str(tmp_path / "net.onnx"), *options).output == ""


@needs_torch
def test_a_teacher_is_a_file(tmp_path: Path, data: Path) -> None:
    first, second = tmp_path / "first.onnx", tmp_path / "second.onnx"
    options = ["--data", str(data), "--epochs", "2", "--finetune", "0", "--quiet"]
    assert run("-o", str(first), "--widths", "8", *options).exit_code == 0
    result = run("-o", str(second), "--widths", "4", *options, "--teacher", str(first))
    assert result.exit_code == 0, result.output


@needs_torch
@needs_digits
def test_the_digits_are_the_default(tmp_path: Path) -> None:
    path = tmp_path / "digits.onnx"
    result = run("-o", str(path))
    assert result.exit_code == 0, result.output
    assert "64-100-100-10 → " in result.output
    assert "classes that changed: 0 of 360" in result.output
