"""In which floats code is written: what is asked for, or what loses nothing, or a refusal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import rectifold
from rectifold.cli.main import main
from rectifold.emitters.precision import PRECISIONS, chosen_precision, float_kind, usual_precision
from rectifold.emitters.table import FORMATS
from rectifold.errors import InputError
from support import net

HALVES = net("input x[1] in [0, 1]\noutput relu(x/2)")
THIRDS = net("input x[1] in [0, 1]\noutput relu(x/3)")


@pytest.mark.parametrize("chosen", FORMATS)
def test_what_is_left_out_is_what_loses_nothing(chosen: str) -> None:
    able = FORMATS[chosen].precisions
    usual = able[0] if able else None
    assert set(able) <= set(PRECISIONS)
    assert chosen_precision(chosen, THIRDS, None) == usual
    assert chosen_precision(chosen, HALVES, None) == ("mixed" if "mixed" in able else usual)
    assert usual_precision(chosen) == usual


@pytest.mark.parametrize("chosen", FORMATS)
@pytest.mark.parametrize("wanted", PRECISIONS)
def test_a_precision_is_taken_or_refused_by_name(chosen: str, wanted: str) -> None:
    if wanted in FORMATS[chosen].precisions:
        assert chosen_precision(chosen, THIRDS, wanted) == wanted
    else:
        with pytest.raises(InputError, match=rf"the format {chosen} .*precision"):
            chosen_precision(chosen, THIRDS, wanted)


def test_a_refusal_says_what_the_format_can_and_who_else() -> None:
    found = (
        'the format onnx cannot be written in precision="float64"; it can in float32 (formats that '
        "can be written in float64: "
    )
    with pytest.raises(InputError, match=re.escape(found) + r".*onnx64"):
        chosen_precision("onnx", THIRDS, "float64")
    with pytest.raises(InputError, match="unknown precision 'half'; known are float32, mixed, fl"):
        chosen_precision("onnx", THIRDS, "half")


def test_estimates_are_made_in_the_coarser_floats() -> None:
    kinds = {"float32": "float32", "mixed": "float32", "float64": "float64", None: None}
    assert {precision: float_kind(precision) for precision in kinds} == kinds


@pytest.mark.parametrize("command", ["emit", "compile", "shallow"])
def test_the_command_line_refuses_before_it_works(command: str, tmp_path: Path) -> None:
    source, target = tmp_path / "net.relu", tmp_path / "out.relu"
    source.write_text("input x[1] in [0, 1]\noutput relu(x/3)\n", encoding="utf-8")
    given = [command, str(source), "-o", str(target), "--precision", "float32"]
    found = CliRunner().invoke(main, given)
    assert found.exit_code == 2
    assert "the format relu takes no precision, as it writes no floats" in found.output
    assert "leave out --precision float32" in found.output
    assert not target.exists()


@pytest.mark.parametrize("command", ["emit", "compile", "shallow"])
def test_one_file_is_written_or_refused(command: str, tmp_path: Path) -> None:
    source = tmp_path / "net.relu"
    source.write_text("input x[1] in [0, 1]\noutput relu(x/3)\n", encoding="utf-8")
    folder = tmp_path / "out"
    folder.mkdir()
    given = [command, str(source), "--single-file", "--quiet", "-o"]
    found = CliRunner().invoke(main, [*given, str(folder / "out.py")])
    assert found.exit_code == 2
    assert re.search("--single-file is for c.*; the format python has no such", found.output)
    assert list(folder.iterdir()) == []
    found = CliRunner().invoke(main, [*given, str(folder / "out.c")])
    assert found.exit_code == 0, found.output
    assert [path.name for path in folder.iterdir()] == ["out.c"]
    assert "OUT_DECLARATIONS_ONLY" in (folder / "out.c").read_text()


def test_the_functions_write_one_file(tmp_path: Path) -> None:
    compiled = rectifold.compile(THIRDS, (0, 1))
    assert [p.name for p in compiled.save(tmp_path / "a.c", single_file=True)] == ["a.c"]
    assert [p.name for p in rectifold.emit(THIRDS, tmp_path / "b.c", single_file=True)] == ["b.c"]
    with pytest.raises(InputError, match=r"single_file=True is for c.*; the format numpy has"):
        rectifold.emit(THIRDS, tmp_path / "net.py", "numpy", single_file=True)


def test_the_functions_refuse_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the format npz cannot be written in"):
        rectifold.emit(THIRDS, tmp_path / "net.npz", precision="mixed")
    compiled = rectifold.compile(THIRDS, (0, 1))
    with pytest.raises(InputError, match="the format numpy cannot be written in"):
        compiled.save(tmp_path / "net.py", "numpy", precision="mixed")
    with pytest.raises(InputError, match="the format onnx cannot be written in"):
        compiled.error_bound("onnx", "float64")
    assert list(tmp_path.iterdir()) == []
