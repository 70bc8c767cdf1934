"""docs/reference/json.md and what the commands write: every key and every type, both ways."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import pytest

from json_runs import results
from rectifold.cli.main import main
from rectifold.emitters.measured.device import ARM_COMPILER, ARM_EMULATOR
from rectifold.runtime.compilers import c_compiler, found_tool

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "json.md"
CHECK, CHECKER = "check", "python -m rectifold_check"
UNSEEN = {
    "certificate.left_out[]",  # only where our checker refuses what we wrote ourselves
    "benchmark.host[].ratio",  # null only where there is no onnxruntime
}
DEVICE = ("build", "flash", "library", "ram", "stack", "instructions", "most_instructions")
if c_compiler(None) is None:  # then there is nothing to say of compiled code, but why
    UNSEEN |= {"costs.code", "costs.stack", "costs.compiler"}
else:
    UNSEEN |= {"costs.note"}
if found_tool([ARM_COMPILER]) is None:
    UNSEEN |= {f"benchmark.device[]{key}" for key in ("", *(f".{name}" for name in DEVICE))}
elif found_tool([ARM_EMULATOR]) is None:
    UNSEEN |= {f"benchmark.device[].{key}" for key in DEVICE[-2:]}
BASIC = {"integer", "number", "exact", "string", "truth", "object", "null"}

Types = dict[str, set[str]]  # path → the types of what stands there


def documented() -> dict[str, list[tuple[list[str], str, str]]]:
    """Heading → rows of (keys, type, meaning)."""
    found: dict[str, list[tuple[list[str], str, str]]] = {}
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, _, body = part.partition("\n")
        lines = [line for line in body.splitlines() if line.startswith("| `")]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        found[heading] = [
            (re.findall(r"`([^`]*)`", keys), kind, meaning) for keys, kind, _, meaning in rows
        ]
    found[CHECKER] = [row for row in found[CHECK] if row[0] != ["seconds"]]
    return found


def types_of(rows: list[tuple[list[str], str, str]]) -> Types:
    """What the page says: "list of exact, or null" at k is a list or null at k, exact at k[]."""
    types: Types = defaultdict(set)
    for keys, text, _ in rows:
        for key in keys:
            for kind in text.split(", or "):
                _add_type(types, key, kind)
    return dict(types)


def _add_type(types: Types, path: str, kind: str) -> None:
    inner = kind.removeprefix("list of ")
    if inner != kind:
        types[path].add("list")
        _add_type(types, f"{path}[]", inner)
        return
    words = set(kind.split(" or "))
    assert words <= BASIC, (path, kind)
    types[path] |= words


def types_seen(results_of: list[Any], said: Types) -> Types:
    """What came out; a text counts as exact where the page says so and it is one."""
    types: Types = defaultdict(set)

    def look(path: str, value: Any) -> None:
        kind = _type_of(value)
        if kind == "string" and "exact" in said.get(path, ()) and _is_exact(value):
            kind = "exact"
        types[path].add(kind)
        for key, inner in value.items() if isinstance(value, dict) else ():
            look(_named(f"{path}.{key}", said), inner)
        for inner in value if isinstance(value, list) else ():
            look(f"{path}[]", inner)

    for result in results_of:
        for key, value in result.items():
            look(key, value)
    return dict(types)


def _named(path: str, said: Types) -> str:
    """The path as the page writes it: k.<layer> for k.h, where the page has no k.h."""
    before = path.rpartition(".")[0]
    places = [known for known in said if re.fullmatch(re.escape(before) + r"\.<\w+>", known)]
    return places[0] if places and path not in said else path


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "truth"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "list"
        case _:
            assert isinstance(value, dict)
            return "object"


def _is_exact(text: str) -> bool:
    return re.fullmatch(r"-?\d+(/\d+)?", text) is not None


def optional_keys(results_of: list[Any], said: Types) -> set[str]:
    """Keys that some object of their kind does not have."""
    objects: dict[str, list[set[str]]] = defaultdict(list)

    def look(path: str, value: Any) -> None:
        if isinstance(value, dict):
            paths = {key: _named(f"{path}.{key}".lstrip("."), said) for key in value}
            objects[path].append(set(paths.values()))
            for key, inner in value.items():
                look(paths[key], inner)
        for inner in value if isinstance(value, list) else ():
            look(f"{path}[]", inner)

    for result in results_of:
        look("", result)
    return {
        key
        for there in objects.values()
        for key in set().union(*there)
        if not key.endswith(">") and not all(key in keys for keys in there)
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    folder = tmp_path_factory.mktemp("json")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return results(folder)


HEADINGS = sorted(documented())


def test_the_page_has_a_section_for_every_command_that_writes_json(told: dict[str, Any]) -> None:
    assert set(told) == set(HEADINGS)
    commands = {
        name
        for name, command in main.loaded().items()
        if any("--json" in parameter.opts for parameter in command.params)
    }
    assert {name.split()[0] for name in HEADINGS} - {"python"} == commands
    assert isinstance(main, click.Group)


@pytest.mark.parametrize("heading", HEADINGS)
def test_the_page_has_every_key_and_type_that_comes_out(
    told: dict[str, list[Any]], heading: str
) -> None:
    said = types_of(documented()[heading])
    seen = types_seen(told[heading], said)
    missing = [
        f"| `{path}` | {', or '.join(sorted(kinds))} | | |"
        for path, kinds in sorted(seen.items())
        if not kinds <= said.get(path, set())
    ]
    assert not missing, f"add to {heading} of docs/reference/json.md:\n" + "\n".join(missing)


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_key_and_type_of_the_page_comes_out(told: dict[str, list[Any]], heading: str) -> None:
    said = types_of(documented()[heading])
    seen = types_seen(told[heading], said)
    never = {
        path: kinds - seen.get(path, set())
        for path, kinds in said.items()
        if path not in UNSEEN and not kinds <= seen.get(path, set())
    }
    assert not never


@pytest.mark.parametrize("heading", HEADINGS)
def test_the_page_says_only_of_the_keys_that_may_be_missing(
    told: dict[str, list[Any]], heading: str
) -> None:
    rows = documented()[heading]
    missing = optional_keys(told[heading], types_of(rows))
    said = {key for keys, _, meaning in rows if meaning.startswith("Only") for key in keys}
    assert said == missing


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_key_has_a_meaning(heading: str) -> None:
    assert documented()[heading]
    assert all(meaning.strip() for _, _, meaning in documented()[heading])


@pytest.mark.parametrize(
    ("result", "missing"),
    [
        ({"count": 1, "complete": True, "seconds": 0.5, "more": 1}, "more"),
        ({"count": 1.0, "complete": True, "seconds": 0.5}, "count"),
        ({"count": 1, "complete": True, "seconds": None}, "seconds"),
    ],
    ids=["another key", "another type", "null"],
)
def test_what_the_page_does_not_say_is_seen(result: dict[str, Any], missing: str) -> None:
    said = types_of(documented()["regions --count"])
    seen = types_seen([result], said)
    assert [path for path, kinds in seen.items() if not kinds <= said.get(path, set())] == [missing]
