"""Networks without inputs, weights, units or outputs, as files of other programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from emitters.test_rust import compiled, emitted, needs_rust, self_tests
from rectifold.emitters.table import emit, written_form
from rectifold.errors import InputError
from rectifold.ir.network import Network
from support import networks_of_nothing

KINDS = {"no inputs": "input x", "no units": "layer h", "no outputs": "layer y"}


@needs_rust
def test_rust_compiles_without_a_warning(tmp_path: Path) -> None:
    networks = networks_of_nothing().values()
    for k, network in enumerate(networks):
        emitted(network, tmp_path / f"net{k}.rs")
    modules = "".join(f"pub mod net{k};\n" for k in range(len(networks)))
    (tmp_path / "nets.rs").write_text(f"#![no_std]\n#![deny(warnings)]\n{modules}")
    library = compiled(tmp_path, "--crate-type", "rlib", "nets.rs")
    assert library.returncode == 0, library.stderr
    built = compiled(tmp_path, "--test", "nets.rs", "-o", "self_test")
    assert built.returncode == 0, built.stderr
    assert f"{len(networks)} passed" in self_tests(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_onnx_refuses_what_has_no_values(kind: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"the {KINDS[kind]} has no values, which ONNX cannot say"):
        emit(networks_of_nothing()[kind], tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("network", networks_of_nothing().values(), ids=networks_of_nothing())
def test_there_are_no_leaky_units(network: Network) -> None:
    assert not written_form(network, "onnx").slopes
