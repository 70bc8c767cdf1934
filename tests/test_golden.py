"""The printed form of what the examples compile to. Read every difference as if a user had sent it.

After a wanted change: python tests/test_golden.py writes the files anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rectifold.formats.load import load, read_domain
from rectifold.language.elaborate import parse
from rectifold.language.printer import print_network
from rectifold.operations.compiling import compile_network
from rectifold.passes.result import Options

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples"
CASES = {
    "cartpole": ("cartpole.onnx", "[[-2,2],[-2,2],[-1/5,1/5],[-2,2]]", False),
    "thermostat": ("thermostat.relu", None, False),
    "thermostat_skips": ("thermostat.relu", None, True),
    "tiny": ("tiny.relu", None, False),
    "tiny_skips": ("tiny.relu", None, True),
}


def printed(name: str) -> str:
    file, spec, skips = CASES[name]
    network = load(EXAMPLES / file).network
    domain = read_domain(spec, network) if spec else None
    return print_network(
        compile_network(
            network, domain, prover="bounds", options=Options(skips=skips), check=True
        ).network
    )


@pytest.mark.parametrize("name", CASES)
def test_compiled_example_prints_as_before(name: str) -> None:
    golden = (HERE / "golden" / f"{name}.relu").read_text(encoding="utf-8")
    assert printed(name) == golden
    assert print_network(parse(golden)) == golden


if __name__ == "__main__":
    for case in CASES:
        (HERE / "golden" / f"{case}.relu").write_text(printed(case), encoding="utf-8")
