"""The checker's command, alone: `python -I -m rectifold_check`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from rectifold.certificate.compiled import certify
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.operations.compiling import compile_network
from support import net


def test_the_command_runs_alone(tmp_path: Path) -> None:
    compiled = compile_network(
        net("input x[1] in [0, 1]\nh = relu([[1], [-1]] @ x)\ny = [[1, 1]] @ h\noutput y")
    )
    files = {
        "a.json": canonical_text(compiled.source),
        "d.json": domain_text(compiled.facts.domain),
        "c.jsonl": certify(compiled).text,
        "b.json": canonical_text(compiled.network),
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    command = [sys.executable, "-I", "-m", "rectifold_check"]
    paths = [str(tmp_path / name) for name in files]
    good = subprocess.run([*command, *paths], capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stderr
    assert good.stdout.startswith(
        "holds: A and B are equal on the whole domain\n"
        "  A: 1 input, 1 output, 2 layers, 2 relu units, "
    )
    bad = subprocess.run(
        [*command, *paths[:3], paths[0]], capture_output=True, text=True, check=False
    )
    assert bad.returncode == 1
    assert "another network B" in bad.stdout
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
    assert (
        subprocess.run(
            [*command, "no", "such", "file"], capture_output=True, check=False
        ).returncode
        == 2
    )


def test_the_checker_imports_the_standard_library_only() -> None:
    code = (
        "import sys; before = set(sys.modules); import rectifold_check.__main__; "
        "print([m for m in sys.modules if m not in before])"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    packages = {name.split(".")[0] for name in ast.literal_eval(result.stdout)}
    packages -= {"__mp_main__"}  # multiprocessing's other name for __main__
    assert packages - sys.stdlib_module_names == {"rectifold_check"}
