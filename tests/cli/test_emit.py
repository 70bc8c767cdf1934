"""`rectifold emit`: what it says of the files that it wrote."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rectifold.cli.main import main
from rectifold.emitters.measured.device import ARM_COMPILER
from rectifold.runtime.compilers import found_tool

TEXT = "input x[2] in [0, 1]\nh = relu([[1, 2], [-3, 1/3]] @ x)\noutput h[0] - h[1]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.relu").write_text(TEXT)
    return tmp_path


def said(*words: str) -> str:
    done = CliRunner().invoke(main, ["emit", "n.relu", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_line_says_the_rounding_and_a_line_the_costs(folder: Path) -> None:
    rounding, costs, wrote = said("-o", "o.py").splitlines()
    assert rounding.startswith("rounding of the code: at most ")
    assert "; seen at " in rounding
    assert costs == "costs: 104 bytes of constants, 6 multiply-adds, at most 14 operations"
    assert wrote == "wrote o.py"


def test_exact_formats_round_nothing(folder: Path) -> None:
    assert said("-o", "o.relu").splitlines() == [
        "costs: 6 multiply-adds, at most 14 operations",
        "wrote o.relu",
    ]


def test_quiet_says_nothing(folder: Path) -> None:
    assert said("-o", "o.c", "--quiet") == ""


def test_standard_output_gets_the_network_alone(folder: Path) -> None:
    assert "costs" not in said("-o", "-", "--to", "relu")


@pytest.mark.parametrize("form", ["c", "c-int16", "c-int32"])
def test_standard_output_gets_c_in_one_file(folder: Path, form: str) -> None:
    said("-o", "network.c", "--to", form, "--single-file")
    assert said("-o", "-", "--to", form, "--single-file") == Path("network.c").read_text()


@pytest.mark.parametrize("form", ["c", "c-int16"])
def test_c_in_two_files_says_how_standard_output_gets_it(folder: Path, form: str) -> None:
    asked = refused("-o", "-", "--to", form)
    assert "several files (its header too)" in asked
    assert "give --single-file, -o the name of a file" in asked


def test_the_json_names_the_files_by_their_digests(folder: Path) -> None:
    told = json.loads(said("-o", "o.c", "--json", "-"))
    assert [one["file"] for one in told["files"]] == ["o.c", "o.h"]
    for one in told["files"]:
        data = (folder / one["file"]).read_bytes()
        assert one["bytes"] == len(data)
        assert one["sha256"] == hashlib.sha256(data).hexdigest()
    assert (told["format"], told["precision"]) == ("c", "float64")
    assert told["observed_error"]["result"] <= told["error_bound"]


def test_json_to_standard_output_beside_the_network_is_refused(folder: Path) -> None:
    done = CliRunner().invoke(main, ["emit", "n.relu", "-o", "-", "--to", "relu", "--json", "-"])
    assert done.exit_code == 2


def refused(*words: str) -> str:
    done = CliRunner().invoke(main, ["emit", "n.relu", *words])
    assert done.exit_code == 2, done.output
    return " ".join(done.output.split())


def test_what_cannot_be_measured_is_refused(folder: Path) -> None:
    assert "Missing option '-o'" in refused()
    assert "give -o the name of a file" in refused("-o", "-", "--to", "relu", "--benchmark")
    assert "measures C, and numpy is no C; give --to c" in refused(
        "--to", "numpy", "--benchmark", "cortex-m4"
    )
    assert "--cc names a C compiler, and python is no C" in refused("-o", "o.py", "--cc", "gcc")
    assert "no compiler 'no-such'" in refused("-o", "o.c", "--cc", "no-such")
    assert list(folder.iterdir()) == [folder / "n.relu"]


def test_a_device_is_measured_or_it_is_said_what_is_missing(folder: Path) -> None:
    told = json.loads(said("--benchmark", "cortex-m4", "--json", "-"))
    assert told["files"] == []
    assert list(folder.iterdir()) == [folder / "n.relu"]
    done = told["benchmark"]
    assert done["target"] == "cortex-m4"
    assert [row["build"] for row in done["device"]] == ["-Os", "-O2"] or done["notes"]


def test_the_table_of_a_device_is_printed(folder: Path) -> None:
    if found_tool([ARM_COMPILER]) is None:
        pytest.skip("no compiler for the device is installed")
    text = said("-o", "o.c", "--benchmark", "cortex-m0")
    assert "Cortex-M0, floats by software" in text
    assert "│ -Os " in text
    assert (folder / "o.c").is_file()


def test_code_is_measured_here_beside_onnxruntime(folder: Path) -> None:
    told = json.loads(said("--to", "numpy", "--benchmark", "--json", "-"))["benchmark"]
    first, own = told["host"]
    assert first["build"].startswith("onnxruntime")
    assert first["ratio"] == 1
    assert own["format"] == "numpy"
    assert own["observed_error"] <= own["error_bound"]
    assert own["ratio"] == pytest.approx(first["microseconds"] / own["microseconds"])
    assert list(folder.iterdir()) == [folder / "n.relu"]


def test_all_formats_are_measured_where_none_is_asked_for(folder: Path) -> None:
    text = said("--benchmark")
    rows = {line.split()[1].rstrip(":") for line in text.splitlines() if line.startswith("│")}
    missing = [line for line in text.splitlines() if "was not measured" in line]
    assert {"numpy", "python", "onnx"} <= rows
    assert "c" in rows or any("no compiler" in line for line in missing)
    assert "times as fast" in text
    assert str(folder) not in text


def test_a_format_that_is_no_program_is_not_measured(folder: Path) -> None:
    assert "--benchmark runs c, " in refused("--to", "relu", "--benchmark")
