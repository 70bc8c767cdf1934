"""prove on networks that floats misread: never wrong of exact arithmetic, and floats called so."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper, save

from deployed_networks import Deceptive, absorbed, deceptive, reordered, switch
from rectifold.bounds.code_error import code_error
from rectifold.certificate.property import require_property
from rectifold.cli.main import main
from rectifold.ir.evaluate import evaluate
from rectifold.ir.property import Condition, Property, Unsafe
from rectifold.properties.answers import Answer, Holds, Refuted
from rectifold.properties.decide import decide_property
from rectifold.runtime.run import Limits, Run

F = Fraction
ALL = {own.name: own for own in deceptive()}
LITTLE = F(1, 10**12)


def reaches(own: Deceptive, bound: Fraction, *, strict: bool) -> Property:
    """That y ≥ bound (y > bound) does not happen."""
    condition = Condition((), ((0, F(-1)),), -bound, strict)
    return Property((Unsafe(own.domain, ((condition,),)),))


def judged(own: Deceptive, asked: Property, *, truth: bool, seconds: float = 3.0) -> Answer:
    """The answer, which is not wrong."""
    answer = decide_property(own.network, asked, Run(Limits(seconds)))
    if isinstance(answer, Holds):
        assert truth, f"{own.name}: holds, and it does not"
        assert require_property(own.network, asked, answer.certificate).status == "holds"
    if isinstance(answer, Refuted):
        assert not truth, f"{own.name}: refuted, and it holds"
        outputs = evaluate(own.network, answer.point)
        assert asked.parts[0].case_met(answer.point, outputs) == 0
    return answer


@pytest.mark.parametrize("name", ALL)
def test_what_is_well_apart_is_decided(name: str) -> None:
    own = ALL[name]
    gap = max(own.largest, F(1, 4)) / 4
    above = judged(own, reaches(own, own.largest + gap, strict=False), truth=True, seconds=60)
    assert isinstance(above, Holds)
    below = judged(own, reaches(own, own.largest - gap, strict=False), truth=False, seconds=60)
    assert isinstance(below, Refuted)


@pytest.mark.parametrize("name", ALL)
def test_what_just_meets_is_never_wrong(name: str) -> None:
    """y ≥ the greatest value happens, y > it does not, and a little beyond it neither."""
    own = ALL[name]
    judged(own, reaches(own, own.largest, strict=True), truth=True, seconds=1)
    judged(own, reaches(own, own.largest, strict=False), truth=False, seconds=1)
    judged(own, reaches(own, own.largest + LITTLE, strict=False), truth=True, seconds=1)
    judged(own, reaches(own, own.largest - LITTLE, strict=False), truth=False, seconds=1)


# ---- what runs in floats give -------------------------------------------------------------------


def summed(entries: list[np.float32]) -> np.float32:
    total = np.float32(0)
    for value in entries:
        total = np.float32(total + value)
    return total


def test_the_certified_rounding_covers_every_order_of_sums() -> None:
    """The sums of `reordered` do differ by their order, by no more than the bound for any order."""
    own = reordered(25, (0, 1, 2))
    bound = code_error(own.network, own.domain, None, "float32")[0]
    assert np.isfinite(bound)
    products = [np.float32(0.75), np.float32(2**25), np.float32(-(2**25))]
    found = {float(max(summed(list(order)), np.float32(0))) for order in permutations(products)}
    assert len(found) > 1
    assert all(abs(value - 0.75) <= bound for value in found)


def test_the_certified_rounding_says_that_a_switch_may_open() -> None:
    """The exact output is 0, and floats lose x, so that it is x: a margin of the bound shows that
    nothing is known of the floats, where the exact answer is that all is well.
    """
    own = switch(25, 4)
    far = reaches(own, F(1), strict=False)
    assert isinstance(judged(own, far, truth=True, seconds=60), Holds)
    x = np.float32(0.75)
    lost = summed([np.float32(2**25), x, np.float32(-(2**25))])
    opened = 4 * float(max(x - max(lost, np.float32(0)), np.float32(0)))
    assert opened >= 1
    bound = code_error(own.network, own.domain, None, "float32")[0]
    assert opened <= bound
    moved = reaches(own, F(1) - F(float(bound)), strict=False)
    assert isinstance(judged(own, moved, truth=False, seconds=60), Refuted)


def model(own: Deceptive, path: Path) -> None:
    """As an ONNX file: MatMul and Add, one after the other."""
    nodes, tensors, value = [], [], "x"
    for k, layer in enumerate(own.network.layers):
        (weight,) = layer.weights.values()
        arrays = (weight.approximation[0].T, layer.bias.approximation[0].ravel())
        for letter, array in zip("wb", arrays, strict=True):
            tensors.append(numpy_helper.from_array(array.astype(np.float32), f"{letter}{k}"))
        nodes += [
            helper.make_node("MatMul", [value, f"w{k}"], [f"p{k}"]),
            helper.make_node("Add", [f"p{k}", f"b{k}"], [f"z{k}"]),
        ]
        value = f"z{k}"
        if layer.activation == "relu":
            nodes.append(helper.make_node("Relu", [value], [f"a{k}"]))
            value = f"a{k}"
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [info("x", TensorProto.FLOAT, [1, own.network.input_size])],
        [info(value, TensorProto.FLOAT, [1, 1])], tensors,
    )  # fmt: skip
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def test_a_refutation_that_floats_do_not_see_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """relu(relu(x + 2^25) − 2^25) is x exactly, and a multiple of 4 in float32, so 0."""
    monkeypatch.chdir(tmp_path)
    own = absorbed(25, F(0))
    model(own, Path("n.onnx"))
    Path("p.vnnlib").write_text(
        "(assert (and (>= X_0 0.75) (<= X_0 1))) (assert (>= Y_0 0.125)) (assert (<= Y_0 1))"
    )
    run = ["prove", "n.onnx", "p.vnnlib", "--no-crosscheck"]
    done = CliRunner().invoke(main, run, catch_exceptions=False)
    assert done.exit_code == 1, done.output
    assert "is not met there, for its sums are rounded" in done.output
    told = json.loads(CliRunner().invoke(main, [*run, "--json", "-"]).output)
    assert told["run_again"]["met"] is False
    assert F(told["counterexample"]["outputs"][0]) >= F(1, 8)
