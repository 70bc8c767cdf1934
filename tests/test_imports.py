"""The import directions of docs/architecture.md: data flows one way, and nothing imports the
command line.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "compiler" / "rectifold"

AGREED = "bounds.agreed"  # numbers alone: what certificates fix, for every package to read
BASE = {"errors", "effort", "runtime", "exact", AGREED}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "effort": set(),
    AGREED: set(),
    "runtime": {"errors", "effort", "exact"},
    "exact": {"errors", "effort", "runtime"},
    "ir": BASE,
    "language": BASE | {"ir"},
    "formats": BASE | {"ir", "language"},
    "data": BASE | {"formats"},
    "facts": BASE | {"ir"},
    "bounds": BASE | {"ir", "facts"},
    "search": BASE | {"ir", "facts", "bounds"},
    "integers": BASE | {"ir", "facts", "bounds", "search"},
    "smt": BASE | {"ir", "facts", "bounds"},
    "prover": BASE | {"ir", "facts", "bounds", "search", "smt"},
    "passes": BASE | {"ir", "facts"},
    "operations": BASE | {"ir", "facts", "passes", "prover"},
    "certificate": BASE | {"ir", "facts", "bounds", "passes", "operations", "rectifold_check"},
    "linear_regions": BASE | {"ir"},
    "equivalence": BASE
    | {"ir", "facts", "bounds", "search", "smt", "prover", "operations", "certificate"}
    | {"linear_regions", "rectifold_check"},
    "approximate": BASE
    | {"ir", "facts", "bounds", "search", "prover", "passes", "operations", "certificate"}
    | {"equivalence", "rectifold_check"},
    "properties": BASE
    | {"ir", "facts", "bounds", "search", "smt", "prover", "certificate", "equivalence"}
    | {"passes", "operations"},
    "two_layers": BASE | {"ir", "linear_regions"},
    "local_boxes": BASE | {"ir", "facts", "bounds", "search", "smt", "prover"},
    "emitters": BASE | {"ir", "language", "formats", "facts", "bounds", "integers"},
    "training": BASE
    | {"ir", "formats", "data", "facts", "prover", "passes", "operations", "certificate"}
    | {"linear_regions"},
    "reports": BASE
    | {"ir", "facts", "operations", "linear_regions", "approximate", "two_layers", "emitters"}
    | {"local_boxes", "training", "equivalence"},
    "objects": BASE
    | {"ir", "formats", "facts", "bounds", "prover", "passes", "operations", "certificate"}
    | {"linear_regions", "equivalence", "approximate", "two_layers", "integers", "emitters"}
    | {"rectifold_check", "data", "local_boxes"},
}
EXTERNAL = {
    "sympy": {"reports"},
    "z3": {"smt"},
    "onnx": {"formats", "objects"},
    "lark": {"language"},
    "networkx": {"ir"},
    "flint": {"exact"},
    "rich": {"reports", "cli"},
    "jinja2": {"reports"},
    "click": {"cli"},
    "matplotlib": {"reports"},
    "distributed": {"runtime"},
    "threadpoolctl": {"bounds"},
    "highspy": {"linear_regions"},
    "torch": {"objects", "training"},
    "sklearn": {"objects", "data"},
}


def part_of(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    if relative == Path("bounds/agreed.py"):
        return AGREED
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module or "")
    return found


FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_one_way(path: Path) -> None:
    part = part_of(path)
    for name in imports(path):
        head, *rest = name.split(".")
        if head in ("rectifold", "rectifold_check") and part not in ("cli", "__main__", "__init__"):
            target = head if head == "rectifold_check" else rest[0]
            target = AGREED if rest == AGREED.split(".") else target
            assert target == part or target in ALLOWED[part], f"{part} imports {name}"
        if part != "cli" and head == "rectifold" and rest[:1] == ["cli"]:
            assert part == "__main__"
        if head in EXTERNAL:
            assert part in EXTERNAL[head], f"{part} imports {name}"


def test_every_part_is_in_the_table() -> None:
    assert {part_of(p) for p in FILES} <= {*ALLOWED, "cli", "__init__", "__main__"}


@pytest.mark.parametrize("path", [p for p in FILES if p.name == "__init__.py"], ids=str)
def test_every_package_says_its_job(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_no_pickle_and_no_eval() -> None:
    for path in [*FILES, *SOURCE.with_name("rectifold_check").rglob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {
            n.func.id
            for n in ast.walk(tree)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        assert not calls & {"eval", "exec", "__import__"}, path
        assert "pickle" not in imports(path), path
