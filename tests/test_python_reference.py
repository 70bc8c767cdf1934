"""docs/reference/python.md: every public name with its signature, its attributes and an example."""

from __future__ import annotations

import doctest
import inspect
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import rectifold
from rectifold.certificate.file import Certificate
from rectifold.equivalence.decide import compare
from rectifold.linear_regions.summary import linear_regions
from rectifold.objects import choices as keywords
from rectifold.objects.around import Looking
from rectifold.objects.compiling import Wanted
from rectifold.objects.doors import opened
from rectifold.objects.writing import HowWritten
from rectifold.operations.compiling import compile_network
from rectifold.prover.cascade import prove
from rectifold.runtime.run import Limits, Run
from rectifold.two_layers.shallow import WantedForm, shallow_network

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "python.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^##? |\Z)", TEXT, re.DOTALL | re.MULTILINE))
BUILT_BY_USERS = {
    "Ball",
    "Certificate",
    "Domain",
    "Limits",
    "Network",
    "Options",
}  # the other classes are answers
CLASSES = [name for name in rectifold.PUBLIC if inspect.isclass(getattr(rectifold, name))]
FUNCTIONS = [name for name in rectifold.PUBLIC if name not in CLASSES]
EXTENDED = {"CompiledModel": "Compiled", "ShallowModel": "Shallow"}  # whose table says the rest

# choices by keyword → where they go, which has the defaults: a function, or fields of a value
UNPACKED: dict[str, tuple[Callable[..., object], object]] = {
    "EmitChoices": (opened, SimpleNamespace(**vars(HowWritten()), force=False)),
    "ReadChoices": (opened, None),
    "CompileChoices": (compile_network, Wanted()),
    "ProveChoices": (prove, Run()),
    "LocalChoices": (opened, Looking()),
    "CompareChoices": (compare, Run()),
    "RegionChoices": (linear_regions, Limits()),
    "ShallowChoices": (shallow_network, WantedForm()),
}


def signature(name: str) -> str:
    """As it stands on the page: in one line, or a parameter a line where that is too long."""
    found = inspect.signature(getattr(rectifold, name))
    parts: list[str] = []
    for parameter in found.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:  # the fields of a value, one by one
            parts += ["*"] if "*" not in parts else []
            parts += unpacked(str(parameter.annotation).removeprefix("Unpack[").removesuffix("]"))
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        has_default = parameter.default is not parameter.empty
        default = f" = {_default(parameter.default)}" if has_default else ""
        parts.append(f"{parameter.name}: {parameter.annotation}{default}")
    answer = "" if name in CLASSES else f" -> {found.return_annotation}"
    line = f"{name}({', '.join(parts)}){answer}"
    if len(line) <= 88:
        return line
    return "\n".join([f"{name}(", *(f"    {part}," for part in parts), f"){answer}"])


def unpacked(choices: str) -> list[str]:
    """The keywords of a TypedDict, each with its default."""
    target, value = UNPACKED[choices]
    known = inspect.signature(target).parameters
    kinds = inspect.get_annotations(getattr(keywords, choices))
    return [
        f"{key}: {kind.__forward_arg__} = "
        f"{_default(known[key].default if key in known else getattr(value, key))}"
        for key, kind in kinds.items()
    ]


def _default(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float | str | tuple):
        return repr(value)
    kind = type(value)
    if isinstance(value, type):
        return f"{value.__module__.replace('numpy', 'np')}.{value.__name__}"
    if kind.__module__.startswith("rectifold"):
        assert value == kind(), value
        return f"{kind.__name__}()"
    return re.sub(r"\((\d+), 1\)", r"(\1)", repr(value))  # Fraction(0, 1)


def attributes(name: str) -> set[str]:
    """The public names of a class, and of its instances, but for those of another public class."""
    kind = getattr(rectifold, name)
    of_instances = vars(rectifold.parse("input x[1]\noutput x\n")) if name == "Network" else {}
    fields = getattr(kind, "__dataclass_fields__", {})
    others = attributes(EXTENDED[name]) if name in EXTENDED else set()
    above = [vars(base) for base in kind.__mro__ if base.__module__.startswith("rectifold.objects")]
    named = {*vars(kind), *of_instances, *fields, *(v for names in above for v in names)}
    return {v for v in named - others if not v.startswith("_")}


def test_every_public_name_has_a_section_and_nothing_else_has() -> None:
    assert set(SECTIONS) == set(rectifold.PUBLIC)
    assert TEXT.count("\n## ") == len(SECTIONS)


@pytest.mark.parametrize("name", [*FUNCTIONS, *sorted(BUILT_BY_USERS)])
def test_the_signature_on_the_page_is_that_of_the_code(name: str) -> None:
    (shown,) = re.findall(r"```python\n(.*?)\n?```", SECTIONS[name], re.DOTALL)
    assert shown == signature(name)


@pytest.mark.parametrize("name", CLASSES)
def test_the_table_of_a_class_has_its_public_attributes_and_no_others(name: str) -> None:
    cells = re.findall(r"^\| (`.*?`) \|", SECTIONS[name], re.MULTILINE)
    shown = [word for cell in cells for word in re.findall(r"`(\w+)(?:\([^`]*\))?`", cell)]
    assert sorted(shown) == sorted(attributes(name))


@pytest.mark.parametrize("name", rectifold.PUBLIC)
def test_every_name_has_an_example(name: str) -> None:
    assert "    >>> " in SECTIONS[name]


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").mkdir()
    for path in (ROOT / "examples").iterdir():
        if path.is_file():
            (tmp_path / "examples" / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.attempted >= len(rectifold.PUBLIC)
    assert result.failed == 0


@pytest.mark.parametrize("place", re.findall(r"`(rectifold(?:\.\w+)+)`", TEXT))
def test_places_named_on_the_page_exist(place: str) -> None:
    module, _, attribute = place.rpartition(".")
    assert hasattr(import_module(module), attribute) or import_module(place)


def test_a_certificate_prints_short() -> None:
    assert repr(Certificate(("a", "b"))) == "<Certificate of 2 lines>"
