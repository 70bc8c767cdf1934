"""Every unit of the source has one fate, and the records say which."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from rectifold.exact.matrix import Matrix
from rectifold.facts.facts import Phase
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import trace
from rectifold.operations.compiling import Compiled, compile_network
from rectifold.operations.fates import UnitRecord, UnitRecords, unit_records
from rectifold.passes.result import Options
from support import net, points_of, random_network

# title, network, options, per unit (fate, rule, partner)
CASES: list[tuple[str, str, Options, list[tuple[str, str, int | None]]]] = [
    (
        "kept and inactive",
        "input x[1] in [-1, 1]\noutput [[1, 1]] @ relu([[1], [1]] @ x + [0, -1])",
        Options(),
        [("kept", "", None), ("removed", "drop constant units", None)],
    ),
    (
        "a constant row",
        "input x[1] in [-1, 1]\noutput [[1, 1]] @ relu([[1], [0]] @ x + [0, 3])",
        Options(),
        [("kept", "", None), ("removed", "drop constant units", None)],
    ),
    (
        "read by nobody",
        "input x[1] in [-1, 1]\noutput [[1, 0]] @ relu([[1], [2]] @ x + [0, 1/3])",
        Options(),
        [("kept", "", None), ("removed", "drop unread units", None)],
    ),
    (
        "a positive multiple",
        "input x[1] in [-1, 1]\noutput [[1, 1]] @ relu([[1], [3]] @ x)",
        Options(),
        [("kept", "", None), ("merged", "merge parallel units", 0)],
    ),
    (
        "a layer of active units",
        "input x[1] in [-1, 1]\noutput [[1, 1]] @ relu([[1], [2]] @ x + [2, 5])",
        Options(),
        [("carried", "make layer linear", None)] * 2,
    ),
    (
        "active units beside one that is not",
        "input x[1] in [-1, 1]\noutput [[1, 1, 1]] @ relu([[1], [2], [1]] @ x + [2, 5, 0])",
        Options(),
        [
            ("carried", "carry the linear part", None),
            ("carried", "carry the linear part", None),
            ("kept", "", None),
        ],
    ),
    (
        "a mirrored unit over a skip edge",
        "input x[1] in [-1, 1]\noutput [[1, 1]] @ relu([[1], [-2]] @ x)",
        Options(skips=True),
        [("kept", "", None), ("merged", "carry the linear part", 0)],
    ),
    (
        "a kink that cancels",
        "input x[1] in [-1, 1]\noutput [[1, -1]] @ relu([[1], [-1]] @ x)",
        Options(skips=True),
        [("carried", "carry the linear part", None)] * 2,
    ),
    (
        "a constant output",
        "input x[1] in [-1, 1]\noutput relu([[1], [1]] @ x + [0, -2])",
        Options(),
        [("kept", "", None), ("removed", "make constant outputs plain", None)],
    ),
]


@pytest.mark.parametrize(("title", "text", "options", "expected"), CASES, ids=[c[0] for c in CASES])
def test_the_fate_of_each_unit(
    title: str, text: str, options: Options, expected: list[tuple[str, str, int | None]]
) -> None:
    records = unit_records(compile_network(net(text), options=options))
    assert [(r.fate, r.rule, r.partner) for r in records] == expected


@pytest.mark.parametrize("seed", range(40))
def test_the_records_add_up(seed: int) -> None:
    rng = random.Random(seed)
    network = random_network(seed)
    domain = Domain.cube(-1, rng.choice([0, 1, 2]), network.input_size)
    compiled = compile_network(network, domain, options=Options(skips=seed % 2 == 0), check=True)
    records = unit_records(compiled)
    assert sum(records.fates.values()) == len(records) == network.sizes.units
    assert [(r.layer, r.unit) for r in records] == [
        (layer.name, k) for layer in network.relu_layers for k in range(layer.size)
    ]
    _require_kept_units_in_result(compiled, records)
    _require_bounds(compiled, records)


def _require_kept_units_in_result(compiled: Compiled, records: UnitRecords) -> None:
    """Kept units compute the same in source and result, or -1 times that where they were turned; no
    other unit of the result is one.
    """
    kept = [(r.layer, r.unit) for r in records.of("kept")]
    there = [
        (name, int(k))
        for name, known in compiled.kept.layers.items()
        for k in known.origin
        if k >= 0
    ]
    assert Counter(kept) == Counter(there)
    points = Matrix.from_fractions(points_of(compiled.facts.domain, 5, seed=1)).T
    before = trace(compiled.source, points, with_activations=False)
    after = trace(compiled.network, points, with_activations=False)
    for layer in compiled.network.relu_layers:
        known = compiled.kept.layers[layer.name]
        origin = known.origin.tolist()
        places = [k for k, unit in enumerate(origin) if unit >= 0]
        units = [unit for unit in origin if unit >= 0]
        signs = [-1 if k in known.turned else 1 for k in places]
        own = before[layer.name].select_rows(units).scale_rows(signs)
        assert after[layer.name].select_rows(places) == own


def _require_bounds(compiled: Compiled, records: UnitRecords) -> None:
    """The bounds hold at points, and only units whose phase is proved or shared are gone."""
    points = Matrix.from_fractions(points_of(compiled.facts.domain, 5, seed=1)).T
    values = trace(compiled.source, points, with_activations=False)
    for record in records:
        z = values[record.layer].select_rows([record.unit]).fractions()[0]
        assert all(record.lower <= value <= record.upper for value in z)


def test_a_merged_unit_names_another_unit_of_its_layer() -> None:
    for record in unit_records(compile_network(net(CASES[3][1]))).of("merged"):
        assert record.partner is not None
        assert record.partner != record.unit


def _record(unit: int) -> UnitRecord:
    return UnitRecord("h", unit, "kept", "", Phase.OPEN, -1 / 3, float("inf"), "")


def test_records_are_a_sequence_by_layer_and_fate() -> None:
    records = unit_records(compile_network(net(CASES[0][1])))
    assert records[1].fate == "removed"
    assert [r.unit for r in records[:1]] == [0]
    assert list(records.by_layer) == [records[0].layer]
    assert records.fates == {"kept": 1, "removed": 1, "merged": 0, "carried": 0}
    assert repr(records).splitlines()[0] == "<2 units: 1 kept, 1 removed, 0 merged, 0 carried>"
    assert "drop constant units" in repr(records).splitlines()[3]


def test_a_table_is_cut_and_its_bounds_are_rounded_outward() -> None:
    lines = repr(UnitRecords(_record(k) for k in range(25))).splitlines()
    assert lines[-1] == "... and 5 more"
    assert len(lines) == 23
    assert "[-0.3334, inf]" in lines[2]


def test_no_units_are_no_rows() -> None:
    records = unit_records(compile_network(net("input x[1] in [0, 1]\noutput x")))
    assert len(records) == 0
    assert np.sum(list(records.fates.values())) == 0
