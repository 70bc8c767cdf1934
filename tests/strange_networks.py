"""Random networks that try a compiler: lattices, repeated pieces, units on few hyperplanes, skip
edges, domains of every kind.

    lattice        min and max of few affine pieces that repeat, as written, or coded in relu units
                   as TLL networks are
    proportional   rows that are multiples of each other, zero or sums of earlier ones, with linear
                   layers and skip edges
    scalar         long chains of one or two units, whose signs follow from domains without an end

Numbers are small, so that ties, zeros and ends that are met exactly are common. Every network is a
text of the language.
"""

from __future__ import annotations

from random import Random

RANGES = ("[-2, 2]", "[0, 1]", "[-1, 1/3]", "[-inf, 1]", "[-1, inf]", "[-inf, inf]", "[1/2, 1/2]")
_BOUNDED = 2  # of every three domains are bounded


def strange_network(seed: int, lattices_only: bool = False) -> str:
    """The text of one network; the same text for the same seed."""
    random = Random(seed)
    kinds = (
        _coded_lattice,
        _lattice,
        _proportional,
        *(() if lattices_only else (_proportional, _scalar)),
    )
    kind = random.choice(kinds)
    inputs = random.choice((1, 1, 2, 2, 3))
    lines = [f"input x[{inputs}] in {_domain(random, inputs)}", *_assumptions(random, inputs)]
    return "\n".join([*lines, *kind(random, inputs)]) + "\n"


def _domain(random: Random, inputs: int) -> str:
    known = RANGES[:3] if random.randrange(3) < _BOUNDED else RANGES
    return "[" + ", ".join(random.choice(known) for _ in range(inputs)) + "]"


def _assumptions(random: Random, inputs: int) -> list[str]:
    """Now and then a constraint; the point (1/3, …) or one near it satisfies it in every range
    above.
    """
    if random.random() > 0.12:
        return []
    terms = " + ".join(f"{random.randint(1, 2)}*x[{k}]" for k in range(inputs))
    return [f"assume {terms} <= {random.choice((4, 5, 6))}"]


def _piece(random: Random, inputs: int) -> str:
    terms = [f"{random.randint(-2, 2)}*x[{k}]" for k in range(inputs)]
    return (
        "(" + " + ".join([*terms, random.choice(("-2", "-1", "0", "1", "3", "1/2", "1/3"))]) + ")"
    )


# ---- lattices -----------------------------------------------------------------------------------


def _coded_lattice(random: Random, inputs: int) -> list[str]:
    """A tree of min and max over few pieces, each pair (a ± |b|)/2 coded by four units."""
    pieces = [_piece(random, inputs) for _ in range(random.choice((1, 2, 2, 3)))]
    values = [random.choice(pieces) for _ in range(random.choice((2, 4, 4, 8)))]
    lines: list[str] = []
    while len(values) > 1:
        level = f"h{len(lines)}"
        units: list[str] = []
        coded: list[str] = []
        sign = random.choice("+-")
        for first, second in zip(values[::2], values[1::2], strict=True):
            k = len(units)
            units += [
                f"{first} + {second}",
                f"-{first} - {second}",
                f"{first} - {second}",
                f"{second} - {first}",
            ]
            parts = [f"{level}[{k + i}]/2" for i in range(4)]
            coded.append(f"({parts[0]} - {parts[1]} {sign} {parts[2]} {sign} {parts[3]})")
        lines.append(f"{level} = relu([{', '.join(units)}])")
        values = coded
    return [*lines, f"output {values[0]}"]


def _lattice(random: Random, inputs: int) -> list[str]:
    """Layers of min and max over values of the layer before, in any order, with repetitions."""
    pieces = random.choice((2, 3, 4))
    lines = [f"f0 = [{', '.join(_piece(random, inputs) for _ in range(pieces))}]"]
    width = pieces
    for level in range(random.choice((1, 2, 2, 3))):
        size = random.choice((1, 2, 3))
        sides = [
            ", ".join(f"f{level}[{random.randrange(width)}]" for _ in range(size)) for _ in range(2)
        ]
        lines.append(f"f{level + 1} = {random.choice(('min', 'max'))}([{sides[0]}], [{sides[1]}])")
        width = size
    return [*lines, f"output f{len(lines) - 1}"]


# ---- layers -------------------------------------------------------------------------------------


def _proportional(random: Random, inputs: int) -> list[str]:
    lines: list[str] = []
    known = [("x", inputs)]
    for level in range(random.choice((1, 2, 3, 3, 4))):
        size = random.randint(1, 5)
        terms = _terms(random, known, size)
        activation = "relu" if random.random() < 0.85 else ""
        lines.append(f"h{level} = {activation}({terms})")
        known.append((f"h{level}", size))
    last = "relu" if random.random() < 0.1 else ""
    return [*lines, f"output {last}({_terms(random, known, random.choice((1, 1, 2)))})"]


def _terms(random: Random, known: list[tuple[str, int]], size: int) -> str:
    """Rows over the last value, sometimes over an earlier one too, with biases in proportion."""
    sources = [known[-1]]
    if len(known) > 1 and random.random() < 0.25:
        sources.append(random.choice(known[:-1]))
    width = sum(n for _, n in sources)
    rows = _rows(random, size, width)
    parts, start = [], 0
    for name, n in sources:
        parts.append(f"[{', '.join(_listed(row[start : start + n]) for row in rows)}] @ {name}")
        start += n
    return " + ".join([*parts, _listed([row[-1] for row in rows])])


def _rows(random: Random, size: int, width: int) -> list[list[int]]:
    """`width` weights and a bias each; many are multiples of an earlier row, a sum of two, or
    zero.
    """
    rows: list[list[int]] = []
    for _ in range(size):
        kind = random.random()
        if rows and kind < 0.35:
            factor = random.choice((1, 2, 3, -1, -2))
            rows.append([factor * v for v in random.choice(rows)])
        elif rows and kind < 0.45:
            one, other = random.choice(rows), random.choice(rows)
            rows.append([a - b for a, b in zip(one, other, strict=True)])
        elif kind < 0.52:
            rows.append([0] * width + [random.randint(-2, 2)])
        else:
            rows.append(
                [random.choice((0, 1, -1, 2, -2)) for _ in range(width)] + [random.randint(-3, 3)]
            )
    return rows


def _listed(values: list[int]) -> str:
    return "[" + ", ".join(map(str, values)) + "]"


# ---- chains -------------------------------------------------------------------------------------


def _scalar(random: Random, inputs: int) -> list[str]:
    """h_k = relu(a h_i + b h_j + c), i and j any values before."""
    values = [f"x[{k}]" for k in range(inputs)]
    lines = []
    for level in range(random.randint(3, 7)):
        count = random.choice((1, 1, 2))
        units = []
        for _ in range(count):
            one, other = random.choice(values[-3:]), random.choice(values)
            factors = random.choice((1, 2, -1)), random.choice((0, 0, 1, -1, -2))
            units.append(
                f"{factors[0]}*{one} + {factors[1]}*{other} + {random.choice((0, 0, 1, -1, 3, -3))}"
            )
        lines.append(f"h{level} = relu([{', '.join(units)}])")
        values += [f"h{level}[{k}]" for k in range(count)]
    return [*lines, f"output {values[-1]} - 2*{random.choice(values)}"]
