"""The public functions take any model that is known and any way to say a domain."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest

import rectifold
from rectifold.errors import InputError
from rectifold.formats.onnx_writer import onnx_bytes

TEXT = """input x[2] in [0, 1]
h = relu([[1, 1], [2, 2], [1, -1], [-1, -1]] @ x + [1, 2, 0, -1])
output [[1, 1, 1, 1]] @ h
"""
NETWORK = rectifold.parse(TEXT, "four")


@pytest.fixture(params=["network", "path", "onnx"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    """One network as each kind of model that needs no other library."""
    if request.param == "network":
        return NETWORK
    if request.param == "path":
        path = tmp_path / "four.relu"
        path.write_text(TEXT, encoding="utf-8")
        return path
    return onnx.ModelProto.FromString(onnx_bytes(NETWORK))


def test_every_function_takes_every_model(model: object, tmp_path: Path) -> None:
    compiled = rectifold.compile(model, "[0,1]")
    assert compiled.network.sizes.units < compiled.source.sizes.units
    assert compiled.check().status == "holds"
    assert rectifold.prove(model, "[0,1]").count(rectifold.Phase.UNSTABLE) == 1
    same = rectifold.compare(model, compiled, "[0,1]")
    assert isinstance(same, rectifold.Equal)
    assert rectifold.regions(model, "[0,1]").complete
    assert rectifold.shallow(model, "[0,1]").exact
    assert rectifold.evaluate(model, [Fraction(1, 3), 0]) == [Fraction(13, 3)]
    (written,) = rectifold.emit(model, tmp_path / "out.relu")
    assert rectifold.load(written).network.layers == rectifold.load(written).network.layers


def test_a_result_is_emitted_as_it_is_saved(tmp_path: Path) -> None:
    compiled = rectifold.compile(onnx.ModelProto.FromString(onnx_bytes(NETWORK)), "[0,1]")
    rectifold.emit(compiled, tmp_path / "emitted.onnx")
    compiled.save(tmp_path / "saved.onnx")
    emitted, saved = ((tmp_path / f"{n}.onnx").read_bytes() for n in ("emitted", "saved"))
    assert emitted == saved


def test_emit_takes_a_domain_and_states_a_bound_on_it(model: object, tmp_path: Path) -> None:
    rectifold.emit(model, tmp_path / "o.c", domain="[0,1/2]")
    header = (tmp_path / "o.h").read_text()
    assert "Domain: [0, 1/2]^2" in header
    assert "Certified: at float64 points of the domain" in header
    bare = onnx.ModelProto.FromString(onnx_bytes(NETWORK.with_domain(None)))
    with pytest.raises(InputError, match=r'states no domain, .* domain="\[0,1\]"'):
        rectifold.emit(bare, tmp_path / "i.c", "c-int16")
    rectifold.emit(bare, tmp_path / "i.c", "c-int16", domain="[0,1]")
    assert "No sum and no value can overflow" in (tmp_path / "i.h").read_text()


def test_the_bound_of_a_program_is_that_of_its_rounded_numbers() -> None:
    exact = rectifold.compile(NETWORK, "[0,1]")
    assert exact.error_bound("mps") == exact.error_bound("lp") == (0.0,)
    third = rectifold.parse("input x[1] in [0, 1]\nh = relu(x/3 - 0.1)\noutput h", "third")
    (off,) = rectifold.compile(third, "[0,1]").error_bound("mps") or ()
    assert 0 < off < 1e-15


def test_images_of_other_axes_are_said_to_be_matched_by_their_entries() -> None:
    models = []
    for shape in ((1, 2, 3, 3), (1, 3, 3, 2)):
        flat = [onnx.helper.make_node("Flatten", ["x"], ["f"])]
        product = [onnx.helper.make_node("MatMul", ["f", "w"], ["y"])]
        x, y = (
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, sizes)
            for name, sizes in (("x", shape), ("y", (1, 1)))
        )
        w = onnx.numpy_helper.from_array(np.ones((18, 1), np.float32), "w")
        graph = onnx.helper.make_graph([*flat, *product], "g", [x], [y], [w])
        models.append(onnx.helper.make_model(graph))
    said = rectifold.compare(models[0], models[1], "[0,1]").statement
    assert said.endswith("inputs are matched in the order of their entries (A 2×3×3 and B 3×3×2)")
    assert "matched" not in rectifold.compare(models[0], models[0], "[0,1]").statement
    del models[0].graph.input[0].type.tensor_type.shape.dim[0]
    models[0].graph.node[0].op_type = "Reshape"
    models[0].graph.node[0].input.append("s")
    shape = onnx.numpy_helper.from_array(np.array([1, 18]), "s")
    models[0].graph.initializer.append(shape)
    batched = onnx.ModelProto.FromString(models[0].SerializeToString())
    batched.graph.input[0].type.tensor_type.shape.dim.insert(
        0, batched.graph.input[0].type.tensor_type.shape.dim[0]
    )
    batched.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    assert "matched" not in rectifold.compare(models[0], batched, "[0,1]").statement


def test_a_domain_is_that_of_the_network_where_none_is_given() -> None:
    assert rectifold.compile(NETWORK).source.domain == NETWORK.domain
    assert isinstance(rectifold.compare(NETWORK, NETWORK), rectifold.Equal)


def test_a_model_without_a_domain_asks_for_one() -> None:
    bare = rectifold.parse("input x[1]\noutput relu(x)\n")
    for function in (rectifold.compile, rectifold.prove, rectifold.regions, rectifold.shallow):
        with pytest.raises(InputError, match="net states no domain"):
            function(bare)
    with pytest.raises(InputError, match="net states no domain"):
        rectifold.compare(bare, bare)


def test_points_are_read_exactly() -> None:
    assert rectifold.evaluate(NETWORK, np.array([[0.5, 0.25]])) == [Fraction(11, 2)]
    with pytest.raises(InputError, match="entry 1 of the point is nan"):
        rectifold.evaluate(NETWORK, [0, float("nan")])
    with pytest.raises(InputError, match="entry 0 of the point is 'a'"):
        rectifold.evaluate(NETWORK, ["a", 0])


def test_a_compile_without_certificate_makes_it_when_asked() -> None:
    quick = rectifold.compile(NETWORK, certify=False)
    assert quick.certified is None
    assert quick.certificate.lines == rectifold.compile(NETWORK).certificate.lines
    assert quick.certificate is quick.certificate


def test_an_exact_shallow_form_has_a_certificate(tmp_path: Path) -> None:
    deep = rectifold.parse("input x[1] in [-1, 2]\noutput relu(relu(x) - 1)\n")
    folded = rectifold.shallow(deep)
    assert folded.exact
    assert folded.check().status == "holds"
    path = folded.certificate.save(tmp_path / "deep.certificate")
    assert path.read_text() == folded.certificate.text
    with pytest.raises(InputError, match="exists already"):
        folded.certificate.save(path)
    assert folded.certificate.save(path, force=True) == path
    assert folded.predict([[1.5], [0.5]]).tolist() == [[0.5], [0.0]]


def test_a_gated_form_has_no_certificate() -> None:
    gated = rectifold.shallow(NETWORK, kind="centred")
    with pytest.raises(InputError, match="no certificate says that the centred form equals"):
        gated.certificate  # noqa: B018


def test_the_rounding_of_a_result_is_bounded() -> None:
    compiled = rectifold.compile(NETWORK)
    (single,), (double,) = compiled.error_bound() or (), compiled.error_bound("c") or ()
    assert 0 < double < single < 1e-4
    assert compiled.error_bound("relu") is None
    with pytest.raises(InputError, match="unknown format 'exe'; known are relu, python"):
        compiled.error_bound("exe")
