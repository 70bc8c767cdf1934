"""Numbers of options: what is none is refused in one line that says what is expected."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rectifold.cli.main import main

WHOLE = "a whole number from"


@pytest.fixture(autouse=True)
def networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("n.relu").write_text("input x[1] in [-1, 1]\noutput relu(x)\n")
    Path("m.relu").write_text("input x[1] in [-1, 1]\noutput 2*relu(x)\n")


def asked(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--jobs", "0", f"'0' is given; {WHOLE} 1 to 1,000"),
        ("--jobs", "9" * 30, f"{WHOLE} 1 to 1,000"),
        ("--jobs", "0x2", f"'0x2' is given; {WHOLE} 1 to 1,000"),
        ("--jobs", "1_0", f"'1_0' is given; {WHOLE} 1"),
        ("--jobs", "\u0661", f"{WHOLE} 1"),
        ("--seed", "-1", f"'-1' is given; {WHOLE} 0 on"),
        ("--seed", "9" * 5000, f"{WHOLE} 0 on"),
        ("--time-limit", "nan", "'nan' is given; a number of seconds from 0 on is expected"),
        ("--time-limit", "-1", "'-1' is given; a number of seconds from 0 on"),
        ("--time-limit", "1/2", "'1/2' is given; a number of seconds from 0 on"),
        ("--time-limit", "", "'' is given; a number of seconds"),
        ("--within", "", "'' is not a number; give a number such as 0.01 or 1/100"),
        ("--within", "1,x", "'x' is not a number; give a number such as 0.01"),
        ("--within", "1e99999999", "exponent 99999999 is too large; the limit is ±1100"),
        ("--memory-limit", "9" * 25, f"{WHOLE} 1 on"),
    ],
)
def test_what_is_no_such_number_is_said(option: str, text: str, message: str) -> None:
    done = asked("verify", "n.relu", "m.relu", option, text)
    assert done.exit_code == 2
    assert f"Invalid value for '{option}': " in done.stderr
    assert message in done.stderr


@pytest.mark.parametrize("limit", ["inf", "1e300", "9" * 30, " 9. ", "+9"])
def test_a_long_time_is_a_time(limit: str) -> None:
    assert asked("verify", "n.relu", "m.relu", "--time-limit", limit).exit_code == 1


@pytest.mark.parametrize(("steep", "status"), [("1e400", 3), ("1e308", 3), ("1e160", 0)])
def test_a_property_with_numbers_near_the_ends_of_floats_has_an_answer(
    steep: str, status: int
) -> None:
    assert asked("prove", "m.relu", "--lipschitz", steep).exit_code in (0, status)
    assert asked("prove", "m.relu", "--lipschitz", f"1/{steep}").exit_code == 1


@pytest.mark.parametrize("end", ["1e99999999", "1e1101"])
def test_a_domain_with_a_number_too_large_is_not_told_to_write_it_again(end: str) -> None:
    done = asked("stability", "n.relu", "--domain", f"[0,{end}]")
    assert done.exit_code == 2
    assert "is too large; the limit is ±1100" in done.stderr
    assert f'write "[0, {end}]"' not in done.stderr


@pytest.mark.parametrize("text", ["\u0661", "1_000", "\uff11"])
def test_digits_of_other_scripts_are_no_numbers(text: str) -> None:
    assert "is not a number" in asked("run", "n.relu", text).stderr
    assert asked("stability", "n.relu", "--domain", f"[0, {text}]").exit_code == 2
    Path("o.relu").write_text(f"input x[1]\noutput {text}*x\n")
    assert asked("show", "o.relu").exit_code == 2


@pytest.mark.parametrize("large", ["1e400", "1e308"])
def test_networks_whose_values_overflow_are_answered(large: str) -> None:
    for name in "ab":
        Path(f"{name}.relu").write_text(
            f"input x[2] in [-1, 1]\nh = relu([[{large}, -{large}], [1, {large}]] @ x)\n"
            f"output [[{large}, 1], [1, -{large}]] @ h{' + [1, 0]' if name == 'b' else ''}\n"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of numbers that overflow in floats
        done = asked("verify", "a.relu", "b.relu", "--argmax", "--time-limit", "1")
    assert done.exit_code in (0, 1, 3), done.output


def test_integers_of_a_weight_beyond_the_floats_are_refused_at_once() -> None:
    Path("a.relu").write_text("input x[1] in [-1, 1]\noutput relu(1e400*x)\n")
    for name in ("c-int16", "c-int32"):
        done = asked("emit", "a.relu", "-o", "a.c", "--to", name)
        assert done.exit_code == 2
        assert "no integers of 32 bits are near it: scale the network" in done.stderr


@pytest.mark.parametrize("option", ["--gain", "--accuracy"])
def test_numbers_of_shallow_forms_name_their_option(option: str) -> None:
    done = asked("shallow", "n.relu", option, "x")
    assert done.exit_code == 2
    assert f"Invalid value for '{option}': 'x' is not a number" in done.stderr
