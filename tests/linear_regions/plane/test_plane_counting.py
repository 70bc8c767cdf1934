"""Regions of two free inputs are counted as an independent clipping of polygons has them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import count, pairwise
from random import Random

import pytest

from rectifold.errors import InputError
from rectifold.exact.matrix import Matrix
from rectifold.ir.canonical import canonical_text, domain_text
from rectifold.ir.domain import Constraint, Domain
from rectifold.ir.network import Layer, Network
from rectifold.linear_regions.plane.counting import PlaneCount
from rectifold.linear_regions.restriction import Restriction
from rectifold_check.cells import Cells
from rectifold_check.networks import read_domain, read_network
from support import float_network, net, random_network

Point = tuple[Fraction, Fraction]
Line = tuple[Fraction, Fraction, Fraction]  # a x + b y + c
SQUARE: list[Point] = [(Fraction(x), Fraction(y)) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def integer_network(seed: int, sizes: Sequence[int], most: int, bias: int) -> Network:
    """Small integers: many lines meet in one point, coincide, or are 0 somewhere."""
    random = Random(seed)
    layers, before = [], "x"
    for k, (inputs, outputs) in enumerate(pairwise(sizes)):
        rows = [
            [Fraction(random.randint(-most, most)) for _ in range(inputs)] for _ in range(outputs)
        ]
        shift = [Fraction(random.randint(-bias, bias)) for _ in range(outputs)]
        weight = Matrix.from_fractions(rows, columns=inputs)
        layers.append(
            Layer(
                f"h{k}",
                "relu" if k < len(sizes) - 2 else "linear",
                Matrix.column(shift),
                {before: weight},
            )
        )
        before = f"h{k}"
    return Network("x", sizes[0], layers, before, Domain.cube(-1, 1, sizes[0]), "integers")


def value(line: Line, point: Point) -> Fraction:
    return line[0] * point[0] + line[1] * point[1] + line[2]


def clipped(polygon: list[Point], line: Line) -> list[Point]:
    """The part where the line's form is at least 0 (Sutherland and Hodgman)."""
    found: list[Point] = []
    for p, q in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
        at_p, at_q = value(line, p), value(line, q)
        if at_p >= 0:
            found.append(p)
        if at_p * at_q < 0:
            t = at_p / (at_p - at_q)
            found.append((p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])))
    return found


def has_area(polygon: list[Point]) -> bool:
    pairs = zip(polygon, [*polygon[1:], *polygon[:1]], strict=True)
    return sum((p[0] * q[1] - p[1] * q[0] for p, q in pairs), Fraction(0)) != 0


def patterns(network: Network) -> int:
    """How many phase patterns of a chain have an interior in the square: each unit cuts, or not."""
    none, one = Fraction(0), Fraction(1)
    return sum(1 for _ in _patterns(network, 0, SQUARE, [(one, none, none), (none, one, none)]))


def _patterns(
    network: Network, number: int, polygon: list[Point], values: list[Line]
) -> Iterator[list[Point]]:
    if number == len(network.layers) - 1:
        yield polygon
        return
    layer = network.layers[number]
    (weight,) = layer.weights.values()
    forms: list[Line] = []
    for i in range(layer.size):
        terms = [(weight.entry(i, j), form) for j, form in enumerate(values)]
        a, b, c = (sum((w * form[k] for w, form in terms), Fraction(0)) for k in range(3))
        forms.append((a, b, c + layer.bias.entry(i, 0)))
    parts: list[tuple[list[Point], list[Line]]] = [(polygon, [])]
    for a, b, c in forms:
        cut: list[tuple[list[Point], list[Line]]] = []
        for part, done in parts:
            above, below = clipped(part, (a, b, c)), clipped(part, (-a, -b, -c))
            if any((a, b, c)) and has_area(above):
                cut.append((above, [*done, (a, b, c)]))
            if has_area(below) and (any((a, b, c)) or part == below):
                cut.append((below, [*done, (Fraction(0), Fraction(0), Fraction(0))]))
        parts = cut
    for part, done in parts:
        yield from _patterns(network, number + 1, part, done)


def counted(network: Network, domain: Domain | None = None) -> int:
    domain = domain or network.domain
    assert domain is not None
    return PlaneCount(Restriction(network, domain)).count()


def checker_count(network: Network, domain: Domain) -> int:
    cells = Cells(read_network(canonical_text(network), "A"), read_domain(domain_text(domain)))
    return sum(1 for _ in cells.affine(10**6))


@pytest.mark.parametrize("seed", range(60))
def test_degenerate_lines_are_counted_as_clipping_counts_them(seed: int) -> None:
    random = Random(seed)
    sizes = [2, *(random.randint(1, 5) for _ in range(random.randint(1, 3))), 1]
    network = integer_network(seed, sizes, random.choice((1, 2)), random.choice((0, 1)))
    assert counted(network) == patterns(network)


@pytest.mark.parametrize("seed", range(15))
def test_general_lines_are_counted_as_clipping_counts_them(seed: int) -> None:
    network = float_network(seed, 2, 6, 5, 4, 1)
    assert counted(network) == patterns(network)


def test_networks_of_all_shapes_have_the_cells_of_the_checker() -> None:
    checked = 0
    for seed in range(120):
        network = random_network(seed)
        assert network.domain is not None
        if len(Restriction(network, network.domain).free) == 2:
            assert counted(network) == checker_count(network, network.domain)
            checked += 1
    assert checked > 20


def test_a_constraint_and_a_fixed_input_are_part_of_the_domain() -> None:
    network = integer_network(5, (3, 5, 4, 1), 2, 1)
    low, high = ((Fraction(s), Fraction(1, 3), Fraction(s)) for s in (-1, 2))
    rows = (Constraint((Fraction(1), Fraction(2), Fraction(3)), Fraction(1)),)
    domain = Domain(low, high, rows)
    assert counted(network, domain) == checker_count(network, domain) > 5


def test_an_empty_domain_is_refused() -> None:
    network = integer_network(5, (2, 3, 1), 2, 1)
    rows = (Constraint((Fraction(1), Fraction(1)), Fraction(-5)),)
    domain = Domain((Fraction(-1),) * 2, (Fraction(1),) * 2, rows)
    with pytest.raises(InputError, match="the domain is empty"):
        counted(network, domain)


def test_a_network_without_units_is_one_region() -> None:
    assert counted(net("network n\ninput x[2] in [-1, 1]\ny = x[0] - x[1]\noutput y\n")) == 1


@pytest.mark.parametrize(("cells", "hands"), [(1, 1), (10, 3), (64, 8), (5000, 7)])
@pytest.mark.parametrize("sizes", [(2, 9, 1), (2, 4, 4, 4, 1)])
def test_dealt_polygons_have_every_region_once(
    cells: int, hands: int, sizes: tuple[int, ...]
) -> None:
    for network in (float_network(1, *sizes), integer_network(1, sizes, 1, 0)):
        assert network.domain is not None
        whole = PlaneCount(Restriction(network, network.domain))
        dealt = pickle.loads(pickle.dumps(whole.deal(cells, hands)))
        assert len(dealt) <= hands
        assert not whole.waiting
        assert sum(part.count() for part in dealt) == counted(network)
        assert all(part.tally.complete for part in dealt)


def test_at_the_deadline_the_count_is_a_lower_bound() -> None:
    network = float_network(0, 2, 8, 8, 8, 1)
    assert network.domain is not None
    ticks = count()
    counting = PlaneCount(Restriction(network, network.domain), clock=lambda: float(next(ticks)))
    assert 0 < counting.count(seconds=20) < counted(network)
    assert not counting.tally.complete


def test_coefficients_beyond_floats_are_decided_in_integers() -> None:
    network = net(
        "network n\ninput x[2] in [-1, 1]\n"
        "h = relu([1e400*x[0] - 1e400*x[1], x[0] - x[1], x[1]*1e-400, x[0] + 1e-400])\n"
        "k = relu([h[0] - 1e400*h[1], h[0] - h[1], h[2] - h[3]])\noutput k\n"
    )
    assert network.domain is not None
    assert counted(network) == checker_count(network, network.domain)
