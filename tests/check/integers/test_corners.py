"""Values and signs at vertices that are found along edges are those by the rows of the network."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from certificate_lines import box
from rectifold_check.bends import BendingCells
from rectifold_check.cells import Cells
from rectifold_check.gap import Arrangement, Gap
from rectifold_check.integers.corners import Corner, Corners
from rectifold_check.integers.rows import Multiples, Rows
from rectifold_check.networks import Domain, Network, read_domain, read_network
from rectifold_check.work import Work
from support import canonical_chain


def row(random: Random, width: int, den: int) -> str:
    entries = [(k, Fraction(random.randint(-3, 3), random.randint(1, den))) for k in range(width)]
    return " ".join(f"{k}:{v}" for k, v in entries if v)


def chain(random: Random, inputs: int, den: int) -> str:
    """Relu and linear layers; some units are multiples of others, some read none."""
    made, width = [], inputs
    for _ in range(random.randint(1, 3)):
        size = random.randint(1, 4)
        rows = [row(random, width, den) for _ in range(size)]
        rows += random.sample(rows, random.randint(0, size))
        bias = row(random, len(rows), den) if random.random() < 0.5 else ""
        made.append(("L" if random.random() < 0.2 else "R", bias, rows))
        width = len(rows)
    return canonical_chain(*made, ("L", "", [row(random, width, den)]), inputs=inputs)


def question(seed: int) -> tuple[Network, Domain]:
    """The gap network of two networks, often of one and itself, with constraints now and then."""
    random = Random(seed)
    inputs, den = random.choice([1, 2, 2, 3]), random.choice([1, 4, 10**9])
    a = chain(random, inputs, den)
    b = a if random.random() < 0.5 else chain(random, inputs, den)
    rows = [(row(random, inputs, den), "1")] if random.random() < 0.5 else []
    networks = read_network(a, "A"), read_network(b, "B")
    gap = Gap(networks, [Fraction(1, 100)], Arrangement())
    return gap.network, read_domain(box(["-1"] * inputs, ["1"] * inputs, *rows))


def vertices(cells: Cells) -> dict[Corner, None]:
    return {corner: None for leaf in cells.affine(10**5) for corner in leaf}


@pytest.mark.parametrize("seed", range(120))
@pytest.mark.parametrize("kind", [Cells, BendingCells])
def test_what_is_seen_along_edges_is_what_the_rows_say(kind: type[Cells], seed: int) -> None:
    network, domain = question(seed)
    cells = kind(network, domain)
    plainly = Corners(network, domain, Work())
    order = range(plainly.starts[-1])
    for corner in vertices(cells):
        expected = plainly.at(corner.point)
        assert (corner.positive, corner.negative) == (expected.positive, expected.negative)
        assert corner.cost == expected.cost
        values = [plainly.value(expected, k) for k in order]
        for k in Random(seed).sample(order, len(order)):
            assert cells.corners.value(corner, k) == values[k]
            signs = corner.positive >> k & 1, corner.negative >> k & 1
            assert signs in ((values[k] > 0, values[k] < 0), (0, 0))
        asked = plainly.constraints | plainly.relu | plainly.outputs
        assert all(corner.positive >> k & 1 for k in order if values[k] > 0 and asked >> k & 1)
        assert all(corner.negative >> k & 1 for k in order if values[k] < 0 and asked >> k & 1)


def test_a_value_may_be_made_of_those_at_two_thousand_vertices() -> None:
    """Of each the one before, as if each cut left a part of the edge from there to an end."""
    steps = 2000
    bias = " ".join(f"{k}:{-k}" for k in range(1, steps))
    units = ["0:2000"] * steps
    network = canonical_chain(("R", bias, units), ("L", "", ["0:1"]), ("L", "0:1", [""]), inputs=1)
    corners = Corners(read_network(network, "A"), read_domain(box(["0"], ["1"])), Work())
    far, last = corners.at((1, 1)), corners.at((0, 1))
    for unit in range(corners.starts[2] + 1, corners.starts[3]):
        last = corners.between(far, last, unit)
    assert last.point == (steps - 1, steps)
    assert corners.value(last, corners.starts[4]) == steps


MULTIPLES = canonical_chain(
    ("R", "1:1/2 3:2", ["0:1/2 1:1", "0:3", "0:2 1:4", "0:12", "0:-3", ""]),
    ("R", "", ["0:1 2:1", "0:2", "4:1", "1:1 3:-1/4", "5:1"]),
    ("L", "", ["0:1 1:-1", "0:5"]),
)


def test_units_are_multiples_of_the_first_whose_row_theirs_is_a_multiple_of() -> None:
    """relu(2 x0 + 4 x1) is four times the first; so 0 and 1 of the second layer are multiples."""
    rows = Rows(read_network(MULTIPLES, "A"), read_domain(box(["-1", "-1"], ["1", "1"])))
    found = Multiples(rows, Work())
    start = rows.starts[2]
    assert [k - start for k in found.first[start:]] == [0, 1, 0, 1, 4, 5, 6, 6, 8, 5, 5, 11, 11]
    assert found.alike[start] == 0b101 << start
