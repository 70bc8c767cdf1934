"""The door for models: what is known is told by its class, anything else is refused."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
from onnx import NodeProto, load_model_from_string

from onnx_models import model, node
from rectifold.errors import InputError
from rectifold.formats.load import load
from rectifold.language.elaborate import parse
from rectifold.objects.doors import opened

RELU = model([1, 2], [node("Relu", ["x"])])


def test_a_network_and_what_was_read_are_themselves() -> None:
    network = parse("input x[1]\noutput x\n", "n.relu")
    loaded = opened(network)
    assert loaded.network is network
    assert opened(loaded) is loaded


def test_a_path_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(RELU)
    for given in (path, str(path)):
        loaded = opened(given)
        assert loaded.network == load(path).network
        assert loaded.interface is not None


def test_an_onnx_model_in_memory_keeps_its_interface() -> None:
    loaded = opened(load_model_from_string(RELU))
    assert loaded.interface is not None
    assert [port.name for port in loaded.interface.inputs] == ["x"]


def test_a_list_is_one_of_layers() -> None:
    assert opened([([[1.0, 2.0]], [0.0])]).network.input_size == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (object(), "an object is no model that is known; give a Network, a path"),
        (Path, "Path is a class; give an object of it"),
        (argparse.ArgumentParser(), "an argparse.ArgumentParser is no model that is known"),
        (3, "an int is no model that is known"),
        (NodeProto(), "an onnx NodeProto is no model; give the whole onnx.ModelProto"),
        ("nothing.onnx", "there is no file 'nothing.onnx'"),
    ],
)
def test_what_is_no_model_is_refused(given: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        opened(given)


def test_no_library_is_imported_that_the_model_is_not_of() -> None:
    code = (
        "import sys; from rectifold.objects.doors import opened; opened([([[1.0]], [0.0])]); "
        "print(sorted({'torch', 'sklearn', 'keras', 'onnx'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
