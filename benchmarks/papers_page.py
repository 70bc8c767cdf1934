"""The page: the papers' figures beside ours, as Markdown, every number from a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import mean

from papers_bench import Bench, attempted, counts, number, table
from papers_leo import leo_section, scaling_section
from papers_measures import Compressed, Counted, Forms, forms, triangles
from papers_plan import ATTACK, Plan, Row
from papers_sections import Curve, Page, said, units_cells

from rectifold.errors import InputError
from rectifold.exact.numerals import counted


def lines_of(page: Page) -> list[str]:
    """The whole page, section by section; `page.curves` are filled on the way."""
    sections = (_head, _regions, _small, _forms, leo_section, scaling_section)
    return [line for make in sections for line in make(page)]


def _head(page: Page) -> list[str]:
    return [
        "# The papers' claims, measured",
        "",
        f"    {page.command}",
        "",
        *said(
            "That command trains the networks (a training that is in its folder is not repeated), "
            "measures them, and writes this page. Stable units are proved, on [0, 1]ⁿ; removals "
            "are exact rewrites; linear regions are all there are, counted in rational numbers. "
            "Accuracies are of the test samples. A figure of several seeds is their average, with "
            "the least and the largest in brackets."
        ),
        *said(
            "*Their recipe* is that of the public code of the third paper (three of its "
            "authors wrote the other two): 120 epochs of SGD, rate 0.01, a tenth of it from epochs "
            "50 and 100 on, and λ Σ|w| by its subgradient. *Our recipe* is `rectifold.training`: "
            "25 epochs with proximal steps of an L1 and a group penalty (the two numbers of a row; "
            "they were tried on one seed), which leave exact zeros, and 10 with the zeros frozen."
        ),
    ]


# ---- stable units and regions -------------------------------------------------------------------


def _regions(page: Page) -> list[str]:
    """Stable units and regions on triangles, of networks for images."""
    plan, bench = page.plan, page.images
    found: dict[str, tuple[list[Compressed], list[Counted]]] = {}

    def cells(row: Row) -> list[str]:
        units = bench.compressed(row)
        regions = bench.regions_on_triangles(row, plan.triangles)
        found[row.label] = units, regions
        page.curves.append(_curve(row.label, units, regions))
        return [*units_cells(units), counts(regions), number(one.stable for one in regions)]

    head = ["training", "accuracy", "stable", "active + inactive", "regions", "stable there"]
    rows = [attempted(row.label, len(head), partial(cells, row)) for row in plan.slices]
    return [
        "## Stable units and linear regions of networks for images",
        "",
        *_claim(plan),
        *table(head, rows),
        "",
        *said(_verdict(found)),
        f"![Stable units and regions by training]({page.picture})",
        "",
    ]


def _claim(plan: Plan) -> list[str]:
    """What the paper says, and what is measured."""
    first = plan.slices[0]
    sizes = "-".join(map(str, first.training.sizes))
    return [
        *said(
            "Kumar, Serra, Ramalingam, *Equivalent and Approximate Transformations of Deep Neural "
            "Networks* (arXiv:1905.11428), say of MNIST: L1 regularization and adversarial "
            "training reduce the number of linear regions significantly, as the number of stable "
            "units grows with sparse weights. Of its figures none was at hand in text, so the "
            "claim stands here without one."
        ),
        *said(
            f"Networks {sizes}, {counted(first.seeds, 'seed')} each, their recipe in "
            f"{first.training.epochs} epochs (all rows but ours). A network is restricted, "
            "exactly, to triangles of three test images: the first ones of the digits 0, 1, 2; "
            f"then of 3, 4, 5; and so on, {plan.triangles} in all. *Attacked*: each batch is "
            f"learned again, moved by {ATTACK:g} along the sign of its gradient. *Stable there*: "
            "units with one phase on the triangle."
        ),
    ]


def _curve(label: str, units: Sequence[Compressed], regions: Sequence[Counted]) -> Curve:
    stable = mean(100 * one.stable / one.units for one in units)
    return Curve(label, stable, mean(one.regions for one in regions))


def _verdict(found: Mapping[str, tuple[Sequence[Compressed], Sequence[Counted]]]) -> str:
    """What the table says about the claim: each training against the plain one, the first."""
    rows = list(found.items())
    if len(rows) < 2:
        return "There are not two trainings to compare."
    (_, (units, regions)), *others = rows
    plain, there = _curve("", units, regions), mean(one.stable for one in regions)
    texts, fewer, more = [], 0, 0
    for label, (units, regions) in others:
        one, local = _curve("", units, regions), mean(one.stable for one in regions)
        fewer += one.regions < plain.regions
        more += one.stable > plain.stable
        texts.append(
            f"{label}: {_change(plain.regions, one.regions)} regions, "
            f"{round(one.stable - plain.stable):+d} points of stable units, "
            f"{local - there:+.1f} units stable on a triangle"
        )
    return (
        f"Against the first row there are fewer regions in {fewer} of {len(texts)} rows, and more "
        f"stable units in {more}. " + "; ".join(texts) + ". Regions on a triangle can become fewer "
        "while no unit is stable on all of [0, 1]ⁿ: attacks teach a network to be steady near "
        "samples, and the cube is far larger. Nor do stable units alone make fewer regions: those "
        "that are left can have more."
    )


def _change(before: float, after: float) -> str:
    return f"{round(100 * (after / before - 1)):+d} %"


# ---- small tasks --------------------------------------------------------------------------------


def _small(page: Page) -> list[str]:
    lines = [
        "## All linear regions of small networks",
        "",
        *said(
            "The same on tasks with few inputs, where the regions of the whole domain are counted: "
            "two moons (two inputs), and scikit-learn's digits on their first three principal axes."
        ),
    ]
    head = ["task, training", "accuracy", "stable", "active + inactive", "regions"]
    rows: list[list[str]] = []
    for name, trainings in page.plan.small:
        for row in trainings:
            rows.append(
                attempted(
                    f"{name}, {row.label}",
                    len(head),
                    partial(_small_cells, page, name, row),
                )
            )
    seeds = max(row.seeds for _, trainings in page.plan.small for row in trainings)
    return [*lines, *table(head, rows), "", *said(f"{counted(seeds, 'seed')} each.")]


def _small_cells(page: Page, name: str, row: Row) -> list[str]:
    bench = _bench(page, name)
    return [*units_cells(bench.compressed(row)), counts(bench.regions(row))]


def _bench(page: Page, name: str) -> Bench:
    found = page.small[name]
    if isinstance(found, InputError):
        raise found
    return found


# ---- two hidden layers --------------------------------------------------------------------------


def _forms(page: Page) -> list[str]:
    """Sizes of networks with two hidden layers."""
    head = ["network", "units", "regions", "every pattern", "patterns of regions", "exact"]
    rows = [
        attempted(f"{name}, {row.label}", len(head), partial(_form, page, name, row))
        for name, trainings in page.plan.small
        for row in trainings
        if not row.label.startswith("attacked")
    ]
    rows += [
        attempted(f"images, {row.label}", len(head), partial(_triangle_form, page, row))
        for row in page.plan.slices
    ]
    return [
        "## Networks with two hidden layers",
        "",
        *said(
            "The paper's construction has a gate for every on-off pattern of all units; made only "
            "for the patterns that define regions it is, as the paper says, substantially smaller. "
            "Its gates are exact but near the walls of regions. Our exact form (`rectifold "
            "shallow`) needs no gates. Hidden units of both layers, on the whole domain of a small "
            "task, and on the first triangle for images; seed 0."
        ),
        *table(head, rows),
        "",
    ]


def _form(page: Page, name: str, row: Row) -> list[str]:
    bench = _bench(page, name)
    return _sizes(forms(bench.network(row.training), bench.data.domain))


def _triangle_form(page: Page, row: Row) -> list[str]:
    network = next(triangles(page.images.network(row.training), page.images.data, 1))
    assert network.domain is not None
    return _sizes(forms(network, network.domain))


def _sizes(found: Forms) -> list[str]:
    every = f"{found.patterns:,}" if found.patterns < 10**6 else f"{found.patterns:.1e}"
    numbers = (f"{v:,}" for v in (found.regions, found.exact))
    return [str(found.units), f"{found.count:,}", every, *numbers]
