"""Where a model can be cut, and that what is written is read as the network that is certified."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import ModelProto, helper, numpy_helper

from image_models import image_model
from rectifold.exact.matrix import Matrix
from rectifold.formats.interface import Interface
from rectifold.formats.onnx.channels import channels_of
from rectifold.formats.onnx.cuts import Cut, cut_at, cut_tensors, graph_of
from rectifold.formats.onnx.partly import ReadBackError, partly_bytes
from rectifold.formats.onnx.reader import read_model
from rectifold.ir.domain import Domain
from rectifold.ir.draft import Draft
from rectifold.ir.evaluate import evaluate
from rectifold.ir.network import Network
from rectifold.ir.sampling import sample_points


def small(*middle: str, pads: int = 1) -> ModelProto:
    """x - Conv - Relu - (the operators in the middle) - Flatten - Gemm - Relu - Gemm - y."""
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], pads=[pads] * 4),
        helper.make_node("Relu", ["c"], ["r"]),
    ]
    last = "r"
    for k, operator in enumerate(middle):
        given = [last, "r"] if operator == "Add" else [last]
        nodes.append(helper.make_node(operator, given, [f"m{k}"]))
        if operator.endswith("Pool"):
            nodes[-1].attribute.append(helper.make_attribute("kernel_shape", [2, 2]))
        last = f"m{k}"
    size = 2 * (4 if middle and middle[0].endswith("Pool") else 9)
    random = np.random.default_rng(1)
    stored = {
        "k": random.integers(-4, 5, (2, 1, 3, 3)) / 8,
        "w": random.integers(-4, 5, (5, size)) / 8,
        "v": random.integers(-4, 5, 5) / 8,
        "u": random.integers(-4, 5, (1, 5)) / 8,
        "t": random.integers(-4, 5, 1) / 8,
    }
    nodes += [
        helper.make_node("Flatten", [last], ["f"]),
        helper.make_node("Gemm", ["f", "w", "v"], ["g"], transB=1),
        helper.make_node("Relu", ["g"], ["h"]),
        helper.make_node("Gemm", ["h", "u", "t"], ["y"], transB=1),
    ]
    return image_model(3, nodes, stored)


def cuts(model: ModelProto) -> list[str]:
    read = read_model(model, "small", peers=())
    graph = graph_of(read.interface, read.network)
    assert graph is not None
    return cut_tensors(graph)


def cut(model: ModelProto, tensor: str) -> tuple[Network, Interface, Cut]:
    read = read_model(model, "small", peers=())
    graph = graph_of(read.interface, read.network)
    assert graph is not None
    return read.network, read.interface, cut_at(graph, tensor)


def test_a_cut_is_behind_a_convolution_and_before_what_mixes_its_values() -> None:
    assert cuts(small()) == ["r"]
    assert cuts(small("MaxPool")) == ["r", "m0"]


def test_a_tensor_beside_which_values_pass_is_no_cut() -> None:
    assert cuts(small("Neg", "Add")) == ["m1"]


def test_the_values_of_a_pool_become_a_layer() -> None:
    network, _, found = cut(small("AveragePool"), "m0")
    assert found.held == found.layer == "kept"
    assert found.layer not in {layer.name for layer in network.layers}
    assert found.network.layer("kept").size == 8


def test_the_values_of_a_relu_are_a_layer() -> None:
    network, _, found = cut(small(), "r")
    assert (found.held, found.layer) == (None, "r")
    assert found.network.layers == network.layers
    assert found.frozen == {"r"}


def test_a_network_that_is_not_the_model_has_no_cuts() -> None:
    read = read_model(small(), "small", peers=())
    other = Draft(read.network)
    other.edit("r", bias=Matrix.from_floats(np.ones((18, 1))))
    assert graph_of(read.interface, other.freeze()) is None


@pytest.mark.parametrize("middle", [(), ("MaxPool",), ("AveragePool",), ("Neg", "Add")])
def test_an_unchanged_network_is_written_as_it_is_read(middle: tuple[str, ...]) -> None:
    model = small(*middle)
    _, interface, found = cut(model, cuts(model)[-1])
    written = ModelProto()
    written.ParseFromString(partly_bytes(found.network, found, interface, "a note"))
    again = read_model(written, "small")
    assert again.network.sizes == read_model(model, "small").network.sizes
    assert written.graph.doc_string == "a note"


def test_what_is_read_otherwise_than_it_should_be_is_not_written() -> None:
    _, interface, found = cut(small(), "r")
    draft = Draft(found.network)
    draft.edit("r", bias=Matrix.from_floats(np.ones((18, 1))))
    with pytest.raises(ReadBackError, match="layer r is read otherwise"):
        partly_bytes(draft.freeze(), found, interface, "")


def test_the_channels_of_a_convolution_are_followed_to_the_cut() -> None:
    model = small("MaxPool")
    read = read_model(model, "small", peers=())
    graph = graph_of(read.interface, read.network)
    assert graph is not None
    (channels,) = channels_of(graph, cut_at(graph, "m0"))
    assert (channels.count, channels.reads_cut) == (2, True)
    assert [step.node.op_type for step in channels.through] == ["Relu", "MaxPool"]
    for step, name in channels.layers:
        units = channels.of_units(step, read.network.layer(name).size)
        assert np.bincount(units).tolist() == [len(units) // 2] * 2


def test_channels_that_something_adds_are_not_followed() -> None:
    read = read_model(small("Neg", "Add"), "small", peers=())
    graph = graph_of(read.interface, read.network)
    assert graph is not None
    assert channels_of(graph, cut_at(graph, "m1")) == []


@pytest.mark.parametrize("slopes", [[0.25], [0.1, 0.25, 0.5, 1.0, -0.5], [0.0, 0.25, 0.1, 0, 2]])
def test_leaky_units_behind_the_cut_are_written_and_read_as_pairs(slopes: list[float]) -> None:
    model = small()
    bend = next(node for node in model.graph.node if node.output[0] == "h")
    bend.op_type = "PRelu"
    bend.input.append("slopes")
    model.graph.initializer.append(numpy_helper.from_array(np.array(slopes, np.float32), "slopes"))
    network, interface, found = cut(model, "r")
    written = ModelProto()
    written.ParseFromString(partly_bytes(found.network, found, interface, ""))
    again = read_model(written, "small").network
    points = sample_points(Domain.cube(-1, 1, network.input_size), 8)
    assert [evaluate(again, p) for p in points] == [evaluate(network, p) for p in points]
