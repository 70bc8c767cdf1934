"""What is trained and measured for the page: all of it, or a small part for a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from papers_training import OurRecipe, Recipe, Training


@dataclass(frozen=True)
class Row:
    """A training that is repeated with several seeds, and what a table calls it."""

    label: str
    training: Training
    seeds: int

    @property
    def trainings(self) -> list[Training]:
        return [self.training.with_seed(seed) for seed in range(self.seeds)]


@dataclass(frozen=True)
class LeoRow:
    """A row of LEO's table of MNIST networks, and our trainings of the same width.

    `paper`: units removed from both layers and the accuracy in percent; None in a small plan.
    """

    width: int
    l1: float
    paper: tuple[float, float, float] | None
    same: Row
    ours: Row


@dataclass(frozen=True)
class Plan:
    """`slices`: trainings on images whose regions are counted on so many `triangles`; `small`: for
    each small task its layer sizes and trainings; `leo` and `scaling`: the tables of the two later
    papers.
    """

    triangles: int
    slices: Sequence[Row]
    small: Sequence[tuple[str, Sequence[Row]]]
    leo: Sequence[LeoRow]
    scaling: Sequence[Row]


LEO = [
    (100, 0.0005, (36.7, 24.9, 97.14)),
    (100, 0.0001, (18.6, 11.1, 98.14)),
    (50, 0.001, (16.9, 12.5, 96.05)),
    (25, 0.001, (5.7, 5.1, 95.76)),
]
OURS = {100: (5e-5, 1.3e-3), 50: (1e-4, 2.5e-3), 25: (1e-4, 2.5e-3)}  # width: (l1, group)
SEEDS = {100: (1, 3), 50: (2, 3), 25: (3, 3)}  # width: of their recipe, of ours
SMALL = {"moons": (2, 10, 10, 10, 2), "projected digits": (3, 10, 10, 10)}
ATTACK = 0.15  # of the papers' public code


def full() -> Plan:
    """MNIST, three seeds; two or one where a training takes long."""
    short = Recipe((784, 25, 25, 10), epochs=30, drop_every=12)
    small = [(name, _small(sizes, epochs=200, seeds=3)) for name, sizes in SMALL.items()]
    return Plan(
        triangles=3,
        slices=[
            *_penalties(short, (0, 1e-4, 3e-4, 1e-3), 3),
            *_attacked(short, (0, 1e-3), 3),
            Row(_called(25), _ours(25), SEEDS[25][1]),
        ],
        small=small,
        leo=[_leo(*row) for row in LEO],
        scaling=[
            Row(f"λ = {l1:g}", Recipe((784, 100, 100, 10), l1=l1), seeds)
            for l1, seeds in ((0.0001, 1), (0.0005, 1))
        ],
    )


def quick() -> Plan:
    """scikit-learn's digits, one seed, seconds."""
    tiny = Recipe((64, 12, 12, 10), epochs=60, drop_every=24)
    own = OurRecipe((64, 12, 12, 10), l1=3e-5, group=3e-4, epochs=15, finetune=3)
    same = Row("their recipe", tiny.with_l1(3e-3), 1)
    return Plan(
        triangles=1,
        slices=[*_penalties(tiny, (0, 3e-3), 1), *_attacked(tiny, (0,), 1)],
        small=[("moons", _small((2, 6, 6, 6, 2), epochs=25, seeds=1))],
        leo=[LeoRow(12, 3e-3, None, same, Row("our recipe", own, 1))],
        scaling=[Row("λ = 0.003", tiny.with_l1(3e-3), 1)],
    )


def _penalties(base: Recipe, penalties: Sequence[float], seeds: int) -> list[Row]:
    return [Row(f"λ = {l1:g}", base.with_l1(l1), seeds) for l1 in penalties]


def _attacked(base: Recipe, penalties: Sequence[float], seeds: int) -> list[Row]:
    rows = _penalties(base.with_attack(ATTACK), penalties, seeds)
    return [Row(f"attacked, {row.label}", row.training, seeds) for row in rows]


def _small(sizes: tuple[int, ...], epochs: int, seeds: int) -> list[Row]:
    """Stronger penalties than for images: a small network has few weights."""
    base = Recipe(sizes, epochs=epochs, drop_every=2 * epochs // 5)
    weaker = [Row(f"attacked by {size:g}", base.with_attack(size), seeds) for size in (0.05, 0.1)]
    return [*_penalties(base, (0, 1e-3, 3e-3, 1e-2), seeds), *weaker]


def _ours(width: int) -> OurRecipe:
    l1, group = OURS[width]
    return OurRecipe((784, width, width, 10), l1=l1, group=group)


def _called(width: int) -> str:
    l1, group = OURS[width]
    return f"our recipe, {l1:g}, {group:g}"


def _leo(width: int, l1: float, paper: tuple[float, float, float]) -> LeoRow:
    theirs, ours = SEEDS[width]
    same = Row("their recipe", Recipe((784, width, width, 10), l1=l1), theirs)
    return LeoRow(width, l1, paper, same, Row(_called(width), _ours(width), ours))
