"""What is claimed on the box around a sample holds at exact points, and matches the prover."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

from local_networks import dense, samples
from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.domain import Domain
from rectifold.ir.evaluate import trace
from rectifold.ir.network import Network
from rectifold.local_boxes.boxes import SampleBoxes, boxes_around
from rectifold.local_boxes.found import LocalResult
from rectifold.local_boxes.look import look_around
from rectifold.prover.cascade import prove
from rectifold.runtime.run import Limits, Run
from support import net

UNIT = Domain.cube(0, 1, 4)


def around(network: Network, points: np.ndarray, radius: str, clip: Domain | None) -> LocalResult:
    return look_around(network, boxes_around(points, Fraction(radius), clip), None)


def points_of(box: Domain, count: int, random: Random) -> list[list[Fraction]]:
    """Random points and corners of a bounded box."""
    found = []
    for k in range(count):
        parts = [
            Fraction(random.randint(0, 64), 64) if k % 2 else random.randint(0, 1)
            for _ in box.lower
        ]
        ends = zip(box.lower, box.upper, parts, strict=True)
        found.append([a + p * (b - a) for a, b, p in ends if a is not None and b is not None])
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("radius", ["1/100", "1/10", "0"])
def test_claims_hold_at_exact_points_of_the_box(seed: int, radius: str) -> None:
    network = dense(seed, 4, 7, 6, 3)
    boxes = boxes_around(samples(6, seed), Fraction(radius), UNIT)
    found = look_around(network, boxes, None)
    random = Random(seed)
    for k, one in enumerate(found):
        points = points_of(boxes.exact(k), 40, random)
        columns = Matrix.from_fractions(points, columns=4).T
        values = trace(network, columns, with_activations=False)
        facts = prove(network, boxes.exact(k))
        for layer in one.layers:
            rows = values[layer.layer].fractions()
            never_negative = sum(min(row) >= 0 for row in rows)
            never_positive = sum(max(row) <= 0 for row in rows)
            assert layer.active <= never_negative
            assert layer.inactive <= never_positive
            known = facts.layers[layer.layer]
            assert layer.active <= int(known.active.sum()) <= layer.active + layer.open
            assert layer.inactive <= int(known.inactive.sum()) <= layer.inactive + layer.open
            assert layer.unstable <= int((known.unstable | known.open).sum())
        assert one.margin is not None
        assert one.predicted is not None
        outputs = values[network.output].T.fractions()
        for row in outputs:
            rest = [v for c, v in enumerate(row) if c != one.predicted]
            assert row[one.predicted] - max(rest) >= Fraction(one.margin)


def test_without_open_units_the_phases_are_those_of_the_prover() -> None:
    network = dense(5, 4, 9, 8, 3)
    boxes = boxes_around(samples(8, 5), Fraction(1, 50), UNIT)
    decided = 0
    for k, one in enumerate(look_around(network, boxes, None)):
        facts = prove(network, boxes.exact(k))
        for layer in one.layers:
            if not layer.open:
                known = facts.layers[layer.layer]
                counts = known.active.sum(), known.inactive.sum(), known.unstable.sum()
                assert (layer.active, layer.inactive, layer.unstable) == counts
                decided += 1
    assert decided > 10


def test_complete_decides_what_quick_bounds_leave_open() -> None:
    network = dense(0, 4, 12, 12, 12, 3)
    boxes = boxes_around(samples(8, 5), Fraction(1, 8), UNIT)
    quick = look_around(network, boxes, None)
    whole = look_around(network, boxes, None, complete=True)
    assert sum(one.open for one in quick) > sum(one.open for one in whole) == 0
    for k, (before, after) in enumerate(zip(quick, whole, strict=True)):
        facts = prove(network, boxes.exact(k))
        assert after.margin is not None
        assert before.margin is not None
        assert after.margin >= before.margin
        for layer in after.layers:
            known = facts.layers[layer.layer]
            counts = known.active.sum(), known.inactive.sum(), known.unstable.sum()
            assert (layer.active, layer.inactive, layer.unstable) == counts


def test_a_unit_that_only_inactive_units_read_is_no_kink() -> None:
    network = net("""
        input x[1] in [-1, 1]
        h = relu([[1], [1]] @ x + [0, -1/4])
        k = relu([[-1, 0], [0, 1]] @ h + [-1, 5])
        output [[1, 1]] @ k
    """)
    (one,) = around(network, np.zeros((1, 1)), "1/8", network.domain)
    first, second = one.layers
    assert (first.unstable, first.inactive, first.kinks) == (1, 1, 0)
    assert (second.inactive, second.active, second.kinks) == (1, 1, 0)
    assert one.is_affine
    assert one.collapsed == 2


def test_boxes_are_cut_to_the_domain_or_not() -> None:
    network = net("input x[1] in [0, 1]\noutput relu(x)\n")
    points = np.array([[0.0], [0.5]])
    cut = around(network, points, "1/8", network.domain)
    assert [one.layers[0].active for one in cut] == [1, 1]
    whole = around(network, points, "1/8", None)
    assert [one.layers[0].unstable for one in whole] == [1, 0]


def test_ends_of_a_box_that_are_no_floats_are_rounded_outward_and_points_inward() -> None:
    clip = Domain.cube(Fraction(-1, 9), Fraction(10, 9), 4)
    boxes = boxes_around(samples(20, 3), Fraction(1, 3), clip)
    for k in range(20):
        exact = boxes.exact(k)
        for j in range(4):
            low, high = exact.lower[j], exact.upper[j]
            assert low is not None
            assert high is not None
            assert Fraction(boxes.outer[0][k, j]) <= low <= Fraction(boxes.inner[0][k, j])
            assert Fraction(boxes.inner[1][k, j]) <= high <= Fraction(boxes.outer[1][k, j])


def test_the_answer_depends_neither_on_processes_nor_on_company() -> None:
    network, points = dense(1, 4, 30, 20, 3), samples(150, 1)
    boxes = boxes_around(points, Fraction(1, 20), UNIT)
    alone = look_around(network, boxes, None)
    shared = look_around(network, boxes, None, Run(Limits(jobs=2)))
    assert shared.samples == alone.samples
    assert [one.sample for one in alone] == list(range(150))


def test_a_time_limit_ends_with_the_samples_that_are_done() -> None:
    network, points = dense(1, 4, 30, 20, 3), samples(300, 1)
    found = look_around(
        network, boxes_around(points, Fraction(1, 20), UNIT), None, Run(Limits(seconds=0.0))
    )
    assert 0 < len(found) < 300
    assert not found.is_complete
    assert [one.sample for one in found] == list(range(len(found)))


def test_networks_without_classes_or_with_skips_are_looked_at_too() -> None:
    network = net("""
        input x[2] in [0, 1]
        h = relu([[1, -1], [1, 1]] @ x - [0, 1/4])
        g = [[1, 2]] @ h
        k = relu(concat(g - 1, x[0]))
        output [[1, 1]] @ k + x[1]
    """)
    (one,) = around(network, np.array([[0.5, 0.25]]), "1/32", network.domain)
    assert one.predicted is one.margin is one.is_kept is None
    assert one.is_affine


@pytest.mark.parametrize(
    ("points", "radius", "clip", "message"),
    [
        (np.zeros((1, 1)), "-1/2", None, "radius -1/2 is negative"),
        (
            np.array([[0.5], [2.0]]),
            "1",
            Domain.cube(0, 1, 1),
            r"sample 1 lies outside the domain: "
            r"its input 0 is 2, above 1; .*--no-clip",
        ),
        (np.zeros((1, 1)), "1e400", None, "larger than any float"),
        (np.full((1, 1), 1.7e308), "1e308", None, "beyond the largest float"),
    ],
)
def test_boxes_that_are_refused(
    points: np.ndarray, radius: str, clip: Domain | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        boxes_around(points, Fraction(radius), clip)


def test_a_part_of_the_boxes_is_the_boxes_of_a_part() -> None:
    boxes = boxes_around(samples(5), Fraction(1, 7), UNIT)
    part = boxes.part(slice(2, 4))
    assert isinstance(part, SampleBoxes)
    assert [part.exact(k) for k in range(2)] == [boxes.exact(k) for k in (2, 3)]
